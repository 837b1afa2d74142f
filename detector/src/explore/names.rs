//! [`Names`]: which object of an execution is which of the graph.
//!
//! A program gives its objects keys as it comes to them; a graph knows them by numbers. In a thread
//! that repeats what it did, the object of an event is the one that it was: so a key gets its
//! number from the graph, when the first event on it is repeated, and a new one only for an event
//! that is new. No scheme of names is needed under which an object would be the same whatever the
//! order in which threads make and meet objects.

/// The numbers of keys, in one execution.
#[derive(Default, Debug)]
pub(super) struct Names {
    numbers: Vec<Option<usize>>,
    /// Which numbers are in use.
    taken: Vec<bool>,
}

impl Names {
    pub(super) fn clear(&mut self) {
        self.numbers.clear();
        self.taken.clear();
    }

    pub(super) fn get(&self, key: usize) -> Option<usize> {
        self.numbers.get(key).copied().flatten()
    }

    /// Gives `key` this number. The last word on a key is the graph's: where a program takes a new
    /// object for one that is gone, as it cannot help with atomics, it knows better.
    pub(super) fn bind(&mut self, key: usize, number: usize) {
        if self.numbers.len() <= key {
            self.numbers.resize(key + 1, None);
        }
        if self.taken.len() <= number {
            self.taken.resize(number + 1, false);
        }
        self.numbers[key] = Some(number);
        self.taken[number] = true;
    }

    /// The number of `key`, and whether it is new: then no event in the graph has it.
    pub(super) fn draw(&mut self, key: usize) -> (usize, bool) {
        if let Some(number) = self.get(key) {
            return (number, false);
        }
        let free = self.taken.iter().position(|taken| !taken);
        let number = free.unwrap_or(self.taken.len());
        self.bind(key, number);
        (number, true)
    }
}
