//! An execution that has ended, as a visitor sees it.

use super::graph::{EventId, Graph, Kind, Section};

/// An execution that has ended: its graph.
pub struct Execution<'a> {
    graph: &'a Graph,
    blocked: bool,
}

impl<'a> Execution<'a> {
    pub(super) fn new(graph: &'a Graph, blocked: bool) -> Self {
        Self { graph, blocked }
    }

    /// Whether a thread cannot go on.
    #[must_use]
    pub fn is_blocked(&self) -> bool {
        self.blocked
    }

    /// How many threads there are, by the largest number.
    #[must_use]
    pub fn threads(&self) -> usize {
        self.graph.threads.len()
    }

    /// The events of a thread, in program order.
    pub fn events(&self, thread: usize) -> impl Iterator<Item = Kind> + '_ {
        self.graph.thread(thread).iter().map(|event| event.kind)
    }

    /// All events, each after everything that it depends on: the order in which the program ran.
    #[must_use]
    pub fn schedule(&self) -> Vec<EventId> {
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
        self.graph.locations.get(location).map_or(&[], |location| &location.writes)
    }

    /// What a location holds in the end. A location that was never used holds 0.
    #[must_use]
    pub fn final_value(&self, location: usize) -> u64 {
        let Some(accesses) = self.graph.locations.get(location) else { return 0 };
        self.graph.value(location, accesses.writes.last().copied())
    }

    /// The acquisitions of a mutex, in order.
    #[must_use]
    pub fn sections(&self, lock: usize) -> Vec<EventId> {
        let queue = self.graph.locks.get(lock).map_or(&[][..], Vec::as_slice);
        let next =
            |section: &Section| EventId { index: section.request.index + 1, ..section.request };
        let acquired = |event: &EventId| event.index < self.graph.thread(event.thread).len();
        queue.iter().map(next).filter(acquired).collect()
    }

    /// Whether this differs from another blocked execution only in the order of requests that
    /// wait in vain, and is not the one where they are in order of their threads.
    pub(super) fn repeats_another(&self) -> bool {
        let waiting = |section: &Section| {
            let next = section.request.index + 1;
            self.graph.thread(section.request.thread).len() == next
        };
        self.blocked
            && self.graph.locks.iter().any(|queue| {
                let waiting = queue.iter().filter(|section| waiting(section));
                !waiting.map(|section| section.request.thread).is_sorted()
            })
    }
}
