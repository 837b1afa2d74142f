//! What atomics and fences hand on: release sequences (C11, 5.1.2.4 with C++20's P0982).

use std::sync::atomic::Ordering;

use super::{handed::Handed, row::Row};
use crate::{ObjectId, Tick, hash::IdMap, op::AtomicAccess};

/// For each atomic, what a load that acquires learns from its present value: the releases whose
/// sequences that value belongs to. Absent where there are none.
#[derive(Default, Debug)]
pub(super) struct Atomics(IdMap<ObjectId, Handed>);

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
                    Handed::Nothing => self.0.remove(&object),
                    new => self.0.insert(object, new),
                };
            }
            AtomicAccess::Rmw { ordering, .. } => {
                self.read(object, ordering, row, at);
                let more = written(ordering, row, at);
                if !more.is_nothing() {
                    self.0.entry(object).or_default().merge(&more);
                }
            }
        }
    }

    fn read(&self, object: ObjectId, ordering: Ordering, row: &mut Row, at: Tick) {
        let Some(value) = self.0.get(&object) else { return };
        if acquires(ordering) {
            row.learn(value, at);
        } else {
            row.unfenced.merge(value);
        }
    }

    pub(super) fn forget(&mut self, object: ObjectId) {
        self.0.remove(&object);
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
