//! Every variant and every trap under loom: what must be found is found, and what is clean is
//! clean.
//!
//! The traps are exhausted. The programs are made of `threading`, whose objects are several of
//! loom's each, and loom tells apart far more schedules than differ in what the program does; so
//! they are run in all schedules with at most two preemptions, which is where most faults show
//! (Musuvathi and Qadeer, "Iterative Context Bounding", PLDI 2007).
#![cfg(feature = "loom")]

use lockwise::loom::Builder;
use lockwise_fixtures::{Expect, Model, Program, programs, traps};
use lockwise_tests::judge;

const PREEMPTIONS: usize = 2;

/// What loom gets wrong: its `try_lock` waits if another thread has the lock.
const NOT_BY_LOOM: &[&str] = &["try-lock-and-back-off"];

/// Runs `check` on each model of `programs` and fails with all that it has to say.
fn check_all(programs: &[Program], check: impl Fn(fn(), Expect) -> Result<(), String>) {
    let mut wrong = Vec::new();
    for program in programs.iter().filter(|program| !NOT_BY_LOOM.contains(&program.name)) {
        for variant in program.variants {
            let Model::Of { body, expect } = variant.model else { continue };
            let checked = check(body, expect);
            wrong.extend(checked.err().map(|e| format!("{}::{}: {e}", program.name, variant.name)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn traps_are_clean_in_every_schedule() {
    check_all(traps(), |body, expect| {
        let outcome = Builder::new().explore(body).map_err(|error| error.to_string())?;
        judge(expect, &outcome.findings)?;
        outcome.complete.then_some(()).ok_or_else(|| "not exhausted".to_owned())
    });
}

#[test]
fn programs_show_their_faults_and_no_others() {
    check_all(programs(), |body, expect| {
        let bounded = Builder::new().preemption_bound(PREEMPTIONS);
        let outcome = bounded.explore(body).map_err(|error| error.to_string())?;
        judge(expect, &outcome.findings)
    });
}
