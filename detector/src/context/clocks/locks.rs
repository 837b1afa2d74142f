//! What locks hand on from their releases to later acquisitions.

use super::handed::Handed;
use crate::{ObjectId, hash::IdMap, op::Mode};

#[derive(Default, Debug)]
struct Lock {
    /// By exclusive releases: for everyone.
    by_writers: Handed,
    /// By shared releases: for writers only.
    by_readers: Handed,
}

#[derive(Default, Debug)]
pub(super) struct Locks(IdMap<ObjectId, Lock>);

impl Locks {
    pub(super) fn acquired(&self, object: ObjectId, mode: Mode, mut learn: impl FnMut(&Handed)) {
        if let Some(lock) = self.0.get(&object) {
            learn(&lock.by_writers);
            if mode == Mode::Exclusive {
                learn(&lock.by_readers);
            }
        }
    }

    pub(super) fn released(&mut self, object: ObjectId, mode: Mode, releasers: Handed) {
        let lock = self.0.entry(object).or_default();
        if mode == Mode::Shared {
            lock.by_readers.merge(&releasers);
            return;
        }
        lock.by_writers.merge(&releasers);
        if lock.by_readers.is_in(&lock.by_writers) {
            lock.by_readers = Handed::Nothing;
        }
    }

    pub(super) fn forget(&mut self, object: ObjectId) {
        self.0.remove(&object);
    }
}
