//! [`Explorer`]: what makes all executions of a program.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use lockwise::explore::MemoryModel;
use shuttle::scheduler::DfsScheduler;

use super::programs;

/// Where an exploration ends before it is complete.
#[derive(Clone, Copy, Debug)]
pub struct Bound {
    /// After so many executions.
    pub executions: u64,
    /// After that time.
    pub time: Duration,
}

/// What an exploration has done.
#[derive(Clone, Copy, Debug)]
pub struct Explored {
    /// How many executions it has made.
    pub executions: u64,
    /// Whether there are no others.
    pub complete: bool,
}

/// What can make all executions of a program.
#[derive(Clone, Copy, Debug)]
pub struct Explorer {
    /// What tables call it.
    pub name: &'static str,
    program: fn(&str) -> Option<fn()>,
    explore: fn(fn(), Bound) -> Explored,
}

/// All of them.
pub const EXPLORERS: [Explorer; 4] = [
    Explorer {
        name: "lockwise sc",
        program: programs::lockwise::named,
        explore: |program, bound| lockwise(MemoryModel::Sc, program, bound),
    },
    Explorer {
        name: "lockwise rc11",
        program: programs::lockwise::named,
        explore: |program, bound| lockwise(MemoryModel::Rc11, program, bound),
    },
    Explorer { name: "loom", program: programs::loom::named, explore: loom },
    Explorer { name: "shuttle dfs", program: programs::shuttle::named, explore: shuttle },
];

/// Has to be called before anything is explored. shuttle's panic hook tells of every panic as of a
/// failure of its own, and loom ends its threads by panics; so shuttle's is installed once and taken
/// out again.
pub fn start() {
    let _ = shuttle(|| (), Bound { executions: 1, time: Duration::MAX });
    drop(std::panic::take_hook());
}

impl Explorer {
    /// Makes all executions of the program of that name, or as many as `bound` allows.
    ///
    /// # Panics
    ///
    /// If there is no such program.
    #[must_use]
    pub fn explore(&self, program: &str, bound: Bound) -> Explored {
        let program = (self.program)(program).expect("there is a program of that name");
        (self.explore)(program, bound)
    }
}

fn lockwise(model: MemoryModel, program: fn(), bound: Bound) -> Explored {
    let explorer = lockwise::explore::Explorer::exhaustive().memory_model(model);
    let exploration =
        explorer.max_executions(bound.executions).max_duration(bound.time).run(program);
    let executions = exploration.executions() + exploration.blocked();
    Explored { executions, complete: exploration.is_complete() }
}

/// `loom::model` without its log. It does not say how many executions it has made, so they count
/// themselves.
fn loom(program: fn(), bound: Bound) -> Explored {
    let made = Arc::new(AtomicU64::new(0));
    let counter = Arc::clone(&made);
    let mut builder = loom::model::Builder::new();
    let most = usize::try_from(bound.executions).unwrap_or(usize::MAX);
    builder.max_permutations = Some(most);
    builder.max_duration = Some(bound.time);
    // It looks at its bounds as often as it saves its progress.
    builder.checkpoint_interval = most.min(500);
    let began = Instant::now();
    builder.check(move || {
        counter.fetch_add(1, Relaxed);
        program();
    });
    finished(made.load(Relaxed), began, bound)
}

fn shuttle(program: fn(), bound: Bound) -> Explored {
    let most = usize::try_from(bound.executions).unwrap_or(usize::MAX);
    let mut config = shuttle::Config::new();
    config.max_time = Some(bound.time);
    let began = Instant::now();
    let made = shuttle::Runner::new(DfsScheduler::new(Some(most), false), config).run(program);
    finished(made as u64, began, bound)
}

/// What was done by an explorer that does not say why it stopped. loom's last execution of `n` is
/// not made.
fn finished(executions: u64, began: Instant, bound: Bound) -> Explored {
    let complete = executions + 1 < bound.executions && began.elapsed() < bound.time;
    Explored { executions, complete }
}
