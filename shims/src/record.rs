//! Running a piece of code and seeing what is found in it, instead of having it panic.

pub use lockwise_detector::{
    Certainty, Finding, Rule, Severity,
    finding::{ObjectReport, Step, ThreadReport, Verb},
};

/// What was found in a run of [`record`].
#[derive(Debug)]
pub struct Recording {
    findings: Vec<Finding>,
}

impl Recording {
    /// The findings, in the order in which they were found.
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }
}

/// Runs `f` under observation and returns what was found in it.
///
/// The code runs on the calling thread, and everything that it and the threads it starts do with
/// lockwise's types is judged by itself: what other threads of the process do, before or
/// meanwhile, plays no part. Threads that are still running when `f` returns are not observed any
/// longer; join them.
///
/// Predicted findings do not disturb `f`. Where threads are found to be stuck for good, they are
/// unwound; that panic, and those that follow from it, end here.
///
/// # Panics
///
/// If `f` panics for a reason of its own, the panic goes on.
///
/// # Examples
///
/// ```
/// use lockwise::{record::record, sync::{Arc, Mutex}, thread};
///
/// let recording = record(|| {
///     let noodle = Arc::new(Mutex::new(()));
///     let fork = Arc::new(Mutex::new(()));
///     let (n, f) = (noodle.clone(), fork.clone());
///     // One after the other: nothing goes wrong, this time.
///     thread::spawn(move || { let _n = n.lock(); let _f = f.lock(); });
///     thread::sleep(std::time::Duration::from_millis(50));
///     thread::spawn(move || { let _f = fork.lock(); let _n = noodle.lock(); }).join().unwrap();
/// });
/// assert_eq!(recording.findings()[0].rule(), "lock-order-cycle");
/// ```
pub fn record(f: impl FnOnce()) -> Recording {
    Recording { findings: crate::rt::os::record(f) }
}
