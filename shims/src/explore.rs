//! Every interleaving of a small program that differs, exactly once; or random ones of a large one.
//!
//! [`explore`] runs a closure that uses this crate's types in every execution that can differ: in
//! all orders of what depends on each other, with all values that atomics can read. It proves that
//! there is no deadlock, no data race, no lost wakeup and no failed assertion in it, or panics with
//! a report that shows the shortest schedule which leads there, and a token that replays it.
//!
//! ```
//! use lockwise::{explore::Explorer, sync::{Arc, Mutex}, thread};
//!
//! let exploration = Explorer::exhaustive().run(|| {
//!     let (noodle, fork) = (Arc::new(Mutex::new(())), Arc::new(Mutex::new(())));
//!     let (n, f) = (noodle.clone(), fork.clone());
//!     let other = thread::spawn(move || { let _n = n.lock(); let _f = f.lock(); });
//!     { let _f = fork.lock(); let _n = noodle.lock(); }
//!     other.join().unwrap();
//! });
//! assert!(exploration.is_complete());
//! // Whoever takes both first; or both wait for ever.
//! assert_eq!((exploration.executions(), exploration.blocked()), (2, 1));
//! assert_eq!(exploration.findings()[0].rule(), "deadlock");
//! ```
//!
//! # What counts as one execution
//!
//! Two executions differ if in one of them somebody reads from another write, or the writes of an
//! atomic, or the critical sections of a lock, come in another order. Steps that have nothing to do
//! with each other make no difference, and neither does the order in which threads start and end.
//!
//! # What a program may do
//!
//! It has to be deterministic but for its threads, and make what they share inside the closure (or
//! in statics, which are fresh in each execution on Linux, Android and FreeBSD). Every type of this
//! crate can be used; time is virtual, and whether a timeout fires is explored both ways. What
//! threads share by other means than this crate's types is not seen. If it keeps addresses in
//! atomics, [`Heap`] should be the test's allocator.
//!
//! A loop that waits by asking again (with `yield_now`, `spin_loop` or a sleep between) is taken to
//! wait until there is something new to see: executions with a failed attempt stand for nothing.
//!
//! # Too large to be exhausted
//!
//! [`Explorer::random`] makes random executions, by a [`Strategy`] or all of them in turn; and each
//! bound of an [`Explorer`] ends an exploration early. [`Exploration::is_complete`] says whether all
//! executions were made, and [`Exploration::stopped`] why not.

use std::{fmt, process::Termination, sync::Arc, time::Duration};

use lockwise_detector::Finding;
pub use lockwise_detector::explore::{MemoryModel, strategy::Strategy};

pub use crate::rt::explore::{Heap, Stopped, double_frees};
use crate::{
    config::Config,
    report::{self, Destination},
    rt::explore::{Body, ExploreMode, Limits, Outcome, PATIENCE},
};

/// How many random executions are made if nothing else is said.
const SAMPLES: u64 = 10_000;

/// Explores `f` in all executions, and fails if that shows a fault, as a test does. It ends with the
/// first fault.
///
/// # Panics
///
/// If a fault is found, unless findings are only collected; or if `f` cannot be explored.
///
/// # Examples
///
/// ```
/// use lockwise::{explore::explore, sync::{Arc, atomic::{AtomicU32, Ordering::Relaxed}}, thread};
///
/// explore(|| {
///     let count = Arc::new(AtomicU32::new(0));
///     let theirs = Arc::clone(&count);
///     let other = thread::spawn(move || theirs.fetch_add(1, Relaxed));
///     count.fetch_add(1, Relaxed);
///     other.join().unwrap();
///     assert_eq!(count.load(Relaxed), 2);
/// });
/// ```
#[track_caller]
pub fn explore<F, R>(f: F)
where
    F: Fn() -> R + Send + Sync + 'static,
    R: Termination,
{
    Explorer::exhaustive().check(f);
}

/// How a program is explored.
#[derive(Clone, Debug)]
#[must_use = "it explores nothing before `run` or `check`"]
pub struct Explorer {
    limits: Limits,
}

impl Explorer {
    fn new(mode: ExploreMode) -> Self {
        let random = matches!(mode, ExploreMode::Random { .. });
        Self {
            limits: Limits {
                mode,
                model: MemoryModel::Rc11,
                max_executions: random.then_some(SAMPLES),
                max_steps: 10_000,
                max_preemptions: None,
                max_duration: None,
                stack_size: 256 << 10,
                spurious: false,
                first_only: random,
                patience: PATIENCE,
                workers: std::thread::available_parallelism().map_or(1, usize::from),
            },
        }
    }

