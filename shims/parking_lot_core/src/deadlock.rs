//! The deadlock detector of `parking_lot_core`, of which lockwise takes the place.
//!
//! It hears of every lock that is acquired and released, with or without the feature
//! `deadlock_detection`. Its reports are lockwise's, so [`check_deadlock`] has none to give.

/// The lock of this `key` has been acquired.
#[inline(never)]
#[track_caller]
pub unsafe fn acquire_resource(key: usize) {
    std::__parking::acquired(key);
}

/// The lock of this `key` is about to be released.
#[inline(never)]
#[track_caller]
pub unsafe fn release_resource(key: usize) {
    std::__parking::released(key);
}

/// Deadlocks since the last call that lockwise has not reported: none.
#[cfg(feature = "deadlock_detection")]
pub fn check_deadlock() -> Vec<Vec<DeadlockedThread>> {
    Vec::new()
}

/// A thread in a deadlock.
#[cfg(feature = "deadlock_detection")]
pub struct DeadlockedThread {
    thread_id: std::thread::ThreadId,
    backtrace: backtrace::Backtrace,
}

#[cfg(feature = "deadlock_detection")]
impl DeadlockedThread {
    /// Its id.
    pub fn thread_id(&self) -> std::thread::ThreadId {
        self.thread_id
    }

    /// Where it is.
    pub fn backtrace(&self) -> &backtrace::Backtrace {
        &self.backtrace
    }
}
