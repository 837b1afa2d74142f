//! [`Packet`]: how a thread's result gets to whoever joins it.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex, PoisonError},
    thread::Result,
};

use super::scope::Shelter;
use crate::{report, rt};

/// Where a thread leaves its result. Its handle and the thread share it, and the last of them to
/// let go drops a result that nobody took.
pub(super) struct Packet<T> {
    /// What the thread borrows from, if it is a scoped one.
    shelter: Option<Arc<Shelter>>,
    pub(super) result: Mutex<Option<Result<T>>>,
}

impl<T> Packet<T> {
    pub(super) fn new(shelter: Option<Arc<Shelter>>) -> Self {
        Self { shelter, result: Mutex::new(None) }
    }

    /// Runs a thread's closure, and leaves what it returns or panics with. The thread's share of
    /// the packet is gone on return.
    pub(super) fn run(self: Arc<Self>, f: impl FnOnce() -> T) {
        let result = catch_unwind(AssertUnwindSafe(|| {
            let value = f();
            // The last thing that the thread did may have been found at fault where a panic would
            // have done harm (in the drop of a guard, say).
            if let Some(stop) = report::take_stop() {
                report::stop(&stop);
            }
            value
        }));
        if result.is_err() {
            rt::thread::note_panicked();
            // The thread fails already.
            report::take_stop();
        }
        *self.result.lock().unwrap_or_else(PoisonError::into_inner) = Some(result);
    }
}

impl<T> Drop for Packet<T> {
    fn drop(&mut self) {
        let result = self.result.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        let panicked = result.as_ref().is_some_and(Result::is_err);
        // A finding's panic goes on in whoever waits for the thread.
        let stopped = result.as_ref().and_then(|result| match result {
            Err(payload) if report::is_stop(&**payload) => report::Stopped::of(result),
            _ => None,
        });
        // std's rule: a panic here would go nowhere, so it ends the process.
        if catch_unwind(AssertUnwindSafe(|| drop(result))).is_err() {
            report::write_raw("fatal runtime error: thread result panicked on drop, aborting\n");
            std::process::abort();
        }
        if panicked && let Some(shelter) = &self.shelter {
            shelter.a_thread_panicked(stopped);
        }
    }
}
