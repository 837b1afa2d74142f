//! An execution that has ended, as a visitor sees it.

use super::{
    graph::{EventId, Graph, Kind, Section},
    machine::Machine,
};

/// An execution that has ended: its graph. Threads and objects are asked for by the keys that the
/// program gave them in this execution; events name them by the numbers of the graph.
pub struct Execution<'a> {
    pub(super) graph: &'a Graph,
    pub(super) machine: &'a Machine,
    blocked: bool,
}

impl<'a> Execution<'a> {
    pub(super) fn new(graph: &'a Graph, machine: &'a Machine, blocked: bool) -> Self {
        Self { graph, machine, blocked }
    }

    /// Whether a thread cannot go on.
    #[must_use]
    pub fn is_blocked(&self) -> bool {
        self.blocked
    }

    /// How many threads there are.
    #[must_use]
    pub fn threads(&self) -> usize {
        self.machine.order().len()
    }

    /// The events of a thread, in program order.
    pub fn events(&self, thread: usize) -> impl Iterator<Item = Kind> + '_ {
        let number = self.machine.thread(thread);
        let events = number.map_or(&[][..], |number| self.graph.thread(number));
        events.iter().map(|event| event.kind)
    }

    /// All events, each after everything that it depends on: the order in which the program ran.
    #[must_use]
    pub fn in_order(&self) -> Vec<EventId> {
        let mut events = Vec::with_capacity(self.graph.len());
        self.graph.in_order(|event| events.push(event));
        events
    }

    /// What the event is.
    ///
    /// # Panics
    ///
    /// If the execution has no such event.
    #[must_use]
    pub fn kind(&self, event: EventId) -> Kind {
        self.graph.event(event).kind
    }

    /// What a read read; none for other events.
    #[must_use]
    pub fn value(&self, event: EventId) -> Option<u64> {
        match self.kind(event) {
            Kind::Read { location, source, .. } => Some(self.graph.value(location, source)),
            _ => None,
        }
    }

    /// The writes of a location in modification order, without the initial value.
    #[must_use]
    pub fn modification_order(&self, location: usize) -> &[EventId] {
        let location = self.machine.location(location);
        location.map_or(&[], |location| &self.graph.locations[location].writes)
    }

    /// What a location holds in the end. A location that was never used holds 0.
    #[must_use]
    pub fn final_value(&self, location: usize) -> u64 {
        let Some(location) = self.machine.location(location) else { return 0 };
        self.graph.value(location, self.graph.locations[location].writes.last().copied())
    }

    /// The acquisitions of a mutex, in order.
    #[must_use]
    pub fn sections(&self, lock: usize) -> Vec<EventId> {
        let queue = self.machine.lock(lock).and_then(|lock| self.graph.locks.get(lock));
        let queue = queue.map_or(&[][..], Vec::as_slice);
        let acquired = |section: &Section| {
            let request = section.request;
            let events = self.graph.thread(request.thread);
            let lock = events[request.index].kind.enters()?;
            let later = events[request.index..].iter();
            let wait = later.take_while(|event| event.kind != Kind::Acquire(lock)).count();
            let index = request.index + wait;
            (index < events.len()).then_some(EventId { index, ..request })
        };
        queue.iter().filter_map(acquired).collect()
    }

    /// Whether this differs from another blocked execution only in the order of requests that
    /// wait in vain, and is not the one where they are in order of their threads. A place in the
    /// queue that nobody waits at is not one of them: those behind it wait because of it.
    pub(super) fn repeats_another(&self) -> bool {
        self.blocked
            && self.graph.locks.iter().enumerate().any(|(lock, queue)| {
                let waits = |section: &&Section| {
                    matches!(self.kind(section.request), Kind::Request(_))
                        && !self.graph.is_granted(lock, section.request)
                };
                let waiting = queue.iter().filter(waits);
                !waiting.map(|section| self.machine.rank(section.request.thread)).is_sorted()
            })
    }
}
