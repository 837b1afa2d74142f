//! [`ThreadPoolExecutor`]: `concurrent.futures.ThreadPoolExecutor`.

use std::{
    collections::VecDeque,
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use lockwise_detector::{
    Action,
    op::{ObjectKind, Purpose},
};

use super::{Future, FutureError, SubmitError};
use crate::{
    report::Stopped,
    rt::{self, Meta, Monitor, MonitorGuard, RawCondvar, Until},
    threading::{StartError, Thread},
};

/// A pool of threads that run tasks, as CPython's [`ThreadPoolExecutor`]. To drop it is to leave a
/// `with` block: it waits until all tasks are done.
///
/// [`ThreadPoolExecutor`]: https://docs.python.org/3.13/library/concurrent.futures.html#threadpoolexecutor
///
/// # Examples
///
/// ```
/// use lockwise::futures::ThreadPoolExecutor;
///
/// let pool = ThreadPoolExecutor::new(4);
/// for i in 0..10 {
///     let t = pool.submit(move || i);
///     t.add_done_callback(|future| println!("{future:?} {}", future.result().unwrap()));
/// }
/// pool.shutdown(true, false);
/// ```
///
/// ```
/// use lockwise::futures::ThreadPoolExecutor;
///
/// let pool = ThreadPoolExecutor::new(2);
/// let results: Result<Vec<i32>, _> = pool.map(|i| i * i, [1, 2, 3, 4, 5]).collect();
/// assert_eq!(results?, [1, 4, 9, 16, 25]);
/// # Ok::<(), lockwise::futures::FutureError>(())
/// ```
pub struct ThreadPoolExecutor {
    pool: Arc<Pool>,
}

struct Pool {
    meta: Meta,
    max_workers: usize,
    prefix: String,
    state: Monitor<State>,
    changed: RawCondvar,
}

#[derive(Default)]
struct State {
    tasks: VecDeque<Task>,
    submitted: u64,
    workers: Vec<Thread>,
    /// How many of them wait for a task.
    idle: usize,
    shut_down: bool,
    /// A finding that stopped a task.
    stopped: Option<Stopped>,
}

struct Task {
    token: u64,
    work: Box<dyn FnOnce() -> Option<Stopped> + Send>,
    cancel: Box<dyn FnOnce() + Send>,
}

impl ThreadPoolExecutor {
    /// A pool of up to `max_workers` threads. (Python's default is the number of processors and 4,
    /// but no more than 32.)
    ///
    /// # Panics
    ///
    /// If `max_workers` is 0, where Python raises a `ValueError`.
    #[must_use]
    #[track_caller]
    pub fn new(max_workers: usize) -> Self {
        static POOLS: AtomicU64 = AtomicU64::new(0);
        let number = POOLS.fetch_add(1, Relaxed);
        Self::with_prefix(max_workers, format!("ThreadPoolExecutor-{number}"))
    }

    /// The same with threads called `prefix_0`, `prefix_1` and so on: `thread_name_prefix`.
    ///
    /// # Panics
    ///
    /// As [`ThreadPoolExecutor::new`].
    #[must_use]
    #[track_caller]
    pub fn with_prefix(max_workers: usize, prefix: impl Into<String>) -> Self {
        assert!(max_workers > 0, "max_workers must be greater than 0");
        let pool = Pool {
            meta: Meta::of::<Self>(ObjectKind::Pool),
            max_workers,
            prefix: prefix.into(),
            state: Monitor::new(State::default()),
            changed: RawCondvar::quiet(),
        };
        Self { pool: Arc::new(pool) }
    }

    /// Has a thread of the pool run `task`.
    ///
    /// # Panics
    ///
    /// If the pool was shut down or has no thread; see [`ThreadPoolExecutor::try_submit`].
    #[track_caller]
    pub fn submit<T>(&self, task: impl FnOnce() -> T + Send + 'static) -> Future<T>
    where
        T: Send + Sync + 'static,
    {
        match self.try_submit(task) {
            Ok(future) => future,
            Err(error) => panic!("{error}"),
        }
    }

    /// [`ThreadPoolExecutor::submit`] for a pool that may have been shut down.
    ///
    /// # Errors
    ///
    /// The pool was shut down, or has no thread and cannot start one.
    #[track_caller]
    pub fn try_submit<T>(
        &self,
        task: impl FnOnce() -> T + Send + 'static,
    ) -> Result<Future<T>, SubmitError>
    where
        T: Send + Sync + 'static,
    {
        let future = Future::pending();
        let (to_run, to_cancel) = (future.clone(), future.clone());
        let work = Box::new(move || to_run.run(task));
        let cancel = Box::new(move || _ = to_cancel.cancel());
        let mut state = self.pool.state.enter();
        if state.shut_down {
            return Err(SubmitError::ShutDown);
        }
        state.submitted += 1;
        let token = state.submitted;
        let object = self.pool.meta.id();
        rt::emit(&self.pool.meta, Action::Publish { object, token });
        state.tasks.push_back(Task { token, work, cancel });
        self.pool.changed.notify(false);
        match self.add_worker(&mut state) {
            // Those that there are will come to it.
            Err(_) if !state.workers.is_empty() => Ok(future),
            Err(error) => {
                state.tasks.pop_back();
                Err(SubmitError::NoThread(error))
            }
            Ok(()) => Ok(future),
        }
    }

    /// Starts a thread if there are more tasks than threads that wait for one.
    #[track_caller]
    fn add_worker(&self, state: &mut MonitorGuard<'_, State>) -> Result<(), StartError> {
        let number = state.workers.len();
        if state.tasks.len() <= state.idle || number == self.pool.max_workers {
            return Ok(());
        }
        let pool = Arc::clone(&self.pool);
        let worker = Thread::new(move || pool.work());
        let worker = worker.named(format!("{}_{number}", self.pool.prefix));
        worker.start()?;
        state.workers.push(worker);
        Ok(())
    }

    /// Has the pool run `function` with each of `items`, at once. The results come in the order of
    /// the items. Those that were not begun when the iterator is dropped are cancelled.
    ///
    /// # Panics
    ///
    /// As [`ThreadPoolExecutor::submit`].
    #[track_caller]
    pub fn map<I, T>(
        &self,
        function: impl Fn(I) -> T + Send + Sync + 'static,
        items: impl IntoIterator<Item = I>,
    ) -> Map<T>
    where
        I: Send + 'static,
        T: Clone + Send + Sync + 'static,
    {
        let function = Arc::new(function);
        let mut futures = VecDeque::new();
        for item in items {
            let function = Arc::clone(&function);
            futures.push_back(self.submit(move || function(item)));
        }
        Map { futures }
    }

    /// Takes no more tasks. With `wait`, waits until those that it has taken are done; with
    /// `cancel_futures`, cancels those that were not begun.
    ///
    /// # Panics
    ///
    /// With `wait`, if a finding stopped a task.
    #[track_caller]
    pub fn shutdown(&self, wait: bool, cancel_futures: bool) {
        let mut state = self.pool.state.enter();
        state.shut_down = true;
        self.pool.changed.notify(true);
        let cancelled =
            if cancel_futures { std::mem::take(&mut state.tasks) } else { VecDeque::new() };
        let workers = state.workers.clone();
        drop(state);
        for task in cancelled {
            (task.cancel)();
        }
        if !wait {
            return;
        }
        for worker in workers {
            // A task that shuts its own pool down is not waited for.
            let _ = worker.join();
        }
        let stopped = self.pool.state.enter().stopped.take();
        if let Some(stopped) = stopped {
            stopped.pass_on();
        }
    }
}

impl Pool {
    /// What a thread of the pool does.
    fn work(&self) {
        while let Some(task) = self.next_task() {
            let stopped = (task.work)();
            if stopped.is_some() {
                let mut state = self.state.enter();
                state.stopped = state.stopped.take().or(stopped);
            }
        }
    }

    /// The next task; `None` when the pool is shut down and has none.
    fn next_task(&self) -> Option<Task> {
        let mut state = self.state.enter();
        state.idle += 1;
        let idle = Idle(self);
        let at = (&self.meta, Purpose::Get);
        state.wait_at(&self.changed, at, Until::Forever, |state| {
            state.shut_down || !state.tasks.is_empty()
        });
        std::mem::forget(idle);
        state.idle -= 1;
        let task = state.tasks.pop_front()?;
        let object = self.meta.id();
        rt::emit(&self.meta, Action::Observe { object, token: task.token });
        Some(task)
    }
}

/// A worker whose wait is unwound does not wait for a task any more.
struct Idle<'a>(&'a Pool);

impl Drop for Idle<'_> {
    fn drop(&mut self) {
        self.0.state.enter().idle -= 1;
    }
}

impl Drop for ThreadPoolExecutor {
    fn drop(&mut self) {
        self.shutdown(true, false);
    }
}

impl fmt::Debug for ThreadPoolExecutor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.pool.state.enter();
        f.debug_struct("ThreadPoolExecutor")
            .field("max_workers", &self.pool.max_workers)
            .field("workers", &state.workers.len())
            .field("tasks", &state.tasks.len())
            .field("shut_down", &state.shut_down)
            .finish_non_exhaustive()
    }
}

/// The results of a [`ThreadPoolExecutor::map`], in the order of its items.
#[derive(Debug)]
pub struct Map<T> {
    futures: VecDeque<Future<T>>,
}

impl<T: Clone> Iterator for Map<T> {
    type Item = Result<T, FutureError>;

    #[track_caller]
    fn next(&mut self) -> Option<Self::Item> {
        Some(self.futures.pop_front()?.result())
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.futures.len(), Some(self.futures.len()))
    }
}

impl<T> Drop for Map<T> {
    fn drop(&mut self) {
        for future in &self.futures {
            future.cancel();
        }
    }
}
