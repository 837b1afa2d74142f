//! What Python raises, as error types.

use std::{error::Error, fmt};

macro_rules! errors {
    ($($(#[$doc:meta])* $name:ident = $message:literal;)*) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Copy, PartialEq, Eq, Debug)]
            pub struct $name;

            impl fmt::Display for $name {
                fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    f.write_str($message)
                }
            }

            impl Error for $name {}
        )*
    };
}

errors! {
    /// A [`Lock`](super::Lock) that nobody holds was released: Python's
    /// `RuntimeError: release unlocked lock`.
    ReleaseUnlocked = "release of a lock that nobody holds";
    /// The calling thread does not own the lock that it needs for this: Python's
    /// `RuntimeError: cannot release un-acquired lock`, or `wait on`, or `notify on`.
    NotOwned = "the calling thread does not own the lock";
    /// A [`BoundedSemaphore`](super::BoundedSemaphore) was released more often than it was
    /// acquired: Python's `ValueError: Semaphore released too many times`.
    OverRelease = "the semaphore was released more often than acquired";
    /// No permits were to be released: Python's `ValueError: n must be one or more`.
    ZeroPermits = "the number of permits must be one or more";
    /// The [`Barrier`](super::Barrier) is broken, or was reset: Python's `BrokenBarrierError`.
    BrokenBarrier = "the barrier is broken or was reset";
    /// The thread was started before: Python's `RuntimeError: threads can only be started once`.
    AlreadyStarted = "the thread was started before";
}

/// Why permits of a [`BoundedSemaphore`](super::BoundedSemaphore) could not be given back.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ReleaseError {
    /// There would be more than at first.
    OverRelease,
    /// There were none to be given back.
    ZeroPermits,
}

impl fmt::Display for ReleaseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OverRelease => OverRelease.fmt(f),
            Self::ZeroPermits => ZeroPermits.fmt(f),
        }
    }
}

impl Error for ReleaseError {}

/// Why a thread could not be started.
#[derive(Debug)]
pub enum StartError {
    /// It was started before.
    AlreadyStarted,
    /// The operating system refuses: Python's `RuntimeError: can't start new thread`. What it was
    /// to run is lost.
    Refused(std::io::Error),
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AlreadyStarted => AlreadyStarted.fmt(f),
            Self::Refused(_) => f.write_str("cannot start a new thread"),
        }
    }
}

impl Error for StartError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::AlreadyStarted => None,
            Self::Refused(error) => Some(error),
        }
    }
}

/// Why a thread cannot be joined. Python raises a `RuntimeError`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum JoinError {
    /// It was not started yet.
    NotStarted,
    /// It is the calling thread, which would wait for itself.
    CurrentThread,
}

impl fmt::Display for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotStarted => "cannot join a thread before it is started",
            Self::CurrentThread => "a thread cannot join itself",
        })
    }
}

impl Error for JoinError {}
