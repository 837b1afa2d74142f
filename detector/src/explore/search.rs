//! The search: one execution after the other, each continuing a graph that an earlier one left.
//!
//! An execution takes a graph, runs the program through it, and extends it by one event at a time,
//! always in the maximal way. Whatever other way there was is checked and put on a stack as a
//! graph of its own, to be continued by an execution of its own. So the stack is all the memory
//! there is: it holds the alternatives along one path through the search, of which there are as
//! many as an execution has events, times their choices.

use std::ops::ControlFlow;

use super::{
    Limit, MemoryModel, Stop,
    clocks::join,
    consistency::is_consistent,
    execution::Execution,
    graph::{EventId, Graph, Kind},
    machine::{Divergence, Machine, Next},
    program::{Program, Step},
    revisit::{Prefix, Revisit},
};

/// How many graphs are kept for their allocations.
const SPARE: usize = 64;

/// An exploration under way: a search that makes one execution each time that it is asked.
pub struct Search {
    model: MemoryModel,
    max_events: usize,
    machine: Machine,
    graph: Graph,
    /// The share of all executions that the one under way stands for, as far as can be told.
    share: f64,
    stack: Vec<Work>,
    explored: f64,
    /// Graphs that are done with, kept for their allocations.
    spare: Vec<Graph>,
    /// Kept for its allocation.
    prefix: Vec<u32>,
}

/// A part of an exploration that is still to be done: what some graph can be continued to. Parts
/// are independent of each other.
pub struct Work {
    graph: Graph,
    share: f64,
}

impl Work {
    /// Everything.
    #[must_use]
    pub fn all() -> Self {
        Self { graph: Graph::default(), share: 1.0 }
    }
}

impl Search {
    /// A search through all executions, none of which can have more than `max_events` events.
    #[must_use]
    pub fn new(model: MemoryModel, max_events: usize) -> Self {
        Self::of(Work::all(), model, max_events)
    }

    /// A search through a part of another.
    #[must_use]
    pub fn of(work: Work, model: MemoryModel, max_events: usize) -> Self {
        Self {
            model,
            max_events,
            machine: Machine::default(),
            graph: Graph::default(),
            share: 0.0,
            stack: vec![work],
            explored: 0.0,
            spare: Vec::new(),
            prefix: Vec::new(),
        }
    }

