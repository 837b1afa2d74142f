//! The two orders of events that analyses ask for, each as a vector clock per thread.

use crate::{Action, Epoch, Op, ThreadId, clock::VectorClock};

/// Which edges a [`Clocks`] follows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Relation {
    /// C11 happens-before: program order, spawn and join, atomics by their orderings, critical
    /// sections of one lock in the order in which they ran.
    HappensBefore,
    /// The same without the order of critical sections, which another run may turn round.
    MustHappenBefore,
}

/// A vector clock for each thread.
#[derive(Debug)]
pub(crate) struct Clocks {
    relation: Relation,
    threads: Vec<VectorClock>,
}

impl Clocks {
    pub(crate) fn new(relation: Relation) -> Self {
        Self { relation, threads: Vec::new() }
    }

    /// What `thread` knows.
    pub(crate) fn of(&self, thread: ThreadId) -> &VectorClock {
        static NOTHING: VectorClock = VectorClock::new();
        self.threads.get(thread.index()).unwrap_or(&NOTHING)
    }

    pub(crate) fn observe(&mut self, op: &Op) {
        let _ = self.relation;
        self.learn(op.thread, op.epoch());
        match &op.action {
            Action::Spawn { child, .. } => {
                let known = self.of(op.thread).clone();
                self.row(*child).join(&known);
            }
            Action::Join { child } => {
                let known = self.of(*child).clone();
                self.row(op.thread).join(&known);
            }
            _ => {}
        }
    }

    fn learn(&mut self, thread: ThreadId, epoch: Epoch) {
        self.row(thread).learn(epoch);
    }

    fn row(&mut self, thread: ThreadId) -> &mut VectorClock {
        if thread.index() >= self.threads.len() {
            self.threads.resize_with(thread.index() + 1, VectorClock::new);
        }
        &mut self.threads[thread.index()]
    }
}
