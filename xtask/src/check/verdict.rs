//! Whether a case is as it has to be.

use std::time::Duration;

use lockwise_detector::{Certainty, Finding, Rule, Severity};

use super::{
    protocol::{self, By, Case, Explored},
    written::Written,
};
use crate::{
    exit,
    process::{Ended, Outcome},
};

/// How many of a failed program's last lines are shown.
const LINES_SHOWN: usize = 8;

/// What came of one case.
#[derive(Debug)]
pub struct Verdict {
    /// Which it is.
    pub case: Case,
    /// All that was found.
    pub findings: Vec<Finding>,
    /// How long it ran.
    pub time: Duration,
    /// What an exploration said of itself.
    pub explored: Option<Explored>,
    /// What went wrong with the run itself: a crash, a hang, unreadable findings.
    pub errors: Vec<String>,
}

impl Verdict {
    /// Judges a case by how its process ended and by what it wrote.
    #[must_use]
    pub fn new(case: Case, outcome: &Outcome, written: Written) -> Self {
        let Written { mut findings, mut errors } = written;
        let explored = explored(&case, outcome);
        errors.extend(failure(&case, outcome, &findings, explored));
        for finding in findings.iter_mut().filter(|finding| finding.test().is_none()) {
            finding.set_test(case.name());
        }
        Self { case, findings, time: outcome.time, explored, errors }
    }

    /// A case that could not be run.
    #[must_use]
    pub fn not_run(case: Case, reason: String) -> Self {
        let (findings, errors) = (Vec::new(), vec![reason]);
        Self { case, findings, time: Duration::ZERO, explored: None, errors }
    }

    /// The rules that were found, each once.
    #[must_use]
    pub fn found(&self) -> Vec<Rule> {
        let mut rules: Vec<_> = self.findings.iter().map(Finding::kind).collect();
        rules.sort();
        rules.dedup();
        rules
    }

    /// The sets of alternatives of which none was found.
    #[must_use]
    pub fn missing(&self) -> Vec<&[Rule]> {
        let found = self.found();
        let unmet = |set: &&Vec<Rule>| !set.iter().any(|rule| found.contains(rule));
        self.case.expect.iter().filter(unmet).map(Vec::as_slice).collect()
    }

    /// The findings that nothing expects. Notes are worth knowing and fail nothing.
    pub fn unexpected(&self) -> impl Iterator<Item = &Finding> {
        let expected = |rule| self.case.expect.iter().any(|set| set.contains(&rule));
        self.findings
            .iter()
            .filter(move |finding| finding.severity() > Severity::Note && !expected(finding.kind()))
    }

    /// Whether executions are missing that had to be made.
    #[must_use]
    pub fn is_incomplete(&self) -> bool {
        self.case.exhausts && self.explored.is_some_and(|explored| !explored.complete)
    }

    /// Whether it ran as it should, found all that it should, and nothing else.
    #[must_use]
    pub fn is_as_expected(&self) -> bool {
        self.errors.is_empty()
            && !self.is_incomplete()
            && self.missing().is_empty()
            && self.unexpected().next().is_none()
    }
}

/// What an exploration said of itself, in the last line that it printed.
fn explored(case: &Case, outcome: &Outcome) -> Option<Explored> {
    let said = outcome.stdout.lines().last().filter(|_| case.by != By::Run)?;
    serde_json::from_str(said).ok()
}

/// Why a case counts as failed, if it does.
fn failure(
    case: &Case,
    outcome: &Outcome,
    findings: &[Finding],
    explored: Option<Explored>,
) -> Option<String> {
    let ended_by_runtime = [exit::FINDINGS, exit::FAILED].map(i32::from);
    let what = match outcome.ended {
        Ended::Code(0) if explored.is_some() => return None,
        Ended::Code(0) if case.by != By::Run => "did not say what it explored".to_owned(),
        Ended::Code(0) if has_come_to_its_end(case, outcome) => return None,
        Ended::Code(0) => "exited before its end, with code 0".to_owned(),
        Ended::Code(code)
            if case.by == By::Run
                && ended_by_runtime.contains(&code)
                && findings.iter().any(is_final) =>
        {
            return None;
        }
        Ended::Code(code) => format!("failed with exit code {code}"),
        Ended::Signal(signal) => format!("was ended by {}", signal_name(signal)),
        Ended::TimedOut => format!("did not end within {:.0?} and was killed", outcome.time),
    };
    Some(format!("{what}{}", last_lines(&outcome.stderr)))
}

fn has_come_to_its_end(case: &Case, outcome: &Outcome) -> bool {
    outcome.stderr.contains(&protocol::end_line(&case.program, &case.variant))
}

/// Whether a finding says that threads wait for ever, so that the program has no end to come to.
fn is_final(finding: &Finding) -> bool {
    let waits = matches!(
        finding.kind(),
        Rule::Deadlock
            | Rule::SelfDeadlock
            | Rule::RwlockRecursion
            | Rule::RwlockUpgrade
            | Rule::LostWakeup
            | Rule::Hang
            | Rule::Livelock
    );
    waits && finding.certainty() != Certainty::Predicted
}

