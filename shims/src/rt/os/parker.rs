//! [`Parker`]: how a thread sleeps until another one wakes it.
//!
//! A wake is in two parts. Within the kernel it is decided: from then on the sleep is over, and its
//! time cannot run out any more. The operating system hears of it when the kernel has been left,
//! since the first thing that a woken thread wants is the kernel.

use std::{
    hint,
    sync::{
        Condvar, Mutex, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
    time::Instant,
};

/// How often a thread looks before it has the operating system put it to sleep.
const LOOKS: u32 = 4;

const AWAKE: u32 = 0;
const ASLEEP: u32 = 1;
const NOTIFIED: u32 = 2;
const CANCELLED: u32 = 3;

/// Why a sleeping thread goes on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Woken {
    /// Somebody ended the wait.
    Notified,
    /// The wait can never end: unwind.
    Cancelled,
}

pub(super) struct Parker {
    state: AtomicU32,
    gate: Mutex<()>,
    bell: Condvar,
}

impl Parker {
    pub(super) const fn new() -> Self {
        Self { state: AtomicU32::new(AWAKE), gate: Mutex::new(()), bell: Condvar::new() }
    }

    /// Ends the thread's present or next [`Parker::sleep`]. Returns whether that takes a
    /// [`Parker::ring`], too.
    pub(super) fn wake(&self, woken: Woken) -> bool {
        let state = match woken {
            Woken::Notified => NOTIFIED,
            Woken::Cancelled => CANCELLED,
        };
        self.state.swap(state, Ordering::AcqRel) == ASLEEP
    }

    /// Has the operating system wake the thread.
    pub(super) fn ring(&self) {
        // Whoever was seen to be asleep holds the gate until it can hear the bell.
        drop(self.gate.lock().unwrap_or_else(PoisonError::into_inner));
        self.bell.notify_one();
    }

    /// Sleeps until [`Parker::wake`]; `None` if the deadline came first.
    pub(super) fn sleep(&self, deadline: Option<Instant>) -> Option<Woken> {
        for _ in 0..LOOKS {
            if let Some(woken) = self.take() {
                return Some(woken);
            }
            hint::spin_loop();
        }
        let mut gate = self.gate.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            let slept =
                self.state.compare_exchange(AWAKE, ASLEEP, Ordering::Acquire, Ordering::Acquire);
            if slept.is_err_and(|state| state != ASLEEP) {
                return self.take();
            }
            gate = match deadline {
                None => self.bell.wait(gate).unwrap_or_else(PoisonError::into_inner),
                Some(deadline) => {
                    let Some(left) = deadline.checked_duration_since(Instant::now()) else {
                        let _ = self.state.compare_exchange(
                            ASLEEP,
                            AWAKE,
                            Ordering::Acquire,
                            Ordering::Acquire,
                        );
                        return self.take();
                    };
                    let wait = self.bell.wait_timeout(gate, left);
                    wait.unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
    }

    /// Takes a [`Parker::wake`] that has come.
    pub(super) fn take(&self) -> Option<Woken> {
        let woken = match self.state.load(Ordering::Acquire) {
            NOTIFIED => Woken::Notified,
            CANCELLED => Woken::Cancelled,
            _ => return None,
        };
        self.state.store(AWAKE, Ordering::Relaxed);
        Some(woken)
    }
}
