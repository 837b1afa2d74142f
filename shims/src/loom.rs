//! Models: the same types under the [loom] model checker.
//!
//! [`model`] runs a closure once for every way in which its threads can interleave and its atomics
//! can read, as far as loom can tell them apart. Mutexes, condition variables, channels, atomics,
//! cells and threads of this crate are loom's there; statics and const constructors work, and a
//! static is as good as new in every execution. Each execution is watched as a test run is: a
//! fault is a [`Finding`] with the names of threads and the lines of code, not only a panic.
//!
//! No `--cfg loom` is needed, only the feature `loom`.
//!
//! ```
//! use lockwise::{loom, record::Rule, sync::{Arc, Mutex}, thread};
//!
//! let outcome = loom::explore(|| {
//!     let (noodle, fork) = (Arc::new(Mutex::new(())), Arc::new(Mutex::new(())));
//!     let (n, f) = (noodle.clone(), fork.clone());
//!     let other = thread::spawn(move || { let _n = n.lock(); let _f = f.lock(); });
//!     { let _f = fork.lock(); let _n = noodle.lock(); }
//!     other.join().unwrap();
//! });
//! assert_eq!(outcome.findings[0].kind(), Rule::Deadlock);
//! ```
//!
//! # What loom cannot do
//!
//! - More than `loom::MAX_THREADS` threads in an execution, the model's own
//!   among them, and waits with a time limit: each is a [`LoomError`]. Time passes only by
//!   `sleep`, which lets other threads run.
//! - Be fair: a thread that waits busily, even one that yields, is let go on waiting while others
//!   could run. A model with such threads may need [`Builder::preemption_bound`], or it ends with a
//!   [`LoomError`].
//! - See a value in what `std`'s own `Arc` synchronises, or in anything else that is not this
//!   crate's.
//! - Make what a model captures fresh: statics are (on Linux, Android and FreeBSD; not what lies in
//!   a static `UnsafeCell`), but atomics and data that the closure brings along keep their values
//!   from one execution to the next. Make them in the closure.
//! - Explore an execution beyond its first fault: [`explore`] ends there, and no destructor of the
//!   threads that took part is run.

use std::{sync::Arc, time::Duration};

use lockwise_detector::Finding;

pub use crate::rt::loom::{LoomError, Outcome};
use crate::{
    report::{self, Destination},
    rt::loom::Limits,
};

/// An exploration with bounds. [`Builder::new`] has loom's, and reads loom's environment variables.
#[derive(Clone, Debug)]
pub struct Builder(Limits);

impl Default for Builder {
    fn default() -> Self {
        Self::new()
    }
}

impl Builder {
    /// No bounds but that an execution can have 1,000 branches.
    #[must_use]
    pub fn new() -> Self {
        let loom = ::loom::model::Builder::new();
        Self(Limits {
            max_branches: loom.max_branches,
            max_permutations: loom.max_permutations,
            max_duration: loom.max_duration,
            preemption_bound: loom.preemption_bound,
        })
    }

    /// The most steps of one execution at which loom can decide something (`LOOM_MAX_BRANCHES`).
    /// An execution with more is taken for one that never ends, which is a finding.
    #[must_use]
    pub fn max_branches(mut self, most: usize) -> Self {
        self.0.max_branches = most;
        self
    }

    /// The most executions (`LOOM_MAX_PERMUTATIONS`).
    #[must_use]
    pub fn max_permutations(mut self, most: usize) -> Self {
        self.0.max_permutations = Some(most);
        self
    }

    /// The longest time (`LOOM_MAX_DURATION`).
    #[must_use]
    pub fn max_duration(mut self, longest: Duration) -> Self {
        self.0.max_duration = Some(longest);
        self
    }

    /// The most switches in one execution away from a thread that could go on
    /// (`LOOM_MAX_PREEMPTIONS`). Two or three show most faults.
    #[must_use]
    pub fn preemption_bound(mut self, most: usize) -> Self {
        self.0.preemption_bound = Some(most);
        self
    }

    /// Explores `f` and returns what was found.
    ///
    /// # Errors
    ///
    /// `f` asks for what loom cannot do.
    #[track_caller]
    pub fn explore<F>(&self, f: F) -> Result<Outcome, LoomError>
    where
        F: Fn() + Send + Sync + 'static,
    {
        let f: crate::rt::loom::Body = Arc::new(f);
        crate::rt::loom::explore(&self.0, &f)
    }

    /// Explores `f`, and fails if anything was found, as a test does.
    ///
    /// # Panics
    ///
    /// If a finding worse than a note was made, unless findings are only collected; or if `f` asks
    /// for what loom cannot do.
    #[track_caller]
    pub fn check<F>(&self, f: F)
    where
        F: Fn() + Send + Sync + 'static,
    {
        let outcome = self.explore(f).unwrap_or_else(|error| refuse(&error));
        let executions = outcome.executions;
        publish(outcome.findings);
        if let Some(message) = report::take_stop() {
            report::stop(&format!("{message} (in execution {executions} of the model)"));
        }
    }
}

/// Explores `f` without bounds, and fails if anything was found, as a test does.
///
/// # Panics
///
/// As [`Builder::check`].
#[track_caller]
pub fn model<F>(f: F)
where
    F: Fn() + Send + Sync + 'static,
{
    Builder::new().check(f);
}

/// Explores `f` without bounds and returns what was found.
///
/// # Panics
///
/// If `f` asks for what loom cannot do; [`Builder::explore`] returns that as an error.
#[track_caller]
pub fn explore<F>(f: F) -> Outcome
where
    F: Fn() + Send + Sync + 'static,
{
    Builder::new().explore(f).unwrap_or_else(|error| refuse(&error))
}

#[track_caller]
fn refuse(error: &LoomError) -> ! {
    panic!("lockwise::loom: {error}")
}

fn publish(findings: Vec<Finding>) {
    let destination = Destination::of_process();
    report::publish(findings.into_iter().map(|f| (f, destination.clone())).collect());
}
