//! What atomics and fences hand on: release sequences (C11, 5.1.2.4 with C++20's P0982).

use std::sync::atomic::Ordering;

use super::{handed::Handed, row::Row};
use crate::{
    ObjectId, Tick,
    hash::IdMap,
    op::{AtomicAccess, Relay},
};

/// For each atomic, what a load that acquires learns from its present value: the releases whose
/// sequences that value belongs to. Absent where there are none.
#[derive(Default, Debug)]
pub(super) struct Atomics {
    values: IdMap<ObjectId, Handed>,
    /// How often a [`Relay`] changed what an object hands on.
    relayed: IdMap<ObjectId, u64>,
}

impl Atomics {
    pub(super) fn access(
        &mut self,
        object: ObjectId,
        access: AtomicAccess,
        row: &mut Row,
        at: Tick,
    ) {
        match access {
            AtomicAccess::Load { ordering, .. } => self.read(object, ordering, row, at),
            AtomicAccess::Store { ordering, .. } => {
                match written(ordering, row, at) {
                    Handed::Nothing => self.values.remove(&object),
                    new => self.values.insert(object, new),
                };
            }
            AtomicAccess::Rmw { ordering, .. } => {
                self.read(object, ordering, row, at);
                let more = written(ordering, row, at);
                if !more.is_nothing() {
                    self.values.entry(object).or_default().merge(&more);
                }
            }
        }
    }

    /// An access of which no more is known than whether it read or wrote. Writes only add to what
    /// is handed on: which of them a read has read, and in what order they came, is not known.
    pub(super) fn relay(
        &mut self,
        object: ObjectId,
        (relay, ordering): (Relay, Ordering),
        row: &mut Row,
        at: Tick,
    ) {
        if relay != Relay::Give {
            self.read(object, ordering, row, at);
        }
        if relay == Relay::Take {
            return;
        }
        let more = if releases(ordering) { row.hand_untimed() } else { row.release_fence.clone() };
        let value = self.values.entry(object).or_default();
        if !more.is_in(value) {
            value.merge(&more);
            *self.relayed.entry(object).or_default() += 1;
        }
    }

    /// How often a relay has changed what `object` hands on.
    pub(super) fn relayed(&self, object: ObjectId) -> u64 {
        self.relayed.get(&object).copied().unwrap_or(0)
    }

    fn read(&self, object: ObjectId, ordering: Ordering, row: &mut Row, at: Tick) {
        let Some(value) = self.values.get(&object) else { return };
        if acquires(ordering) {
            row.learn(value, at);
        } else {
            row.put_off(value);
        }
    }

    pub(super) fn forget(&mut self, object: ObjectId) {
        self.values.remove(&object);
        self.relayed.remove(&object);
    }
}

/// What a write adds: all that its thread knows, or only what it knew at its last release fence.
fn written(ordering: Ordering, row: &mut Row, at: Tick) -> Handed {
    if releases(ordering) { row.hand(at) } else { row.release_fence.clone() }
}

/// A fence (C11, 7.17.4): first it acquires, then it releases what it has acquired too.
pub(super) fn fence(ordering: Ordering, row: &mut Row, at: Tick) {
    if acquires(ordering) {
        let read = std::mem::take(&mut row.unfenced);
        row.learn(&read, at);
    }
    if releases(ordering) {
        row.release_fence = row.hand(at);
    }
}

fn acquires(ordering: Ordering) -> bool {
    matches!(ordering, Ordering::Acquire | Ordering::AcqRel | Ordering::SeqCst)
}

fn releases(ordering: Ordering) -> bool {
    matches!(ordering, Ordering::Release | Ordering::AcqRel | Ordering::SeqCst)
}
