//! [`scope`]: threads that borrow, because nobody gets out before they have ended.

use std::{
    collections::BTreeMap,
    fmt,
    marker::PhantomData,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread::Result,
};

use super::{
    Builder,
    handle::{Running, Thread},
};
use crate::{
    report::Stopped,
    rt::{self, Until, World as _, dispatch},
};

/// What a scope knows of its threads.
#[derive(Default)]
pub(super) struct Shelter {
    /// The threads that nobody has joined, by number (in an order that is the same in every run).
    unjoined: Mutex<BTreeMap<u64, rt::thread::Thread>>,
    a_thread_panicked: AtomicBool,
    /// The first panic because of a finding.
    stopped: OnceLock<Stopped>,
}

impl Shelter {
    /// The scope waits for `thread`. Called before the thread that started it can end.
    pub(super) fn admit(&self, thread: &Thread) {
        let raw = thread.raw().clone();
        self.unjoined.lock().unwrap_or_else(PoisonError::into_inner).insert(raw.number(), raw);
    }

    /// Somebody saw the end of `thread`.
    fn release(&self, thread: &rt::thread::Thread) {
        self.unjoined.lock().unwrap_or_else(PoisonError::into_inner).remove(&thread.number());
    }

    /// A thread panicked, and nobody took the panic from its handle. `stopped` is the panic if it
    /// was one because of a finding.
    pub(super) fn a_thread_panicked(&self, stopped: Option<Stopped>) {
        self.a_thread_panicked.store(true, Ordering::Relaxed);
        if let Some(stopped) = stopped {
            // The first one says enough.
            let _ = self.stopped.set(stopped);
        }
    }

    /// Waits for all threads, those included that are started meanwhile by others of them.
    #[track_caller]
    fn wait(&self) {
        loop {
            let unjoined = self.unjoined.lock().unwrap_or_else(PoisonError::into_inner);
            let Some(thread) = unjoined.values().next().cloned() else { return };
            drop(unjoined);
            dispatch!(world => world.join(&thread, Until::Forever, true));
            self.release(&thread);
        }
    }
}

/// Where scoped threads are started; see [`std::thread::Scope`].
pub struct Scope<'scope, 'env: 'scope> {
    shelter: Arc<Shelter>,
    main_thread: Thread,
    // Invariant in both, or a thread could borrow what lives shorter than the scope.
    scope: PhantomData<&'scope mut &'scope ()>,
    env: PhantomData<&'env mut &'env ()>,
}

/// Runs `f`, which can start threads that borrow from outside, and waits for all of them; see
/// [`std::thread::scope`].
///
/// # Panics
///
/// If a thread panicked whose handle was not joined (with the finding, if that was the reason);
/// and `f`'s own panic goes on.
///
/// # Examples
///
/// ```
/// use lockwise::thread;
///
/// let mut numbers = vec![1, 2, 3];
/// let (head, tail) = numbers.split_at_mut(1);
/// thread::scope(|s| {
///     s.spawn(|| head[0] = 10);
///     s.spawn(|| tail[1] = 30);
/// });
/// assert_eq!(numbers, [10, 2, 30]);
/// ```
#[track_caller]
pub fn scope<'env, F, T>(f: F) -> T
where
    F: for<'scope> FnOnce(&'scope Scope<'scope, 'env>) -> T,
{
    let scope = Scope {
        shelter: Arc::default(),
        main_thread: super::current(),
        scope: PhantomData,
        env: PhantomData,
    };
    let result = catch_unwind(AssertUnwindSafe(|| f(&scope)));
    scope.shelter.wait();
    match result {
        Err(payload) => resume_unwind(payload),
        Ok(_) if scope.shelter.a_thread_panicked.load(Ordering::Relaxed) => {
            if let Some(stopped) = scope.shelter.stopped.get() {
                stopped.pass_on();
            }
            panic!("a scoped thread panicked")
        }
        Ok(value) => value,
    }
}

impl<'scope> Scope<'scope, '_> {
    pub(super) fn shelter(&self) -> &Arc<Shelter> {
        &self.shelter
    }

    /// Starts a thread in this scope.
    ///
    /// # Panics
    ///
    /// If the operating system has no thread to give; [`Builder::spawn_scoped`] returns that as
    /// an error.
    #[track_caller]
    pub fn spawn<F, T>(&'scope self, f: F) -> ScopedJoinHandle<'scope, T>
    where
        F: FnOnce() -> T + Send + 'scope,
        T: Send + 'scope,
    {
        Builder::new().spawn_scoped(self, f).expect("failed to spawn thread")
    }
}

impl fmt::Debug for Scope<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unjoined = self.shelter.unjoined.lock().unwrap_or_else(PoisonError::into_inner);
        let running = unjoined.values().filter(|thread| !thread.is_finished()).count();
        f.debug_struct("Scope")
            .field("num_running_threads", &running)
            .field("a_thread_panicked", &self.shelter.a_thread_panicked.load(Ordering::Relaxed))
            .field("main_thread", &self.main_thread)
            .finish_non_exhaustive()
    }
}

/// The right to wait for a scoped thread's end; see [`std::thread::ScopedJoinHandle`].
pub struct ScopedJoinHandle<'scope, T> {
    running: Running<T>,
    shelter: Arc<Shelter>,
    scope: PhantomData<&'scope ()>,
}

// SAFETY: as for `JoinHandle`.
unsafe impl<T> Send for ScopedJoinHandle<'_, T> {}
// SAFETY: as for `JoinHandle`.
unsafe impl<T> Sync for ScopedJoinHandle<'_, T> {}

impl<T> ScopedJoinHandle<'_, T> {
    pub(super) fn of(running: Running<T>, shelter: Arc<Shelter>) -> Self {
        Self { running, shelter, scope: PhantomData }
    }

    /// The thread.
    #[must_use]
    pub fn thread(&self) -> &Thread {
        &self.running.thread
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
        let thread = self.running.thread.clone();
        let result = self.running.join();
        self.shelter.release(thread.raw());
        result
    }

    /// Whether the thread's closure has ended.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.running.is_finished()
    }
}

impl<T> fmt::Debug for ScopedJoinHandle<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScopedJoinHandle").finish_non_exhaustive()
    }
}
