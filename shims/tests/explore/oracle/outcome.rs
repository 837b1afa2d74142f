//! What can be seen of an execution when it is over.

use super::program::{ATOMICS, MUTEXES, RWLOCKS};

/// In a log: an attempt failed.
pub(super) const FAILED: u8 = 100;

/// In a log: the time was over.
pub(super) const TIMED_OUT: u8 = 101;

/// What each thread has seen, and what is left in the end.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Outcome {
    pub(super) logs: Vec<Vec<u8>>,
    pub(super) atomics: [u8; ATOMICS],
    /// Uses and tokens.
    pub(super) mutexes: [(u8, u8); MUTEXES],
    pub(super) rwlocks: [u8; RWLOCKS],
}
