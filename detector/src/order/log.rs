//! The recent acquisitions and releases, to see what a cycle's threads must do first.
//!
//! Pairwise checks of a cycle's edges miss orders that critical sections force. A thread that
//! locks `a`, then starts a second one, and locks `b` under `a`, cannot deadlock with the second
//! one if that passes through `a` before it nests `a` in `b`: it gets past `a` only when the first
//! is done. [`Log::allows`] finds such contradictions. It takes the part of the run that must
//! precede the deadlock and closes its order under two rules:
//!
//! - if one critical section of a lock begins before another one ends, it ends before the other
//!   begins (unless both only read);
//! - a critical section that is part of it ends before the same lock is acquired for good by a
//!   thread that holds it in the deadlock.
//!
//! If an event comes before itself then, or after one of the deadlock's requests, there is no such
//! run. This is the trace closure of Pavlogiannis ("Fast, Sound, and Effectively Complete Dynamic
//! Race Prediction", POPL 2020) over must-happen-before. It rejects nothing that can happen. What
//! it lets pass can nearly always happen: to decide it for certain is NP-hard. And the log keeps
//! the last [`Log::BOUND`] events only; what it has forgotten forbids nothing.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
};

use super::{nesting::Request, search::Link};
use crate::{ObjectId, ThreadId, Tick, clock::VectorClock, op::Mode};

/// An acquisition or a release.
#[derive(Debug)]
pub(super) struct Event {
    pub(super) thread: ThreadId,
    pub(super) at: Tick,
    pub(super) object: ObjectId,
    pub(super) mode: Mode,
    pub(super) acquires: bool,
    /// What its thread knew by must-happen-before.
    pub(super) known: Arc<VectorClock>,
}

/// The last acquisitions and releases of all threads.
#[derive(Default, Debug)]
pub(super) struct Log {
    events: VecDeque<Event>,
    forgotten: u64,
}

impl Log {
    /// How many events are kept.
    const BOUND: usize = 4096;

    /// Takes in an acquisition of a lock not held before, or a release of one not held any more.
    pub(super) fn push(&mut self, event: Event) {
        if self.events.len() == Self::BOUND {
            self.events.pop_front();
            self.forgotten += 1;
        }
        self.events.push_back(event);
    }

    /// The number that the next event will have.
    pub(super) fn next(&self) -> u64 {
        self.forgotten + self.events.len() as u64
    }

    /// Whether all threads of `cycle` could come to wait at once, as far as the log can tell.
    pub(super) fn allows(&self, cycle: &[Link]) -> bool {
        let requests: Vec<_> = cycle.iter().map(|link| &*link.nesting.request).collect();
        Closure::new(self, &requests).is_consistent()
    }
}

/// A thread's events, in order; the request that it waits at in the deadlock comes last.
struct Row<'a> {
    thread: ThreadId,
    request: Option<&'a Request>,
    events: Vec<&'a Event>,
    /// For each event, and then the request, how many of each row's events come before it.
    /// An event counts itself; the request, which is never passed, does not.
    before: Vec<Vec<usize>>,
}

impl Row<'_> {
    /// How many of the row's events come at or before `tick`; the request counts as one.
    fn until(&self, tick: Tick) -> usize {
        let events = self.events.partition_point(|event| event.at <= tick);
        events + usize::from(self.request.is_some_and(|request| request.at.tick() <= tick))
    }
}

/// How a critical section ends.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    /// At an event.
    At(usize),
    /// Never: it lasts until the deadlock.
    Deadlock,
    /// The log does not show it.
    Unknown,
}

/// A critical section: the places of its events in a row.
struct Section {
    row: usize,
    mode: Mode,
    acquire: usize,
    end: End,
}

/// An order of what must precede a deadlock, while it is being closed.
struct Closure<'a> {
    rows: Vec<Row<'a>>,
    sections: HashMap<ObjectId, Vec<Section>>,
    /// How many of each row's events must precede the deadlock.
    needed: Vec<usize>,
}

