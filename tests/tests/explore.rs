//! Every variant and every trap by the explorer, in each size of its model: what must be found is
//! found, and replayed by its token; and what is clean is shown to be so in every execution that
//! there is. None is bounded: those that the explorer cannot exhaust have no model of that size.

use lockwise::{
    explore::{Exploration, Explorer, MemoryModel},
    record::Finding,
};
use lockwise_fixtures::{Instance, Program, models, programs, traps};
use lockwise_tests::judge;

/// Explores a model and compares.
fn check(instance: Instance, memory: MemoryModel) -> (Exploration, Vec<String>) {
    let Instance { body, size, expect, .. } = instance;
    let exploration = Explorer::exhaustive().memory_model(memory).run(move || body(size));
    let mut wrong: Vec<_> = judge(expect, exploration.findings()).err().into_iter().collect();
    if !exploration.is_complete() {
        wrong.push(format!("not exhausted: {exploration}"));
    }
    wrong.extend(exploration.findings().iter().filter_map(|finding| replay(instance, finding)));
    (exploration, wrong)
}

/// What is wrong with the replay of a finding, if anything is.
fn replay(instance: Instance, finding: &Finding) -> Option<String> {
    let Instance { body, size, .. } = instance;
    let replayed = Explorer::replay(finding.replay()?).run(move || body(size));
    let same = |other: &Finding| other.fingerprint() == finding.fingerprint();
    let shown = replayed.findings().iter().any(same);
    (!shown).then(|| format!("its replay does not show it: {finding}"))
}

/// Explores each model of `programs`, prints what that took, and fails with all that is wrong.
fn check_all(programs: &'static [Program], memory: MemoryModel) {
    let mut all_wrong = Vec::new();
    for instance in models(programs) {
        let (exploration, wrong) = check(instance, memory);
        println!("{instance}: {exploration}, {:.2?}", exploration.duration());
        all_wrong.extend(wrong.into_iter().map(|wrong| format!("{instance}: {wrong}")));
    }
    assert!(all_wrong.is_empty(), "{}", all_wrong.join("\n"));
}

#[test]
fn traps_are_clean_in_every_execution() {
    check_all(traps(), MemoryModel::Rc11);
    check_all(traps(), MemoryModel::Sc);
}

#[test]
fn what_is_buggy_is_found_and_what_is_mended_is_exhausted() {
    check_all(programs(), MemoryModel::Rc11);
}

#[test]
fn what_is_buggy_is_found_and_what_is_mended_is_exhausted_under_sequential_consistency() {
    check_all(programs(), MemoryModel::Sc);
}

/// Explores the models of one variant, and compares how many executions end, and how many do not.
fn counts(program: &str, variant: &str, expected: impl Fn(u64) -> (u64, u64)) {
    let wanted = |instance: &Instance| (instance.program, instance.variant) == (program, variant);
    let mut any = false;
    for Instance { body, size, .. } in models(programs()).filter(wanted) {
        any = true;
        let exploration = Explorer::exhaustive().run(move || body(size));
        let counted = (exploration.executions(), exploration.blocked());
        assert_eq!(counted, expected(size as u64), "{program}::{variant} of {size}");
    }
    assert!(any, "{program}::{variant} has no model");
}

/// Each fork is first taken by one of its two neighbours. That none takes both of its forks first,
/// or all do so in a circle, cannot be; where forks have an order, neither circle can.
#[test]
fn philosophers_have_as_many_executions_as_there_are_orders() {
    let circles = |n| 2_u64.pow(u32::try_from(n).expect("a table is small")) - 2;
    counts("philosophers", "buggy", |n| (circles(n), 1));
    counts("philosophers", "mended", |n| (circles(n), 0));
    // The waiter serves one after the other, in any order.
    counts("philosophers", "mended-by-waiter", |n| ((1..=n).product(), 0));
}

/// Who begins decides all: to start 小爱 first does not make it wait first.
#[test]
fn the_chat_is_right_in_one_order_and_stuck_in_the_other() {
    counts("chat-condition", "document", |_| (1, 1));
    counts("chat-condition", "buggy", |_| (0, 2));
}
