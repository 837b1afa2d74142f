//! Vector clocks (Fidge 1988; Mattern 1989), indexed by [`ThreadId`].

use crate::{Epoch, ThreadId, Tick};

/// For each thread, the last of its ticks that is known: the others are 0.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct VectorClock(Vec<Tick>);

impl VectorClock {
    /// Knows nothing.
    #[must_use]
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// The last known tick of `thread`.
    #[must_use]
    pub fn get(&self, thread: ThreadId) -> Tick {
        self.0.get(thread.index()).copied().unwrap_or(0)
    }

    /// Learns of `epoch` (and what came before it in its own thread).
    pub fn learn(&mut self, epoch: Epoch) {
        if epoch.is_none() {
            return;
        }
        let index = epoch.thread().index();
        if index >= self.0.len() {
            self.0.resize(index + 1, 0);
        }
        self.0[index] = self.0[index].max(epoch.tick());
    }

    /// Whether `epoch` is known: it happens before, or is, the moment that this clock describes.
    #[must_use]
    pub fn knows(&self, epoch: Epoch) -> bool {
        epoch.is_none() || self.get(epoch.thread()) >= epoch.tick()
    }

    /// Learns all that `other` knows. Returns whether anything was new.
    pub fn join(&mut self, other: &Self) -> bool {
        if other.0.len() > self.0.len() {
            self.0.resize(other.0.len(), 0);
        }
        let mut grew = false;
        for (mine, theirs) in self.0.iter_mut().zip(&other.0) {
            if theirs > mine {
                *mine = *theirs;
                grew = true;
            }
        }
        grew
    }

    /// Whether all that this clock knows is known to `other`.
    #[must_use]
    pub fn le(&self, other: &Self) -> bool {
        self.epochs().all(|epoch| other.knows(epoch))
    }

    /// The last known moment of each thread that is known at all.
    pub fn epochs(&self) -> impl Iterator<Item = Epoch> + '_ {
        (0u32..)
            .zip(&self.0)
            .filter(|(_, tick)| **tick > 0)
            .map(|(thread, tick)| Epoch::new(ThreadId(thread), *tick))
    }

    /// A copy that knows nothing of `thread`.
    #[must_use]
    pub fn without(&self, thread: ThreadId) -> Self {
        let mut copy = self.clone();
        if let Some(tick) = copy.0.get_mut(thread.index()) {
            *tick = 0;
        }
        copy
    }

    /// How many ticks it stores: what a copy or a join of it costs.
    #[must_use]
    pub fn width(&self) -> usize {
        self.0.len()
    }

    /// Forgets everything and keeps the memory.
    pub fn clear(&mut self) {
        self.0.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn joining_learns_the_later_tick_of_each_thread() {
        let (t0, t2) = (ThreadId(0), ThreadId(2));
        let mut a = VectorClock::new();
        a.learn(Epoch::new(t0, 3));
        let mut b = VectorClock::new();
        b.learn(Epoch::new(t0, 1));
        b.learn(Epoch::new(t2, 7));
        assert!(!a.le(&b) && !b.le(&a));
        assert!(a.join(&b) && !a.join(&b));
        assert_eq!((a.get(t0), a.get(t2), a.get(ThreadId(9))), (3, 7, 0));
        assert!(b.le(&a) && a.knows(Epoch::new(t2, 7)) && !a.knows(Epoch::new(t2, 8)));
    }
}
