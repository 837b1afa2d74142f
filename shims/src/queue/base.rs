//! [`BaseQueue`]: what all queues have in common, which is all but the order.

use std::{fmt, time::Duration};

use lockwise_detector::{
    Action,
    op::{ObjectKind, Purpose},
};

use super::{
    Discipline, GetError, PutError, ShutDown, TooManyTasksDone,
    discipline::{Item, sealed::Store},
};
use crate::rt::{self, Meta, Monitor, MonitorGuard, RawCondvar, Until};

/// A queue between threads: [`Queue`](super::Queue), [`LifoQueue`](super::LifoQueue) or
/// [`PriorityQueue`](super::PriorityQueue).
pub struct BaseQueue<T, D: Discipline<T>> {
    meta: Meta,
    /// What the last `task_done` hands to `join`; apart from `meta`, because each item is observed
    /// once, and this by all who join.
    done: Meta,
    maxsize: usize,
    state: Monitor<State<D::Items>>,
    not_empty: RawCondvar,
    not_full: RawCondvar,
    all_done: RawCondvar,
}

struct State<S> {
    items: S,
    /// How many items were put.
    puts: u64,
    /// How many of them nobody has called `task_done` for.
    unfinished: usize,
    /// How many times all were done.
    rounds: u64,
    shut_down: bool,
}

type Guard<'a, T, D> = MonitorGuard<'a, State<<D as Store<T>>::Items>>;

impl<T, D: Discipline<T>> BaseQueue<T, D> {
    /// An empty queue with room for `maxsize` items, or any number if that is 0.
    #[must_use]
    #[track_caller]
    pub const fn new(maxsize: usize) -> Self {
        let state = State { items: D::EMPTY, puts: 0, unfinished: 0, rounds: 0, shut_down: false };
        Self {
            meta: Meta::of::<D::Name>(ObjectKind::Queue),
            done: Meta::of::<D::Name>(ObjectKind::Event),
            maxsize,
            state: Monitor::new(state),
            not_empty: RawCondvar::quiet(),
            not_full: RawCondvar::quiet(),
            all_done: RawCondvar::quiet(),
        }
    }

    fn has_room(&self, state: &State<D::Items>) -> bool {
        self.maxsize == 0 || D::len(&state.items) < self.maxsize
    }

    /// Puts an item, and waits for room as long as it takes.
    ///
    /// # Errors
    ///
    /// The queue was shut down.
    ///
    /// # Panics
    ///
    /// If it is found that nobody is left who could make room.
    #[track_caller]
    pub fn put(&self, item: T) -> Result<(), ShutDown<T>> {
        self.put_until(item, Until::Forever).map_err(|error| ShutDown(error.into_inner()))
    }

    /// Puts an item if there is room.
    ///
    /// # Errors
    ///
    /// There is none, or the queue was shut down.
    #[track_caller]
    pub fn put_nowait(&self, item: T) -> Result<(), PutError<T>> {
        self.put_until(item, Until::Now)
    }

    /// Puts an item, and waits for room no longer than `timeout`.
    ///
    /// # Errors
    ///
    /// There was none in time, or the queue was shut down.
    #[track_caller]
    pub fn put_timeout(&self, item: T, timeout: Duration) -> Result<(), PutError<T>> {
        self.put_until(item, Until::after(timeout))
    }

    #[track_caller]
    fn put_until(&self, value: T, until: Until) -> Result<(), PutError<T>> {
        let mut state = self.state.enter();
        let at = (&self.meta, Purpose::Put);
        let in_time = state
            .wait_at(&self.not_full, at, until, |state| state.shut_down || self.has_room(state));
        if state.shut_down {
            return Err(PutError::ShutDown(value));
        }
        if !in_time {
            return Err(PutError::Full(value));
        }
        state.puts += 1;
        state.unfinished += 1;
        let number = state.puts;
        rt::emit(&self.meta, Action::Publish { object: self.meta.id(), token: number });
        D::push(&mut state.items, Item { value, number });
        self.not_empty.notify(false);
        Ok(())
    }

    /// Takes an item, and waits for one as long as it takes.
    ///
    /// # Errors
    ///
    /// There is none, and the queue was shut down.
    ///
    /// # Panics
    ///
    /// If it is found that nobody is left who could put one.
    #[track_caller]
    pub fn get(&self) -> Result<T, ShutDown> {
        self.get_until(Until::Forever).map_err(|_| ShutDown(()))
    }

