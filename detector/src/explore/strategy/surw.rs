//! The selectively uniform random walk: every interleaving of the steps that count is as likely as
//! any other.
//!
//! > Zhao, Wolff, Mathur, Roychoudhury: "Selectively Uniform Concurrency Testing", ASPLOS 2025,
//! > Algorithm 2.
//!
//! Interleavings are so many that a uniform choice may never come near a bug in which few steps
//! take part. So only the steps on a few objects count in an execution. The thread that makes the
//! next of these is drawn beforehand, in proportion to those that it has left. Steps that do not
//! count are made meanwhile; any other thread that comes to one that counts is held until the
//! drawn one has made its own.
//!
//! *Guaranteed*: interleavings of the steps that count are equally likely where nothing ever
//! waits, each execution makes the same ones, and no more than [`PATIENCE`] others come between.
//!
//! *What the paper leaves open*: which steps count. Of the objects that two threads touch and one
//! of them writes, all are taken, or half of them, or a quarter, ... or one, each as likely, and
//! then any so many: the bug of one variable and the deadlock of all locks have both their
//! executions. Among threads that are not held, `pos` decides.
//!
//! *Against the paper*, one that is held may go before the one that was drawn: if nobody else can
//! go on, as the drawn one waits for it, and after [`PATIENCE`] steps, as it may wait by spinning.

use super::{Candidate, History, Policy, Pos, Rng, urw::Left};
use crate::hash::IdSet;

/// For how many steps threads are held, before one of them goes on.
const PATIENCE: usize = 100;

/// The selectively uniform random walk.
#[derive(Default)]
pub(super) struct Surw {
    gate: Gate,
    /// Finds who goes on, of those that are not held.
    base: Pos,
}

impl Policy for Surw {
    fn begin(&mut self, history: &History, rng: &mut Rng) {
        self.gate.begin(history, rng);
        self.base.begin(history, rng);
    }

    fn pick(&mut self, ready: &[Candidate], history: &History, rng: &mut Rng) -> usize {
        self.gate.see(ready, history, rng);
        let held = self.gate.draw_held(ready, rng);
        let free = match held {
            Some(_) if self.gate.is_impatient() => None,
            _ => self.base.highest(ready, |candidate| !self.gate.holds(candidate), rng),
        };
        let picked = free.or(held).unwrap_or_default();
        self.base.did(ready, ready[picked]);
        self.gate.did(ready[picked], held.is_some());
        picked
    }
}

/// Lets through the thread that makes the next step that counts, and holds others at theirs.
#[derive(Default)]
struct Gate {
    /// The objects on which steps count.
    objects: IdSet<u32>,
    /// Steps that count.
    left: Left,
    /// Who is let through; none if nobody is known to have such a step left.
    drawn: Option<usize>,
    /// At how many steps others have been held for that one.
    waited: usize,
}

impl Gate {
    fn begin(&mut self, history: &History, rng: &mut Rng) {
        self.objects.clear();
        let mut contended = history.contended().to_vec();
        if let Some(most_halvings) = contended.len().checked_ilog2() {
            let count = contended.len() >> rng.index(1 + most_halvings as usize);
            let any = |_| contended.swap_remove(rng.index(contended.len()));
            self.objects.extend((0..count).map(any));
        }
        self.left.begin(history.expected_on(&self.objects));
        self.close();
    }

    fn counts(&self, candidate: &Candidate) -> bool {
        candidate.access.object().is_some_and(|object| self.objects.contains(&object))
    }

    fn holds(&self, candidate: &Candidate) -> bool {
        self.counts(candidate) && self.drawn != Some(candidate.thread)
    }

    /// Gets to know what threads there are and which are at a step that counts, and draws who is
    /// let through. If that was a new thread's parent, it may have been for a step of its child.
    fn see(&mut self, ready: &[Candidate], history: &History, rng: &mut Rng) {
        for candidate in ready {
            if let Some(share) = self.left.meet(candidate.thread, history)
                && self.drawn == Some(share.parent)
                && rng.below(share.whole) < share.part
            {
                self.drawn = Some(candidate.thread);
            }
            if self.counts(candidate) {
                self.left.at_least_one(candidate.thread);
            }
        }
        if self.drawn.is_none() {
            self.drawn = self.left.draw(rng);
        }
    }

    /// One of those that are held, by index.
    fn draw_held(&self, ready: &[Candidate], rng: &mut Rng) -> Option<usize> {
        let weight = |candidate: &Candidate| {
            if self.holds(candidate) { self.left.of(candidate.thread) } else { 0 }
        };
        rng.weighted(ready.iter().map(weight))
    }

    fn is_impatient(&self) -> bool {
        self.waited == PATIENCE
    }

    /// A step was made, while others were held or not.
    fn did(&mut self, step: Candidate, held: bool) {
        self.waited += usize::from(held);
        if self.counts(&step) {
            self.left.did(step.thread);
            self.close();
        }
    }

    fn close(&mut self) {
        self.drawn = None;
        self.waited = 0;
    }
}
