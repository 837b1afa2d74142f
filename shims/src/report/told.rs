//! How many operations the analyses were told of, for whoever asks by `LOCKWISE_TOLD`.

use std::{
    io::Write,
    sync::atomic::{AtomicU64, Ordering},
};

use crate::config::Config;

static TOLD: AtomicU64 = AtomicU64::new(0);

/// Counts one operation. Called under the kernel's lock, so the counter's line is nobody else's.
pub(crate) fn count() {
    TOLD.store(TOLD.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
}

/// Writes the number, at the end of the process.
pub(super) fn write() {
    if let Some(mut file) = Config::get().told.as_ref() {
        // Who asked for it sees that it is missing.
        let _ = file.write_all(format!("{}\n", TOLD.load(Ordering::Relaxed)).as_bytes());
    }
}
