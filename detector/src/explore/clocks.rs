//! [`Clocks`]: what each event depends on.
//!
//! The events that one depends on, by program order and origins, are for each thread the first so
//! many: a vector clock, one for each event, made when the event is added or repeated. (It is not
//! happens-before: who reads a relaxed store depends on it too.)

use super::graph::{EventId, Graph};

/// The clock of each event of an execution.
#[derive(Default, Debug)]
pub(super) struct Clocks {
    /// How many numbers a clock has.
    width: usize,
    /// The clocks of each thread's events, one after the other.
    threads: Vec<Vec<u32>>,
}

impl Clocks {
    pub(super) fn clear(&mut self) {
        self.threads.iter_mut().for_each(Vec::clear);
    }

    /// The clock of an event: for each thread, how many of its events that one depends on or is.
    pub(super) fn of(&self, event: EventId) -> &[u32] {
        &self.threads[event.thread][event.index * self.width..][..self.width]
    }

    /// Takes in an event, after all that it depends on.
    #[inline]
    pub(super) fn note(&mut self, graph: &Graph, event: EventId, origin: Option<EventId>) {
        if self.width < graph.threads.len() {
            self.widen(graph.threads.len());
        }
        let (width, end) = (self.width, event.index * self.width);
        let clocks = &mut self.threads[event.thread];
        clocks.truncate(end);
        match event.index {
            0 => clocks.resize(width, 0),
            _ => clocks.extend_from_within(end - width..),
        }
        clocks[end + event.thread] = event.index as u32 + 1;
        if let Some(origin) = origin {
            self.depend(event, origin);
        }
        for origin in graph.gathered(event) {
            self.depend(event, *origin);
        }
    }

    fn depend(&mut self, event: EventId, origin: EventId) {
        let width = self.width;
        // What comes before it in its own thread it depends on already.
        if let Ok([own, other]) = self.threads.get_disjoint_mut([event.thread, origin.thread]) {
            join(&mut own[event.index * width..], &other[origin.index * width..][..width]);
        }
    }

    /// Makes room for so many threads.
    #[cold]
    fn widen(&mut self, threads: usize) {
        let (before, after) = (self.width.max(1), threads.next_power_of_two().max(4));
        self.threads.resize_with(after, Vec::new);
        for clocks in &mut self.threads {
            let lines = clocks.chunks_exact(before);
            *clocks = lines.flat_map(|line| padded(line, after)).collect();
        }
        self.width = after;
    }
}

fn padded(line: &[u32], width: usize) -> impl Iterator<Item = u32> + '_ {
    line.iter().copied().chain(std::iter::repeat(0)).take(width)
}

/// What both depend on.
pub(super) fn join(clock: &mut [u32], other: &[u32]) {
    for (own, other) in clock.iter_mut().zip(other) {
        *own = (*own).max(*other);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::explore::graph::Kind;

    #[test]
    fn clocks_stay_what_they_are_when_threads_are_added() {
        let (mut graph, mut clocks) = (Graph::default(), Clocks::default());
        let mut add = |thread, kind| {
            let event = graph.push(thread, kind);
            clocks.note(&graph, event, graph.origin(event));
            (event, clocks.of(event)[..=thread].to_vec())
        };
        let (_, first) = add(0, Kind::Begin { spawn: None });
        assert_eq!(first, [1]);
        let (spawn, _) = add(0, Kind::Spawn(5));
        let (_, begun) = add(5, Kind::Begin { spawn: Some(spawn) });
        assert_eq!(begun, [2, 0, 0, 0, 0, 1]);
        let (_, later) = add(5, Kind::Signal);
        assert_eq!(later, [2, 0, 0, 0, 0, 2]);
        assert_eq!(clocks.of(spawn)[..2], [2, 0]);
    }
}
