//! Names of threads, objects and moments. None is ever reused within one detector.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A logical thread, numbered densely from 0 in the order in which threads are first seen.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ThreadId(pub u32);

impl ThreadId {
    /// The thread's place in a table with one row per thread.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

impl fmt::Debug for ThreadId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "T{}", self.0)
    }
}

/// A lock, condition variable, channel, atomic, cell or other object that threads share.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ObjectId(pub u64);

impl fmt::Debug for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "O{}", self.0)
    }
}

/// A thread's own count of its steps; it only grows.
pub type Tick = u64;

/// A moment in one thread: the pair `c@t` of FastTrack (Flanagan and Freund, PLDI 2009).
///
/// Packed into one word so that a runtime can store it in a lock: 20 bits of thread, 44 of tick.
/// The all-zero word is [`Epoch::NONE`] and comes before every moment.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Epoch(u64);

impl Epoch {
    /// Before everything.
    pub const NONE: Self = Self(0);
    const TICK_BITS: u32 = 44;
    /// The ticks that a moment can be at.
    pub const TICKS: std::ops::RangeInclusive<Tick> = 1..=(1 << Self::TICK_BITS) - 1;
    /// The last thread in whose life a moment can be.
    pub const MAX_THREAD: ThreadId = ThreadId((1 << (u64::BITS - Self::TICK_BITS)) - 1);

    /// The moment `tick` of `thread`. Ticks start at 1.
    #[inline]
    #[must_use]
    pub const fn new(thread: ThreadId, tick: Tick) -> Self {
        Self(((thread.0 as u64) << Self::TICK_BITS) | tick)
    }

    /// The thread in whose life this moment lies.
    #[inline]
    #[must_use]
    pub const fn thread(self) -> ThreadId {
        ThreadId((self.0 >> Self::TICK_BITS) as u32)
    }

    /// The thread's own count at this moment; 0 only for [`Epoch::NONE`].
    #[inline]
    #[must_use]
    pub const fn tick(self) -> Tick {
        self.0 & ((1 << Self::TICK_BITS) - 1)
    }

    /// Whether this is [`Epoch::NONE`].
    #[inline]
    #[must_use]
    pub const fn is_none(self) -> bool {
        self.0 == 0
    }

    /// The packed word, for storage in an atomic.
    #[inline]
    #[must_use]
    pub const fn to_bits(self) -> u64 {
        self.0
    }

    /// The moment that [`Epoch::to_bits`] packed.
    #[inline]
    #[must_use]
    pub const fn from_bits(bits: u64) -> Self {
        Self(bits)
    }
}

impl fmt::Debug for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{:?}", self.tick(), self.thread())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_epoch_packs_and_unpacks() {
        let epoch = Epoch::new(ThreadId(1_000_000), (1 << 44) - 1);
        let back = Epoch::from_bits(epoch.to_bits());
        assert_eq!((back.thread(), back.tick()), (ThreadId(1_000_000), (1 << 44) - 1));
        assert!(Epoch::NONE.is_none() && !epoch.is_none());
    }
}
