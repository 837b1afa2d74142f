//! Partial order sampling.
//!
//! > Yuan, Yang, Gu: "Partial Order Aware Concurrency Sampling", CAV 2018.
//!
//! Each operation that a thread would do next has a random priority, and the highest is done. Then
//! the priorities of those that conflict with it are drawn anew, so that having lost against one
//! operation says nothing about the next. The others keep theirs: in which order operations come
//! that do not conflict is no difference, and no luck is spent on it.
//!
//! *Guaranteed*: every interleaving can come, and an order of the conflicting operations with a
//! probability that the paper bounds from below.
//!
//! *Left out on purpose*: fairness. While a thread spins and touches nothing, one whose priority is
//! low waits for n steps with probability 1 / n. And priorities of operations that cannot be done:
//! one that waits for a lock conflicts with what took the lock, so it is drawn anew anyway.

use super::{Candidate, History, Policy, Rng, history::slot};

/// Partial order sampling.
#[derive(Default)]
pub(super) struct Pos {
    /// By thread, the priority of what it would do next; 0 is yet to be drawn.
    priorities: Vec<u64>,
}

impl Policy for Pos {
    fn begin(&mut self, _: &History, _: &mut Rng) {
        self.priorities.clear();
    }

    fn pick(&mut self, ready: &[Candidate], _: &History, rng: &mut Rng) -> usize {
        let picked = self.highest(ready, |_| true, rng).unwrap_or_default();
        self.did(ready, ready[picked]);
        picked
    }
}

impl Pos {
    /// Which of those that may go on has the highest priority; none if none may.
    pub(super) fn highest(
        &mut self,
        ready: &[Candidate],
        may: impl Fn(&Candidate) -> bool,
        rng: &mut Rng,
    ) -> Option<usize> {
        let able = ready.iter().enumerate().filter(|(_, candidate)| may(candidate));
        highest(able, &mut self.priorities, || rng.next() | 1)
    }

    /// Draws anew, when they are next looked at, the priorities of the thread that made this step
    /// and of those that it conflicts with.
    pub(super) fn did(&mut self, ready: &[Candidate], step: Candidate) {
        for other in ready {
            if other.thread == step.thread || other.access.conflicts(step.access) {
                *slot(&mut self.priorities, other.thread) = 0;
            }
        }
    }
}

/// Which candidate's thread has the highest priority, by index. A priority of 0 is drawn first.
pub(super) fn highest<'a>(
    candidates: impl Iterator<Item = (usize, &'a Candidate)>,
    priorities: &mut Vec<u64>,
    mut draw: impl FnMut() -> u64,
) -> Option<usize> {
    let drawn = candidates.map(|(index, candidate)| {
        let priority = slot(priorities, candidate.thread);
        if *priority == 0 {
            *priority = draw();
        }
        (*priority, index)
    });
    drawn.max().map(|(_, index)| index)
}
