//! The parking lot: one queue of all parked threads, in order of arrival.
//!
//! It is a [`Monitor`], so its callers' functions run while nobody else is at the queue, as they
//! must. All keys share the one queue: which of them share a bucket in the real one depends on
//! their addresses, and in a model nothing may.

use std::{
    sync::{Arc, OnceLock},
    time::{Duration, Instant},
};

use super::sleep::Sort;
use crate::rt::{
    self, Monitor, MonitorGuard, RawCondvar, Until, Wake, World, dispatch,
    foreign::{Deed, Foreign},
    thread::Thread,
};

pub(super) static LOT: Monitor<Lot> = Monitor::new(Lot::new());

/// How often, about, a lock should be handed over to whoever has waited longest.
const FAIR: Duration = Duration::from_micros(500);

/// The parked threads.
pub(super) struct Lot {
    queue: Vec<Parked>,
    tickets: u64,
    /// When the next release should be a fair one.
    fair_at: Option<Instant>,
}

/// What wakes one parked thread, once.
pub(super) struct Bell {
    rings: RawCondvar,
    /// What the thread was given by whoever woke it.
    token: OnceLock<usize>,
}

impl Bell {
    pub(super) fn new() -> Self {
        Self { rings: RawCondvar::quiet(), token: OnceLock::new() }
    }

    /// What the thread was given, if it was woken.
    pub(super) fn token(&self) -> Option<usize> {
        self.token.get().copied()
    }

    /// Leaves the lot and waits; may return for no reason.
    #[track_caller]
    pub(super) fn wait(&self, lot: MonitorGuard<'_, Lot>, until: Until) -> Wake {
        lot.leave_and_wait(&self.rings, until)
    }

    #[track_caller]
    fn ring(&self) {
        self.rings.notify(false);
    }
}

/// A parked thread.
struct Parked {
    ticket: u64,
    key: usize,
    token: usize,
    bell: Arc<Bell>,
    /// What it waits at, and who it is; `None` if that is a lock, whose release wakes it.
    signal: Option<(Foreign, Thread)>,
    /// Whether it has said that it waits.
    blocked: bool,
}

/// What came of an unparking.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unparked {
    /// How many threads were woken.
    pub unparked: usize,
    /// How many were put in another queue.
    pub requeued: usize,
    /// Whether others are left.
    pub more: bool,
    /// Whether a lock should be handed over.
    pub fair: bool,
}

/// Which threads of a queue [`unpark_requeue`] wakes, and which it puts in the other.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Requeue {
    /// The first is woken.
    pub unpark_one: bool,
    /// Of the others, none, one, or all are put there.
    pub requeue: Requeued,
}

/// See [`Requeue`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs, reason = "each says how many")]
pub enum Requeued {
    None,
    One,
    All,
}

impl Lot {
    const fn new() -> Self {
        Self { queue: Vec::new(), tickets: 0, fair_at: None }
    }

    /// Adds the calling thread. Returns its ticket.
    pub(super) fn add(&mut self, key: usize, token: usize, bell: &Arc<Bell>, sort: &Sort) -> u64 {
        self.tickets += 1;
        let (ticket, bell) = (self.tickets, Arc::clone(bell));
        let signal = sort.signal().map(|signal| (signal, Thread::current()));
        self.queue.push(Parked { ticket, key, token, bell, signal, blocked: false });
        ticket
    }

    /// The thread says that it waits from here on.
    pub(super) fn set_blocked(&mut self, ticket: u64) {
        let parked = self.queue.iter_mut().find(|parked| parked.ticket == ticket);
        parked.into_iter().for_each(|parked| parked.blocked = true);
    }

    /// Takes a thread out that gives up: the key that it was at by then, and whether it was the
    /// last there.
    pub(super) fn remove(&mut self, ticket: u64) -> Option<(usize, bool)> {
        let index = self.queue.iter().position(|parked| parked.ticket == ticket)?;
        let key = self.queue.remove(index).key;
        Some((key, !self.has(key)))
    }

    fn find(&self, key: usize) -> Option<usize> {
        self.queue.iter().position(|parked| parked.key == key)
    }

    fn has(&self, key: usize) -> bool {
        self.find(key).is_some()
    }

    /// Takes the thread at `index` out of the queue and gives it `token`. It is to be woken when
    /// the lot has been left: before, it would have to wait for that.
    fn wake(&mut self, index: usize, token: usize) -> Arc<Bell> {
        let parked = self.queue.remove(index);
        if let Some((signal, thread)) = &parked.signal {
            // Each thread has a token of its own, for good: what earlier wakes gave it, it has.
            tell(signal, Deed::Wake(parked.blocked.then_some(thread), thread.number()));
        }
        let woken = parked.bell.token.set(token);
        debug_assert_eq!(woken, Ok(()), "who was woken has left the queue");
        parked.bell
    }

