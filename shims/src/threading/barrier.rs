//! [`Barrier`]: `threading.Barrier`, with CPython's states.

use std::{
    fmt,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    time::Duration,
};

use lockwise_detector::{
    Action, ObjectId,
    op::{ObjectKind, Purpose},
};

use super::BrokenBarrier;
use crate::rt::{self, Meta, Monitor, MonitorGuard, RawCondvar, Until};

/// A point that threads pass together, as CPython's [`threading.Barrier`].
///
/// [`threading.Barrier`]: https://docs.python.org/3.13/library/threading.html#barrier-objects
///
/// # Examples
///
/// ```
/// use lockwise::{sync::Arc, threading::{Barrier, Thread}};
///
/// let barrier = Arc::new(Barrier::new(2));
/// let b = barrier.clone();
/// let server = Thread::new(move || { b.wait().unwrap(); });
/// server.start()?;
/// barrier.wait()?;
/// server.join()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Barrier {
    meta: Meta,
    parties: usize,
    action: Option<Box<dyn Fn() + Send + Sync>>,
    state: Monitor<State>,
    changed: RawCondvar,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Phase {
    /// Threads arrive.
    Filling,
    /// All are there; the last one runs the action.
    Acting,
    /// They leave.
    Draining,
    /// They leave with an error; then it fills again.
    Resetting,
    /// Everybody leaves with an error.
    Broken,
}

struct State {
    phase: Phase,
    /// How many threads are between their arrival and their leave.
    inside: usize,
    generation: u64,
}

impl Barrier {
    /// A barrier for `parties` threads.
    ///
    /// # Panics
    ///
    /// If there are none, where Python (later than 3.11) raises a `ValueError`.
    #[must_use]
    #[track_caller]
    pub const fn new(parties: usize) -> Self {
        Self::of(parties, None, Meta::of::<Self>(ObjectKind::Barrier))
    }

    /// A barrier at which one of the threads runs `action` when all have arrived, before any goes
    /// on: `Barrier(parties, action)`.
    ///
    /// # Panics
    ///
    /// As [`Barrier::new`].
    #[must_use]
    #[track_caller]
    pub fn with_action(parties: usize, action: impl Fn() + Send + Sync + 'static) -> Self {
        Self::of(parties, Some(Box::new(action)), Meta::of::<Self>(ObjectKind::Barrier))
    }

    const fn of(parties: usize, action: Option<Box<dyn Fn() + Send + Sync>>, meta: Meta) -> Self {
        assert!(parties > 0, "parties must be >= 1");
        let state = State { phase: Phase::Filling, inside: 0, generation: 0 };
        Self { meta, parties, action, state: Monitor::new(state), changed: RawCondvar::quiet() }
    }

    /// Waits until all parties have arrived. Returns a number from 0 to `parties - 1`, another for
    /// each thread.
    ///
    /// # Errors
    ///
    /// The barrier is broken, or is broken or reset meanwhile.
    ///
    /// # Panics
    ///
    /// If the action panics, in the thread that ran it (for the others the barrier is broken); or
    /// if it is found that nobody is left who could arrive.
    #[track_caller]
    pub fn wait(&self) -> Result<usize, BrokenBarrier> {
        self.wait_until(Until::Forever)
    }

    /// [`Barrier::wait`] no longer than `timeout`; when that is over, the barrier breaks.
    ///
    /// # Errors
    ///
    /// As [`Barrier::wait`], and if time ran out.
    ///
    /// # Panics
    ///
    /// As [`Barrier::wait`].
    #[track_caller]
    pub fn wait_timeout(&self, timeout: Duration) -> Result<usize, BrokenBarrier> {
        self.wait_until(Until::after(timeout))
    }

