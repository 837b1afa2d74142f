//! One way in which one lock was acquired under another, and which of many to keep.
//!
//! An edge of the lock graph was seen in many contexts: by other threads, under other locks, in
//! other modes, at other moments. Whether a cycle can happen depends on them, so an edge keeps
//! several [`Nesting`]s, at most [`Nestings::BOUND`] of them, and none that one before it covers.
//!
//! Where more turn up, one goes that later requests are least likely to miss: first an older one
//! of the same thread, modes and locks. No request yet to come can be ordered *before* a nesting
//! that is already known, and whatever is unordered with the older one is unordered with the newer
//! one too. Next one that is ordered before the newest, then the oldest. An eviction can lose a
//! cycle, but never invent one.

use std::sync::Arc;

use crate::{
    Epoch, ObjectId, Op, Site, Stack, ThreadId, clock::VectorClock, context::Held, op::Mode,
};

/// A place in source code with the stack that led there.
pub(super) type Place = (Site, Option<Stack>);

/// An acquisition, ready to wait for ever, by a thread that held other locks.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) thread: ThreadId,
    pub(super) mode: Mode,
    pub(super) place: Place,
    /// All that was held, in the order of acquisition.
    pub(super) held: Box<[(ObjectId, Mode)]>,
    pub(super) at: Epoch,
    /// What the thread knew by must-happen-before.
    pub(super) known: Arc<VectorClock>,
    /// Tells stretches of one thread's life in which it neither learns of nor tells other threads
    /// anything, so that all requests of one stretch are alike to other threads.
    pub(super) stretch: u64,
    /// Its place in the log of acquisitions and releases.
    pub(super) logged: u64,
}

impl Request {
    /// Whether `object` is held.
    pub(super) fn holds(&self, object: ObjectId) -> bool {
        self.held.iter().any(|&(held, _)| held == object)
    }

    /// Whether must-happen-before puts one of the two first, so that they never wait at once.
    fn ordered(&self, other: &Self) -> bool {
        self.known.knows(other.at) || other.known.knows(self.at)
    }

    /// Whether both hold one lock in modes that exclude each other: a gate lock.
    fn gated(&self, other: &Self) -> bool {
        self.held.iter().any(|&(object, mode)| {
            other.held.iter().any(|&(o, m)| o == object && conflict(m, mode))
        })
    }

    /// Whether every lock held here is held there too, at least as exclusively.
    fn holds_no_more_than(&self, held: &[(ObjectId, Mode)]) -> bool {
        let as_exclusive = |mine, theirs| mine == Mode::Shared || theirs == Mode::Exclusive;
        *self.held == *held
            || self.held.iter().all(|&(object, mode)| {
                held.iter().any(|&(o, m)| o == object && as_exclusive(mode, m))
            })
    }
}

/// Whether a hold in one mode keeps out an acquisition in the other. A reader that waits for
/// readers is no conflict: std promises neither that it waits nor that it does not.
fn conflict(a: Mode, b: Mode) -> bool {
    a == Mode::Exclusive || b == Mode::Exclusive
}

/// How a [`Request`] was nested in one of the locks that were held at it.
#[derive(Clone, Debug)]
pub(super) struct Nesting {
    pub(super) outer: Mode,
    pub(super) outer_place: Place,
    pub(super) request: Arc<Request>,
}

impl Nesting {
    pub(super) fn new(held: &Held, request: &Arc<Request>) -> Self {
        let outer_place = (held.site, held.stack.clone());
        Self { outer: held.mode, outer_place, request: Arc::clone(request) }
    }

    pub(super) fn thread(&self) -> ThreadId {
        self.request.thread
    }

    /// Whether two threads, or one piece of code run by two threads, could wait here and there at
    /// once: no gate lock keeps them apart.
    pub(super) fn ungated(&self, other: &Self) -> bool {
        !self.request.gated(&other.request)
    }

    /// Whether the two could wait at once in a run like this one.
    pub(super) fn overlaps(&self, other: &Self) -> bool {
        self.thread() != other.thread()
            && !self.request.ordered(&other.request)
            && self.ungated(other)
    }

    /// Whether this one's wait is for a lock that `next`, whose outer lock it is, keeps from it.
    pub(super) fn waits_for(&self, next: &Self) -> bool {
        conflict(self.request.mode, next.outer)
    }

    /// Whether nothing but the moment tells the two apart.
    fn repeats(&self, other: &Self) -> bool {
        let (mine, theirs) = (&self.request, &other.request);
        mine.thread == theirs.thread
            && self.outer == other.outer
            && mine.mode == theirs.mode
            && mine.held == theirs.held
    }
}

/// What of a request can be compared with known nestings before anything is allocated.
pub(super) struct Probe<'a> {
    pub(super) op: &'a Op,
    pub(super) mode: Mode,
    pub(super) stretch: u64,
    pub(super) held: &'a [Held],
}

impl Probe<'_> {
    /// Whether any cycle through the nesting in `outer` is also one through `known`, which came
    /// before and from the same lines of code. (Not the other way round: what comes later has done
    /// more before, and so more that can stand in its way. Nor across lines: others do other
    /// things while they hold the outer lock.)
    fn is_covered_by(&self, outer: &Held, known: &Nesting) -> bool {
        let request = &known.request;
        request.thread == self.op.thread
            && request.stretch == self.stretch
            && known.outer == outer.mode
            && (request.mode == self.mode || request.mode == Mode::Exclusive)
            && same_line(&request.place.0, &self.op.site)
            && same_line(&known.outer_place.0, &outer.site)
            && (self.holds_the_same_as(request) || request.holds_no_more_than(&modes(self.held)))
    }

    fn holds_the_same_as(&self, request: &Request) -> bool {
        request.held.len() == self.held.len()
            && request.held.iter().zip(self.held).all(|(&(o, m), h)| o == h.object && m == h.mode)
    }
}

/// Whether two places are the same, by what differs first where they are not.
fn same_line(a: &Site, b: &Site) -> bool {
    (a.line, a.column) == (b.line, b.column) && a.file == b.file
}

/// The locks of `held` and their modes.
pub(super) fn modes(held: &[Held]) -> Box<[(ObjectId, Mode)]> {
    held.iter().map(|held| (held.object, held.mode)).collect()
}

/// The contexts in which one edge was seen.
#[derive(Default, Debug)]
pub(super) struct Nestings(Vec<Nesting>);

impl Nestings {
    /// How many an edge keeps at most.
    const BOUND: usize = 16;

    /// Whether a known nesting covers the one that `probe` would make.
    pub(super) fn know(&self, outer: &Held, probe: &Probe<'_>) -> bool {
        self.0.iter().rev().any(|known| probe.is_covered_by(outer, known))
    }

    /// Adds a nesting that is not covered, as the last one.
    pub(super) fn add(&mut self, nesting: Nesting) {
        if self.0.len() == Self::BOUND {
            let repeated = self.0.iter().position(|known| nesting.repeats(known));
            let now = &nesting.request.known;
            let past = || self.0.iter().position(|known| now.knows(known.request.at));
            self.0.remove(repeated.or_else(past).unwrap_or(0));
        }
        self.0.push(nesting);
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Nesting> {
        self.0.iter()
    }

    /// The nesting added last.
    pub(super) fn newest(&self) -> Option<&Nesting> {
        self.0.last()
    }
}