    fn is_fair(&mut self) -> bool {
        let now = dispatch!(world => world.now());
        let due = self.fair_at.is_some_and(|at| now > at);
        if due || self.fair_at.is_none() {
            self.fair_at = Some(now + FAIR);
        }
        due
    }
}

/// Tells of a deed that nothing can be held against.
pub(super) fn tell(lock: &Foreign, deed: Deed<'_>) {
    let told = rt::foreign::tell(lock, deed);
    debug_assert_eq!(told, Ok(()), "only a wait is refused");
}

/// Wakes the first thread at `key`. `callback` makes of what will come of it what that thread is
/// given.
#[track_caller]
pub fn unpark_one(key: usize, callback: impl FnOnce(Unparked) -> usize) -> Unparked {
    let mut lot = LOT.enter();
    let Some(index) = lot.find(key) else {
        callback(Unparked::default());
        return Unparked::default();
    };
    let more = lot.queue[index + 1..].iter().any(|parked| parked.key == key);
    let result = Unparked { unparked: 1, requeued: 0, more, fair: lot.is_fair() };
    let token = callback(result);
    let bell = lot.wake(index, token);
    drop(lot);
    bell.ring();
    result
}

/// Wakes all threads at `key` and gives them `token`. Returns how many.
#[track_caller]
pub fn unpark_all(key: usize, token: usize) -> usize {
    let mut lot = LOT.enter();
    let mut bells = Vec::new();
    while let Some(index) = lot.find(key) {
        bells.push(lot.wake(index, token));
    }
    drop(lot);
    bells.iter().for_each(|bell| bell.ring());
    bells.len()
}

/// Wakes those at `key` of whose own tokens `filter` makes `Some(true)`, until it makes `None`.
#[track_caller]
pub fn unpark_filter(
    key: usize,
    mut filter: impl FnMut(usize) -> Option<bool>,
    callback: impl FnOnce(Unparked) -> usize,
) -> Unparked {
    let mut lot = LOT.enter();
    let mut chosen = Vec::new();
    let mut result = Unparked::default();
    for parked in lot.queue.iter().filter(|parked| parked.key == key) {
        match filter(parked.token) {
            Some(true) => chosen.push(parked.ticket),
            Some(false) => result.more = true,
            None => {
                result.more = true;
                break;
            }
        }
    }
    result.unparked = chosen.len();
    result.fair = !chosen.is_empty() && lot.is_fair();
    let token = callback(result);
    let mut bells = Vec::new();
    for ticket in chosen {
        let index = lot.queue.iter().position(|parked| parked.ticket == ticket);
        bells.extend(index.map(|index| lot.wake(index, token)));
    }
    drop(lot);
    bells.iter().for_each(|bell| bell.ring());
    result
}

/// Wakes the first thread at `from`, or not, and puts others of it in the queue of `to`.
/// `validate` says what to do; nothing if that is `None`.
#[track_caller]
pub fn unpark_requeue(
    from: usize,
    to: usize,
    validate: impl FnOnce() -> Option<Requeue>,
    callback: impl FnOnce(Unparked) -> usize,
) -> Unparked {
    let mut lot = LOT.enter();
    let Some(op) = validate() else { return Unparked::default() };
    let mut result = Unparked::default();
    let first = lot.find(from).filter(|_| op.unpark_one).map(|index| lot.queue[index].ticket);
    result.unparked = usize::from(first.is_some());
    let limit = match op.requeue {
        Requeued::None => 0,
        Requeued::One => 1,
        Requeued::All => usize::MAX,
    };
    let (mut moved, mut left) = (Vec::new(), Vec::new());
    for mut parked in std::mem::take(&mut lot.queue) {
        let moves = parked.key == from && Some(parked.ticket) != first && result.requeued < limit;
        if moves {
            parked.key = to;
            result.requeued += 1;
            moved.push(parked);
        } else {
            left.push(parked);
        }
    }
    left.append(&mut moved);
    lot.queue = left;
    result.more = lot.queue.iter().any(|parked| parked.key == from && Some(parked.ticket) != first);
    result.fair = first.is_some() && lot.is_fair();
    let token = callback(result);
    let index = lot.queue.iter().position(|parked| Some(parked.ticket) == first);
    let bell = index.map(|index| lot.wake(index, token));
    drop(lot);
    if let Some(bell) = bell {
        bell.ring();
    }
    result
}
