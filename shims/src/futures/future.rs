//! [`Future`]: `concurrent.futures.Future`.

use std::{
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    time::Duration,
};

use lockwise_detector::{
    Action,
    op::{ObjectKind, Purpose},
};

use super::{FutureError, TaskPanicked};
use crate::{
    report::Stopped,
    rt::{self, Meta, Monitor, RawCondvar, Until},
};

/// The one value that a future publishes.
const OUTCOME: u64 = 0;

/// What a task will have computed, as CPython's [`Future`]. A clone is another handle to the same
/// future, and equal to it.
///
/// [`Future`]: https://docs.python.org/3.13/library/concurrent.futures.html#future-objects
pub struct Future<T> {
    shared: Arc<Shared<T>>,
}

struct Shared<T> {
    meta: Meta,
    state: Monitor<State<T>>,
    over: RawCondvar,
}

struct State<T> {
    phase: Phase<T>,
    callbacks: Vec<Callback<T>>,
}

type Callback<T> = Box<dyn FnOnce(Future<T>) + Send>;

enum Phase<T> {
    Pending,
    Running,
    Cancelled,
    Done(Arc<Outcome<T>>),
}

enum Outcome<T> {
    Value(T),
    Panicked(TaskPanicked),
    /// A finding stopped the task: whoever asks for the result fails with it.
    Stopped(Stopped),
}

impl<T> Phase<T> {
    fn is_over(&self) -> bool {
        matches!(self, Self::Cancelled | Self::Done(_))
    }
}

impl<T> Future<T> {
    #[track_caller]
    pub(super) fn pending() -> Self {
        let state = State { phase: Phase::Pending, callbacks: Vec::new() };
        let shared = Shared {
            meta: Meta::of::<Self>(ObjectKind::Future),
            state: Monitor::new(state),
            over: RawCondvar::quiet(),
        };
        Self { shared: Arc::new(shared) }
    }

    /// Runs the task, unless it was cancelled. Returns a finding that stopped it or a callback.
    pub(super) fn run(&self, task: impl FnOnce() -> T) -> Option<Stopped> {
        let mut state = self.shared.state.enter();
        if !matches!(state.phase, Phase::Pending) {
            return None;
        }
        state.phase = Phase::Running;
        drop(state);
        let outcome = catch_unwind(AssertUnwindSafe(task));
        let stopped = Stopped::of(&outcome);
        let outcome = match (stopped.clone(), outcome) {
            (Some(stopped), _) => Outcome::Stopped(stopped),
            (None, Ok(value)) => Outcome::Value(value),
            (None, Err(payload)) => Outcome::Panicked(TaskPanicked::new(payload)),
        };
        let by_callback = self.end(Phase::Done(Arc::new(outcome)));
        stopped.or(by_callback)
    }

    /// Enters a phase that is the last, and runs the callbacks.
    #[track_caller]
    fn end(&self, phase: Phase<T>) -> Option<Stopped> {
        let mut state = self.shared.state.enter();
        state.phase = phase;
        let callbacks = std::mem::take(&mut state.callbacks);
        let object = self.meta().id();
        rt::emit(self.meta(), Action::Publish { object, token: OUTCOME });
        self.shared.over.notify(true);
        drop(state);
        let stops: Vec<_> = callbacks.into_iter().filter_map(|c| self.call(c)).collect();
        stops.into_iter().next()
    }

    /// Runs a callback. Python logs what it raises, and goes on; Rust has printed the panic.
    fn call(&self, callback: Callback<T>) -> Option<Stopped> {
        Stopped::of(&catch_unwind(AssertUnwindSafe(|| callback(self.clone()))))
    }

    pub(super) fn meta(&self) -> &Meta {
        &self.shared.meta
    }

    /// Waits for the end of the task. `None` if time ran out; an inner `None` is a cancelled one.
    #[track_caller]
    fn outcome(&self, until: Until) -> Option<Option<Arc<Outcome<T>>>> {
        let mut state = self.shared.state.enter();
        let at = (self.meta(), Purpose::Result);
        if !state.wait_at(&self.shared.over, at, until, |state| state.phase.is_over()) {
            return None;
        }
        let object = self.meta().id();
        rt::emit(self.meta(), Action::Observe { object, token: OUTCOME });
        match &state.phase {
            Phase::Done(outcome) => Some(Some(Arc::clone(outcome))),
            _ => Some(None),
        }
    }

    #[track_caller]
    fn result_until(&self, until: Until) -> Result<T, FutureError>
    where
        T: Clone,
    {
        let outcome = self.outcome(until).ok_or(FutureError::Timeout)?;
        match &*outcome.ok_or(FutureError::Cancelled)? {
            Outcome::Value(value) => Ok(value.clone()),
            Outcome::Panicked(panicked) => Err(FutureError::Panicked(panicked.clone())),
            Outcome::Stopped(stopped) => Err(fail_alike(stopped)),
        }
    }

