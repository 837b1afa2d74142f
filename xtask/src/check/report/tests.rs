//! What the report looks like, and what it ends with.

use std::time::Duration;

use lockwise_detector::{Certainty, Rule};

use super::*;
use crate::check::protocol::{Case, Explored};

fn verdict(name: (&str, &str), expect: &[&[Rule]], found: &[Rule], errors: &[&str]) -> Verdict {
    let expect = expect.iter().map(|set| set.to_vec()).collect();
    let (by, program, variant) = (By::Run, name.0.to_owned(), name.1.to_owned());
    let finding = |rule: &Rule| Finding::new(*rule, Certainty::Observed, "it is so");
    Verdict {
        case: Case { by, program, variant, size: 0, expect, exhausts: true, document: None },
        findings: found.iter().map(finding).collect(),
        time: Duration::from_millis(12),
        explored: None,
        errors: errors.iter().map(|error| (*error).to_owned()).collect(),
    }
}

/// The same, of an exploration.
fn explored(by: By, size: usize, executions: (u64, u64, bool), mut verdict: Verdict) -> Verdict {
    let (executions, blocked, complete) = executions;
    verdict.case.exhausts = by == By::Explore || verdict.case.expect.is_empty();
    (verdict.case.by, verdict.case.size) = (by, size);
    let explored = Explored { executions, blocked, complete, seconds: 0.25 };
    verdict.explored = verdict.errors.is_empty().then_some(explored);
    verdict
}

fn report(verdicts: Vec<Verdict>) -> Report {
    Report::new(verdicts, Sources::new(std::path::PathBuf::new()))
}

fn shown(report: &Report) -> String {
    let text = report.text() + &report.last_line();
    anstream::adapter::strip_str(&text).to_string()
}

#[test]
fn all_is_well() {
    let meal = [Rule::LockOrderCycle, Rule::Deadlock];
    let report = report(vec![
        verdict(("counter", "buggy"), &[&[Rule::DataRace]], &[Rule::DataRace], &[]),
        verdict(("counter", "mended"), &[], &[], &[]),
        verdict(("noodle-and-fork", "buggy"), &[&meal], &[Rule::Deadlock], &[]),
        verdict(("again", "buggy"), &[&[Rule::DataRace]], &[Rule::DataRace], &[]),
    ]);
    insta::assert_snapshot!(shown(&report));
    assert_eq!(report.exit_code(), exit::CLEAN);
}

#[test]
fn all_goes_wrong() {
    let report = report(vec![
        verdict(("counter", "buggy"), &[&[Rule::DataRace]], &[], &[]),
        verdict(("counter", "mended"), &[], &[Rule::Hang], &[]),
        verdict(("meal", "buggy"), &[], &[], &["was ended by signal 6 (abort)\n    oh no"]),
    ]);
    insta::assert_snapshot!(shown(&report));
    assert_eq!(report.exit_code(), exit::FAILED);
    assert_eq!(report.json()["summary"]["complete"], false);
}

#[test]
fn explorations_have_a_table_of_their_own() {
    let buggy = |found| verdict(("meal", "buggy"), &[&[Rule::Deadlock]], found, &[]);
    let mended = || verdict(("meal", "mended"), &[], &[], &[]);
    let broken = || verdict(("meal", "mended"), &[], &[], &["failed with exit code 101"]);
    let report = report(vec![
        buggy(&[Rule::Deadlock]),
        explored(By::Explore, 2, (2, 1, true), buggy(&[Rule::Deadlock])),
        explored(By::Explore, 8, (254, 1, true), buggy(&[])),
        explored(By::Explore, 2, (2, 0, true), mended()),
        explored(By::Explore, 8, (12, 0, false), mended()),
        explored(By::Loom, 2, (10, 0, false), buggy(&[Rule::Deadlock])),
        explored(By::Loom, 2, (0, 0, false), broken()),
    ]);
    insta::assert_snapshot!(shown(&report));
    assert_eq!(report.exit_code(), exit::FAILED);
}

#[test]
fn an_exploration_that_is_not_complete_is_told_apart() {
    let part = verdict(("meal", "mended"), &[], &[], &[]);
    let report = report(vec![explored(By::Explore, 8, (12, 0, false), part)]);
    assert_eq!(report.exit_code(), exit::INCOMPLETE);
    assert_eq!(report.json()["summary"]["complete"], false);
    let last = "check: 0 of 1 explorations as expected, 0 findings, 0 unexpected, 1 incomplete";
    assert_eq!(report.last_line(), last);
}

#[test]
fn missing_and_unexpected_findings_fail_and_nothing_is_not_success() {
    let missing = verdict(("a", "buggy"), &[&[Rule::DataRace]], &[], &[]);
    assert_eq!(report(vec![missing]).exit_code(), exit::FINDINGS);
    let unexpected = verdict(("a", "mended"), &[], &[Rule::Hang], &[]);
    assert_eq!(report(vec![unexpected]).exit_code(), exit::FINDINGS);
    assert_eq!(report(vec![]).exit_code(), exit::NOTHING);
    assert_eq!(report(vec![]).last_line(), "check: nothing was checked");
}

#[test]
fn json_has_each_finding_once() {
    let race = || verdict(("a", "buggy"), &[&[Rule::DataRace]], &[Rule::DataRace], &[]);
    let json = report(vec![race(), race()]).json();
    let summary = serde_json::json!({"tests": 2, "findings": 1, "suppressed": 0, "complete": true});
    assert_eq!(json["summary"], summary);
    assert_eq!(json["findings"].as_array().map(Vec::len), Some(1));
}
