//! Execution graphs: what happened, and what each read and each write was chosen to be.
//!
//! Program order is the order of a thread's events. Every other dependence is one edge per event,
//! its *origin*: the write that a read reads, the spawn before a beginning, the end before a join,
//! the request queued before a request, the release before an acquisition. Program order and
//! origins together are `porf`, and are never cyclic.
//!
//! A mutex is a queue of sections. Taking it is two events: a *request*, which enters the queue
//! and is what the explorer reorders (an atomic update of the queue's end, as in a ticket lock),
//! and an *acquisition*, which follows once the section before it has been released and is no
//! choice at all. So complete executions differ in the order of sections and in nothing else.

use std::sync::atomic::Ordering;

use super::program::Update;

/// One event: the `index`th of `thread`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct EventId {
    /// The thread.
    pub thread: usize,
    /// Its place in program order, from 0.
    pub index: usize,
}

/// What an event is.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Kind {
    /// The thread's beginning; `spawn` started it (none for thread 0).
    Begin {
        /// The event that started it.
        spawn: Option<EventId>,
    },
    /// A load, or the reading half of an update.
    Read {
        /// Where.
        location: usize,
        /// The write that it reads, or none for the initial value.
        source: Option<EventId>,
        /// Ordering of the load, or of the update's reading half.
        ordering: Ordering,
        /// The update, where it is one. If that writes, the thread's next event is a
        /// [`Kind::Write`] that is `exclusive`.
        update: Option<Exclusive>,
    },
    /// A store, or the writing half of an update.
    Write {
        /// Where.
        location: usize,
        /// What.
        value: u64,
        /// Ordering of the store or the update.
        ordering: Ordering,
        /// Whether it is an update's half, and so directly follows what that read.
        exclusive: bool,
    },
    /// A fence.
    Fence(Ordering),
    /// Enters the queue of a mutex.
    Request(usize),
    /// The same, of a thread that has something else to do before it waits.
    Enter(usize),
    /// Has taken the mutex.
    Acquire(usize),
    /// Gave it back.
    Release(usize),
    /// Started a thread.
    Spawn(usize),
    /// Saw the end of a thread.
    Join(usize),
    /// Chose one of several ways to go on.
    Choice {
        /// How many there were.
        options: u32,
        /// Which it is.
        value: u32,
    },
    /// Sent a signal.
    Signal,
    /// Received the signal that this event sent.
    Await {
        /// The event.
        source: EventId,
    },
    /// Left a group.
    Leave(usize),
    /// Saw that all who were in a group had left it.
    Gather(usize),
    /// The thread's end.
    End,
}

impl Kind {
    /// The mutex whose queue the event enters.
    #[must_use]
    pub fn enters(&self) -> Option<usize> {
        match self {
            Self::Request(lock) | Self::Enter(lock) => Some(*lock),
            _ => None,
        }
    }
}

/// The part of an update that is not in its reading half.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Exclusive {
    pub(super) update: Update,
    pub(super) success: Ordering,
    pub(super) failure: Ordering,
}

/// An event and the moment at which it was added to the graph.
#[derive(Clone, Copy, Debug)]
pub(super) struct Event {
    pub(super) kind: Kind,
    pub(super) stamp: u32,
    /// Of a request: its place in the queue.
    place: u32,
}

/// The accesses to one location.
#[derive(Clone, Default, Debug)]
pub(super) struct Location {
    pub(super) initial: u64,
    /// The modification order, without the initial value.
    pub(super) writes: Vec<EventId>,
    pub(super) reads: Vec<EventId>,
}

/// A critical section, from its request on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Section {
    pub(super) request: EventId,
    pub(super) release: Option<EventId>,
}

/// An execution graph, complete or not.
#[derive(Default, Debug)]
pub(super) struct Graph {
    pub(super) threads: Vec<Vec<Event>>,
    pub(super) locations: Vec<Location>,
    /// The queue of each mutex.
    pub(super) locks: Vec<Vec<Section>>,
    /// Who has left each group.
    pub(super) groups: Vec<Vec<EventId>>,
    stamps: u32,
}

/// By hand for `clone_from`, which keeps the allocations of a graph that is used again.
impl Clone for Graph {
    fn clone(&self) -> Self {
        let mut graph = Self::default();
        graph.clone_from(self);
        graph
    }

    fn clone_from(&mut self, from: &Self) {
        self.threads.clone_from(&from.threads);
        self.locks.clone_from(&from.locks);
        self.groups.clone_from(&from.groups);
        self.stamps = from.stamps;
        self.locations.resize_with(from.locations.len(), Location::default);
        for (to, from) in self.locations.iter_mut().zip(&from.locations) {
            to.initial = from.initial;
            to.writes.clone_from(&from.writes);
            to.reads.clone_from(&from.reads);
        }
    }
}

impl Graph {
    /// Forgets everything, but keeps the allocations.
    pub(super) fn clear(&mut self) {
        self.threads.iter_mut().for_each(Vec::clear);
        for location in &mut self.locations {
            location.writes.clear();
            location.reads.clear();
        }
        self.locks.iter_mut().for_each(Vec::clear);
        self.groups.iter_mut().for_each(Vec::clear);
        self.stamps = 0;
    }

