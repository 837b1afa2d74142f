//! Locks that are acquired and released without a wait.

use std::{any::Any, cell::Cell};

use lockwise_detector::{
    Site,
    op::{Mode, ObjectKind, Patience},
};

use super::{
    caller::{self, Call},
    lot::tell,
};
use crate::rt::foreign::{Deed, Foreign};

crate::thread_local! {
    /// The lock that the thread released last.
    static RELEASED: Cell<Option<Foreign>> = const { Cell::new(None) };

    /// What the thread is to be unwound with as soon as it has a mutex again.
    static STOP: Cell<Option<Box<dyn Any + Send>>> = const { Cell::new(None) };
}

/// The calling thread has acquired the lock at `key`.
///
/// # Panics
///
/// If a wait of this thread has been found to have no end, and had to give a mutex back first.
#[track_caller]
pub fn acquired(key: usize) {
    let call = Call::here();
    let kind = match call.kind {
        // Acquired for a wait that is over.
        Some(ObjectKind::Condvar) | None => ObjectKind::Mutex,
        Some(kind) => kind,
    };
    // An rwlock is said to be two locks, the second right behind the first.
    if kind == ObjectKind::RwLock && key % 2 == 1 {
        return;
    }
    let Call { mode, patience, site, address, .. } = call;
    tell(&Foreign { key, kind, mode, patience, site, address }, Deed::Own);
    if let Ok(Some(payload)) = STOP.try_with(Cell::take) {
        std::panic::resume_unwind(payload);
    }
}

/// The calling thread is about to release the lock at `key`.
#[track_caller]
pub fn released(key: usize) {
    // On real threads the lock's own place will do: it says more only in the schedule of a model.
    let site = if super::may_spin() { caller::place() } else { Call::here().site };
    let (kind, mode, patience) = (ObjectKind::Mutex, Mode::Exclusive, Patience::Forever);
    let lock = Foreign { key, kind, mode, patience, site, address: 0 };
    tell(&lock, Deed::Disown);
    // A thread whose locals are gone waits at no condition variable.
    let _ = RELEASED.try_with(|released| released.set(Some(lock)));
}

/// From here on [`released_last`] is about what follows.
pub(super) fn forget_released() {
    let _ = RELEASED.try_with(|released| released.set(None));
}

/// What the thread released last.
pub(super) fn released_last() -> Option<Foreign> {
    let released = RELEASED.try_with(Cell::take).ok().flatten()?;
    Some(Foreign { site: &Site::UNKNOWN, ..released })
}

/// Has the thread unwound with `payload` as soon as it has acquired a lock.
pub(super) fn stop_later(payload: Box<dyn Any + Send>) {
    let _ = STOP.try_with(|stop| stop.set(Some(payload)));
}