    /// Makes the next execution. One that stands for nothing, because it only leads to others, is
    /// passed over: then there is none to be seen yet, but the caller may have its turn.
    ///
    /// # Errors
    ///
    /// Why the search cannot go on.
    #[must_use]
    pub fn advance(
        &mut self,
        program: &mut dyn Program,
    ) -> Option<Result<Option<Execution<'_>>, Stop>> {
        let Work { graph, share } = self.stack.pop()?;
        let done = std::mem::replace(&mut self.graph, graph);
        if self.spare.len() < SPARE {
            self.spare.push(done);
        }
        self.share = share;
        let outcome = self.execute(program);
        self.explored += self.share;
        let outcome = match outcome {
            Ok(outcome) => outcome,
            Err(stop) => return Some(Err(stop)),
        };
        let execution = match outcome {
            Outcome::Abandoned => return Some(Ok(None)),
            Outcome::Complete => Execution::new(&self.graph, &self.machine, false),
            Outcome::Blocked if self.machine.is_artefact(program, &self.graph) => {
                return Some(Ok(None));
            }
            Outcome::Blocked => Execution::new(&self.graph, &self.machine, true),
        };
        Some(Ok((!execution.repeats_another()).then_some(execution)))
    }

    /// The execution that was made last, complete or not.
    #[must_use]
    pub fn execution(&self) -> Execution<'_> {
        Execution::new(&self.graph, &self.machine, false)
    }

    /// Which part of all executions has been explored, from 0 to 1: an estimate that takes all
    /// choices of an execution for equally fruitful (Knuth, "Estimating the Efficiency of Backtrack
    /// Programs", 1975).
    #[must_use]
    pub fn explored(&self) -> f64 {
        self.explored
    }

    /// How many parts are left besides the one that comes next.
    #[must_use]
    pub fn spare_parts(&self) -> usize {
        self.stack.len().saturating_sub(1)
    }

    /// Gives away the largest part that is left besides the one that comes next.
    pub fn split(&mut self) -> Option<Work> {
        (self.stack.len() > 1).then(|| self.stack.remove(0))
    }

    fn execute(&mut self, program: &mut dyn Program) -> Result<Outcome, Stop> {
        let replayed = self.machine.replay(program, &self.graph);
        replayed.map_err(|Divergence { thread, index }| Stop::Diverged { thread, index })?;
        loop {
            while let Some(next) = self.machine.next(program, &mut self.graph) {
                if self.graph.len() >= self.max_events {
                    return Err(Stop::Limit(Limit::Events));
                }
                let before = self.stack.len();
                let added = self.add(next);
                self.divide(before);
                let Some(event) = added else { return Ok(Outcome::Abandoned) };
                self.machine.follow(program, &self.graph, event);
                if self.is_useless(event.thread) {
                    return Ok(Outcome::Abandoned);
                }
            }
            let Some(thread) = self.machine.next_retry(&self.graph) else { break };
            self.machine.retry(program, &self.graph, thread);
        }
        let over = |thread: &usize| {
            self.graph.last(*thread).is_some_and(|(_, event)| event.kind == Kind::End)
        };
        Ok(match self.machine.order().iter().all(over) {
            true => Outcome::Complete,
            false => Outcome::Blocked,
        })
    }

    /// Divides the share of this execution among itself and the graphs that were just put on the
    /// stack.
    fn divide(&mut self, before: usize) {
        let new = self.stack.len() - before;
        if new > 0 {
            self.share /= (new + 1) as f64;
            self.stack[before..].iter_mut().for_each(|work| work.share = self.share);
        }
    }

    /// Whether a thread will never look again that would see something else, and knew so when it
    /// looked: nothing that could follow differs from what is explored elsewhere, nor leads there.
    /// (A read that is revisited is maximal, and this one is not.)
    fn is_useless(&self, thread: usize) -> bool {
        let Some(Step::Stuck { events, .. }) = self.machine.upcoming(thread) else { return false };
        let all = self.graph.thread(thread);
        all[all.len().saturating_sub(events)..].iter().any(|event| match event.kind {
            Kind::Read { location, source, .. } => {
                let place = self.graph.position(location, source);
                let later = &self.graph.locations[location].writes[place..];
                later.iter().any(|write| self.graph.event(*write).stamp < event.stamp)
            }
            _ => false,
        })
    }

    fn add(&mut self, next: Next) -> Option<EventId> {
        match next {
            Next::Plain { thread, kind } => Some(self.graph.push_plain(thread, kind)),
            Next::Read { thread, location, kind } => Some(self.add_read(thread, location, kind)),
            Next::Write { thread, location, kind } => self.add_write(thread, location, kind),
            Next::Request { thread, lock, kind } => Some(self.add_request(thread, lock, kind)),
            Next::Choice { thread, options } => Some(self.add_choice(thread, options)),
        }
    }

    /// Goes the first way, and leaves the others for later.
    fn add_choice(&mut self, thread: usize, options: u32) -> EventId {
        let choice = self.graph.push(thread, Kind::Choice { options, value: 0 });
        for value in (1..options).rev() {
            self.graph.set_kind(choice, Kind::Choice { options, value });
            self.postpone();
        }
        self.graph.set_kind(choice, Kind::Choice { options, value: 0 });
        choice
    }

    /// Reads the last write, and leaves the others for later.
    fn add_read(&mut self, thread: usize, location: usize, kind: Kind) -> EventId {
        let read = self.graph.push(thread, kind);
        let last = self.graph.locations[location].writes.len();
        for position in self.graph.seen_before(read, location)..last {
            self.graph.redirect(read, self.graph.write_at(location, position));
            if is_consistent(self.model, &self.graph) {
                self.postpone();
            }
        }
        self.graph.redirect(read, self.graph.write_at(location, last));
        read
    }

    /// Writes last, or next to what the update read; leaves other places, and revisits, for later.
    /// None if there is no place.
    fn add_write(&mut self, thread: usize, location: usize, kind: Kind) -> Option<EventId> {
        self.revisit_reads(thread, location, kind);
        let write = self.graph.push(thread, kind);
        let mut places = self.places(location, write);
        let last = places.pop()?;
        for place in places {
            self.try_place(location, write, place);
        }
        let writes = &mut self.graph.locations[location].writes;
        let maximal = last == writes.len() + 1;
        writes.insert(last - 1, write);
        (maximal || is_consistent(self.model, &self.graph)).then_some(write)
    }

    /// The places in the modification order that a new write could take.
    fn places(&self, location: usize, write: EventId) -> Vec<usize> {
        let kind = self.graph.event(write).kind;
        let places = if matches!(kind, Kind::Write { exclusive: true, .. }) {
            let source = self.graph.origin(EventId { index: write.index - 1, ..write });
            let place = self.graph.position(location, source) + 1;
            place..place + 1
        } else {
            let seen = self.graph.seen_before(write, location);
            seen + 1..self.graph.locations[location].writes.len() + 2
        };
        places.filter(|place| self.graph.has_room(location, *place)).collect()
    }

    /// Puts the graph on the stack with the write at this place, if that is consistent.
    fn try_place(&mut self, location: usize, write: EventId, place: usize) {
        self.graph.locations[location].writes.insert(place - 1, write);
        if is_consistent(self.model, &self.graph) {
            self.postpone();
        }
        self.graph.locations[location].writes.remove(place - 1);
    }

    /// Offers a write that is about to be added to the reads of its location.
    fn revisit_reads(&mut self, thread: usize, location: usize, kind: Kind) {
        let reads = self.graph.locations[location].reads.len();
        for index in 0..reads {
            let read = self.graph.locations[location].reads[index];
            let Some((last, _)) = self.graph.last(thread) else { return };
            let prefix = Prefix(self.machine.clocks().of(last));
            let revisit = Revisit { graph: &self.graph, target: read, prefix };
            if !revisit.is_due() {
                continue;
            }
            let mut rest = self.spare.pop().unwrap_or_default();
            revisit.remainder(&mut rest);
            let whole = std::mem::replace(&mut self.graph, rest);
            let write = self.graph.push(thread, kind);
            self.graph.redirect(read, Some(write));
            for place in self.places(location, write) {
                self.try_place(location, write, place);
            }
            self.spare.push(std::mem::replace(&mut self.graph, whole));
        }
    }

    /// Queues last, and leaves the places before other requests for later.
    fn add_request(&mut self, thread: usize, lock: usize, kind: Kind) -> EventId {
        let mut prefix = std::mem::take(&mut self.prefix);
        // What comes before a request that the new one depends on is not the last of what is there.
        for place in (0..self.graph.queue(lock).len()).rev() {
            if self.revisit_request(thread, (lock, kind), place, &mut prefix).is_break() {
                break;
            }
        }
        self.prefix = prefix;
        self.graph.push_request(thread, (lock, kind), None)
    }

    /// Leaves for later the graph in which a new request comes right before the one at `place`.
    /// That one is the last then: it would not be maximal otherwise. Breaks where the new request
    /// depends on that one.
    fn revisit_request(
        &mut self,
        thread: usize,
        (lock, kind): (usize, Kind),
        place: usize,
        prefix: &mut Vec<u32>,
    ) -> ControlFlow<()> {
        let Some((last, _)) = self.graph.last(thread) else { return ControlFlow::Break(()) };
        let queue = &self.graph.locks[lock];
        let target = queue[place].request;
        let clocks = self.machine.clocks();
        prefix.clear();
        prefix.extend_from_slice(clocks.of(last));
        if Prefix(prefix).contains(target) {
            return ControlFlow::Break(());
        }
        if let Some(before) = place.checked_sub(1) {
            join(prefix, clocks.of(queue[before].request));
        }
        let revisit = Revisit { graph: &self.graph, target, prefix: Prefix(prefix) };
        if revisit.is_due() {
            let mut rest = self.spare.pop().unwrap_or_default();
            revisit.remainder(&mut rest);
            let last = rest.queue(lock).len() - 1;
            rest.push_request(thread, (lock, kind), Some(last));
            self.stack.push(Work { graph: rest, share: 0.0 });
        }
        ControlFlow::Continue(())
    }

    /// Puts a copy of the graph on the stack.
    fn postpone(&mut self) {
        let mut copy = self.spare.pop().unwrap_or_default();
        copy.clone_from(&self.graph);
        self.stack.push(Work { graph: copy, share: 0.0 });
    }
}

/// How an execution ended.
enum Outcome {
    /// Every thread that began has ended.
    Complete,
    /// Nobody can go on.
    Blocked,
    /// It stands for nothing: an update has no place left, or a thread is stuck that need not be.
    /// What it would stand for is explored elsewhere.
    Abandoned,
}