    /// All executions.
    pub fn exhaustive() -> Self {
        Self::new(ExploreMode::Exhaustive)
    }

    /// Random executions, 10,000 of them or until one shows a fault: the same for the same seed.
    pub fn random(seed: u64) -> Self {
        Self::new(ExploreMode::Random { strategy: Strategy::default(), seed })
    }

    /// The one execution of a token, which a report or [`Exploration::replay_token`] gave. The
    /// memory model is the token's.
    pub fn replay(token: impl Into<String>) -> Self {
        Self::new(ExploreMode::Replay(token.into()))
    }

    /// Which values a load may see; [`MemoryModel::Rc11`], which is Rust's, if nothing is said.
    pub fn memory_model(mut self, model: MemoryModel) -> Self {
        self.limits.model = model;
        self
    }

    /// How random executions are chosen; by all strategies in turn if nothing is said.
    pub fn strategy(mut self, chosen: Strategy) -> Self {
        if let ExploreMode::Random { strategy, .. } = &mut self.limits.mode {
            *strategy = chosen;
        }
        self
    }

    /// Stops after so many executions, blocked ones included.
    pub fn max_executions(mut self, most: u64) -> Self {
        self.limits.max_executions = Some(most);
        self
    }

    /// The most steps of an execution; one with more is taken for one that never ends, which is a
    /// finding. 10,000 if nothing is said.
    pub fn max_steps(mut self, most: usize) -> Self {
        self.limits.max_steps = most;
        self
    }

    /// All schedules in which so many times at most a thread is left that could go on, in place of
    /// all executions: fewer, where those are too many. Several schedules may make one execution,
    /// and each counts. Random executions do not mind.
    pub fn max_preemptions(mut self, most: usize) -> Self {
        self.limits.max_preemptions = Some(most);
        self
    }

    /// Stops after that time.
    pub fn max_duration(mut self, longest: Duration) -> Self {
        self.limits.max_duration = Some(longest);
        self
    }

    /// The stack of each thread, in bytes; 256 KiB if nothing is said. Only what is used takes
    /// memory. [`thread::Builder::stack_size`](crate::thread::Builder::stack_size) can ask for more
    /// for one thread.
    pub fn stack_size(mut self, bytes: usize) -> Self {
        self.limits.stack_size = bytes;
        self
    }

    /// Whether a wait on a condition variable may also end for no reason, once for each thread: a
    /// program that looks at its condition in a loop does not mind.
    pub fn spurious_wakeups(mut self, may: bool) -> Self {
        self.limits.spurious = may;
        self
    }

    /// Whether to stop at the first fault. Random executions do, all executions do not, if nothing
    /// is said.
    pub fn stop_at_first(mut self, stop: bool) -> Self {
        self.limits.first_only = stop;
        self
    }

    /// How many threads of the operating system explore, one for each core if nothing is said. A
    /// program whose executions share something (a static, what the closure brings along) is explored
    /// by one. The executions are the same.
    pub fn workers(mut self, most: usize) -> Self {
        self.limits.workers = most.max(1);
        self
    }

    /// How long a thread may go on without an operation that the explorer sees, before the process
    /// is ended with a message: it blocks outside the explorer's view, or loops for ever. 10
    /// seconds if nothing is said.
    pub fn patience(mut self, longest: Duration) -> Self {
        self.limits.patience = longest;
        self
    }

    /// Explores `f` and returns what was found. An `Err` that `f` returns is a panic.
    ///
    /// # Panics
    ///
    /// If `f` cannot be explored, or the token of [`Explorer::replay`] is not one of `f`'s.
    #[track_caller]
    pub fn run<F, R>(&self, f: F) -> Exploration
    where
        F: Fn() -> R + Send + Sync + 'static,
        R: Termination,
    {
        match self.try_run(f) {
            Ok(outcome) => Exploration(outcome),
            Err(message) => panic!("lockwise::explore: {message}"),
        }
    }

    fn try_run<F, R>(&self, f: F) -> Result<Outcome, String>
    where
        F: Fn() -> R + Send + Sync + 'static,
        R: Termination,
    {
        let body: Body = Arc::new(move || succeed(f()));
        crate::rt::explore::explore(&self.limits, &body)
    }

