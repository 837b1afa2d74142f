//! Sequential consistency: `po ∪ rf ∪ mo ∪ fr` has no cycle (Shasha and Snir, 1988).
//!
//! There is no cycle exactly if the events can be done one after the other: a read or a write
//! when the location holds what it follows in modification order, a write also not before all
//! reads of what it overwrites. An event that can be done can be done first, so that nothing is
//! ever tried twice.

use crate::explore::graph::{EventId, Graph, Kind};

pub(super) fn is_consistent(graph: &Graph) -> bool {
    // One half of an update may be there: the other is added next, and finds no place then.
    let mut run = Interleaving::new(graph, false);
    let mut progress = true;
    while std::mem::take(&mut progress) {
        for thread in 0..graph.threads.len() {
            while run.step(thread) {
                progress = true;
            }
        }
    }
    run.done.iter().zip(&graph.threads).all(|(done, events)| *done == events.len())
}

/// The events of a graph on their way to be done, one after the other.
pub(in crate::explore) struct Interleaving<'a> {
    graph: &'a Graph,
    /// Whether nobody else reads between the halves of an update.
    at_once: bool,
    /// How many events of each thread are done.
    done: Vec<usize>,
    /// For each location, how many of its writes are done, and where its counts begin in `reads`.
    locations: Vec<(usize, usize)>,
    /// For each value of each location, the initial one first, how many reads it still awaits.
    reads: Vec<u32>,
}

impl<'a> Interleaving<'a> {
    pub(in crate::explore) fn new(graph: &'a Graph, at_once: bool) -> Self {
        let mut reads = Vec::new();
        let mut locations = Vec::with_capacity(graph.locations.len());
        for (number, location) in graph.locations.iter().enumerate() {
            let first = reads.len();
            reads.resize(first + location.writes.len() + 1, 0);
            for read in &location.reads {
                reads[first + graph.position(number, graph.origin(*read))] += 1;
            }
            locations.push((0, first));
        }
        Self { graph, at_once, done: vec![0; graph.threads.len()], locations, reads }
    }

    /// Does the next event of a thread, if it can be done.
    pub(in crate::explore) fn step(&mut self, thread: usize) -> bool {
        let id = EventId { thread, index: self.done[thread] };
        let Some(event) = self.graph.thread(thread).get(id.index) else { return false };
        if !self.graph.is_enabled(id, &self.done) {
            return false;
        }
        match event.kind {
            // What it reads has been written and is still there: the next write awaits this.
            Kind::Read { location, .. } => {
                let (written, first) = self.locations[location];
                if self.at_once
                    && self.graph.outcome(&event.kind).is_some()
                    && self.reads[first + written] > 1
                {
                    return false;
                }
                self.reads[first + written] -= 1;
            }
            Kind::Write { location, .. } => {
                let (written, first) = &mut self.locations[location];
                let next = self.graph.write_at(location, *written + 1);
                if next != Some(id) || self.reads[*first + *written] > 0 {
                    return false;
                }
                *written += 1;
            }
            _ => {}
        }
        self.done[thread] += 1;
        true
    }
}
