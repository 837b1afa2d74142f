//! Handles to threads: [`Thread`] names one, [`JoinHandle`] waits for its result.

use std::{
    cell::UnsafeCell,
    fmt,
    marker::PhantomData,
    sync::{Arc, PoisonError},
    thread::Result,
};

use super::packet::Packet;
use crate::rt::{self, Until, World as _, dispatch};

/// A handle to a thread; see [`std::thread::Thread`].
#[derive(Clone)]
pub struct Thread(rt::thread::Thread);

/// Tells threads apart; see [`std::thread::ThreadId`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct ThreadId(u64);

impl Thread {
    pub(super) fn of(thread: rt::thread::Thread) -> Self {
        Self(thread)
    }

    pub(super) fn raw(&self) -> &rt::thread::Thread {
        &self.0
    }

    /// Gives the thread its token, which ends its present or next [`park`](super::park).
    #[track_caller]
    pub fn unpark(&self) {
        dispatch!(world => world.unpark(&self.0));
    }

    /// What no other thread of this process has or will have.
    #[must_use]
    pub fn id(&self) -> ThreadId {
        ThreadId(self.0.number())
    }

    /// Its name, where it has one.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.0.name()
    }
}

impl fmt::Debug for Thread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Thread")
            .field("id", &self.id())
            .field("name", &self.name())
            .finish_non_exhaustive()
    }
}

/// A running thread and the place where it leaves its result: all that either kind of join handle
/// is.
pub(super) struct Running<T> {
    pub(super) thread: Thread,
    packet: Arc<Packet<T>>,
    /// Makes handles neither `UnwindSafe` nor `RefUnwindSafe`, as std's are.
    _no_unwind: PhantomData<Arc<UnsafeCell<()>>>,
}

impl<T> Running<T> {
    pub(super) fn new(thread: Thread, packet: Arc<Packet<T>>) -> Self {
        Self { thread, packet, _no_unwind: PhantomData }
    }

    /// Waits for the thread's end and takes what it left.
    #[track_caller]
    pub(super) fn join(self) -> Result<T> {
        dispatch!(world => world.join(self.thread.raw(), Until::Forever, false));
        let result = self.packet.result.lock().unwrap_or_else(PoisonError::into_inner).take();
        result.expect("a thread's body leaves its result, and `World::join` waits for the body")
    }

    pub(super) fn is_finished(&self) -> bool {
        self.thread.raw().is_finished()
    }
}

/// The right to wait for a thread's end; see [`std::thread::JoinHandle`]. Dropping it lets the
/// thread go on alone.
pub struct JoinHandle<T>(pub(super) Running<T>);

/// # Panics
///
/// In an explored program, whose threads are none of the operating system's.
#[cfg(unix)]
impl<T> std::os::unix::thread::JoinHandleExt for JoinHandle<T> {
    fn as_pthread_t(&self) -> std::os::unix::thread::RawPthread {
        self.0.thread.raw().pthread().expect(NO_PTHREAD)
    }

    fn into_pthread_t(self) -> std::os::unix::thread::RawPthread {
        self.0.thread.raw().clone().into_pthread().expect(NO_PTHREAD)
    }
}

#[cfg(unix)]
const NO_PTHREAD: &str = "a thread of an explored program is no pthread";

// SAFETY: as std has it, for every `T`. A handle is only made for a `T` that is `Send`, so what it
// gives to whatever thread joins by it may go there; and a shared handle gives no access to it.
unsafe impl<T> Send for JoinHandle<T> {}
// SAFETY: as above.
unsafe impl<T> Sync for JoinHandle<T> {}

impl<T> JoinHandle<T> {
    /// The thread.
    #[must_use]
    pub fn thread(&self) -> &Thread {
        &self.0.thread
    }

    /// Waits for the thread's end and returns what its closure returned.
    ///
    /// # Errors
    ///
    /// What the thread panicked with.
    ///
    /// # Panics
    ///
    /// If the wait was found to be one that can never end.
    #[track_caller]
    pub fn join(self) -> Result<T> {
        self.0.join()
    }

    /// Whether the thread's closure has ended.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.0.is_finished()
    }
}

impl<T> fmt::Debug for JoinHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JoinHandle").finish_non_exhaustive()
    }
}
