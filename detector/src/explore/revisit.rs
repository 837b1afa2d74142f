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
#[derive(Clone, Copy, Debug)]
pub(super) struct Prefix<'a>(pub(super) &'a [u32]);

impl Prefix<'_> {
    pub(super) fn contains(&self, event: EventId) -> bool {
        self.0.get(event.thread).is_some_and(|count| event.index < *count as usize)
    }

    fn count(&self, thread: usize) -> usize {
        self.0.get(thread).map_or(0, |count| *count as usize)
    }
}

/// A revisit of `target` by an event that depends on `prefix`.
pub(super) struct Revisit<'a> {
    pub(super) graph: &'a Graph,
    pub(super) target: EventId,
    pub(super) prefix: Prefix<'a>,
}

impl Revisit<'_> {
    /// Whether this is the graph to make it from.
    pub(super) fn is_due(&self) -> bool {
        !self.prefix.contains(self.target)
            && self.is_maximal(self.target)
            && (0..self.graph.threads.len()).all(|thread| {
                let deleted = self.kept(thread)..self.graph.threads[thread].len();
                deleted.into_iter().all(|index| self.is_maximal(EventId { thread, index }))
            })
    }

    /// How many events of a thread remain. What goes is its end: whatever follows an event was
    /// added later, and depends on it.
    fn kept(&self, thread: usize) -> usize {
        let moment = self.graph.event(self.target).stamp;
        let events = &self.graph.threads[thread];
        let prefix = self.prefix.count(thread);
        let later = events[prefix..].partition_point(|event: &Event| event.stamp <= moment);
        prefix + later
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
            Kind::Request(lock) | Kind::Enter(lock) => {
                let (queue, place) = (&self.graph.locks[lock], self.graph.place(event));
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
        rest.clone_from(self.graph);
        for (thread, events) in rest.threads.iter_mut().enumerate() {
            events.truncate(self.kept(thread));
        }
        let threads = std::mem::take(&mut rest.threads);
        let stays = |event: &EventId| event.index < threads[event.thread].len();
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
        rest.threads = threads;
        for lock in 0..rest.locks.len() {
            rest.number_sections(lock, 0);
        }
    }
}
