//! Happens-before of an execution graph, as a vector clock per event.
//!
//! A write carries a clock to those who read it: that of the writer if the write releases, else
//! that of the writer's last release fence, and for an update also what the write that it read
//! carries. That is C++20's release sequence: only updates carry a release on. An acquiring read
//! joins what its write carries; any other read keeps it for the next acquire fence of its thread.

use std::sync::atomic::Ordering::{self, AcqRel, Acquire, Release, SeqCst};

use crate::explore::graph::{EventId, Graph, Kind};

/// For each thread, how many of its events happen before.
type Clock = Vec<u32>;

/// The happens-before order of a graph.
pub(in crate::explore) struct HappensBefore {
    /// The clock of each event, itself included.
    clocks: Vec<Vec<Clock>>,
}

impl HappensBefore {
    pub(in crate::explore) fn of(graph: &Graph) -> Self {
        let mut build = Build::new(graph);
        graph.in_order(|id| build.event(id));
        Self { clocks: build.clocks }
    }

    /// How many events of thread `other` happen before an event, or are that event.
    pub(in crate::explore) fn count(&self, thread: usize, index: usize, other: usize) -> usize {
        self.clocks[thread][index][other] as usize
    }

    pub(super) fn before(&self, a: EventId, b: EventId) -> bool {
        a != b && self.clocks[b.thread][b.index][a.thread] > a.index as u32
    }
}

struct Build<'a> {
    graph: &'a Graph,
    clocks: Vec<Vec<Clock>>,
    /// What each write carries; empty for other events.
    carried: Vec<Vec<Clock>>,
    /// Per thread: its clock, what an acquire fence would join, and its last release fence.
    now: Vec<Clock>,
    kept: Vec<Clock>,
    fenced: Vec<Clock>,
}

impl<'a> Build<'a> {
    fn new(graph: &'a Graph) -> Self {
        let threads = graph.threads.len();
        let zero = vec![vec![0; threads]; threads];
        Self {
            graph,
            clocks: vec![Vec::new(); threads],
            carried: vec![Vec::new(); threads],
            now: zero.clone(),
            kept: zero.clone(),
            fenced: zero,
        }
    }

    fn event(&mut self, id: EventId) {
        let thread = id.thread;
        self.now[thread][thread] += 1;
        let mut carried = Clock::new();
        match self.graph.event(id).kind {
            Kind::Read { source: Some(source), ordering, .. } => {
                let from = &self.carried[source.thread][source.index];
                join(&mut self.kept[thread], from);
                if acquires(ordering) {
                    join(&mut self.now[thread], from);
                }
            }
            Kind::Write { ordering, exclusive, .. } => {
                carried = self.carry(id, ordering, exclusive)
            }
            Kind::Fence(ordering) => self.fence(thread, ordering),
            Kind::Begin { .. } | Kind::Join(_) | Kind::Acquire(_) | Kind::Await { .. } => {
                if let Some(origin) = self.graph.origin(id) {
                    let from = &self.clocks[origin.thread][origin.index];
                    join(&mut self.now[thread], from);
                }
            }
            Kind::Gather(_) => {
                for from in self.graph.gathered(id) {
                    join(&mut self.now[thread], &self.clocks[from.thread][from.index]);
                }
            }
            _ => {}
        }
        self.carried[thread].push(carried);
        self.clocks[thread].push(self.now[thread].clone());
    }

    fn carry(&self, id: EventId, ordering: Ordering, exclusive: bool) -> Clock {
        let own = if releases(ordering) { &self.now } else { &self.fenced };
        let mut clock = own[id.thread].clone();
        let read = exclusive.then(|| EventId { index: id.index - 1, ..id });
        if let Some(source) = read.and_then(|read| self.graph.origin(read)) {
            join(&mut clock, &self.carried[source.thread][source.index]);
        }
        clock
    }

    fn fence(&mut self, thread: usize, ordering: Ordering) {
        if acquires(ordering) {
            join(&mut self.now[thread], &self.kept[thread]);
        }
        if releases(ordering) {
            self.fenced[thread].clone_from(&self.now[thread]);
        }
    }
}

fn join(clock: &mut Clock, other: &Clock) {
    for (own, other) in clock.iter_mut().zip(other) {
        *own = (*own).max(*other);
    }
}

fn acquires(ordering: Ordering) -> bool {
    matches!(ordering, Acquire | AcqRel | SeqCst)
}

fn releases(ordering: Ordering) -> bool {
    matches!(ordering, Release | AcqRel | SeqCst)
}
