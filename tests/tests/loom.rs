//! Every variant and every trap under loom: what must be found is found, and what is clean is
//! shown to be so in every schedule that there is.
//!
//! The programs are the documents' own, with two threads (three philosophers) and as few rounds as
//! show the point. What cannot be exhausted is listed in [`BOUNDED`], and nowhere else.
#![cfg(feature = "loom")]

use lockwise::loom::{Builder, Outcome};
use lockwise_fixtures::{Expect, Model, Program, programs, traps};
use lockwise_tests::judge;

/// Variants that are run in all schedules with at most so many preemptions only, and why. Few
/// preemptions show most faults (Musuvathi and Qadeer, "Iterative Context Bounding", PLDI 2007).
const BOUNDED: &[(&str, &str, usize, &str)] = &[(
    "chat-lock",
    "mended",
    3,
    "each asks for its turn again and again, and loom, which is not fair, has no end of schedules \
     in which it asks once more",
)];

fn bound_of(program: &str, variant: &str) -> Option<usize> {
    let listed = BOUNDED.iter().find(|(p, v, ..)| (*p, *v) == (program, variant));
    listed.map(|(_, _, bound, _)| *bound)
}

/// Explores one variant and compares.
fn check(body: fn(), expect: Expect, bound: Option<usize>) -> (Option<Outcome>, Vec<String>) {
    let builder = Builder::new();
    let builder = bound.into_iter().fold(builder, Builder::preemption_bound);
    let outcome = match builder.explore(body) {
        Ok(outcome) => outcome,
        Err(error) => return (None, vec![error.to_string()]),
    };
    let mut wrong: Vec<_> = judge(expect, &outcome.findings).err().into_iter().collect();
    if expect.is_empty() && bound.is_none() && !outcome.complete {
        wrong.push(format!("not exhausted after {} executions", outcome.executions));
    }
    (Some(outcome), wrong)
}

/// Explores each model of `programs`, prints what that took, and fails with all that is wrong.
fn check_all(programs: &[Program]) {
    let mut all_wrong = Vec::new();
    for program in programs {
        for variant in program.variants {
            let Model::Of { body, expect } = variant.model else { continue };
            let name = format!("{}::{}", program.name, variant.name);
            let bound = bound_of(program.name, variant.name);
            let began = std::time::Instant::now();
            let (outcome, wrong) = check(body, expect, bound);
            if let Some(Outcome { executions, complete, .. }) = outcome {
                let took = began.elapsed();
                println!("{name}: {executions} executions, complete: {complete}, {took:.2?}");
            }
            all_wrong.extend(wrong.into_iter().map(|wrong| format!("{name}: {wrong}")));
        }
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

#[test]
fn what_is_bounded_exists_and_is_explored() {
    for (program, variant, _, why) in BOUNDED {
        let variant = lockwise_fixtures::find(program, variant);
        let explored = variant.is_some_and(|v| matches!(v.model, Model::Of { .. }));
        assert!(explored && !why.is_empty(), "{program}");
    }
}
