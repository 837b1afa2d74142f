//! Whether a variant did what its document says.

use std::time::Duration;

use lockwise_detector::{Certainty, Finding, Rule, Severity};

use super::{
    protocol::{self, Variant},
    runner::Job,
    written::Written,
};
use crate::{
    exit,
    process::{Ended, Outcome},
};

/// How many of a failed program's last lines are shown.
const LINES_SHOWN: usize = 8;

/// What came of one variant.
#[derive(Debug)]
pub struct Verdict {
    /// Which it is.
    pub job: Job,
    /// All that was found.
    pub findings: Vec<Finding>,
    /// How long it ran.
    pub time: Duration,
    /// What went wrong with the run itself: a crash, a hang, unreadable findings.
    pub errors: Vec<String>,
}

impl Verdict {
    /// Judges a run by how it ended and by what it wrote.
    #[must_use]
    pub fn new(job: Job, outcome: &Outcome, written: Written) -> Self {
        let Written { findings, mut errors } = written;
        errors.extend(failure(&job, outcome, &findings));
        Self { job, findings, time: outcome.time, errors }
    }

    /// A variant that could not be run.
    #[must_use]
    pub fn not_run(job: Job, reason: String) -> Self {
        Self { job, findings: Vec::new(), time: Duration::ZERO, errors: vec![reason] }
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
        self.variant().expect.iter().filter(unmet).map(Vec::as_slice).collect()
    }

    /// The findings that nothing expects. Notes are worth knowing and fail nothing.
    pub fn unexpected(&self) -> impl Iterator<Item = &Finding> {
        let expected = |rule| self.variant().expect.iter().any(|set| set.contains(&rule));
        self.findings
            .iter()
            .filter(move |finding| finding.severity() > Severity::Note && !expected(finding.kind()))
    }

    /// Whether it ran as it should, found all that it should, and nothing else.
    #[must_use]
    pub fn is_as_expected(&self) -> bool {
        self.errors.is_empty() && self.missing().is_empty() && self.unexpected().next().is_none()
    }

    fn variant(&self) -> &Variant {
        &self.job.variant
    }
}

/// Why a run counts as failed, if it does.
fn failure(job: &Job, outcome: &Outcome, findings: &[Finding]) -> Option<String> {
    let end = protocol::end_line(&job.program, &job.variant.name);
    let ended_by_runtime = [exit::FINDINGS, exit::FAILED].map(i32::from);
    let what = match outcome.ended {
        Ended::Code(0) if outcome.stderr.contains(&end) => return None,
        Ended::Code(0) => "exited before its end, with code 0".to_owned(),
        Ended::Code(code) if ended_by_runtime.contains(&code) && findings.iter().any(is_final) => {
            return None;
        }
        Ended::Code(code) => format!("failed with exit code {code}"),
        Ended::Signal(signal) => format!("was ended by {}", signal_name(signal)),
        Ended::TimedOut => format!("did not end within {:.0?} and was killed", outcome.time),
    };
    Some(format!("{what}{}", last_lines(&outcome.stderr)))
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

    fn job(expect: &[&[Rule]]) -> Job {
        let expect = expect.iter().map(|set| set.to_vec()).collect();
        let variant = Variant { name: "buggy".to_owned(), expect, document: None };
        Job { program: "meal".to_owned(), variant }
    }

    fn verdict(expect: &[&[Rule]], found: &[Rule]) -> Verdict {
        let finding = |rule: &Rule| Finding::new(*rule, Certainty::Observed, "");
        let findings = found.iter().map(finding).collect();
        Verdict { job: job(expect), findings, time: Duration::ZERO, errors: Vec::new() }
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
            assert_eq!(failure(&job(&[]), &outcome, &[finding]).as_deref(), words);
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
    fn a_predicted_deadlock_ends_no_program() {
        let is_final = |certainty| is_final(&Finding::new(Rule::Deadlock, certainty, ""));
        assert!(is_final(Certainty::Observed) && !is_final(Certainty::Predicted));
    }
}
