//! The stacks that a model's threads run on, used again and again.
//!
//! A new stack costs system calls and page faults, microseconds; one from the pool costs a few
//! nanoseconds, and its pages are there already. Each execution of a model needs about as many as
//! the one before, so nothing is thrown away while the pool lives: it never holds more stacks than
//! were in use at one time. Only pages that were touched take memory.

use std::io;

use corosensei::stack::{DefaultStack, Stack};

/// The stacks of one worker that nobody runs on.
pub(super) struct Stacks {
    usual: Shelf,
    /// Those of sizes that single threads asked for.
    others: Vec<Shelf>,
}

/// Stacks of one size.
struct Shelf {
    size: usize,
    /// How long they are with the guard page; 0 until the first one is made, which shows it.
    mapped: usize,
    free: Vec<DefaultStack>,
}

impl Stacks {
    /// A pool whose stacks have at least `size` bytes.
    pub(super) fn new(size: usize) -> Self {
        Self { usual: Shelf::new(size), others: Vec::new() }
    }

    /// A stack of the usual size: the one given back last, whose memory is the warmest.
    ///
    /// # Errors
    ///
    /// The system has no memory for a new one.
    #[inline]
    pub(super) fn take(&mut self) -> io::Result<DefaultStack> {
        self.usual.take()
    }

    /// A stack of at least `size` bytes.
    ///
    /// # Errors
    ///
    /// The system has no memory for a new one.
    pub(super) fn take_sized(&mut self, size: usize) -> io::Result<DefaultStack> {
        if size == self.usual.size {
            return self.take();
        }
        let shelf = match self.others.iter().position(|shelf| shelf.size == size) {
            Some(known) => &mut self.others[known],
            None => self.others.push_mut(Shelf::new(size)),
        };
        shelf.take()
    }

    /// Keeps a stack for the next who needs one. Nobody runs on it any more.
    #[inline]
    pub(super) fn give_back(&mut self, stack: DefaultStack) {
        if mapped(&stack) == self.usual.mapped {
            self.usual.free.push(stack);
        } else {
            self.give_back_other(stack);
        }
    }

    #[cold]
    fn give_back_other(&mut self, stack: DefaultStack) {
        let mapped = mapped(&stack);
        if let Some(shelf) = self.others.iter_mut().find(|shelf| shelf.mapped == mapped) {
            shelf.free.push(stack);
        }
    }
}

impl Shelf {
    fn new(size: usize) -> Self {
        Self { size, mapped: 0, free: Vec::new() }
    }

    #[inline]
    fn take(&mut self) -> io::Result<DefaultStack> {
        match self.free.pop() {
            Some(stack) => Ok(stack),
            None => self.make(),
        }
    }

    #[cold]
    fn make(&mut self) -> io::Result<DefaultStack> {
        // What is no size at all would panic in there.
        if self.size > isize::MAX.cast_unsigned() {
            return Err(io::ErrorKind::OutOfMemory.into());
        }
        let stack = DefaultStack::new(self.size)?;
        self.mapped = mapped(&stack);
        Ok(stack)
    }
}

#[inline]
fn mapped(stack: &DefaultStack) -> usize {
    stack.base().get() - stack.limit().get()
}

#[cfg(test)]
mod tests {
    use corosensei::{Coroutine, CoroutineResult};

    use super::*;

    const SIZE: usize = 256 << 10;

    #[test]
    fn a_stack_is_used_again_and_the_warmest_first() {
        let mut stacks = Stacks::new(SIZE);
        let [first, second] = [stacks.take().unwrap(), stacks.take().unwrap()];
        let [one, two] = [first.base(), second.base()];
        assert_ne!(one, two);
        assert!(mapped(&first) > SIZE);
        stacks.give_back(first);
        stacks.give_back(second);
        let again = [stacks.take().unwrap(), stacks.take().unwrap(), stacks.take().unwrap()];
        assert_eq!([again[0].base(), again[1].base()], [two, one]);
        assert!(again[2].base() != one && again[2].base() != two);
    }

    #[test]
    fn stacks_of_other_sizes_are_kept_apart() {
        let mut stacks = Stacks::new(SIZE);
        let (usual, large) = (stacks.take().unwrap(), stacks.take_sized(4 * SIZE).unwrap());
        let (one, two) = (usual.base(), large.base());
        assert!(mapped(&large) > 4 * SIZE);
        stacks.give_back(usual);
        stacks.give_back(large);
        assert_eq!(stacks.take_sized(4 * SIZE).unwrap().base(), two);
        assert_eq!(stacks.take_sized(SIZE).unwrap().base(), one);
    }

    #[test]
    fn a_stack_of_no_size_in_particular_has_the_least() {
        assert!(mapped(&Stacks::new(0).take().unwrap()) >= corosensei::stack::MIN_STACK_SIZE);
    }

    #[test]
    fn too_large_a_stack_is_an_error() {
        for size in [usize::MAX, usize::MAX / 2, 1 << 50] {
            assert!(Stacks::new(SIZE).take_sized(size).is_err(), "{size}");
        }
    }

    #[test]
    fn a_coroutine_runs_on_one_and_leaves_it_for_the_next() {
        let mut stacks = Stacks::new(SIZE);
        let mut bases = Vec::new();
        for round in 0..3 {
            let stack = stacks.take().unwrap();
            bases.push(stack.base());
            let mut coroutine =
                Coroutine::<(), u32, u32, _>::with_stack(stack, move |yielder, ()| {
                    yielder.suspend(round);
                    round + 1
                });
            assert_eq!(coroutine.resume(()), CoroutineResult::Yield(round));
            assert_eq!(coroutine.resume(()), CoroutineResult::Return(round + 1));
            stacks.give_back(coroutine.into_stack());
        }
        assert!(bases.iter().all(|base| *base == bases[0]));
    }
}
