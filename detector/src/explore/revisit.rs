//! Backward revisits: which earlier choice a new event may overturn, and what then remains.
//!
//! A new write is offered to the reads of its location that it does not depend on, and a new
//! request for a mutex to the requests of the other threads, before which it may go. What was
//! added after the revisited event goes, but for what the new event depends on (its *prefix*).
//! The same remainder can be reached from many graphs, which differ in what is deleted; the
//! revisit is made from exactly one of them, the one in which everything deleted, and the
//! revisited event itself, was *added maximally*: read the last write, was written last, queued
//! last, went the first way, in view of what there was at that moment and of the prefix. (TruSt, section 4.) Because
//! each model can always be extended so, that graph exists and is explored.

use super::graph::{Event, EventId, Graph, Kind};

/// For each thread, how many of its events belong to a set closed under `porf`.
#[derive(Clone, Debug)]
pub(super) struct Prefix(Vec<usize>);

impl Prefix {
    /// Everything that the events depend on, and they themselves.
    pub(super) fn of(graph: &Graph, events: impl IntoIterator<Item = EventId>) -> Self {
        let mut counts = vec![0; graph.threads.len()];
        let mut open: Vec<EventId> = events.into_iter().collect();
        while let Some(event) = open.pop() {
            while counts[event.thread] <= event.index {
                let id = EventId { thread: event.thread, index: counts[event.thread] };
                counts[event.thread] += 1;
                open.extend(graph.origin(id));
                open.extend(graph.gathered(id));
            }
        }
        Self(counts)
    }

    pub(super) fn contains(&self, event: EventId) -> bool {
        event.index < self.0[event.thread]
    }
}

/// A revisit of `target` by an event that depends on `prefix`.
pub(super) struct Revisit<'a> {
    pub(super) graph: &'a Graph,
    pub(super) target: EventId,
    pub(super) prefix: &'a Prefix,
}

impl Revisit<'_> {
    /// Whether this is the graph to make it from.
    pub(super) fn is_due(&self) -> bool {
        let keep = self.kept();
        let deleted = self.graph.threads.iter().enumerate().flat_map(|(thread, events)| {
            (keep[thread]..events.len()).map(move |index| EventId { thread, index })
        });
        !self.prefix.contains(self.target)
            && self.is_maximal(self.target)
            && deleted.into_iter().all(|event| self.is_maximal(event))
    }

    /// How many events of each thread remain. What goes is the end of a thread: whatever follows
    /// an event was added later, and depends on it.
    fn kept(&self) -> Vec<usize> {
        let moment = self.graph.event(self.target).stamp;
        let early =
            |events: &[Event]| events.partition_point(|event: &Event| event.stamp <= moment);
        let threads = self.graph.threads.iter().zip(&self.prefix.0);
        threads.map(|(events, prefix)| early(events).max(*prefix)).collect()
    }

    fn is_maximal(&self, event: EventId) -> bool {
        let stamp = self.graph.event(event).stamp;
        let there =
            |other: EventId| self.graph.event(other).stamp <= stamp || self.prefix.contains(other);
        match self.graph.event(event).kind {
            Kind::Read { location, source, .. } => {
                source.is_none_or(there) && self.is_last(location, source, there)
            }
            Kind::Write { location, .. } => {
                let reads = &self.graph.locations[location].reads;
                let read = |read: &EventId| self.graph.origin(*read) == Some(event) && there(*read);
                self.is_last(location, Some(event), there) && !reads.iter().any(read)
            }
            Kind::Request(lock) => {
                let (queue, place) = (&self.graph.locks[lock], self.graph.place(lock, event));
                queue[..place].last().is_none_or(|section| there(section.request))
                    && !queue[place + 1..].iter().any(|section| there(section.request))
            }
            // The first way is the one that is taken at first.
            Kind::Choice { value, .. } => value == 0,
            _ => true,
        }
    }

    fn is_last(
        &self,
        location: usize,
        write: Option<EventId>,
        there: impl Fn(EventId) -> bool,
    ) -> bool {
        let later = &self.graph.locations[location].writes[self.graph.position(location, write)..];
        !later.iter().any(|write| there(*write))
    }

    /// Writes what remains to `rest`.
    pub(super) fn remainder(&self, rest: &mut Graph) {
        let keep = self.kept();
        rest.clone_from(self.graph);
        for (events, keep) in rest.threads.iter_mut().zip(&keep) {
            events.truncate(*keep);
        }
        let stays = |event: &EventId| event.index < keep[event.thread];
        for location in &mut rest.locations {
            location.reads.retain(stays);
            location.writes.retain(stays);
        }
        for group in &mut rest.groups {
            group.retain(stays);
        }
        for queue in &mut rest.locks {
            queue.retain(|section| stays(&section.request));
            for section in queue {
                section.release = section.release.filter(stays);
            }
        }
    }
}
