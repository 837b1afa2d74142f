//! [`Condvar`].

use std::{
    fmt,
    panic::{RefUnwindSafe, UnwindSafe},
    sync::LockResult,
    time::Duration,
};

use lockwise_detector::op::ObjectKind;

use super::{MutexGuard, poisoning};
use crate::rt::{Meta, RawCondvar, Until, Wake};

/// Whether a wait with a timeout returned because its time was over.
#[derive(Debug, PartialEq, Eq, Copy, Clone)]
pub struct WaitTimeoutResult(bool);

impl WaitTimeoutResult {
    /// Whether the wait was known to have timed out.
    #[must_use]
    pub fn timed_out(&self) -> bool {
        self.0
    }
}

/// A condition variable: [`std::sync::Condvar`], observed.
pub struct Condvar {
    raw: RawCondvar,
}

impl UnwindSafe for Condvar {}
impl RefUnwindSafe for Condvar {}

impl Condvar {
    /// Creates a condition variable. Reports name the place of this call.
    #[must_use]
    #[inline]
    #[track_caller]
    pub const fn new() -> Self {
        Self { raw: RawCondvar::new(Meta::of::<Self>(ObjectKind::Condvar)) }
    }

    /// Releases the mutex, waits for a notification, and takes the mutex again. May return
    /// without a notification.
    ///
    /// # Errors
    ///
    /// If the mutex is poisoned when it is taken again.
    ///
    /// # Panics
    ///
    /// If no notification can ever come. The mutex is not held then.
    #[track_caller]
    pub fn wait<'a, T>(&self, guard: MutexGuard<'a, T>) -> LockResult<MutexGuard<'a, T>> {
        poisoning::map(guard.wait(&self.raw, Until::Forever), |(guard, _)| guard)
    }

    /// Waits for as long as `condition` is true.
    ///
    /// # Errors
    ///
    /// As for [`Condvar::wait`].
    #[track_caller]
    pub fn wait_while<'a, T, F>(
        &self,
        mut guard: MutexGuard<'a, T>,
        mut condition: F,
    ) -> LockResult<MutexGuard<'a, T>>
    where
        F: FnMut(&mut T) -> bool,
    {
        while condition(&mut *guard) {
            guard = self.wait(guard)?;
        }
        Ok(guard)
    }

    /// Waits for at most `ms` milliseconds; false if they were over.
    ///
    /// # Errors
    ///
    /// As for [`Condvar::wait`].
    #[deprecated(since = "1.6.0", note = "replaced by `std::sync::Condvar::wait_timeout`")]
    #[track_caller]
    pub fn wait_timeout_ms<'a, T>(
        &self,
        guard: MutexGuard<'a, T>,
        ms: u32,
    ) -> LockResult<(MutexGuard<'a, T>, bool)> {
        let result = self.wait_timeout(guard, Duration::from_millis(u64::from(ms)));
        poisoning::map(result, |(guard, result)| (guard, !result.timed_out()))
    }

    /// Waits for at most `dur`.
    ///
    /// # Errors
    ///
    /// As for [`Condvar::wait`].
    #[track_caller]
    pub fn wait_timeout<'a, T>(
        &self,
        guard: MutexGuard<'a, T>,
        dur: Duration,
    ) -> LockResult<(MutexGuard<'a, T>, WaitTimeoutResult)> {
        self.wait_until(guard, Until::after(dur))
    }

    /// Waits for as long as `condition` is true, but for at most `dur`.
    ///
    /// # Errors
    ///
    /// As for [`Condvar::wait`].
    #[track_caller]
    pub fn wait_timeout_while<'a, T, F>(
        &self,
        mut guard: MutexGuard<'a, T>,
        dur: Duration,
        mut condition: F,
    ) -> LockResult<(MutexGuard<'a, T>, WaitTimeoutResult)>
    where
        F: FnMut(&mut T) -> bool,
    {
        let until = Until::after(dur);
        let mut result = WaitTimeoutResult(false);
        // The condition has the last word, also when the time is over.
        while condition(&mut *guard) {
            if result.timed_out() {
                return Ok((guard, result));
            }
            (guard, result) = self.wait_until(guard, until)?;
        }
        Ok((guard, WaitTimeoutResult(false)))
    }

    #[track_caller]
    fn wait_until<'a, T>(
        &self,
        guard: MutexGuard<'a, T>,
        until: Until,
    ) -> LockResult<(MutexGuard<'a, T>, WaitTimeoutResult)> {
        let result = guard.wait(&self.raw, until);
        poisoning::map(result, |(guard, wake)| (guard, WaitTimeoutResult(wake == Wake::TimedOut)))
    }

    /// Wakes one of the threads that wait, if any does.
    #[inline]
    #[track_caller]
    pub fn notify_one(&self) {
        self.raw.notify(false);
    }

    /// Wakes all threads that wait.
    #[inline]
    #[track_caller]
    pub fn notify_all(&self) {
        self.raw.notify(true);
    }
}

impl fmt::Debug for Condvar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Condvar").finish_non_exhaustive()
    }
}

impl Default for Condvar {
    #[track_caller]
    fn default() -> Self {
        Self::new()
    }
}
