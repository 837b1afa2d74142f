//! The clocks and the race analysis against brute force.
//!
//! Random traces of two to four threads ([`trace`]) are judged by the definitions themselves: a
//! graph of all edges that the standard names, and its transitive closure ([`closure`]). No vector
//! clock, epoch or history is used there, so that a fault in one is no fault in the other.

mod closure;
mod trace;

use std::collections::BTreeSet;

use lockwise_detector::{Context, Detector, Finding, ObjectId, Rule};
use proptest::{prelude::*, test_runner::TestCaseError};

use self::{closure::Closure, trace::Trace};

/// Enough for a run in seconds; `PROPTEST_CASES` can ask for more.
const CASES: u32 = 4_000;

fn config() -> ProptestConfig {
    let default = ProptestConfig::default();
    ProptestConfig { cases: default.cases.max(CASES), failure_persistence: None, ..default }
}

proptest! {
    #![proptest_config(config())]

    /// Each thread's two clocks know exactly what comes before, after every step.
    #[test]
    fn clocks_are_the_closure(trace in trace::traces()) {
        let (order, must) = (Closure::happens_before(&trace), Closure::must_happen_before(&trace));
        let mut context = Context::new();
        for op in &trace.preamble {
            context.apply(op).expect("possible");
        }
        for (later, step) in trace.steps.iter().enumerate() {
            for op in &step.ops {
                context.apply(op).expect("possible");
            }
            if step.ops.is_empty() {
                continue;
            }
            for (earlier, before) in trace.steps[..later].iter().enumerate() {
                let knows = |clock: lockwise_detector::clock::Knowledge<'_>| {
                    clock.knows(before.epoch)
                };
                prop_assert_eq!(
                    knows(context.clock(step.thread())),
                    order.orders(earlier, later),
                    "happens-before of {} and {}", earlier, later
                );
                prop_assert_eq!(
                    knows(context.must_clock(step.thread())),
                    must.orders(earlier, later),
                    "must-happen-before of {} and {}", earlier, later
                );
            }
        }
    }

    /// A reported pair races, and a cell with a racing pair is reported.
    #[test]
    fn races_are_the_unordered_conflicts(trace in trace::traces()) {
        let order = Closure::happens_before(&trace);
        let races = |a, b| trace.conflict(a, b) && !order.orders(a, b);
        let found = findings(&trace);
        check_pairs(&found, Rule::DataRace, races)?;
        prop_assert_eq!(cells(&found, &[Rule::DataRace]), cells_with(&trace, races));
    }

    /// A pair predicted to race is one that neither a lock nor must-happen-before keeps apart,
    /// and a cell with such a pair is reported, if not for a race then for that.
    #[test]
    fn predictions_are_the_unprotected_conflicts(trace in trace::traces()) {
        let must = Closure::must_happen_before(&trace);
        let unsafe_pair =
            |a, b| trace.conflict(a, b) && !must.orders(a, b) && !trace.is_protected(a, b);
        let found = findings(&trace);
        check_pairs(&found, Rule::UnsafeSharedWrite, unsafe_pair)?;
        prop_assert_eq!(
            cells(&found, &[Rule::DataRace, Rule::UnsafeSharedWrite]),
            cells_with(&trace, unsafe_pair)
        );
    }
}

fn findings(trace: &Trace) -> Vec<Finding> {
    let steps = trace.steps.iter().flat_map(|step| &step.ops);
    Detector::run(trace.preamble.iter().chain(steps)).expect("possible")
}

/// Each step of a trace has a line of its own, which leads from a report back to the step.
fn check_pairs(
    findings: &[Finding],
    rule: Rule,
    is_pair: impl Fn(usize, usize) -> bool,
) -> Result<(), TestCaseError> {
    for finding in findings.iter().filter(|finding| finding.kind() == rule) {
        let accesses: Vec<usize> = finding
            .threads()
            .iter()
            .filter_map(|thread| thread.steps.last())
            .map(|step| step.site.line as usize)
            .collect();
        prop_assert_eq!(accesses.len(), 2, "{:?}", finding);
        let (earlier, later) = (accesses[0].min(accesses[1]), accesses[0].max(accesses[1]));
        prop_assert!(is_pair(earlier, later), "{} and {}: {:?}", earlier, later, finding);
    }
    Ok(())
}

fn cells(findings: &[Finding], rules: &[Rule]) -> BTreeSet<ObjectId> {
    let ours = findings.iter().filter(|finding| rules.contains(&finding.kind()));
    ours.map(|finding| finding.objects()[0].id).collect()
}

fn cells_with(trace: &Trace, is_pair: impl Fn(usize, usize) -> bool) -> BTreeSet<ObjectId> {
    let steps = 0..trace.steps.len();
    let pairs = steps.flat_map(|later| (0..later).map(move |earlier| (earlier, later)));
    pairs
        .filter(|(earlier, later)| is_pair(*earlier, *later))
        .filter_map(|(earlier, _)| trace.steps[earlier].cell())
        .collect()
}

/// The oracle is worth nothing if its traces hold no races, or nothing but races.
#[test]
fn traces_are_mixed() {
    use proptest::{strategy::ValueTree, test_runner::TestRunner};
    let mut runner = TestRunner::deterministic();
    let mut seen = [0; 3];
    for _ in 0..300 {
        let trace = trace::traces().new_tree(&mut runner).expect("a trace").current();
        let found = findings(&trace);
        let has = |rule| found.iter().any(|finding| finding.kind() == rule);
        let accessed = trace.steps.iter().any(|step| step.cell().is_some());
        seen[0] += usize::from(has(Rule::DataRace));
        seen[1] += usize::from(has(Rule::UnsafeSharedWrite));
        seen[2] += usize::from(accessed && !has(Rule::DataRace) && !has(Rule::UnsafeSharedWrite));
    }
    assert!(seen.iter().all(|seen| *seen >= 5), "raced, predicted, clean: {seen:?}");
}
