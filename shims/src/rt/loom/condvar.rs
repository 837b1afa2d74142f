//! Condition variables: a queue, first come, first served.

use std::{collections::VecDeque, panic::Location, sync::Arc};

use lockwise_detector::{Action, ObjectId, Site, ThreadId, finding::Verb, op::WaitFor};

use super::{
    carrier::{self, in_loom},
    execution::{Key, Waiting, introduce, on_execution, tell, tell_of},
    lock,
};
use crate::rt::{RawCondvar, RawMutex, Until, Wake, world::Place};

/// Who waits for a notification, and whether a `Block` told the detector so.
#[derive(Default)]
pub(super) struct Queue {
    waiters: VecDeque<(ThreadId, bool)>,
    marker: Option<Arc<loom::sync::Condvar>>,
}

#[track_caller]
pub(super) fn wait(
    condvar: &RawCondvar,
    mutex: &RawMutex,
    on: Option<WaitFor>,
    until: Until,
) -> Wake {
    let place = Location::caller();
    lock::refuse_timeout(until, "wait with a time limit", place);
    if until == Until::Now {
        return Wake::TimedOut;
    }
    let key = touch(condvar);
    on_execution(|execution| {
        let me = (execution.current, on.is_some());
        execution.queues.entry(key).or_default().waiters.push_back(me);
    });
    lock::release_mutex(mutex, place);
    if let Some(on) = on {
        if let Some(meta) = &condvar.meta {
            introduce(meta);
        }
        tell(place, Action::Block { on, timed: false });
    }
    wait_for_notification(on, place);
    lock::lock(mutex, Until::Forever);
    Wake::Notified
}

fn wait_for_notification(on: Option<WaitFor>, place: Place) {
    let object = on.and_then(object_of);
    on_execution(|execution| {
        execution.me().waiting = Some(Waiting { verb: Verb::Wait, object, site: place.into() });
    });
    carrier::block();
}

fn object_of(on: WaitFor) -> Option<ObjectId> {
    match on {
        WaitFor::Condvar { condvar: object, .. } | WaitFor::Object { object, .. } => Some(object),
        WaitFor::Park | WaitFor::Join(_) | WaitFor::Sleep => None,
    }
}

#[track_caller]
pub(super) fn notify(condvar: &RawCondvar, all: bool) {
    let key = touch(condvar);
    let woken: Vec<_> = on_execution(|execution| {
        let Some(queue) = execution.queues.get_mut(&key) else { return Vec::new() };
        let count = if all { queue.waiters.len() } else { queue.waiters.len().min(1) };
        queue.waiters.drain(..count).collect()
    });
    for &(thread, announced) in &woken {
        if announced {
            tell_of(thread, Site::UNKNOWN, Action::Unblock);
        }
        carrier::wake(thread);
    }
    if let Some(meta) = &condvar.meta {
        let object = introduce(meta);
        let woken = woken.into_iter().map(|(thread, _)| thread).collect();
        tell(Location::caller(), Action::Notify { object, all, woken });
    }
}

/// Lets loom know that who waits depends on who notifies: a notification of a loom condition
/// variable on which nobody waits does that and nothing else. A quiet one is only ever used under
/// its monitor's lock, whose order is explored anyway.
fn touch(condvar: &RawCondvar) -> Key {
    let key = Key::of(condvar, condvar.meta.as_ref());
    if condvar.meta.is_some() {
        let known = on_execution(|e| e.queues.get(&key).and_then(|queue| queue.marker.clone()));
        let marker = known.unwrap_or_else(|| {
            let marker = in_loom(|| Arc::new(loom::sync::Condvar::new()));
            let ours = Arc::clone(&marker);
            on_execution(|e| e.queues.entry(key).or_default().marker = Some(ours));
            marker
        });
        in_loom(|| marker.notify_one());
    }
    key
}