    /// What the task returned; waits for it as long as it takes. Each call gets a clone.
    ///
    /// # Errors
    ///
    /// The future was cancelled, or its task panicked.
    ///
    /// # Panics
    ///
    /// If a finding stopped the task, or if it is found that it can never end.
    #[track_caller]
    pub fn result(&self) -> Result<T, FutureError>
    where
        T: Clone,
    {
        self.result_until(Until::Forever)
    }

    /// [`Future::result`], waiting no longer than `timeout`.
    ///
    /// # Errors
    ///
    /// As [`Future::result`], and if it was not done in time.
    ///
    /// # Panics
    ///
    /// As [`Future::result`].
    #[track_caller]
    pub fn result_timeout(&self, timeout: Duration) -> Result<T, FutureError>
    where
        T: Clone,
    {
        self.result_until(Until::after(timeout))
    }

    /// The panic that ended the task, or `None` if it returned; waits for it as long as it takes.
    ///
    /// # Errors
    ///
    /// The future was cancelled.
    ///
    /// # Panics
    ///
    /// As [`Future::result`].
    #[track_caller]
    pub fn exception(&self) -> Result<Option<TaskPanicked>, FutureError> {
        self.exception_until(Until::Forever)
    }

    /// [`Future::exception`], waiting no longer than `timeout`.
    ///
    /// # Errors
    ///
    /// As [`Future::exception`], and if it was not done in time.
    ///
    /// # Panics
    ///
    /// As [`Future::result`].
    #[track_caller]
    pub fn exception_timeout(
        &self,
        timeout: Duration,
    ) -> Result<Option<TaskPanicked>, FutureError> {
        self.exception_until(Until::after(timeout))
    }

    #[track_caller]
    fn exception_until(&self, until: Until) -> Result<Option<TaskPanicked>, FutureError> {
        let outcome = self.outcome(until).ok_or(FutureError::Timeout)?;
        match &*outcome.ok_or(FutureError::Cancelled)? {
            Outcome::Value(_) => Ok(None),
            Outcome::Panicked(panicked) => Ok(Some(panicked.clone())),
            Outcome::Stopped(stopped) => Err(fail_alike(stopped)),
        }
    }

    /// Whether the task ended in a panic.
    pub(super) fn has_failed(&self) -> bool {
        let state = self.shared.state.enter();
        matches!(&state.phase, Phase::Done(outcome) if !matches!(**outcome, Outcome::Value(_)))
    }

    /// Cancels it, if its task was not begun. Returns whether it is cancelled.
    #[track_caller]
    pub fn cancel(&self) -> bool {
        let mut state = self.shared.state.enter();
        if !matches!(state.phase, Phase::Pending) {
            return matches!(state.phase, Phase::Cancelled);
        }
        state.phase = Phase::Cancelled;
        drop(state);
        if let Some(stopped) = self.end(Phase::Cancelled) {
            stopped.pass_on();
        }
        true
    }

    /// Whether it was cancelled.
    #[must_use]
    pub fn cancelled(&self) -> bool {
        matches!(self.shared.state.enter().phase, Phase::Cancelled)
    }

    /// Whether its task is being run.
    #[must_use]
    pub fn running(&self) -> bool {
        matches!(self.shared.state.enter().phase, Phase::Running)
    }

    /// Whether its task has ended, or it was cancelled.
    #[must_use]
    #[track_caller]
    pub fn done(&self) -> bool {
        self.outcome(Until::Now).is_some()
    }

    /// Has `callback` called with this future when it is done or cancelled, by the thread that does
    /// that; at once, if it is already. A panic of the callback is printed and ignored.
    #[track_caller]
    pub fn add_done_callback(&self, callback: impl FnOnce(Self) + Send + 'static) {
        let mut state = self.shared.state.enter();
        if !state.phase.is_over() {
            state.callbacks.push(Box::new(callback));
            return;
        }
        drop(state);
        if let Some(stopped) = self.call(Box::new(callback)) {
            stopped.pass_on();
        }
    }
}

/// The caller fails as the task did; while it is unwinding already, it gets an error.
#[track_caller]
fn fail_alike(stopped: &Stopped) -> FutureError {
    stopped.pass_on();
    FutureError::Panicked(TaskPanicked::new(Box::new("stopped by a finding")))
}

impl<T> Clone for Future<T> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared) }
    }
}

impl<T> PartialEq for Future<T> {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.shared, &other.shared)
    }
}

impl<T> Eq for Future<T> {}

impl<T> fmt::Debug for Future<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match self.shared.state.enter().phase {
            Phase::Pending => "pending",
            Phase::Running => "running",
            Phase::Cancelled => "cancelled",
            Phase::Done(_) => "finished",
        };
        f.debug_struct("Future").field("state", &state).finish_non_exhaustive()
    }
}
