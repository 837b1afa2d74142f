//! What Python raises, as error types.

use std::{
    any::Any,
    error::Error,
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use crate::threading::StartError;

/// A task panicked: the exception that Python's `Future` would hold.
#[derive(Clone)]
pub struct TaskPanicked {
    message: Arc<str>,
    payload: Arc<Mutex<Option<Box<dyn Any + Send>>>>,
}

impl TaskPanicked {
    pub(super) fn new(payload: Box<dyn Any + Send>) -> Self {
        let text = payload.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| payload.downcast_ref::<&str>().copied());
        let message = text.unwrap_or("a value that is no text").into();
        Self { message, payload: Arc::new(Mutex::new(Some(payload))) }
    }

    /// The message of the panic, where it has one.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What it panicked with, to `resume_unwind` with; `None` if it was taken before.
    pub fn take_payload(&self) -> Option<Box<dyn Any + Send>> {
        self.payload.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl fmt::Debug for TaskPanicked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TaskPanicked").field(&self.message).finish()
    }
}

impl fmt::Display for TaskPanicked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the task panicked: {}", self.message)
    }
}

impl Error for TaskPanicked {}

/// It was not done in time: Python's `TimeoutError`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Timeout;

impl fmt::Display for Timeout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the future was not done in time")
    }
}

impl Error for Timeout {}

/// Why a future has no result.
#[derive(Clone, Debug)]
pub enum FutureError {
    /// It was cancelled: Python's `CancelledError`.
    Cancelled,
    /// It was not done in time: Python's `TimeoutError`.
    Timeout,
    /// Its task panicked.
    Panicked(TaskPanicked),
}

impl fmt::Display for FutureError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cancelled => f.write_str("the future was cancelled"),
            Self::Timeout => Timeout.fmt(f),
            Self::Panicked(panicked) => panicked.fmt(f),
        }
    }
}

impl Error for FutureError {}

/// Why a task was not taken.
#[derive(Debug)]
pub enum SubmitError {
    /// The executor was shut down: Python's `RuntimeError: cannot schedule new futures after
    /// shutdown`.
    ShutDown,
    /// There is no thread to run it.
    NoThread(StartError),
}

impl fmt::Display for SubmitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ShutDown => "cannot submit to an executor that was shut down",
            Self::NoThread(_) => "there is no thread to run the task",
        })
    }
}

impl Error for SubmitError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::ShutDown => None,
            Self::NoThread(error) => Some(error),
        }
    }
}