    /// Explores `f` up to the first fault, and fails if there is one, as a test does. Where
    /// `LOCKWISE_REPLAY` is set to a token, only the execution of that token is made.
    ///
    /// # Panics
    ///
    /// If a fault is found, unless findings are only collected; or as [`Explorer::run`].
    #[track_caller]
    pub fn check<F, R>(&self, f: F)
    where
        F: Fn() -> R + Send + Sync + 'static,
        R: Termination,
    {
        let mut explorer = self.clone();
        if let Some(token) = &Config::get().replay {
            explorer.limits.mode = ExploreMode::Replay(token.clone());
        }
        let exploration = explorer.stop_at_first(true).run(f);
        let summary = exploration.to_string();
        let mut findings = exploration.0.findings;
        if let Some(test) = test_name() {
            findings.iter_mut().for_each(|finding| finding.set_test(&test));
        }
        let destination = Destination::of_process();
        report::publish(findings.into_iter().map(|f| (f, destination.clone())).collect());
        if let Some(message) = report::take_stop() {
            report::stop(&format!("{message} ({summary})"));
        }
    }
}

/// The test that the calling thread runs, as `binary::path::name`, if a test harness has named it so.
fn test_name() -> Option<String> {
    let thread = std::thread::current();
    let name = thread.name().filter(|name| *name != "main")?;
    let binary = std::env::current_exe().ok()?;
    let binary = binary.file_stem()?.to_str()?;
    // Cargo adds a hash.
    let plain =
        binary.rsplit_once('-').filter(|(_, hash)| hash.len() == 16).map(|(plain, _)| plain);
    Some(format!("{}::{name}", plain.unwrap_or(binary)))
}

/// Panics for what a test's result would fail for.
fn succeed<R: Termination>(result: R) {
    // What has no value, as `()`, has nothing to say.
    if size_of::<R>() == 0 {
        return;
    }
    let code = result.report();
    // `ExitCode` cannot be compared; this is all that it shows of itself.
    let failed = format!("{code:?}") != format!("{:?}", std::process::ExitCode::SUCCESS);
    assert!(!failed, "the closure returned an error");
}

/// What an exploration has shown.
#[derive(Clone, Debug)]
pub struct Exploration(Outcome);

impl Exploration {
    /// How many executions were made in which every thread ended.
    #[must_use]
    pub fn executions(&self) -> u64 {
        self.0.executions
    }

    /// How many were made in which a thread could never go on.
    #[must_use]
    pub fn blocked(&self) -> u64 {
        self.0.blocked
    }

    /// Whether these are all executions that there are.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.0.stopped.is_none()
    }

    /// Why they are not all.
    #[must_use]
    pub fn stopped(&self) -> Option<Stopped> {
        self.0.stopped
    }

    /// Which part of all executions was made, from 0 to 1: an estimate (Knuth 1975) that can be
    /// wrong by orders of magnitude, and better than none. 0 for random executions.
    #[must_use]
    pub fn explored(&self) -> f64 {
        self.0.explored
    }

    /// The findings, the worst first.
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        &self.0.findings
    }

    /// The token that replays the execution of the first finding.
    #[must_use]
    pub fn replay_token(&self) -> Option<&str> {
        self.0.findings.iter().find_map(Finding::replay)
    }

    /// How long it took.
    #[must_use]
    pub fn duration(&self) -> Duration {
        self.0.took
    }
}

/// In a line: how many executions, and whether they are all.
impl fmt::Display for Exploration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} executions", self.executions())?;
        if self.blocked() > 0 {
            write!(f, ", {} blocked", self.blocked())?;
        }
        let why = match self.stopped() {
            None => return f.write_str(", complete"),
            Some(Stopped::Executions) => "the bound on executions was reached",
            Some(Stopped::Steps) => "the bound on steps was reached",
            Some(Stopped::Duration) => "the time was over",
            Some(Stopped::Preemptions) => "the bound on preemptions was reached",
            Some(Stopped::Finding) => "stopped at the first fault",
            Some(Stopped::Sampled) => "a sample",
            Some(Stopped::Nondeterminism) => "the program is not deterministic",
        };
        write!(f, ", not all: {why}")?;
        if self.explored() > 0.0 {
            write!(f, ", about {:.2} % explored", 100.0 * self.explored())?;
        }
        Ok(())
    }
}
