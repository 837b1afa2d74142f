//! [`RawCondvar`]: waiting for a notification, in any world.

use std::{
    panic::Location,
    sync::atomic::{AtomicPtr, AtomicU32},
};

use lockwise_detector::op::WaitFor;

use super::{Meta, RawMutex, Until, Wake, World, dispatch, model::Slot};

/// A condition variable.
pub(crate) struct RawCondvar {
    /// What analyses know it as; `None` for a part of something else, which they do not see.
    pub(super) meta: Option<Meta>,
    /// In the os world, how many threads wait.
    pub(super) waiters: AtomicU32,
    /// In the os world, who last notified while nobody waited (a thread's serial number, 0 for
    /// nobody), and where.
    pub(super) unheard_by: AtomicU32,
    pub(super) unheard_at: AtomicPtr<Location<'static>>,
    /// In the explore world, its place in the execution under way.
    pub(super) slot: Slot,
}

impl RawCondvar {
    pub(crate) const fn new(meta: Meta) -> Self {
        Self::with(Some(meta))
    }

    /// A condition variable that analyses do not see: a part of a primitive that sends its own Ops.
    pub(crate) const fn quiet() -> Self {
        Self::with(None)
    }

    const fn with(meta: Option<Meta>) -> Self {
        Self {
            meta,
            waiters: AtomicU32::new(0),
            unheard_by: AtomicU32::new(0),
            unheard_at: AtomicPtr::new(std::ptr::null_mut()),
            slot: Slot::new(),
        }
    }

    /// What analyses know it as.
    pub(crate) fn meta(&self) -> Option<&Meta> {
        self.meta.as_ref()
    }

    /// Releases `mutex`, waits for a notification, acquires `mutex` again. `changed` says whether what
    /// it guards may have been changed.
    ///
    /// # Safety
    ///
    /// The calling thread holds `mutex`.
    #[track_caller]
    pub(crate) unsafe fn wait(
        &self,
        mutex: &RawMutex,
        on: Option<WaitFor>,
        until: Until,
        changed: bool,
    ) -> Wake {
        // SAFETY: the caller's promise is the one asked for.
        dispatch!(world => unsafe { world.condvar_wait(self, mutex, on, until, changed) })
    }

    /// [`RawCondvar::wait`] which does not acquire `mutex` again.
    ///
    /// # Safety
    ///
    /// The calling thread holds `mutex`.
    #[track_caller]
    pub(crate) unsafe fn wait_released(
        &self,
        mutex: &RawMutex,
        on: Option<WaitFor>,
        until: Until,
        changed: bool,
    ) -> Wake {
        // SAFETY: the caller's promise is the one asked for.
        dispatch!(world => unsafe { world.condvar_wait_released(self, mutex, on, until, changed) })
    }

    /// The wait that a condition variable which analyses see announces itself.
    ///
    /// # Safety
    ///
    /// The calling thread holds `mutex`.
    #[track_caller]
    pub(crate) unsafe fn wait_seen(&self, mutex: &RawMutex, until: Until, changed: bool) -> Wake {
        let on = self
            .meta
            .as_ref()
            .zip(mutex.meta())
            .map(|(condvar, mutex)| WaitFor::Condvar { condvar: condvar.id(), mutex: mutex.id() });
        // SAFETY: the caller's promise is the one asked for.
        unsafe { self.wait(mutex, on, until, changed) }
    }

    /// Wakes one waiter, or all.
    #[track_caller]
    pub(crate) fn notify(&self, all: bool) {
        dispatch!(world => world.condvar_notify(self, all));
    }
}
