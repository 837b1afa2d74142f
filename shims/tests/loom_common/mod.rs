//! What tests of models share.

#![allow(unreachable_pub, reason = "a module of several tests")]

use lockwise::{
    loom,
    record::{Finding, Rule},
};

/// Explores `model` to the end and expects nothing worse than a note.
pub fn clean(name: &str, model: impl Fn() + Send + Sync + 'static) {
    let outcome = loom::explore(model);
    println!("{name}: {} executions", outcome.executions);
    assert!(outcome.executions > 0);
    assert!(outcome.findings.is_empty(), "{}", outcome.findings[0]);
    assert!(outcome.complete);
}

/// Explores `model` and expects a finding of `rule` to end it.
pub fn found(name: &str, rule: Rule, model: impl Fn() + Send + Sync + 'static) -> Finding {
    let outcome = loom::explore(model);
    println!("{name}: {rule} in execution {}", outcome.executions);
    assert!(outcome.executions > 0 && !outcome.complete);
    let first = outcome.findings.first().expect("nothing was found");
    assert_eq!(first.kind(), rule, "{first}");
    first.clone()
}