impl<'a> Closure<'a> {
    fn new(log: &'a Log, requests: &[&'a Request]) -> Self {
        let mut rows: Vec<Row<'a>> = requests.iter().map(|r| row(r.thread, Some(*r))).collect();
        let mut index: HashMap<_, _> = rows.iter().map(|row| row.thread).zip(0..).collect();
        // Threads that none of the requests knows of need have done nothing.
        let matters = |thread| {
            requests.iter().any(|request| request.thread == thread || request.known.get(thread) > 0)
        };
        let events = (log.forgotten..).zip(&log.events);
        for (number, event) in events.filter(|(_, event)| matters(event.thread)) {
            let place = *index.entry(event.thread).or_insert_with(|| {
                rows.push(row(event.thread, None));
                rows.len() - 1
            });
            if rows[place].request.is_none_or(|request| number < request.logged) {
                rows[place].events.push(event);
            }
        }
        let mut closure = Self { sections: sections(&rows), needed: vec![0; rows.len()], rows };
        closure.start();
        closure
    }

    /// Puts program order and must-happen-before into the order.
    fn start(&mut self) {
        for index in 0..self.rows.len() {
            let row = &self.rows[index];
            let events = row.events.iter().map(|event| &event.known);
            let known = events.chain(row.request.map(|request| &request.known));
            let before = known.enumerate().map(|(place, known)| {
                let counts = self.rows.iter().map(|other| other.until(known.get(other.thread)));
                let mut counts: Vec<_> = counts.collect();
                counts[index] = (place + 1).min(row.events.len());
                counts
            });
            self.rows[index].before = before.collect();
        }
    }

    /// Closes the order. Returns whether nothing contradicts it.
    fn is_consistent(&mut self) -> bool {
        loop {
            let mut changed = self.make_transitive();
            self.need();
            if self.has_contradiction() {
                return false;
            }
            changed |= self.order_sections();
            if !changed {
                return true;
            }
        }
    }

    fn make_transitive(&mut self) -> bool {
        let mut changed = false;
        for index in 0..self.rows.len() {
            for place in 0..self.rows[index].before.len() {
                let mut counts = std::mem::take(&mut self.rows[index].before[place]);
                let old = counts.clone();
                if place > 0 {
                    join(&mut counts, &self.rows[index].before[place - 1]);
                }
                for (other, &count) in old.iter().enumerate() {
                    if other != index && count > 0 {
                        let row = &self.rows[other];
                        join(&mut counts, &row.before[(count - 1).min(row.before.len() - 1)]);
                    }
                }
                changed |= counts != old;
                self.rows[index].before[place] = counts;
            }
        }
        changed
    }

    /// Works out what must precede the deadlock.
    fn need(&mut self) {
        for row in self.rows.iter().filter(|row| row.request.is_some()) {
            if let Some(counts) = row.before.last() {
                join(&mut self.needed, counts);
            }
        }
    }

    /// Whether something that is needed comes before itself, or after a request of the deadlock.
    fn has_contradiction(&self) -> bool {
        self.rows.iter().enumerate().any(|(index, row)| {
            let needed = self.needed[index];
            needed > row.events.len()
                || row.before[..needed].iter().zip(1..).any(|(counts, own)| counts[index] > own)
        })
    }

    /// Applies both rules once, wherever they hold by now.
    fn order_sections(&mut self) -> bool {
        let mut changed = false;
        for sections in self.sections.values() {
            for later in sections {
                for other in 0..self.rows.len() {
                    if let Some(release) = self.end_before(later, other, sections) {
                        let ended = self.rows[other].before[release].clone();
                        changed |= join(&mut self.rows[later.row].before[later.acquire], &ended);
                    }
                }
            }
        }
        changed
    }

    /// The release of the last section of row `other` that must end before `later` begins.
    fn end_before(&self, later: &Section, other: usize, sections: &[Section]) -> Option<usize> {
        let needed = self.needed[later.row];
        if other == later.row || later.acquire >= needed {
            return None;
        }
        let begun = match later.end {
            End::At(place) => self.rows[later.row].before[place.min(needed - 1)][other],
            End::Deadlock => self.needed[other],
            End::Unknown => return None,
        };
        let place = |section: &Section| (section.row, section.acquire);
        let end = sections.partition_point(|section| place(section) < (other, begun));
        let earlier = sections[..end].iter().rev().take_while(|section| section.row == other);
        let both_read =
            |section: &&Section| section.mode == Mode::Shared && later.mode == Mode::Shared;
        earlier.filter(|section| !both_read(section)).find_map(|section| match section.end {
            End::At(place) => Some(place),
            End::Deadlock | End::Unknown => None,
        })
    }
}

fn row(thread: ThreadId, request: Option<&Request>) -> Row<'_> {
    Row { thread, request, events: Vec::new(), before: Vec::new() }
}

/// The critical sections of each lock that more than one thread uses, by row and in order.
fn sections(rows: &[Row<'_>]) -> HashMap<ObjectId, Vec<Section>> {
    let mut sections: HashMap<ObjectId, Vec<Section>> = HashMap::new();
    for (index, row) in rows.iter().enumerate() {
        for (place, event) in row.events.iter().enumerate() {
            let known = sections.entry(event.object).or_default();
            if event.acquires {
                let (mode, acquire) = (event.mode, place);
                let lasts = row.request.is_some_and(|request| request.holds(event.object));
                let end = if lasts { End::Deadlock } else { End::Unknown };
                known.push(Section { row: index, mode, acquire, end });
            } else if let Some(section) = known.last_mut().filter(|last| last.row == index) {
                section.end = End::At(place);
            }
        }
    }
    sections.retain(|_, sections| sections.iter().any(|section| section.row != sections[0].row));
    sections
}

fn join(mine: &mut [usize], theirs: &[usize]) -> bool {
    let mut grew = false;
    for (mine, theirs) in mine.iter_mut().zip(theirs) {
        grew |= theirs > mine;
        *mine = (*mine).max(*theirs);
    }
    grew
}
