//! Messages of channels.
//!
//! A thread that has learnt nothing since it sent a message there, nor done what an analysis may
//! date, has nothing to add. So it publishes once for all messages that it sends until it has *news*
//! (see [`atomic`](super::atomic)): the token stands for the thread and how often it had some, and
//! goes with each message. Whoever receives one of them observes the token, once.

use lockwise_detector::{Action, ObjectId};

use super::{
    Os, atomic,
    local::{self, First, local},
};
use crate::rt::{Meta, World};

/// See [`World::publish_message`](crate::rt::World::publish_message).
#[track_caller]
pub(super) fn publish(meta: &Meta) -> u64 {
    let Some(record) = local().record() else { return 0 };
    let token = u64::from(record.serial) << u32::BITS | u64::from(record.knowledge.news());
    tell(meta, First::Publishing(token), |object| Action::Publish { object, token });
    token
}

/// See [`World::observe_message`](crate::rt::World::observe_message).
#[track_caller]
pub(super) fn observe(meta: &Meta, token: u64) {
    tell(meta, First::Observing(token), |object| Action::Observe { object, token });
}

/// Tells the detector if this thread does so for the first time. Otherwise the threads have only
/// dealt with each other, which says something of what they do besides.
#[track_caller]
fn tell(meta: &Meta, what: First, action: impl FnOnce(ObjectId) -> Action) {
    let object = meta.id();
    if local::is_first(object, what) {
        Os.emit(meta, action(object));
    } else if let Some(record) = local().record() {
        record.memory.deal();
        atomic::beat();
    }
}
