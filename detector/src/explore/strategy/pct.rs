//! Probabilistic concurrency testing.
//!
//! > Burckhardt, Kothari, Musuvathi, Nagarakatte: "A Randomized Scheduler with Probabilistic
//! > Guarantees of Finding Bugs", ASPLOS 2010.
//!
//! Each thread has a random priority, and the highest of those that can go on does. At `depth - 1`
//! steps, drawn beforehand, the thread that would go on falls below all that have not fallen.
//!
//! *Guaranteed*: a bug that `depth` orders between two steps each bring about is met with
//! probability at least 1 / (n k^(depth - 1)), for n threads and k steps. Of the steps only those
//! count at which more than one thread can go on, as a fall at another is one at the next. k is
//! learnt, the most of any execution so far; before one has ended it is guessed.
//!
//! *Left out on purpose*: fairness. A thread that spins, while it has the highest priority, lets
//! nobody else go on: whoever drives it must make a waiting loop wait, or bound the steps.

use super::{Candidate, History, Policy, Rng, pos::highest};

/// The depth where no other was asked for.
pub(super) const DEPTH: usize = 3;

/// How many steps the first execution is taken to have.
const GUESS: usize = 20;

/// Priorities from here on are of threads that have not fallen.
const UNFALLEN: u64 = 1 << 63;

/// Probabilistic concurrency testing.
pub(super) struct Pct {
    depth: usize,
    /// By thread; 0 is yet to be drawn. A new thread so has any place among those unfallen.
    priorities: Vec<u64>,
    /// The steps at which a thread falls; that of index i leaves it with priority i + 1.
    falls: Vec<usize>,
    /// How many steps with a choice there were in this execution.
    step: usize,
}

impl Pct {
    /// Looks for bugs of this depth.
    pub(super) fn new(depth: usize) -> Self {
        Self { depth, priorities: Vec::new(), falls: Vec::new(), step: 0 }
    }

    fn highest(&mut self, ready: &[Candidate], rng: &mut Rng) -> usize {
        let all = ready.iter().enumerate();
        highest(all, &mut self.priorities, || rng.next() | UNFALLEN).unwrap_or_default()
    }
}

impl Policy for Pct {
    fn begin(&mut self, history: &History, rng: &mut Rng) {
        let steps = history.most_choices().unwrap_or(GUESS);
        self.priorities.clear();
        self.falls.clear();
        self.falls.extend((1..self.depth).map(|_| rng.index(steps)));
        self.step = 0;
    }

    fn pick(&mut self, ready: &[Candidate], _: &History, rng: &mut Rng) -> usize {
        let mut picked = self.highest(ready, rng);
        if ready.len() > 1 {
            for fall in 0..self.falls.len() {
                if self.falls[fall] == self.step {
                    self.priorities[ready[picked].thread] = fall as u64 + 1;
                    picked = self.highest(ready, rng);
                }
            }
            self.step += 1;
        }
        picked
    }
}
