//! [`Builder`]: the one place where threads are started.

use std::{io, sync::Arc};

use super::{
    handle::{JoinHandle, Running, Thread},
    packet::Packet,
    scope::{Scope, ScopedJoinHandle, Shelter},
};
use crate::rt::{World as _, dispatch, thread::Spawn};

/// Starts threads with a name or a stack of a chosen size; see [`std::thread::Builder`].
#[must_use = "must eventually spawn the thread"]
#[derive(Debug)]
pub struct Builder {
    name: Option<String>,
    stack_size: Option<usize>,
}

impl Builder {
    /// A thread without a name, with a stack of the default size.
    #[allow(clippy::new_without_default, reason = "std's has none")]
    pub fn new() -> Self {
        Self { name: None, stack_size: None }
    }

    /// Names the thread. Reports and panic messages use the name.
    pub fn name(mut self, name: String) -> Self {
        self.name = Some(name);
        self
    }

    /// Sets the size of the thread's stack, in bytes.
    pub fn stack_size(mut self, size: usize) -> Self {
        self.stack_size = Some(size);
        self
    }

    /// Starts the thread.
    ///
    /// # Errors
    ///
    /// The operating system has no thread to give.
    ///
    /// # Panics
    ///
    /// If the name contains a null byte.
    #[track_caller]
    pub fn spawn<F, T>(self, f: F) -> io::Result<JoinHandle<T>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        // SAFETY: the closure and its result borrow nothing.
        unsafe { self.spawn_unchecked(f) }
    }

    /// Starts a thread that may borrow.
    ///
    /// # Safety
    ///
    /// The caller makes sure that the thread is joined before anything that its closure, or the
    /// result, borrows goes away.
    ///
    /// # Errors
    ///
    /// As for [`Builder::spawn`].
    ///
    /// # Panics
    ///
    /// As for [`Builder::spawn`].
    #[track_caller]
    pub unsafe fn spawn_unchecked<F, T>(self, f: F) -> io::Result<JoinHandle<T>>
    where
        F: FnOnce() -> T + Send,
        T: Send,
    {
        // SAFETY: the caller's promise.
        unsafe { self.start(f, None) }.map(JoinHandle)
    }

    /// Starts a thread in a [`scope`](super::scope).
    ///
    /// # Errors
    ///
    /// As for [`Builder::spawn`].
    ///
    /// # Panics
    ///
    /// As for [`Builder::spawn`].
    #[track_caller]
    pub fn spawn_scoped<'scope, 'env, F, T>(
        self,
        scope: &'scope Scope<'scope, 'env>,
        f: F,
    ) -> io::Result<ScopedJoinHandle<'scope, T>>
    where
        F: FnOnce() -> T + Send + 'scope,
        T: Send + 'scope,
    {
        let shelter = scope.shelter();
        // SAFETY: the thread is sheltered, so `scope` does not return before it has ended, and
        // `'scope` outlives that call.
        let running = unsafe { self.start(f, Some(Arc::clone(shelter))) }?;
        shelter.admit(&running.thread);
        Ok(ScopedJoinHandle::of(running, Arc::clone(shelter)))
    }

    /// # Safety
    ///
    /// As for [`Builder::spawn_unchecked`].
    #[track_caller]
    unsafe fn start<'a, F, T>(self, f: F, shelter: Option<Arc<Shelter>>) -> io::Result<Running<T>>
    where
        F: FnOnce() -> T + Send + 'a,
        T: Send + 'a,
    {
        let Self { name, stack_size } = self;
        if name.as_ref().is_some_and(|name| name.contains('\0')) {
            panic!("thread name may not contain interior null bytes");
        }
        let packet = Arc::new(Packet::new(shelter));
        let theirs = Arc::clone(&packet);
        let body: Box<dyn FnOnce() + Send + 'a> = Box::new(move || theirs.run(f));
        // SAFETY: only the lifetime changes. The body is run or dropped before `World::spawn`
        // fails or `World::join` returns, and the caller has the thread joined in time.
        let body = unsafe {
            std::mem::transmute::<Box<dyn FnOnce() + Send + 'a>, Box<dyn FnOnce() + Send>>(body)
        };
        let thread = dispatch!(world => world.spawn(Spawn { name, stack_size, body }))?;
        Ok(Running::new(Thread::of(thread), packet))
    }
}
