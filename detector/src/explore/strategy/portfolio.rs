//! Several strategies in turn, execution by execution.
//!
//! All draw from one generator and learn from one history, so that each knows what the executions
//! of all others taught.
//!
//! *The order.* `surw` has every other turn: it is best or nearly so for most of the bugs below,
//! and meets all. Its first turn, before anything was learnt, is a random walk, which meets what
//! most executions show. `pct` is second, as it meets at once what needs one thread to be late.
//! `urw` has two turns, for bugs in which every thread has a part, then `pos` one for a bug in one
//! of many objects, `pct` of depth 2 one for a place far into a long execution, and the walk one
//! for programs that never do the same twice.
//!
//! *Measured*: the median, over 1000 seeds, of the number of executions to the first that shows the
//! bug. The programs are described in `tests/programs.rs`; the command takes minutes.
//!
//! | | walk | urw | surw | pos | pct 2 | pct 3 | portfolio |
//! | --- | --- | --- | --- | --- | --- | --- | --- |
//! | philosophers | 22 | 5 | 8 | 34 | 1140 | 410 | 7 |
//! | queue | 168 | 65 | 23 | 83 | 181 | 139 | 39 |
//! | late queue | 12 | 9 | 8 | 9 | 24 | 16 | 8 |
//! | last | > 2000 | 17 | 21 | 21 | 5 | 4 | 9 |
//! | between | > 2000 | 20 | 23 | 228 | 38 | 42 | 28 |
//! | torn | > 2000 | > 2000 | 13 | 9 | 138 | 85 | 20 |
//! | torn of many | > 2000 | > 2000 | 61 | 16 | 189 | 105 | 68 |
//! | opposite | 12 | 5 | 4 | 6 | 43 | 35 | 5 |
//! | grandchild | > 2000 | > 2000 | 7 | 6 | 3 | 3 | 7 |
//!
//! ```text
//! cargo test --release -p lockwise-detector --lib figures -- --ignored --nocapture
//! ```
//!
//! *Guaranteed*: what each of the strategies guarantees, in its turns.
//!
//! *Left out on purpose*: turns that go to whoever found something new. An exploration mostly ends
//! with the first bug, so there is nothing to be learnt from having found one.

use super::{Candidate, History, Pct, Policy, Pos, Rng, Scheduler, Surw, Walk, pct, urw::Urw};

/// Policies that take turns and learn from each other's executions; also one alone.
pub(super) struct Portfolio {
    policies: Vec<Box<dyn Policy + Send>>,
    /// How many executions have begun.
    begun: usize,
    rng: Rng,
    history: History,
}

impl Portfolio {
    /// All of them.
    pub(super) fn all(seed: u64) -> Self {
        let surw = || Box::new(Surw::default());
        let policies: Vec<Box<dyn Policy + Send>> = vec![
            surw(),
            Box::new(Pct::new(pct::DEPTH)),
            surw(),
            Box::new(Urw::default()),
            surw(),
            Box::new(Urw::default()),
            surw(),
            Box::new(Pos::default()),
            surw(),
            Box::new(Pct::new(2)),
            surw(),
            Box::new(Walk),
        ];
        Self::new(policies, seed)
    }

    /// One alone.
    pub(super) fn only(policy: impl Policy + Send + 'static, seed: u64) -> Self {
        Self::new(vec![Box::new(policy)], seed)
    }

    fn new(policies: Vec<Box<dyn Policy + Send>>, seed: u64) -> Self {
        Self { policies, begun: 0, rng: Rng::new(seed), history: History::default() }
    }

    /// The policy that decides the execution that began last.
    fn turn(&self) -> usize {
        self.begun.saturating_sub(1) % self.policies.len()
    }
}

impl Scheduler for Portfolio {
    fn begin(&mut self) {
        self.begun += 1;
        self.history.begin();
        let turn = self.turn();
        self.policies[turn].begin(&self.history, &mut self.rng);
    }

    fn pick(&mut self, ready: &[Candidate]) -> usize {
        let turn = self.turn();
        let picked = self.policies[turn].pick(ready, &self.history, &mut self.rng);
        self.history.step(ready, ready[picked]);
        picked
    }

    fn choose(&mut self, options: usize) -> usize {
        self.rng.index(options)
    }

    fn end(&mut self) {
        self.history.end();
    }
}
