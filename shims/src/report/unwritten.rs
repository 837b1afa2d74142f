//! [`Unwritten`]: findings that have been made and are not written yet.
//!
//! A finding is written without any lock of the runtime, since that takes time and the lock of
//! standard error. Meanwhile other threads can go on, also to the end of the recording or the
//! process that the finding belongs to. So those ends wait for it.

use std::{
    sync::{Condvar, Mutex, PoisonError},
    time::Duration,
};

static COUNT: Mutex<usize> = Mutex::new(0);
static WRITTEN: Condvar = Condvar::new();

/// How long an end waits. Writing takes a fraction of a second; if it takes this long, the writer
/// waits for something that the end holds.
const PATIENCE: Duration = Duration::from_secs(10);

/// Stands for findings until they are written. Made before any thread that they concern can go on.
pub(crate) struct Unwritten(());

impl Unwritten {
    pub(crate) fn new() -> Self {
        super::exit::watch();
        *COUNT.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        Self(())
    }
}

impl Drop for Unwritten {
    fn drop(&mut self) {
        *COUNT.lock().unwrap_or_else(PoisonError::into_inner) -= 1;
        WRITTEN.notify_all();
    }
}

/// Waits until all findings made so far are written.
pub(crate) fn await_written() {
    let count = COUNT.lock().unwrap_or_else(PoisonError::into_inner);
    let waited = WRITTEN.wait_timeout_while(count, PATIENCE, |count| *count > 0);
    if waited.is_ok_and(|(_, waited)| waited.timed_out()) {
        super::internal_error("a finding takes too long to be written and may be lost");
    }
}

#[cfg(test)]
mod tests {
    use std::{thread, time::Instant};

    use super::*;

    #[test]
    fn an_end_waits_for_what_is_unwritten() {
        let unwritten = Unwritten::new();
        let written = thread::spawn(move || {
            thread::sleep(Duration::from_millis(50));
            let written = Instant::now();
            drop(unwritten);
            written
        });
        await_written();
        let ended = Instant::now();
        assert!(ended >= written.join().unwrap());
    }
}
