//! What the report looks like, and what it ends with.

use lockwise_detector::Certainty;

use super::*;
use crate::check::{protocol::Variant, runner::Job};

fn verdict(name: (&str, &str), expect: &[&[Rule]], found: &[Rule], errors: &[&str]) -> Verdict {
    let expect = expect.iter().map(|set| set.to_vec()).collect();
    let variant = Variant { name: name.1.to_owned(), expect, document: None };
    let finding = |rule: &Rule| Finding::new(*rule, Certainty::Observed, "it is so");
    Verdict {
        job: Job { program: name.0.to_owned(), variant },
        findings: found.iter().map(finding).collect(),
        time: Duration::from_millis(12),
        errors: errors.iter().map(|error| (*error).to_owned()).collect(),
    }
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
