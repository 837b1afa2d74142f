//! std's [`thread`](std::thread), observed.
//!
//! A thread started here is known to the analyses with its start, its end and who waited for it.
//! One that is started by other means joins in at its first use of anything observed.

mod builder;
mod handle;
mod local;
mod packet;
mod scope;

use std::time::Duration;

pub use std::thread::{Result, available_parallelism, panicking};

#[doc(hidden)]
pub use self::local::Storage as __Storage;
pub use self::{
    builder::Builder,
    handle::{JoinHandle, Thread, ThreadId},
    local::{AccessError, LocalKey},
    scope::{Scope, ScopedJoinHandle, scope},
};

use crate::rt::{Until, World as _, dispatch};

/// Starts a thread; see [`std::thread::spawn`].
///
/// # Panics
///
/// If the operating system has no thread to give; [`Builder::spawn`] returns that as an error.
///
/// # Examples
///
/// ```
/// use lockwise::thread;
///
/// let answer = thread::spawn(|| 6 * 7).join().unwrap();
/// assert_eq!(answer, 42);
/// ```
#[track_caller]
pub fn spawn<F, T>(f: F) -> JoinHandle<T>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    Builder::new().spawn(f).expect("failed to spawn thread")
}

/// The calling thread.
#[must_use]
pub fn current() -> Thread {
    Thread::of(dispatch!(world => world.current()))
}

/// Blocks until the calling thread's token is there, or for no reason; takes the token.
#[track_caller]
pub fn park() {
    dispatch!(world => world.park(Until::Forever));
}

/// [`park`] for no longer than `dur`.
#[track_caller]
pub fn park_timeout(dur: Duration) {
    dispatch!(world => world.park(Until::after(dur)));
}

/// [`park_timeout`] in milliseconds.
#[deprecated(note = "replaced by `thread::park_timeout`")]
#[track_caller]
pub fn park_timeout_ms(ms: u32) {
    park_timeout(Duration::from_millis(u64::from(ms)));
}

/// Lets at least `dur` pass.
#[track_caller]
pub fn sleep(dur: Duration) {
    dispatch!(world => world.sleep(Until::after(dur)));
}

/// [`sleep`] in milliseconds.
#[deprecated(note = "replaced by `thread::sleep`")]
#[track_caller]
pub fn sleep_ms(ms: u32) {
    sleep(Duration::from_millis(u64::from(ms)));
}

/// Lets other threads run.
pub fn yield_now() {
    dispatch!(world => world.yield_now());
}
