//! Holds in a thread's [`HeldStack`](crate::rt::os::held::HeldStack) that another thread ended, or
//! whose lock is gone. Only the thread itself changes its stack, so it is told to, in the count
//! that keeps it from the fast path.

use std::sync::{Arc, atomic::Ordering};

use lockwise_detector::{Action, ObjectId, Site};

use super::Kernel;
use crate::rt::os::record::Record;

/// Whose holds have ended: the serial number, and of what.
#[derive(Default)]
pub(super) struct Orphans(Vec<(u32, ObjectId)>);

impl Kernel {
    /// The thread `owner`, another one than the caller, holds the object no longer.
    pub(in crate::rt::os) fn end_hold(&mut self, owner: &Record, object: ObjectId, site: Site) {
        self.tell_released(owner, object, |kernel, action| {
            kernel.emit_on_behalf(owner, site, action);
        });
        if holds(owner, object) {
            self.orphans.0.push((owner.serial, object));
            owner.loose.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Has `emit` tell the detector that `owner` holds the object no longer, if it knows that it
    /// did.
    pub(in crate::rt::os) fn tell_released(
        &mut self,
        owner: &Record,
        object: ObjectId,
        emit: impl FnOnce(&mut Self, Action),
    ) {
        if let Some(mode) = self.mode_of(owner, object) {
            emit(self, Action::Release { object, mode });
        }
    }

    /// The threads that hold the object.
    pub(in crate::rt::os) fn holders(&self, object: ObjectId) -> Vec<Arc<Record>> {
        let is_one = |record: &&Arc<Record>| holds(record, object) || self.holds(record, object);
        self.records.values().filter(is_one).cloned().collect()
    }

    /// `record`, the calling thread, takes out what it no longer holds.
    pub(in crate::rt::os) fn settle(&mut self, record: &Record) {
        self.orphans.0.retain(|(serial, object)| {
            let own = *serial == record.serial;
            if own {
                record.held.pop_object(*object);
                record.loose.fetch_sub(1, Ordering::Relaxed);
            }
            !own
        });
    }
}

fn holds(record: &Record, object: ObjectId) -> bool {
    record.held.iter().any(|held| held.object == object)
}
