//! [`Slot`]: where an object is to be found in the execution that it is used in.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// A place in a table of the execution, remembered in the object itself.
#[derive(Debug)]
pub(crate) struct Slot(AtomicU64);

impl Slot {
    pub(crate) const fn new() -> Self {
        Self(AtomicU64::new(0))
    }

    /// Its place in the table of this execution.
    #[inline]
    pub(crate) fn find(&self, execution: u32) -> Option<u32> {
        let slot = self.0.load(Relaxed);
        ((slot >> 32) as u32 == execution).then_some(slot as u32)
    }

    /// It has a place now.
    pub(crate) fn set(&self, execution: u32, place: u32) {
        self.0.store(u64::from(execution) << 32 | u64::from(place), Relaxed);
    }

    /// Whether it was used in some execution.
    pub(crate) fn was_used(&self) -> bool {
        self.0.load(Relaxed) != 0
    }
}
