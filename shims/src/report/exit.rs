//! The last word: a process in which a finding failed no test does not end as a success.
//!
//! A finding panics in the thread that caused it. If that is not the test's own thread, and nobody
//! looks at the result of its join, the test would pass. So the first finding installs a panic
//! hook, which sees whether a panic reached a thread that nobody of ours started, and a handler
//! for the end of the process, which turns success into failure if none did. It also waits for
//! findings that other threads are still writing.

use std::sync::{
    Once,
    atomic::{AtomicBool, Ordering},
};

/// What libtest exits with when a test failed.
pub(super) const FAILED_TEST: i32 = 101;

/// Whether a finding was reported after which no test's own thread has panicked.
static UNHEARD: AtomicBool = AtomicBool::new(false);

unsafe extern "C" {
    fn atexit(callback: extern "C" fn()) -> i32;
    fn _exit(code: i32) -> !;
}

/// A finding was reported: a test must fail, or else the process does.
pub(super) fn expect_failure() {
    static INSTALL: Once = Once::new();
    UNHEARD.store(true, Ordering::SeqCst);
    INSTALL.call_once(|| {
        let next = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if crate::rt::os::local::is_root() {
                UNHEARD.store(false, Ordering::SeqCst);
            }
            next(info);
        }));
    });
    watch();
}

/// From here on, the end of the process comes by [`at_exit`].
pub(super) fn watch() {
    static INSTALL: Once = Once::new();
    INSTALL.call_once(|| {
        // SAFETY: the callback is a function without arguments that does not unwind.
        let registered = unsafe { atexit(at_exit) };
        if registered != 0 {
            super::internal_error("cannot watch over the end of the process");
        }
    });
}

extern "C" fn at_exit() {
    super::await_written();
    if UNHEARD.load(Ordering::SeqCst) {
        super::write_raw("lockwise: a finding was reported above, but it failed no test\n");
        // SAFETY: ends the process; what std had to flush, it flushed before it called exit.
        unsafe { _exit(FAILED_TEST) }
    }
}
