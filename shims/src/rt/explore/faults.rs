//! What only the explorer can see: panics, and threads that cannot go on though no lock explains it.

use lockwise_detector::{Certainty, Finding, Rule, Site, finding::Verb};

use super::{
    observer::Observer,
    state::{Panicked, State},
    thread,
};

/// Whether a finding only says what could happen, and would have been seen to happen.
pub(super) fn is_disproved(finding: &Finding) -> bool {
    let predicts = matches!(
        finding.kind(),
        Rule::LockOrderCycle | Rule::LockClassOrder | Rule::UnsafeSharedWrite
    );
    predicts && finding.certainty() == Certainty::Predicted
}

pub(super) fn says_stuck(finding: &Finding) -> bool {
    use Rule::{Deadlock, Hang, LostWakeup, RwlockUpgrade, SelfDeadlock};
    matches!(finding.kind(), Deadlock | SelfDeadlock | LostWakeup | Hang | RwlockUpgrade)
}

pub(super) fn panic_finding(observer: &Observer, panics: &[Panicked]) -> Finding {
    let message = panics.first().map_or("a panic", |panicked| &panicked.message);
    let message = format!("the program panics: {message}");
    let mut finding = Finding::new(Rule::Panic, Certainty::Observed, message);
    for panicked in panics {
        let at = (panicked.site, None);
        let thread = thread::id(panicked.thread);
        finding = finding.step(observer.detector.context(), thread, Verb::Panic, None, at);
    }
    finding
}

/// Where each thread is that has not ended.
fn with_places(mut finding: Finding, observer: &Observer, state: &State) -> Finding {
    let context = observer.detector.context();
    for (key, thread) in state.threads.iter().enumerate() {
        if let Some(place) = thread.place.filter(|_| !thread.record.is_gone()) {
            let at = (Site::from(place), None);
            finding = finding.step(context, thread::id(key), Verb::Use, None, at);
        }
    }
    finding
}

/// For an execution in which nobody can go on, and the detector does not know why: a thread waits
/// in a loop, or behind a writer that waits.
pub(super) fn stuck_finding(observer: &Observer, state: &State) -> Option<Finding> {
    let root_stuck = state.threads.first().is_some_and(|main| !main.record.is_gone());
    root_stuck.then(|| {
        let live = state.threads.iter().filter(|thread| !thread.record.is_gone());
        let (rule, message) = if live.into_iter().any(|thread| thread.spins) {
            let message = "a thread waits in a loop for what can never come";
            (Rule::Livelock, format!("{message}: no thread can go on"))
        } else {
            // The detector lets readers pass a writer that still waits for other readers.
            let message = "threads wait for each other: no thread can go on";
            (Rule::Deadlock, format!("{message} (a reader can be behind a writer that waits)"))
        };
        let finding = Finding::new(rule, Certainty::Observed, message);
        with_places(finding, observer, state)
    })
}

pub(super) fn livelock(observer: &Observer, state: &State, steps: usize) -> Finding {
    let message = format!(
        "an execution has more than {steps} steps: threads spin without end, or the program is too \
         long (Explorer::max_steps)"
    );
    with_places(Finding::new(Rule::Livelock, Certainty::Observed, message), observer, state)
}

pub(super) fn nondeterminism(what: &str) -> Finding {
    let message = format!("the program depends on something that is not explored: {what}");
    Finding::new(Rule::Nondeterminism, Certainty::Observed, message)
        .help("take time, random numbers and the order of hash maps out of what is explored")
        .help("make what threads share of lockwise's types, in the closure and not outside")
}
