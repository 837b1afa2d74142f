//! The search: one execution after the other, each continuing a graph that an earlier one left.
//!
//! An execution takes a graph, runs the program through it, and extends it by one event at a time,
//! always in the maximal way. Whatever other way there was is checked and put on a stack as a
//! graph of its own, to be continued by an execution of its own. So the stack is all the memory
//! there is: it holds the alternatives along one path through the search, of which there are as
//! many as an execution has events, times their choices.

use super::{
    Limit, MemoryModel, Stop,
    consistency::is_consistent,
    graph::{EventId, Graph, Kind, Section},
    machine::{Divergence, Machine, Next},
    program::Program,
    revisit::{Prefix, Revisit},
};

/// How an execution ended.
pub(super) enum Outcome {
    /// Every thread that began has ended.
    Complete,
    /// Nobody can go on.
    Blocked,
    /// An update has no place left. Not an execution: what it stood for is explored elsewhere.
    Abandoned,
}

pub(super) struct Search<'p> {
    program: &'p mut dyn Program,
    model: MemoryModel,
    max_events: usize,
    machine: Machine,
    graph: Graph,
    stack: Vec<Graph>,
    /// Graphs that are done with, kept for their allocations.
    spare: Vec<Graph>,
}

impl<'p> Search<'p> {
    pub(super) fn new(program: &'p mut dyn Program, model: MemoryModel, max_events: usize) -> Self {
        Self {
            program,
            model,
            max_events,
            machine: Machine::default(),
            graph: Graph::default(),
            stack: vec![Graph::default()],
            spare: Vec::new(),
        }
    }

    pub(super) fn graph(&self) -> &Graph {
        &self.graph
    }

    /// Runs the next execution; none if there is none left.
    pub(super) fn advance(&mut self) -> Option<Result<Outcome, Stop>> {
        let next = self.stack.pop()?;
        self.spare.push(std::mem::replace(&mut self.graph, next));
        Some(self.execute())
    }

    fn execute(&mut self) -> Result<Outcome, Stop> {
        let replayed = self.machine.replay(self.program, &self.graph);
        replayed.map_err(|Divergence { thread, index }| Stop::Diverged { thread, index })?;
        while let Some((thread, next)) = self.machine.next(&self.graph) {
            if self.graph.len() >= self.max_events {
                return Err(Stop::Limit(Limit::Events));
            }
            let added = match next {
                Next::Plain(kind) => Some(self.add_plain(thread, kind)),
                Next::Read { location, kind } => Some(self.add_read(thread, location, kind)),
                Next::Write { location, kind } => self.add_write(thread, location, kind),
                Next::Request(lock) => Some(self.add_request(thread, lock)),
            };
            let Some(event) = added else { return Ok(Outcome::Abandoned) };
            self.machine.follow(self.program, &self.graph, event);
        }
        let over = self
            .graph
            .threads
            .iter()
            .all(|events| events.last().is_none_or(|event| event.kind == Kind::End));
        Ok(if over { Outcome::Complete } else { Outcome::Blocked })
    }

    fn add_plain(&mut self, thread: usize, kind: Kind) -> EventId {
        let event = self.graph.push(thread, kind);
        if let Kind::Release(lock) = kind {
            let mut sections = self.graph.queue(lock).iter_mut();
            let own = sections
                .find(|section| section.request.thread == thread && section.release.is_none());
            if let Some(section) = own {
                section.release = Some(event);
            }
        }
        event
    }

    /// Reads the last write, and leaves the others for later.
    fn add_read(&mut self, thread: usize, location: usize, kind: Kind) -> EventId {
        self.graph.touch(location, |location| self.program.initial(location));
        let read = self.graph.push(thread, kind);
        let last = self.graph.locations[location].writes.len();
        for position in 0..last {
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
        self.graph.touch(location, |location| self.program.initial(location));
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
            1..self.graph.locations[location].writes.len() + 2
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
        let prefix = Prefix::of(&self.graph, self.graph.last(thread).map(|(event, _)| event));
        for read in self.graph.locations[location].reads.clone() {
            let revisit = Revisit { graph: &self.graph, target: read, prefix: &prefix };
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
    fn add_request(&mut self, thread: usize, lock: usize) -> EventId {
        self.graph.queue(lock);
        for place in 0..self.graph.locks[lock].len() {
            self.revisit_request(thread, lock, place);
        }
        let request = self.graph.push(thread, Kind::Request(lock));
        self.graph.queue(lock).push(Section { request, release: None });
        request
    }

    /// Leaves for later the graph in which a new request comes right before the one at `place`.
    /// That one is the last then: it would not be maximal otherwise.
    fn revisit_request(&mut self, thread: usize, lock: usize, place: usize) {
        let queue = &self.graph.locks[lock];
        let before = place.checked_sub(1).map(|place| queue[place].request);
        let target = queue[place].request;
        let predecessor = self.graph.last(thread).map(|(event, _)| event);
        let prefix = Prefix::of(&self.graph, predecessor.into_iter().chain(before));
        let revisit = Revisit { graph: &self.graph, target, prefix: &prefix };
        if !revisit.is_due() {
            return;
        }
        let mut rest = self.spare.pop().unwrap_or_default();
        revisit.remainder(&mut rest);
        let request = rest.push(thread, Kind::Request(lock));
        let queue = rest.queue(lock);
        queue.insert(queue.len() - 1, Section { request, release: None });
        self.stack.push(rest);
    }

    /// Puts a copy of the graph on the stack.
    fn postpone(&mut self) {
        let mut copy = self.spare.pop().unwrap_or_default();
        copy.clone_from(&self.graph);
        self.stack.push(copy);
    }
}