    /// Takes an item if there is one.
    ///
    /// # Errors
    ///
    /// There is none.
    #[track_caller]
    pub fn get_nowait(&self) -> Result<T, GetError> {
        self.get_until(Until::Now)
    }

    /// Takes an item, and waits for one no longer than `timeout`.
    ///
    /// # Errors
    ///
    /// There was none in time, or there is none and the queue was shut down.
    #[track_caller]
    pub fn get_timeout(&self, timeout: Duration) -> Result<T, GetError> {
        self.get_until(Until::after(timeout))
    }

    #[track_caller]
    fn get_until(&self, until: Until) -> Result<T, GetError> {
        let mut state = self.state.enter();
        let at = (&self.meta, Purpose::Get);
        state.wait_at(&self.not_empty, at, until, |state| {
            state.shut_down || D::len(&state.items) > 0
        });
        let none = if state.shut_down { GetError::ShutDown } else { GetError::Empty };
        if D::len(&state.items) == 0 {
            // It has only looked.
            return Err(none);
        }
        let item = D::pop(&mut state.items).ok_or(none)?;
        rt::emit(&self.meta, Action::Observe { object: self.meta.id(), token: item.number });
        self.not_full.notify(false);
        Ok(item.value)
    }

    /// Says that an item that was taken has been dealt with.
    ///
    /// # Errors
    ///
    /// That was said for all items before.
    #[track_caller]
    pub fn task_done(&self) -> Result<(), TooManyTasksDone> {
        let mut state = self.state.enter();
        if state.unfinished == 0 {
            return Err(TooManyTasksDone);
        }
        self.finish(&mut state, 1);
        Ok(())
    }

    #[track_caller]
    fn finish(&self, state: &mut Guard<'_, T, D>, tasks: usize) {
        let token = state.rounds;
        rt::emit(&self.done, Action::Publish { object: self.done.id(), token });
        state.unfinished = state.unfinished.saturating_sub(tasks);
        if state.unfinished == 0 {
            state.rounds += 1;
            self.all_done.notify(true);
        }
    }

    /// Waits until each item that was put has been dealt with: [`BaseQueue::task_done`] was called
    /// for it.
    ///
    /// # Panics
    ///
    /// If it is found that nobody is left who could call it.
    #[track_caller]
    pub fn join(&self) {
        let mut state = self.state.enter();
        let at = (&self.meta, Purpose::TasksDone);
        state.wait_at(&self.all_done, at, Until::Forever, |state| state.unfinished == 0);
        if let Some(token) = state.rounds.checked_sub(1) {
            rt::emit(&self.done, Action::Observe { object: self.done.id(), token });
        }
    }

    /// How many items are in the queue.
    #[must_use]
    pub fn qsize(&self) -> usize {
        D::len(&self.state.enter().items)
    }

    /// Whether there are none.
    #[must_use]
    pub fn empty(&self) -> bool {
        self.qsize() == 0
    }

    /// Whether there is no room for more.
    #[must_use]
    pub fn full(&self) -> bool {
        !self.has_room(&self.state.enter())
    }

    /// Refuses all further items; and threads that wait for an item, or for room, wait no more.
    /// With `immediate` the queue is emptied, and its items count as dealt with. (New in Python
    /// 3.13.)
    #[track_caller]
    pub fn shutdown(&self, immediate: bool) {
        let mut state = self.state.enter();
        state.shut_down = true;
        let mut drained = Vec::new();
        while immediate && let Some(item) = D::pop(&mut state.items) {
            drained.push(item);
        }
        if !drained.is_empty() && state.unfinished > 0 {
            self.finish(&mut state, drained.len());
        }
        self.not_empty.notify(true);
        self.not_full.notify(true);
        // The items are the program's: their end is not a matter of the monitor.
        drop(state);
        drop(drained);
    }
}

impl<T, D: Discipline<T>> fmt::Debug for BaseQueue<T, D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.state.enter();
        f.debug_struct("Queue")
            .field("qsize", &D::len(&state.items))
            .field("maxsize", &self.maxsize)
            .field("unfinished", &state.unfinished)
            .field("shut_down", &state.shut_down)
            .finish_non_exhaustive()
    }
}
