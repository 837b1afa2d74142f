//! Lock order against brute force, on random small programs.
//!
//! A program of three threads and three locks (mutexes and rwlocks, `try_lock`, spawn and join,
//! channels with one sender and one receiver) is run once under a random schedule, and lock order
//! reads the run. Then all interleavings of the program are searched:
//!
//! - no false alarm: each `lock-order-cycle` is a deadlock, on exactly its locks, that some
//!   interleaving meets. (If a `try_lock` failed in the run, in interleavings in which any may:
//!   lock order does not ask who could have been in its way);
//! - no miss: each deadlock that an interleaving meets in which `try_lock`s turn out as they did in
//!   the run, and whose waits the run passed with the same locks held, is reported, or a part of
//!   it is. (Of a run that hangs with locks held, only the deadlocks that it ends in.)
//!
//! `PROPTEST_CASES` sets how many programs are tried.

mod brute;
mod program;
mod run;

use std::collections::{BTreeSet, HashSet};

use lockwise_detector::{Analysis, Context, Finding, order::LockOrder};
use proptest::prelude::*;

use self::{
    brute::{Tries, deadlocks},
    program::Program,
    run::Run,
};

/// The sets of locks of all `lock-order-cycle`s that are reported for a run.
fn reported(run: &Run) -> Vec<BTreeSet<usize>> {
    let (mut context, mut order) = (Context::new(), LockOrder::new());
    let mut findings: Vec<Finding> = Vec::new();
    for op in run.ops() {
        context.apply(op).expect("a run is a possible sequence of Ops");
        order.observe(op, &context, &mut findings);
    }
    let cycles = findings.iter().filter(|finding| finding.rule() == "lock-order-cycle");
    cycles
        .map(|cycle| cycle.objects().iter().map(|object| object.id.0 as usize).collect())
        .collect()
}

fn cases() -> ProptestConfig {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok());
    ProptestConfig {
        max_shrink_iters: 200_000,
        ..ProptestConfig::with_cases(cases.unwrap_or(15_000))
    }
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn reports_are_reachable_deadlocks_and_reachable_deadlocks_are_reported(
        program in program::strategy(),
        schedule in prop::collection::vec(any::<u8>(), 80),
    ) {
        check(&program, &schedule)?;
    }
}

fn check(program: &Program, schedule: &[u8]) -> Result<(), TestCaseError> {
    let run = Run::new(program, schedule);
    let reported = reported(&run);
    if !reported.is_empty() {
        let tries = if run.has_failed_try() { Tries::MayFail } else { Tries::AsFree };
        let reachable: Vec<_> =
            deadlocks(program, tries).into_iter().map(|deadlock| deadlock.locks()).collect();
        for cycle in &reported {
            prop_assert!(reachable.contains(cycle), "false alarm: {cycle:?}\n{program}");
        }
    }
    // While a lock is held for ever, a verdict may wait for its release; the run's own end counts.
    let end = run.end();
    let expected = if end.holds_locks() {
        let mut own = HashSet::new();
        end.cycles(program, &mut own);
        own
    } else {
        deadlocks(program, Tries::AsIn(&run))
    };
    for deadlock in expected {
        let seen = deadlock.waits().all(|wait| run.passed(wait));
        let locks = deadlock.locks();
        let known = reported.iter().any(|cycle| cycle.is_subset(&locks));
        prop_assert!(!seen || known, "missed: {locks:?}\n{program}\n{run}");
    }
    Ok(())
}
