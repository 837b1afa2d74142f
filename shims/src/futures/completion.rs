//! [`wait()`] and [`as_completed`]: waiting for several futures at once.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use lockwise_detector::op::Purpose;

use super::{Future, Timeout};
use crate::rt::{self, Monitor, RawCondvar, Until, Wake};

/// When [`wait()`] returns.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum ReturnWhen {
    /// When one future is done or cancelled: `FIRST_COMPLETED`.
    FirstCompleted,
    /// When one has failed, or all are done or cancelled: `FIRST_EXCEPTION`.
    FirstException,
    /// When all are done or cancelled: `ALL_COMPLETED`.
    #[default]
    AllCompleted,
}

/// What [`wait()`] returns: the futures in the order in which they were given.
#[derive(Debug)]
pub struct Waited<T> {
    /// Those that are done or cancelled.
    pub done: Vec<Future<T>>,
    /// The others.
    pub not_done: Vec<Future<T>>,
}

/// Where futures report that they are over, by their indices.
struct Gate {
    over: Monitor<VecDeque<usize>>,
    changed: RawCondvar,
}

impl Gate {
    #[track_caller]
    fn of<T: 'static>(futures: &[Future<T>]) -> Arc<Self> {
        let over = Monitor::new(VecDeque::new());
        let gate = Arc::new(Self { over, changed: RawCondvar::quiet() });
        for (index, future) in futures.iter().enumerate() {
            let gate = Arc::clone(&gate);
            future.add_done_callback(move |_| gate.report(index));
        }
        gate
    }

    fn report(&self, index: usize) {
        self.over.enter().push_back(index);
        self.changed.notify(true);
    }

    /// The next future that is over; `None` if time runs out. `waited_for` is one that is not.
    #[track_caller]
    fn next<T>(&self, until: Until, waited_for: impl Fn() -> Option<Future<T>>) -> Option<usize> {
        let mut over = self.over.enter();
        loop {
            if let Some(index) = over.pop_front() {
                return Some(index);
            }
            let future = waited_for()?;
            if until == Until::Now {
                return None;
            }
            let on = rt::wait_for(future.meta(), Purpose::Result);
            if over.wait_on(&self.changed, Some(on), until) == Wake::TimedOut {
                return over.pop_front();
            }
        }
    }
}

/// Waits for several futures, no longer than `timeout` if there is one: CPython's
/// [`concurrent.futures.wait`].
///
/// [`concurrent.futures.wait`]: https://docs.python.org/3.13/library/concurrent.futures.html#concurrent.futures.wait
///
/// # Panics
///
/// If it is found that none of them can ever be done.
///
/// # Examples
///
/// ```
/// use lockwise::futures::{ReturnWhen, ThreadPoolExecutor, wait};
///
/// let pool = ThreadPoolExecutor::new(2);
/// let futures = [pool.submit(|| 1), pool.submit(|| 2)];
/// let waited = wait(&futures, None, ReturnWhen::AllCompleted);
/// assert_eq!((waited.done.len(), waited.not_done.len()), (2, 0));
/// ```
#[track_caller]
pub fn wait<T: 'static>(
    futures: &[Future<T>],
    timeout: Option<Duration>,
    return_when: ReturnWhen,
) -> Waited<T> {
    let until = timeout.map_or(Until::Forever, Until::after);
    let gate = Gate::of(futures);
    let mut over = vec![false; futures.len()];
    let mut enough = futures.is_empty();
    loop {
        // Those that are over already are seen without a wait, all of them.
        let until = if enough { Until::Now } else { until };
        let first_open = || {
            let open = over.iter().position(|over| !over);
            open.map(|index| futures[index].clone())
        };
        let Some(index) = gate.next(until, first_open) else { break };
        over[index] = true;
        enough |= match return_when {
            ReturnWhen::FirstCompleted => true,
            ReturnWhen::FirstException => futures[index].has_failed(),
            ReturnWhen::AllCompleted => false,
        };
    }
    let mut waited = Waited { done: Vec::new(), not_done: Vec::new() };
    for (future, over) in futures.iter().zip(over) {
        // Asked, so that what follows comes after what the task did.
        if over && future.done() { &mut waited.done } else { &mut waited.not_done }
            .push(future.clone());
    }
    waited
}

/// The futures as they are done or cancelled, each once: CPython's
/// [`concurrent.futures.as_completed`].
///
/// [`concurrent.futures.as_completed`]: https://docs.python.org/3.13/library/concurrent.futures.html#concurrent.futures.as_completed
///
/// # Examples
///
/// ```
/// use lockwise::futures::{ThreadPoolExecutor, as_completed};
///
/// let pool = ThreadPoolExecutor::new(2);
/// let futures = (1..=3).map(|i| pool.submit(move || i));
/// let sum: i32 = as_completed(futures).map(|future| future.result().unwrap()).sum();
/// assert_eq!(sum, 6);
/// ```
#[track_caller]
pub fn as_completed<T: 'static>(futures: impl IntoIterator<Item = Future<T>>) -> AsCompleted<T> {
    let mut all: Vec<Future<T>> = Vec::new();
    for future in futures {
        if !all.contains(&future) {
            all.push(future);
        }
    }
    let gate = Gate::of(&all);
    AsCompleted { gate, futures: all.into_iter().map(Some).collect() }
}

/// See [`as_completed`].
pub struct AsCompleted<T> {
    gate: Arc<Gate>,
    /// Those that were not handed out.
    futures: Vec<Option<Future<T>>>,
}

impl<T> AsCompleted<T> {
    /// The next future, if one is done or cancelled within `timeout`; `None` when all were handed
    /// out.
    ///
    /// # Errors
    ///
    /// None was in time.
    #[track_caller]
    pub fn next_timeout(&mut self, timeout: Duration) -> Result<Option<Future<T>>, Timeout> {
        match self.next_until(Until::after(timeout)) {
            None if self.futures.iter().any(Option::is_some) => Err(Timeout),
            next => Ok(next),
        }
    }

    #[track_caller]
    fn next_until(&mut self, until: Until) -> Option<Future<T>> {
        let index = self.gate.next(until, || self.futures.iter().flatten().next().cloned())?;
        let future = self.futures[index].take()?;
        // Asked, so that what follows comes after what the task did.
        future.done().then_some(future)
    }
}

impl<T> Iterator for AsCompleted<T> {
    type Item = Future<T>;

    #[track_caller]
    fn next(&mut self) -> Option<Future<T>> {
        self.next_until(Until::Forever)
    }
}

impl<T> std::fmt::Debug for AsCompleted<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AsCompleted").field("futures", &self.futures).finish_non_exhaustive()
    }
}
