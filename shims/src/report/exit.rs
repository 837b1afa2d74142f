//! The last word: a process in which a finding failed no test does not end as a success.
//!
//! A finding panics in the thread that caused it. If that is not the test's own thread, and nobody
//! looks at the result of its join, the test would pass. So the first finding installs a panic
//! hook, which sees whether a panic reached a thread that nobody of ours started, and a handler
//! for the end of the process, which turns success into failure if none did. It also waits for
//! findings that other threads are still writing.

use std::{
    sync::{
        Once,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread,
    time::Duration,
};

/// What libtest exits with when a test failed.
pub(crate) const FAILED_TEST: i32 = 101;

/// How long a change of the panic hook, and an end of the process, may take.
const PATIENCE: Duration = Duration::from_secs(1);

/// Whether a finding was reported after which no test's own thread has panicked.
static UNHEARD: AtomicBool = AtomicBool::new(false);

/// Whether threads were found to be stuck for good.
static STUCK: AtomicBool = AtomicBool::new(false);

/// Whether a finding could not be written where it belongs.
static UNWRITABLE: AtomicBool = AtomicBool::new(false);

unsafe extern "C" {
    fn atexit(callback: extern "C" fn()) -> i32;
    fn _exit(code: i32) -> !;
}

/// A finding was reported: a test must fail, or else the process does.
pub(super) fn expect_failure() {
    static INSTALL: Once = Once::new();
    UNHEARD.store(true, Ordering::SeqCst);
    INSTALL.call_once(install_hook);
    watch();
}

/// Threads are stuck for good: what runs at the end of the process must not wait for them.
pub(crate) fn expect_stuck_threads() {
    STUCK.store(true, Ordering::SeqCst);
    watch();
}

/// A finding is not where it was asked for: the process must not end as a success.
pub(super) fn expect_failure_to_write() {
    UNWRITABLE.store(true, Ordering::SeqCst);
    watch();
}

/// Installs the panic hook, by a thread of its own: one that panics must not, and while a hook
/// runs, which may wait for a lock of this thread's, nobody can. Then it is installed later.
fn install_hook() {
    let (installed, wait) = mpsc::channel();
    let install = move || {
        let next = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if crate::rt::os::local::is_root() {
                UNHEARD.store(false, Ordering::SeqCst);
            }
            next(info);
        }));
        // Nobody listens if it took too long.
        let _ = installed.send(());
    };
    match thread::Builder::new().name("lockwise-hook".to_owned()).spawn(install) {
        Ok(_) => drop(wait.recv_timeout(PATIENCE)),
        Err(_) => super::internal_error("cannot watch for panics"),
    }
}

/// From here on, the end of the process comes by [`at_exit`].
pub(crate) fn watch() {
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
    super::told::write();
    if STUCK.load(Ordering::SeqCst) {
        // Handlers that run after this one may want what a stuck thread holds.
        let _ = end_after(PATIENCE * 5);
    }
    let unheard = UNHEARD.load(Ordering::SeqCst);
    if unheard {
        super::write_raw("lockwise: a finding was reported above, but it failed no test\n");
    }
    if unheard || UNWRITABLE.load(Ordering::SeqCst) {
        // SAFETY: ends the process; what std had to flush, it flushed before it called exit.
        unsafe { _exit(FAILED_TEST) }
    }
}

/// Ends the process as one in which a test failed, whatever its threads hold: handlers that run at
/// the end of a process may want what a thread holds that is stuck for good.
pub(super) fn end_in_failure() -> ! {
    match end_after(PATIENCE) {
        Ok(_) => std::process::exit(FAILED_TEST),
        // SAFETY: ends the process.
        Err(_) => unsafe { _exit(FAILED_TEST) },
    }
}

/// Ends the process in a while, if it has not ended by then.
fn end_after(time: Duration) -> std::io::Result<thread::JoinHandle<()>> {
    thread::Builder::new().name("lockwise-exit".to_owned()).spawn(move || {
        thread::sleep(time);
        // SAFETY: ends the process.
        unsafe { _exit(FAILED_TEST) }
    })
}
