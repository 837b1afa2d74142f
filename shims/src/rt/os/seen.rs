//! [`Table`]: which contexts of locks a thread has told the detector of.
//!
//! It is large, and threads are often short: what one has used, the next takes over.

use std::sync::{Mutex, PoisonError};

/// How many contexts a thread remembers having told the detector of, each in one of two places.
/// Where more share them, they push each other out, and are then told again: slower, never wrong.
pub(super) const SEEN: usize = 4096;

/// How many tables are kept for threads to come.
const SPARE: usize = 32;

static SPARES: Mutex<Vec<Box<[u64; SEEN]>>> = Mutex::new(Vec::new());

/// Empty at first. `None` only while it is dropped.
pub(super) struct Table(Option<Box<[u64; SEEN]>>);

impl Table {
    pub(super) fn new() -> Self {
        let spare = SPARES.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let spare = spare.map(|mut table| {
            table.fill(0);
            table
        });
        Self(Some(spare.unwrap_or_else(|| Box::new([0; SEEN]))))
    }

    /// Leads to the table as long as this is not dropped.
    pub(super) fn as_mut_ptr(&mut self) -> *mut [u64; SEEN] {
        self.0.as_deref_mut().map_or(std::ptr::null_mut(), |table| table)
    }
}

impl Drop for Table {
    fn drop(&mut self) {
        let mut spares = SPARES.lock().unwrap_or_else(PoisonError::into_inner);
        if spares.len() < SPARE {
            spares.extend(self.0.take());
        }
    }
}