/// The end of what a failed program printed, indented.
fn last_lines(stderr: &str) -> String {
    let lines: Vec<_> = stderr.lines().filter(|line| !line.trim().is_empty()).collect();
    let shown = &lines[lines.len().saturating_sub(LINES_SHOWN)..];
    shown.iter().map(|line| format!("\n    {line}")).collect()
}

fn signal_name(signal: i32) -> String {
    let meaning = match signal {
        4 => " (illegal instruction)",
        6 => " (abort)",
        7 => " (bus error)",
        8 => " (arithmetic error)",
        9 => " (killed)",
        11 => " (segmentation fault)",
        15 => " (terminated)",
        _ => "",
    };
    format!("signal {signal}{meaning}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn case(by: By, expect: &[&[Rule]]) -> Case {
        let expect = expect.iter().map(|set| set.to_vec()).collect();
        let (program, variant) = ("meal".to_owned(), "buggy".to_owned());
        Case { by, program, variant, size: 0, expect, exhausts: true, document: None }
    }

    fn verdict(expect: &[&[Rule]], found: &[Rule]) -> Verdict {
        let finding = |rule: &Rule| Finding::new(*rule, Certainty::Observed, "");
        let findings = found.iter().map(finding).collect();
        let (case, errors) = (case(By::Run, expect), Vec::new());
        Verdict { case, findings, time: Duration::ZERO, explored: None, errors }
    }

    #[test]
    fn each_set_needs_one_of_its_rules_and_nothing_else_may_be_found() {
        use Rule::{DataRace, Deadlock, Hang, LockOrderCycle, ThreadLeak};
        let check = |expect: &[&[Rule]], found: &[Rule], good| {
            assert_eq!(verdict(expect, found).is_as_expected(), good, "{expect:?} {found:?}");
        };
        check(&[], &[], true);
        check(&[], &[Hang], false);
        check(&[], &[ThreadLeak], true);
        check(&[&[DataRace]], &[DataRace, DataRace], true);
        check(&[&[DataRace]], &[], false);
        check(&[&[DataRace]], &[DataRace, Hang], false);
        check(&[&[LockOrderCycle, Deadlock]], &[Deadlock], true);
        check(&[&[LockOrderCycle, Deadlock]], &[Deadlock, LockOrderCycle], true);
        check(&[&[LockOrderCycle], &[Deadlock]], &[Deadlock], false);
    }

    #[test]
    fn only_an_end_that_was_meant_is_no_failure() {
        let check = |ended, stderr: &str, found: Rule, words: Option<&str>| {
            let time = Duration::from_secs(30);
            let outcome = Outcome { ended, stdout: String::new(), stderr: stderr.into(), time };
            let finding = Finding::new(found, Certainty::Observed, "");
            let case = case(By::Run, &[]);
            assert_eq!(failure(&case, &outcome, &[finding], None).as_deref(), words);
        };
        use Rule::{DataRace, Deadlock};
        check(Ended::Code(0), "a\nlockwise-fixtures: meal::buggy ended\n", DataRace, None);
        check(Ended::Code(0), "", Deadlock, Some("exited before its end, with code 0"));
        check(Ended::Code(100), "", Deadlock, None);
        check(Ended::Code(101), "", Deadlock, None);
        check(Ended::Code(101), "oh\n", DataRace, Some("failed with exit code 101\n    oh"));
        check(Ended::Code(3), "", Deadlock, Some("failed with exit code 3"));
        let segfault = "was ended by signal 11 (segmentation fault)";
        check(Ended::Signal(11), "", Deadlock, Some(segfault));
        check(Ended::TimedOut, "", Deadlock, Some("did not end within 30s and was killed"));
    }

    #[test]
    fn an_exploration_says_what_it_did_and_has_to_be_complete() {
        let check = |ended, stdout: &str, complete: Option<bool>, errors: &[&str]| {
            let (stdout, time) = (stdout.to_owned(), Duration::from_secs(30));
            let outcome = Outcome { ended, stdout, stderr: "oh\n".to_owned(), time };
            let verdict = Verdict::new(case(By::Loom, &[]), &outcome, Written::default());
            assert_eq!(verdict.explored.map(|explored| explored.complete), complete, "{ended:?}");
            assert_eq!(verdict.errors, errors);
            assert_eq!(verdict.is_as_expected(), complete == Some(true));
        };
        let line = |complete| {
            format!("{{\"executions\":6,\"blocked\":1,\"complete\":{complete},\"seconds\":0.5}}\n")
        };
        check(Ended::Code(0), &line(true), Some(true), &[]);
        check(Ended::Code(0), &line(false), Some(false), &[]);
        check(Ended::Code(0), "", None, &["did not say what it explored\n    oh"]);
        check(Ended::Code(0), "{}", None, &["did not say what it explored\n    oh"]);
        check(Ended::Code(101), "", None, &["failed with exit code 101\n    oh"]);
        check(Ended::Signal(6), "", None, &["was ended by signal 6 (abort)\n    oh"]);
        check(Ended::TimedOut, "", None, &["did not end within 30s and was killed\n    oh"]);
    }

    #[test]
    fn a_predicted_deadlock_ends_no_program() {
        let is_final = |certainty| is_final(&Finding::new(Rule::Deadlock, certainty, ""));
        assert!(is_final(Certainty::Observed) && !is_final(Certainty::Predicted));
    }
}
