//! Messages that one receiver takes in the order in which they were sent.
//!
//! A thread that has learnt nothing since it sent a message there, nor done what an analysis may
//! date, has nothing to add: whoever takes the next one has taken that one before, or has been told
//! by whom it got the receiver. So the detector hears of a thread's message only if the thread has
//! *news* (see [`atomic`](super::atomic)), or has sent none there as far as it remembers.

use lockwise_detector::Action;

use super::{
    Os, atomic,
    local::{self, First, local},
    record::Record,
};
use crate::rt::{Meta, World};

/// See [`World::publish_in_order`](crate::rt::World::publish_in_order).
#[track_caller]
pub(super) fn publish(meta: &Meta, token: u64) -> bool {
    let Some(record) = local().record() else { return false };
    let object = meta.id();
    if !local::is_first(object, First::Sending(record.knowledge.news())) {
        deal(record);
        return false;
    }
    Os.emit(meta, Action::Publish { object, token });
    true
}

/// See [`World::observe_in_order`](crate::rt::World::observe_in_order).
#[track_caller]
pub(super) fn observe(meta: &Meta, token: u64, published: bool) {
    let Some(record) = local().record() else { return };
    let object = meta.id();
    if local::is_first(object, First::Receipt) || published {
        Os.emit(meta, Action::Observe { object, token });
    } else {
        deal(record);
    }
}

/// The threads have dealt with each other, which says something of what they do besides.
fn deal(record: &Record) {
    record.memory.deal();
    atomic::beat();
}
