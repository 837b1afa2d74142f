//! Locks that a model tries, and does not only wait for.
//!
//! loom's `try_lock` waits: a thread that is about to try is blocked as long as another has the
//! lock. So loom never sees an attempt fail, and a deadlock where the other in turn waits for what
//! the thread that tries has. A lock that is ever tried is therefore handed over by us. Who takes
//! it, tries it or gives it back first makes a *turn*, a relaxed read-modify-write of an atomic of
//! the lock's own, at which loom can let another thread go first and does so wherever that makes a
//! difference; until its next step it has the only say. The loom lock behind is then free, and is
//! taken at once for what it does to the view that a thread has of atomics. (A failed attempt has
//! no such effect in Rust, and none here.)
//!
//! Whether a lock is tried shows when it first is. Its place of creation is then noted, and the
//! exploration begins anew: all locks made there are such locks.

use std::{
    panic::Location,
    sync::{Arc, atomic::Ordering},
};

use lockwise_detector::{Site, ThreadId};
use loom::sync::atomic::AtomicU64 as LoomAtomic;

use super::{
    atomic,
    carrier::{self, end, in_loom, in_loom_at_once},
    execution::{on_execution, on_model},
    explore::End,
    lock::{Hold, Lock},
};
use crate::rt::{Meta, Until};

/// What a lock that is tried has besides its loom lock.
pub(super) struct Tried {
    turn: Arc<LoomAtomic>,
    /// Who looks again when the lock is given back.
    waiters: Vec<ThreadId>,
}

/// For a lock that is used for the first time in an execution: whether it is one that is tried.
pub(super) fn tried(meta: Option<&Meta>) -> Option<Tried> {
    let created = Site::from(meta?.origin().created);
    let is_tried = on_model(|model| model.plan.tried.contains(&created));
    is_tried.then(|| Tried { turn: atomic::draw_atomic(), waiters: Vec::new() })
}

/// The lock is tried: it must be known from the beginning that it would be.
pub(super) fn must_be_known(lock: Lock, created: &'static Location<'static>) {
    if !on_execution(|execution| lock.tried(execution).is_some()) {
        end(End::Tried(created.into()));
    }
}

/// If the lock is one that is tried, a point at which other threads may take it, try it or give it
/// back first. Returns whether it is.
pub(super) fn take_turn(lock: Lock) -> bool {
    let turn = on_execution(|e| lock.tried(e).map(|tried| Arc::clone(&tried.turn)));
    turn.is_some_and(|turn| {
        in_loom(|| turn.fetch_add(1, Ordering::Relaxed));
        true
    })
}

/// Takes a lock that is tried: waits for it, or returns `None` if it is not free.
pub(super) fn acquire(lock: Lock, until: Until, take: impl FnOnce() -> Hold) -> Option<Hold> {
    while !on_execution(|execution| lock.is_free(execution)) {
        if until == Until::Now {
            return None;
        }
        let waiting = on_execution(|execution| {
            let me = execution.current;
            if let Some(tried) = lock.tried(execution) {
                tried.waiters.push(me);
            }
            execution.me().waiting
        });
        carrier::block();
        on_execution(|execution| execution.me().waiting = waiting);
        take_turn(lock);
    }
    Some(in_loom_at_once(take))
}

/// The lock has been given back, in part or altogether: those who wait for it look again.
pub(super) fn wake(lock: Lock) {
    let waiters = on_execution(|execution| {
        let tried = lock.tried(execution);
        tried.map(|tried| std::mem::take(&mut tried.waiters))
    });
    waiters.into_iter().flatten().for_each(carrier::wake);
}
