//! [`Monitor`]: state, a lock and a condition variable in one (Hoare 1974).
//!
//! Every blocking primitive beyond mutexes, rwlocks and condition variables is a state in a
//! monitor, and so works in every world. Analyses do not see the monitor; the primitive says what
//! its threads wait for and what they hand to each other.

use std::ops::{Deref, DerefMut};

use lockwise_detector::op::{Purpose, WaitFor};

use super::{Contents, Meta, RawCondvar, RawMutex, Until, Wake};
use crate::rt;

/// A state that one thread at a time sees, and whose changes others can wait for.
pub(crate) struct Monitor<S> {
    lock: RawMutex,
    changed: RawCondvar,
    state: Contents<S>,
}

// SAFETY: the lock hands the state from thread to thread, one at a time.
unsafe impl<S: Send> Send for Monitor<S> {}
// SAFETY: as above; a shared reference gives the state only through the lock.
unsafe impl<S: Send> Sync for Monitor<S> {}

impl<S> std::panic::UnwindSafe for Monitor<S> {}
impl<S> std::panic::RefUnwindSafe for Monitor<S> {}

impl<S> Monitor<S> {
    pub(crate) const fn new(state: S) -> Self {
        Self { lock: RawMutex::quiet(), changed: RawCondvar::quiet(), state: Contents::new(state) }
    }

    /// Waits for the state to be free and takes it.
    #[track_caller]
    pub(crate) fn enter(&self) -> MonitorGuard<'_, S> {
        self.lock.lock(Until::Forever);
        MonitorGuard {
            monitor: self,
            entered: true,
            changed: false,
            _not_send: std::marker::PhantomData,
        }
    }

    /// The state, without entering.
    ///
    /// # Safety
    ///
    /// Nobody else sees it until the reference is gone: the caller is in a world in which one
    /// thread runs at a time, and asks it for nothing meanwhile.
    #[expect(clippy::mut_from_ref, reason = "as for a cell")]
    pub(crate) unsafe fn unentered(&self) -> &mut S {
        // SAFETY: the caller's promise.
        unsafe { &mut *self.state.get() }
    }

    /// The state, seen by nobody else.
    pub(crate) fn get_mut(&mut self) -> &mut S {
        self.state.get_mut()
    }
}

/// The right to see and change a [`Monitor`]'s state.
pub(crate) struct MonitorGuard<'a, S> {
    monitor: &'a Monitor<S>,
    /// False only while [`MonitorGuard::wait`] has given the lock away.
    entered: bool,
    /// Whether the state may have been changed.
    changed: bool,
    _not_send: std::marker::PhantomData<*const ()>,
}

impl<S> MonitorGuard<'_, S> {
    /// Leaves, waits for [`MonitorGuard::notify_all`] or `notify_one`, and enters again; may
    /// return for no reason. `on` is what a report says that the thread waits for (`None` where a
    /// `Request` has said it).
    #[track_caller]
    pub(crate) fn wait(&mut self, on: Option<WaitFor>, until: Until) -> Wake {
        self.wait_on(&self.monitor.changed, on, until)
    }

    /// [`MonitorGuard::wait`] at a condition variable of its own, for a state that threads watch
    /// for different changes. Whoever makes the change notifies there, with the monitor entered.
    #[track_caller]
    pub(crate) fn wait_on(
        &mut self,
        changed: &RawCondvar,
        on: Option<WaitFor>,
        until: Until,
    ) -> Wake {
        if until == Until::Now {
            return Wake::TimedOut;
        }
        // If the wait panics, the lock is not held, and `drop` must not release it.
        self.entered = false;
        // SAFETY: a guard that has entered holds the lock.
        let wake = unsafe { changed.wait(&self.monitor.lock, on, until, self.changed) };
        self.entered = true;
        self.changed = false;
        wake
    }

    /// Leaves for good and waits at a condition variable of its own; may return for no reason.
    #[track_caller]
    pub(crate) fn leave_and_wait(mut self, changed: &RawCondvar, until: Until) -> Wake {
        self.entered = false;
        // SAFETY: a guard that has entered holds the lock, and this ends the guard.
        unsafe { changed.wait_released(&self.monitor.lock, None, until, self.changed) }
    }

    /// Waits until `ready`; false if time ran out first.
    #[track_caller]
    pub(crate) fn wait_until(
        &mut self,
        on: Option<WaitFor>,
        until: Until,
        mut ready: impl FnMut(&S) -> bool,
    ) -> bool {
        while !ready(self) {
            if self.wait(on, until) == Wake::TimedOut {
                return ready(self);
            }
        }
        true
    }

    /// Waits at `changed` until `ready`, to do at the object `at` what the purpose says; false if
    /// time ran out first.
    #[track_caller]
    pub(crate) fn wait_at(
        &mut self,
        changed: &RawCondvar,
        (meta, purpose): (&Meta, Purpose),
        until: Until,
        mut ready: impl FnMut(&S) -> bool,
    ) -> bool {
        while !ready(self) {
            if until == Until::Now {
                return false;
            }
            let on = rt::wait_for(meta, purpose);
            if self.wait_on(changed, Some(on), until) == Wake::TimedOut {
                return ready(self);
            }
        }
        true
    }

    /// Lets one waiting thread look at the state again.
    #[track_caller]
    pub(crate) fn notify_one(&self) {
        self.monitor.changed.notify(false);
    }

    /// Lets all waiting threads look at the state again.
    #[track_caller]
    pub(crate) fn notify_all(&self) {
        self.monitor.changed.notify(true);
    }
}

impl<S> Deref for MonitorGuard<'_, S> {
    type Target = S;

    fn deref(&self) -> &S {
        // SAFETY: outside `wait` this thread holds the lock, so nobody else sees the state.
        unsafe { &*self.monitor.state.get() }
    }
}

impl<S> DerefMut for MonitorGuard<'_, S> {
    fn deref_mut(&mut self) -> &mut S {
        self.changed = true;
        // SAFETY: as for `deref`, and the guard is borrowed mutably.
        unsafe { &mut *self.monitor.state.get() }
    }
}

impl<S> Drop for MonitorGuard<'_, S> {
    fn drop(&mut self) {
        if self.entered {
            // SAFETY: a guard that has entered holds the lock, and this ends the guard.
            unsafe { self.monitor.lock.unlock(self.changed) };
        }
    }
}
