//! Every variant and every trap under loom, in the sizes that loom can do: what must be found is
//! found, and what is clean is shown to be so in every schedule that there is. What it cannot, and
//! why, the models say (see [`Loom`]), and nobody else.
#![cfg(feature = "loom")]

use lockwise::loom::{Builder, Outcome};
use lockwise_fixtures::{Instance, Loom, Program, models, programs, traps};
use lockwise_tests::judge;

/// Explores one model and compares; none if loom cannot run it.
fn check(instance: Instance) -> Option<(Option<Outcome>, Vec<String>)> {
    let Instance { body, size, expect, loom, .. } = instance;
    let builder = match loom {
        Loom::Exhausts => Builder::new(),
        Loom::Bounded(bound, _) => Builder::new().preemption_bound(bound),
        Loom::Cannot(_) => return None,
    };
    let outcome = match builder.explore(move || body(size)) {
        Ok(outcome) => outcome,
        Err(error) => return Some((None, vec![error.to_string()])),
    };
    let mut wrong: Vec<_> = judge(expect, &outcome.findings).err().into_iter().collect();
    if expect.is_empty() && loom == Loom::Exhausts && !outcome.complete {
        wrong.push(format!("not exhausted after {} executions", outcome.executions));
    }
    Some((Some(outcome), wrong))
}

/// Explores each model of `programs`, prints what that took, and fails with all that is wrong.
fn check_all(programs: &'static [Program]) {
    let mut all_wrong = Vec::new();
    for instance in models(programs) {
        let began = std::time::Instant::now();
        let Some((outcome, wrong)) = check(instance) else { continue };
        if let Some(Outcome { executions, complete, .. }) = outcome {
            let took = began.elapsed();
            println!("{instance}: {executions} executions, complete: {complete}, {took:.2?}");
        }
        all_wrong.extend(wrong.into_iter().map(|wrong| format!("{instance}: {wrong}")));
    }
    assert!(all_wrong.is_empty(), "{}", all_wrong.join("\n"));
}

#[test]
fn traps_are_clean_in_every_schedule() {
    check_all(traps());
}

#[test]
fn what_is_buggy_is_found_and_what_is_mended_is_exhausted() {
    check_all(programs());
}
