//! `lock-order-cycle` and `lock-class-order`, trigger by trigger and near miss by near miss.

mod classes;
mod forced;
mod near_misses;
mod once;
mod triggers;

use lockwise_detector::{
    Action, Analysis, Context, Finding, ObjectId, Op, ThreadId,
    finding::Verb,
    op::{Mode, ObjectKind, Patience},
    order::LockOrder,
    script::Script,
};

/// What lock order alone finds in a sequence of Ops.
fn findings(ops: &[Op]) -> Vec<Finding> {
    let (mut context, mut order) = (Context::new(), LockOrder::new());
    let mut findings = Vec::new();
    for op in ops {
        context.apply(op).unwrap_or_else(|error| panic!("{op:?}: {error}"));
        order.observe(op, &context, &mut findings);
    }
    findings
}

/// The rules of all findings, each with the locks that it names.
#[track_caller]
fn check(script: &Script, expected: &[(&str, &[ObjectId])]) -> Vec<Finding> {
    let found = findings(script.ops());
    let shown: Vec<_> = found
        .iter()
        .map(|finding| {
            let mut locks: Vec<_> = finding.objects().iter().map(|object| object.id).collect();
            locks.sort_unstable();
            (finding.rule(), locks)
        })
        .collect();
    let expected: Vec<_> = expected.iter().map(|(rule, locks)| (*rule, locks.to_vec())).collect();
    assert_eq!(shown, expected, "{:#?}", found.iter().map(Finding::message).collect::<Vec<_>>());
    found
}

const CYCLE: &str = "lock-order-cycle";
const CLASS: &str = "lock-class-order";

/// A script with threads that main has spawned, and two mutexes made at different places.
fn two_locks<const N: usize>() -> (Script, [ThreadId; N], ObjectId, ObjectId) {
    let mut script = Script::new();
    let threads = script.threads();
    let [a] = script.mutexes();
    let [b] = script.mutexes();
    for &thread in &threads[1..] {
        script.spawn(threads[0], thread);
    }
    (script, threads, a, b)
}

/// `thread` locks all of `locks`, one in the other, and releases them.
#[track_caller]
fn nest(script: &mut Script, thread: ThreadId, locks: &[ObjectId]) {
    for &lock in locks {
        script.lock(thread, lock);
    }
    for &lock in locks.iter().rev() {
        script.unlock(thread, lock);
    }
}