    pub(super) fn event(&self, id: EventId) -> &Event {
        &self.threads[id.thread][id.index]
    }

    /// A thread's events; none if it has not begun.
    pub(super) fn thread(&self, thread: usize) -> &[Event] {
        self.threads.get(thread).map_or(&[], Vec::as_slice)
    }

    pub(super) fn last(&self, thread: usize) -> Option<(EventId, &Event)> {
        let events = self.thread(thread);
        let index = events.len().checked_sub(1)?;
        Some((EventId { thread, index }, &events[index]))
    }

    pub(super) fn len(&self) -> usize {
        self.threads.iter().map(Vec::len).sum()
    }

    /// Adds an event to its thread. Modification orders and queues are the caller's.
    pub(super) fn push(&mut self, thread: usize, kind: Kind) -> EventId {
        if self.threads.len() <= thread {
            self.threads.resize_with(thread + 1, Vec::new);
        }
        let id = EventId { thread, index: self.threads[thread].len() };
        self.threads[thread].push(Event { kind, stamp: self.stamps, place: 0 });
        self.stamps += 1;
        match kind {
            Kind::Read { location, .. } => self.locations[location].reads.push(id),
            Kind::Leave(group) => slot(&mut self.groups, group).push(id),
            _ => {}
        }
        id
    }

    /// Adds an event that leaves no choice.
    pub(super) fn push_plain(&mut self, thread: usize, kind: Kind) -> EventId {
        let event = self.push(thread, kind);
        if let Kind::Release(lock) = kind {
            let mut sections = slot(&mut self.locks, lock).iter_mut();
            let own = sections
                .find(|section| section.request.thread == thread && section.release.is_none());
            if let Some(section) = own {
                section.release = Some(event);
            }
        }
        event
    }

    pub(super) fn set_kind(&mut self, id: EventId, kind: Kind) {
        self.threads[id.thread][id.index].kind = kind;
    }

    /// Makes a location known that nobody has accessed, with its initial value.
    pub(super) fn touch(&mut self, location: usize, initial: u64) {
        slot(&mut self.locations, location).initial = initial;
    }

    /// The queue of a mutex.
    pub(super) fn queue(&self, lock: usize) -> &[Section] {
        self.locks.get(lock).map_or(&[], Vec::as_slice)
    }

    /// Adds a request, and its section at this place of the queue, or at its end.
    pub(super) fn push_request(
        &mut self,
        thread: usize,
        (lock, kind): (usize, Kind),
        place: Option<usize>,
    ) -> EventId {
        let request = self.push(thread, kind);
        let queue = slot(&mut self.locks, lock);
        let place = place.unwrap_or(queue.len());
        queue.insert(place, Section { request, release: None });
        self.number_sections(lock, place);
        request
    }

    /// Notes for each request from a place of the queue on where it is.
    pub(super) fn number_sections(&mut self, lock: usize, first: usize) {
        for (place, section) in self.locks[lock].iter().enumerate().skip(first) {
            let EventId { thread, index } = section.request;
            self.threads[thread][index].place = place as u32;
        }
    }

    /// The place of a request in its queue.
    pub(super) fn place(&self, request: EventId) -> usize {
        self.event(request).place as usize
    }

    /// The place of a write in the modification order, from 1; 0 is the initial value.
    pub(super) fn position(&self, location: usize, write: Option<EventId>) -> usize {
        let writes = &self.locations[location].writes;
        write.map_or(0, |write| {
            let place = writes.iter().position(|other| *other == write);
            1 + place.expect("a write is in its location's order as long as it is in the graph")
        })
    }

    /// The place of what the thread of an event last read or wrote of a location before it: what is
    /// older than that, the event can neither read nor precede.
    pub(super) fn seen_before(&self, id: EventId, location: usize) -> usize {
        let before = self.thread(id.thread)[..id.index].iter().enumerate().rev();
        let last = before.map(|(index, event)| (EventId { index, ..id }, event.kind)).find_map(
            |(id, kind)| match kind {
                Kind::Read { location: of, source, .. } if of == location => Some(source),
                Kind::Write { location: of, .. } if of == location => Some(Some(id)),
                _ => None,
            },
        );
        last.map_or(0, |write| self.position(location, write))
    }

    /// The write at a place of the modification order.
    pub(super) fn write_at(&self, location: usize, position: usize) -> Option<EventId> {
        position.checked_sub(1).map(|place| self.locations[location].writes[place])
    }

    /// What was written.
    pub(super) fn value(&self, location: usize, write: Option<EventId>) -> u64 {
        match write.map(|write| self.event(write).kind) {
            Some(Kind::Write { value, .. }) => value,
            _ => self.locations[location].initial,
        }
    }

