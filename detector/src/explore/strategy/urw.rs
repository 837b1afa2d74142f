//! The uniform random walk: every interleaving is as likely as any other.
//!
//! > Zhao, Wolff, Mathur, Roychoudhury: "Selectively Uniform Concurrency Testing", ASPLOS 2025,
//! > Algorithm 1.
//!
//! If threads have a, b, c, ... steps left, of all the ways to interleave them a in a + b + c + ...
//! begin with the first thread. So a thread is picked in proportion to the steps that it has left.
//! The steps of threads that it has yet to spawn count as its own.
//!
//! *Guaranteed*: interleavings are equally likely where nothing ever waits and every execution
//! makes the same steps. In any program every interleaving can come, as a thread that can go on is
//! never taken to have no step left.
//!
//! *Left out on purpose*: what waiting does to the numbers. To count the interleavings that a
//! lock leaves is as hard as to go through them.

use super::{Candidate, History, Policy, Rng, history::slot};

/// The uniform random walk.
#[derive(Default)]
pub(super) struct Urw {
    left: Left,
}

impl Policy for Urw {
    fn begin(&mut self, history: &History, _: &mut Rng) {
        self.left.begin(history.expected());
    }

    fn pick(&mut self, ready: &[Candidate], history: &History, rng: &mut Rng) -> usize {
        for candidate in ready {
            self.left.meet(candidate.thread, history);
            self.left.at_least_one(candidate.thread);
        }
        let weights = ready.iter().map(|candidate| self.left.of(candidate.thread));
        let picked = rng.weighted(weights).unwrap_or_default();
        self.left.did(ready[picked].thread);
        picked
    }
}

/// How many steps, or how many that count, each thread has yet to make.
#[derive(Default)]
pub(super) struct Left {
    /// By thread, with those of threads that it has yet to spawn.
    steps: Vec<u64>,
    /// By thread: whether it has been spawned.
    met: Vec<bool>,
}

/// A new thread's part of what its parent had left.
pub(super) struct Share {
    /// Who spawned it.
    pub(super) parent: usize,
    /// How many are the new thread's.
    pub(super) part: u64,
    /// How many there were.
    pub(super) whole: u64,
}

impl Left {
    /// Expects so many of each thread, with those of threads that it spawns.
    pub(super) fn begin(&mut self, expected: Vec<u64>) {
        self.steps = expected;
        self.met.clear();
    }

    /// Takes the steps of a thread that is new from its parent, if that is known.
    pub(super) fn meet(&mut self, thread: usize, history: &History) -> Option<Share> {
        let met = slot(&mut self.met, thread);
        if std::mem::replace(met, true) {
            return None;
        }
        let part = *slot(&mut self.steps, thread);
        let parent = history.parent(thread)?;
        let left = slot(&mut self.steps, parent);
        let whole = *left;
        *left = whole.saturating_sub(part);
        Some(Share { parent, part, whole })
    }

    /// The thread is about to make one more, whatever was expected.
    pub(super) fn at_least_one(&mut self, thread: usize) {
        let left = slot(&mut self.steps, thread);
        *left = (*left).max(1);
    }

    /// The thread makes one.
    pub(super) fn did(&mut self, thread: usize) {
        let left = slot(&mut self.steps, thread);
        *left = left.saturating_sub(1);
    }

    /// How many the thread has.
    pub(super) fn of(&self, thread: usize) -> u64 {
        self.steps.get(thread).copied().unwrap_or_default()
    }

    /// One of all threads there are, in proportion; none if none has any.
    pub(super) fn draw(&self, rng: &mut Rng) -> Option<usize> {
        let spawned = self.steps.iter().zip(&self.met);
        rng.weighted(spawned.map(|(steps, met)| if *met { *steps } else { 0 }))
    }
}
