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
//! the last [`Log::BOUND`] events only; what it has forgotten forbids nothing. Where all depends on
//! a critical section that has not ended yet, the verdict waits for its end.
//!
//! Locks that any thread may release are left out: they are as much signals as locks.

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
    pub(super) fn judge(&self, cycle: &[Link]) -> Verdict {
        let requests: Vec<_> = cycle.iter().map(|link| &*link.nesting.request).collect();
        let mut closure = Closure::new(self, &requests);
        match closure.is_consistent() {
            false => Verdict::Impossible,
            true => closure.open.map_or(Verdict::Possible, Verdict::Later),
        }
    }
}

/// Whether a cycle can happen.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Verdict {
    Possible,
    Impossible,
    /// It depends on what this thread does before it releases this lock.
    Later((ThreadId, ObjectId)),
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
    /// At an event that is still to come.
    Open,
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
    /// A critical section that would have to end before the deadlock, and has not ended so far.
    open: Option<(ThreadId, ObjectId)>,
    /// Whether something would have to come before itself.
    contradiction: bool,
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
        let needed = vec![0; rows.len()];
        let mut closure =
            Self { sections: sections(&rows), rows, needed, open: None, contradiction: false };
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
            changed |= !self.contradiction && self.order_sections();
            if self.contradiction {
                return false;
            }
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

    /// Works out what must precede the deadlock: none of its requests may be passed.
    fn need(&mut self) {
        for row in self.rows.iter().filter(|row| row.request.is_some()) {
            if let Some(counts) = row.before.last() {
                join(&mut self.needed, counts);
            }
        }
        let passed = |(row, needed): (&Row<'_>, &usize)| *needed > row.events.len();
        self.contradiction |= self.rows.iter().zip(&self.needed).any(passed);
    }

    /// Applies both rules once, wherever they hold by now.
    fn order_sections(&mut self) -> bool {
        let mut changed = false;
        for (&object, sections) in &self.sections {
            for later in sections {
                for other in 0..self.rows.len() {
                    let earlier = self.last_before(later, other, sections);
                    match earlier.map(|section| section.end) {
                        Some(End::At(place)) => {
                            let ended = self.rows[other].before[place].clone();
                            self.contradiction |= ended[later.row] > later.acquire;
                            changed |=
                                join(&mut self.rows[later.row].before[later.acquire], &ended);
                        }
                        Some(End::Open) => self.open = Some((self.rows[other].thread, object)),
                        Some(End::Deadlock) => self.contradiction = true,
                        None => {}
                    }
                }
            }
        }
        changed
    }

    /// The last section of row `other` that must end before `later` begins.
    fn last_before<'s>(
        &self,
        later: &Section,
        other: usize,
        sections: &'s [Section],
    ) -> Option<&'s Section> {
        let needed = self.needed[later.row];
        if other == later.row || later.acquire >= needed {
            return None;
        }
        let begun = match later.end {
            End::At(place) => self.rows[later.row].before[place.min(needed - 1)][other],
            End::Open => self.rows[later.row].before[needed - 1][other],
            End::Deadlock => self.needed[other],
        };
        let place = |section: &Section| (section.row, section.acquire);
        let end = sections.partition_point(|section| place(section) < (other, begun));
        let mut earlier = sections[..end].iter().rev().take_while(|section| section.row == other);
        let both_read =
            |section: &&Section| section.mode == Mode::Shared && later.mode == Mode::Shared;
        earlier.find(|section| !both_read(section))
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
                let end = if lasts { End::Deadlock } else { End::Open };
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