    /// Makes a read read this write. An update that fails for it has its ordering of failure.
    pub(super) fn redirect(&mut self, read: EventId, to: Option<EventId>) {
        let mut kind = self.event(read).kind;
        if let Kind::Read { source, .. } = &mut kind {
            *source = to;
        }
        let writes = self.outcome(&kind).is_some();
        if let Kind::Read { ordering, update: Some(exclusive), .. } = &mut kind {
            *ordering = if writes { exclusive.success } else { exclusive.failure };
        }
        self.set_kind(read, kind);
    }

    /// What an update that read `source` goes on to write.
    pub(super) fn outcome(&self, read: &Kind) -> Option<u64> {
        let Kind::Read { location, source, update: Some(exclusive), .. } = *read else {
            return None;
        };
        exclusive.update.apply(self.value(location, source))
    }

    /// Whether a write may stand at `position`: between an update and what it read there is no
    /// other write.
    pub(super) fn has_room(&self, location: usize, position: usize) -> bool {
        let next = self.locations[location].writes.get(position - 1);
        next.is_none_or(|next| {
            !matches!(self.event(*next).kind, Kind::Write { exclusive: true, .. })
        })
    }

    /// The last request for a mutex among so many events of a thread: nearly always the very last.
    pub(super) fn last_request(
        &self,
        thread: usize,
        events: usize,
        lock: usize,
    ) -> Option<EventId> {
        let mut before = self.threads[thread][..events].iter();
        let index = before.rposition(|event| event.kind.enters() == Some(lock))?;
        Some(EventId { thread, index })
    }

    /// Whether a request has got the mutex.
    pub(super) fn is_granted(&self, lock: usize, request: EventId) -> bool {
        let later = &self.threads[request.thread][request.index + 1..];
        later.iter().any(|event| event.kind == Kind::Acquire(lock))
    }

    /// The section before the one of this request, if any.
    pub(super) fn before(&self, lock: usize, request: EventId) -> Option<Section> {
        let place = self.place(request).checked_sub(1)?;
        Some(self.locks[lock][place])
    }

    /// The event of another thread (or of this one) that an event depends on directly. Those of a
    /// [`Kind::Gather`] are [several](Graph::gathered).
    pub(super) fn origin(&self, id: EventId) -> Option<EventId> {
        match self.event(id).kind {
            Kind::Begin { spawn } => spawn,
            Kind::Read { source, .. } => source,
            Kind::Await { source } => Some(source),
            Kind::Join(child) => self.last(child).map(|(end, _)| end),
            Kind::Request(lock) | Kind::Enter(lock) => {
                self.before(lock, id).map(|section| section.request)
            }
            Kind::Acquire(lock) => {
                let request = self.last_request(id.thread, id.index, lock)?;
                self.before(lock, request).and_then(|section| section.release)
            }
            _ => None,
        }
    }

    /// The events that a [`Kind::Gather`] depends on; none for others.
    pub(super) fn gathered(&self, id: EventId) -> &[EventId] {
        match self.event(id).kind {
            Kind::Gather(group) => self.groups.get(group).map_or(&[], Vec::as_slice),
            _ => &[],
        }
    }

    /// Whether all that an event depends on directly, besides its predecessor, is done, given how
    /// many events of each thread are.
    pub(super) fn is_enabled(&self, id: EventId, done: &[usize]) -> bool {
        let is_done = |event: EventId| event.index < done[event.thread];
        self.origin(id).is_none_or(is_done) && self.is_gathered(id, done)
    }

    /// The same of those that are [several](Graph::gathered).
    pub(super) fn is_gathered(&self, id: EventId, done: &[usize]) -> bool {
        self.gathered(id).iter().all(|event| event.index < done[event.thread])
    }

    /// Whether there is something else to see for a thread whose last events were an attempt that
    /// failed: a later write where it read, or a later section of a lock that it held.
    pub(super) fn is_stale(&self, thread: usize, events: usize) -> bool {
        let all = self.thread(thread);
        let first = all.len().saturating_sub(events);
        (first..all.len()).any(|index| match all[index].kind {
            Kind::Read { location, source, .. } => {
                self.position(location, source) < self.locations[location].writes.len()
            }
            Kind::Request(lock) | Kind::Enter(lock) => {
                let last = self.locks[lock].last();
                last.is_some_and(|last| last.request.thread != thread)
            }
            _ => false,
        })
    }

    /// Calls `visit` for every event, each after its predecessor and its origin.
    pub(super) fn in_order(&self, mut visit: impl FnMut(EventId)) {
        let mut done = vec![0; self.threads.len()];
        let mut progress = true;
        while std::mem::take(&mut progress) {
            for (thread, events) in self.threads.iter().enumerate() {
                while done[thread] < events.len() {
                    let id = EventId { thread, index: done[thread] };
                    if !self.is_enabled(id, &done) {
                        break;
                    }
                    visit(id);
                    done[thread] += 1;
                    progress = true;
                }
            }
        }
    }
}

/// The element of that index, and default ones before it if it is not there yet.
fn slot<T: Default>(list: &mut Vec<T>, index: usize) -> &mut T {
    if list.len() <= index {
        list.resize_with(index + 1, T::default);
    }
    &mut list[index]
}