    #[track_caller]
    fn wait_until(&self, until: Until) -> Result<usize, BrokenBarrier> {
        let at = (&self.meta, Purpose::Arrive);
        let mut state = self.state.enter();
        // Python does not apply the timeout to the wait for those who are still leaving.
        state.wait_at(&self.changed, at, Until::Forever, |state| {
            matches!(state.phase, Phase::Filling | Phase::Broken)
        });
        if state.phase == Phase::Broken {
            return Err(BrokenBarrier);
        }
        let (index, token) = (state.inside, state.generation);
        state.inside += 1;
        rt::emit(&self.meta, Action::Publish { object: self.id(), token });
        let inside = Inside(self);
        if index + 1 == self.parties {
            state = self.release(state);
        } else {
            let moved = |state: &State| !matches!(state.phase, Phase::Filling | Phase::Acting);
            if !state.wait_at(&self.changed, at, until, moved) {
                self.enter_phase(&mut state, Phase::Broken);
            }
        }
        let passed = state.phase == Phase::Draining;
        std::mem::forget(inside);
        self.leave(&mut state);
        if !passed {
            return Err(BrokenBarrier);
        }
        rt::emit(&self.meta, Action::Observe { object: self.id(), token });
        Ok(index)
    }

    /// The last party is there: runs the action, and lets all go.
    #[track_caller]
    fn release<'a>(&'a self, mut state: MonitorGuard<'a, State>) -> MonitorGuard<'a, State> {
        state.phase = Phase::Acting;
        drop(state);
        // Not within the monitor: it is the program's code.
        let outcome =
            self.action.as_ref().map_or(Ok(()), |action| catch_unwind(AssertUnwindSafe(action)));
        let mut state = self.state.enter();
        match outcome {
            Ok(()) if state.phase == Phase::Acting => self.enter_phase(&mut state, Phase::Draining),
            Ok(()) => {}
            Err(payload) => {
                self.enter_phase(&mut state, Phase::Broken);
                drop(state);
                resume_unwind(payload);
            }
        }
        state
    }

    #[track_caller]
    fn enter_phase(&self, state: &mut State, phase: Phase) {
        state.phase = phase;
        self.changed.notify(true);
    }

    #[track_caller]
    fn leave(&self, state: &mut State) {
        state.inside -= 1;
        if state.inside == 0 && matches!(state.phase, Phase::Draining | Phase::Resetting) {
            state.generation += 1;
            self.enter_phase(state, Phase::Filling);
        }
    }

    /// Breaks the barrier: all threads that wait, and all that come, get an error.
    #[track_caller]
    pub fn abort(&self) {
        let mut state = self.state.enter();
        self.enter_phase(&mut state, Phase::Broken);
    }

    /// Makes the barrier as it was at first: threads that wait get an error.
    #[track_caller]
    pub fn reset(&self) {
        let mut state = self.state.enter();
        let phase = match state.phase {
            _ if state.inside == 0 => Phase::Filling,
            Phase::Filling | Phase::Acting | Phase::Broken => Phase::Resetting,
            leaving => leaving,
        };
        self.enter_phase(&mut state, phase);
    }

    /// How many threads it takes.
    #[must_use]
    pub fn parties(&self) -> usize {
        self.parties
    }

    /// How many threads wait.
    #[must_use]
    pub fn n_waiting(&self) -> usize {
        let state = self.state.enter();
        if matches!(state.phase, Phase::Filling | Phase::Acting) { state.inside } else { 0 }
    }

    /// Whether it is broken.
    #[must_use]
    pub fn broken(&self) -> bool {
        self.state.enter().phase == Phase::Broken
    }

    fn id(&self) -> ObjectId {
        self.meta.id()
    }
}

/// A thread inside that is unwound: the barrier cannot be completed any more.
struct Inside<'a>(&'a Barrier);

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        let mut state = self.0.state.enter();
        self.0.enter_phase(&mut state, Phase::Broken);
        self.0.leave(&mut state);
    }
}

impl fmt::Debug for Barrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Barrier")
            .field("parties", &self.parties)
            .field("phase", &self.state.enter().phase)
            .finish_non_exhaustive()
    }
}
