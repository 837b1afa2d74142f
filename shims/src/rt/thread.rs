//! [`Thread`]: a handle to a thread of any world.

use std::sync::Arc;

#[cfg(feature = "loom")]
use super::loom;
use super::{
    Until, World,
    current::{self, Kind},
    dispatch, explore, os,
};

/// A handle to a thread.
#[derive(Clone)]
pub(crate) enum Thread {
    /// A thread of the operating system.
    Os(Arc<os::Record>),
    /// A thread of an execution of an explored program.
    Explore(Arc<explore::Record>),
    /// A thread of a loom execution.
    #[cfg(feature = "loom")]
    Loom(Arc<loom::Record>),
}

/// What it takes to start a thread.
pub(crate) struct Spawn {
    pub(crate) name: Option<String>,
    pub(crate) stack_size: Option<usize>,
    /// What it runs. It may borrow more than its type says: a world runs it or, if the spawn fails,
    /// drops it before that returns; and [`World::join`](super::World::join) does not return
    /// before it has returned.
    pub(crate) body: Box<dyn FnOnce() + Send>,
}

impl Thread {
    /// The calling thread.
    pub(crate) fn current() -> Self {
        dispatch!(world => world.current())
    }

    /// The operating system's thread, if this is one that we started and nobody has joined.
    #[cfg(unix)]
    pub(crate) fn pthread(&self) -> Option<libc::pthread_t> {
        use std::os::unix::thread::JoinHandleExt;
        let Self::Os(record) = self else { return None };
        record.with_carrier(|carrier| carrier.as_ref().map(JoinHandleExt::as_pthread_t))
    }

    /// The same, which is from here on the caller's to join.
    #[cfg(unix)]
    pub(crate) fn into_pthread(self) -> Option<libc::pthread_t> {
        use std::os::unix::thread::JoinHandleExt;
        let Self::Os(record) = self else { return None };
        record.with_carrier(Option::take).map(JoinHandleExt::into_pthread_t)
    }

    /// Starts a thread.
    ///
    /// # Errors
    ///
    /// The operating system refuses.
    #[track_caller]
    pub(crate) fn spawn(spawn: Spawn) -> std::io::Result<Self> {
        dispatch!(world => world.spawn(spawn))
    }

    /// Waits until it has ended its work; false if time ran out.
    #[track_caller]
    pub(crate) fn join(&self, until: Until) -> bool {
        dispatch!(world => world.join(self, until, false))
    }

    /// Whether it is the calling thread.
    pub(crate) fn is_current(&self) -> bool {
        self.number() == Self::current().number()
    }

    /// Its record in the os world, if it lives there.
    pub(super) fn as_os(&self) -> Option<&Arc<os::Record>> {
        match self {
            Self::Os(record) => Some(record),
            Self::Explore(_) => None,
            #[cfg(feature = "loom")]
            Self::Loom(_) => None,
        }
    }

    /// Its name, where it was given one; `main` for the main thread.
    pub(crate) fn name(&self) -> Option<&str> {
        match self {
            Self::Os(record) => record.name(),
            Self::Explore(record) => record.name(),
            #[cfg(feature = "loom")]
            Self::Loom(record) => record.name(),
        }
    }

    /// A number that no other thread of this process has or will have.
    pub(crate) fn number(&self) -> u64 {
        match self {
            Self::Os(record) => record.number(),
            Self::Explore(record) => record.number(),
            #[cfg(feature = "loom")]
            Self::Loom(record) => record.number(),
        }
    }

    /// The number of the thread, started by nobody observed, from which it descends: its own, if
    /// it is one.
    pub(crate) fn root(&self) -> u64 {
        match self {
            Self::Os(record) => record.root(),
            Self::Explore(record) => record.root(),
            #[cfg(feature = "loom")]
            Self::Loom(record) => record.root(),
        }
    }

    /// Whether its work has ended.
    pub(crate) fn is_finished(&self) -> bool {
        match self {
            Self::Os(record) => record.is_finished(),
            Self::Explore(record) => record.is_finished(),
            #[cfg(feature = "loom")]
            Self::Loom(record) => record.is_finished(),
        }
    }

    /// Whether it is known to do nothing more. Unlike [`Thread::is_finished`] this is no step of
    /// the calling thread, and so nothing that a program may go by.
    pub(crate) fn is_gone(&self) -> bool {
        match self {
            Self::Os(record) => record.is_finished(),
            Self::Explore(record) => record.is_gone(),
            #[cfg(feature = "loom")]
            Self::Loom(record) => record.is_gone(),
        }
    }
}

/// The closure of the calling thread has ended in a panic, which is left to whoever joins it.
pub(crate) fn note_panicked() {
    if current::kind() == Kind::Explore {
        explore::note_panicked();
    }
}

/// Whether the calling thread unwinds because of a panic.
#[inline]
pub(crate) fn panicking() -> bool {
    std::thread::panicking() && (current::kind() != Kind::Explore || explore::panicking())
}
