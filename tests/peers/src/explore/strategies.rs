//! [`Chooser`]: what makes random executions of a program until one of them fails.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use lockwise::explore::{Explorer, Stopped, Strategy};
use shuttle::scheduler::{PctScheduler, RandomScheduler, Scheduler, UrwRandomScheduler};

use super::programs;

/// A way to choose executions.
#[derive(Clone, Copy, Debug)]
pub struct Chooser {
    /// What tables call it.
    pub name: &'static str,
    how: How,
}

#[derive(Clone, Copy, Debug)]
enum How {
    Lockwise(Strategy),
    Random,
    Pct(usize),
    Urw,
}

/// All of them.
pub const CHOOSERS: [Chooser; 9] = [
    Chooser { name: "lockwise walk", how: How::Lockwise(Strategy::Walk) },
    Chooser { name: "lockwise pos", how: How::Lockwise(Strategy::Pos) },
    Chooser { name: "lockwise pct", how: How::Lockwise(Strategy::Pct) },
    Chooser { name: "lockwise surw", how: How::Lockwise(Strategy::Surw) },
    Chooser { name: "lockwise portfolio", how: How::Lockwise(Strategy::Portfolio) },
    Chooser { name: "shuttle random", how: How::Random },
    Chooser { name: "shuttle pct 2", how: How::Pct(2) },
    Chooser { name: "shuttle pct 3", how: How::Pct(3) },
    Chooser { name: "shuttle urw", how: How::Urw },
];

impl Chooser {
    /// The number of the first execution that fails, if it is among the first `bound`.
    ///
    /// # Panics
    ///
    /// If there is no such program.
    #[must_use]
    pub fn first_failure(&self, program: &str, seed: u64, bound: u64) -> Option<u64> {
        let most = usize::try_from(bound).unwrap_or(usize::MAX);
        match self.how {
            How::Lockwise(strategy) => lockwise(strategy, program, seed, bound),
            How::Random => shuttle(RandomScheduler::new_from_seed(seed, most), program),
            How::Pct(depth) => shuttle(PctScheduler::new_from_seed(seed, depth, most), program),
            How::Urw => shuttle(UrwRandomScheduler::new_from_seed(seed, most), program),
        }
    }
}

fn lockwise(strategy: Strategy, program: &str, seed: u64, bound: u64) -> Option<u64> {
    let program = programs::lockwise::named(program).expect("there is a program of that name");
    let explorer = Explorer::random(seed).strategy(strategy).max_executions(bound);
    let exploration = explorer.run(program);
    // What is only predicted does not stop it.
    let failed = exploration.stopped() == Some(Stopped::Finding);
    failed.then(|| exploration.executions() + exploration.blocked())
}

/// shuttle panics at a failure and does not say when that is, so executions count themselves.
fn shuttle(scheduler: impl Scheduler + 'static, program: &str) -> Option<u64> {
    let program = programs::shuttle::named(program).expect("there is a program of that name");
    let made = Arc::new(AtomicU64::new(0));
    let counter = Arc::clone(&made);
    let mut config = shuttle::Config::new();
    config.failure_persistence = shuttle::FailurePersistence::None;
    let runner = shuttle::Runner::new(scheduler, config);
    let ended = catch_unwind(AssertUnwindSafe(|| {
        runner.run(move || {
            counter.fetch_add(1, Relaxed);
            program();
        })
    }));
    ended.is_err().then(|| made.load(Relaxed))
}
