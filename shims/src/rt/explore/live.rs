//! Which executions are under way, in all threads of the operating system.
//!
//! A thread that std itself has started may reach what belongs to an execution. Nobody can order
//! what it does with what the threads of the execution do, so the process ends with a message.

use std::sync::atomic::{
    AtomicU32,
    Ordering::{Acquire, Relaxed, Release},
};

/// How many workers can be told apart. What those beyond do is not known.
const WORKERS: usize = 64;

/// The serial number of the execution of each worker, and 0 where there is none.
static EXECUTIONS: [AtomicU32; WORKERS] = [const { AtomicU32::new(0) }; WORKERS];

/// What keeps a place for a worker.
const TAKEN: u32 = u32::MAX;

/// A worker's place among all.
pub(super) struct Live(Option<usize>);

impl Live {
    pub(super) fn new() -> Self {
        let takes =
            |execution: &AtomicU32| execution.compare_exchange(0, TAKEN, Acquire, Relaxed).is_ok();
        Self(EXECUTIONS.iter().position(takes))
    }

    /// The worker makes this execution from here on.
    pub(super) fn set(&self, serial: u32) {
        if let Some(place) = self.0 {
            EXECUTIONS[place].store(serial, Relaxed);
        }
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        if let Some(place) = self.0 {
            EXECUTIONS[place].store(0, Release);
        }
    }
}

/// Whether an execution is under way.
pub(super) fn is_live(serial: u32) -> bool {
    EXECUTIONS.iter().any(|execution| execution.load(Relaxed) == serial)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_execution_is_live_until_the_next_one() {
        let live = Live::new();
        live.set(0xffff_0001);
        assert!(is_live(0xffff_0001));
        live.set(0xffff_0002);
        assert!(!is_live(0xffff_0001) && is_live(0xffff_0002));
        drop(live);
        assert!(!is_live(0xffff_0002));
    }
}
