//! What the analyses say of each fault that they find: the whole report, as text and as JSON, of
//! the smallest program that has it. Lines and fingerprints are redacted; `tests/render` shows
//! the rest.

mod faults;

use std::sync::Arc;

use lockwise_detector::{
    Detector, Finding, Frame, Op, Resolve, Rule,
    render::{self, Style},
};

use self::faults::FAULTS;

/// Rules that no sequence of Ops triggers: the explorer's.
const OF_THE_EXPLORER: &[Rule] = &[Rule::Panic, Rule::Livelock, Rule::Nondeterminism];

/// Knows the text of `faults.rs`, which is where all sites are.
struct Source;

impl Resolve for Source {
    fn frames(&mut self, _: &[usize]) -> Vec<Frame> {
        Vec::new()
    }

    fn source(&mut self, file: &str) -> Option<Arc<str>> {
        file.ends_with("faults.rs").then(|| Arc::from(include_str!("faults.rs")))
    }
}

/// The finding of `rule` that `ops` give, resolved.
fn finding(rule: Rule, ops: &[Op]) -> Finding {
    let mut findings = Detector::run(ops).unwrap();
    findings.retain(|finding| finding.kind() == rule);
    assert_eq!(findings.len(), 1, "{rule}: {findings:?}");
    let mut finding = findings.remove(0);
    finding.resolve(&mut Source);
    finding
}

#[test]
fn every_rule_has_a_fault_here() {
    let covered = |rule: &Rule| FAULTS.iter().any(|(covered, _)| covered == rule);
    let missing: Vec<_> =
        Rule::ALL.iter().filter(|r| !covered(r) && !OF_THE_EXPLORER.contains(r)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn each_fault_has_its_report() {
    let mut settings = insta::Settings::clone_current();
    settings.set_omit_expression(true);
    settings.set_prepend_module_to_snapshot(false);
    settings.add_filter(r"detector/tests/reports/faults\.rs:\d+(:\d+)?", "faults.rs:[LINE]");
    settings.add_filter(r"(?m)^ *\d+ \|", "LL |");
    settings.add_filter(r"(?m)^ +(\||=|:::|-->)", "   $1");
    settings.bind(|| {
        for (rule, fault) in FAULTS {
            let finding = finding(*rule, fault().ops());
            let text = render::text(&finding, &Style::plain());
            assert!(text.lines().count() <= 40, "{rule} does not fit a screen:\n{text}");
            insta::assert_snapshot!(format!("{rule}.text"), text);
            insta::assert_json_snapshot!(format!("{rule}.json"), render::json(&finding), {
                ".fingerprint" => "[fingerprint]",
                ".**.line" => "[line]",
                ".**.column" => "[column]",
            });
        }
    });
}
