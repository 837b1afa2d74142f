//! Runs tests, each in a process of its own.
//!
//! An interruption costs only what it keeps from ending: the results of tests that have ended stay,
//! and so does each finding of the others, for it was written when it was found.

use std::{fs, path::Path, process::Command, time::Duration};

use lockwise_detector::{Finding, Rule, Severity, render::Reader};

use super::suite::{Suite, Test};
use crate::{
    check::{protocol, written::Written},
    interrupt, pool,
    process::{self, Ended, Outcome},
};

/// What came of one test.
#[derive(Debug)]
pub(super) struct TestResult {
    pub(super) name: String,
    pub(super) outcome: TestOutcome,
    pub(super) findings: Vec<Finding>,
    pub(super) time: Duration,
    /// Whether the runtime was in the process.
    pub(super) observed: bool,
    /// How many operations it told the analyses of.
    pub(super) told: u64,
}

/// How a test ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum TestOutcome {
    Passed,
    /// Its threads could not go on, which a finding explains.
    Stuck,
    Failed {
        /// How: `failed`, `was killed by signal 11`.
        how: String,
        /// The end of what it printed.
        said: String,
    },
}

impl TestResult {
    /// Of a test that passed.
    pub(super) fn passed(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            outcome: TestOutcome::Passed,
            findings: Vec::new(),
            time: Duration::ZERO,
            observed: true,
            told: 0,
        }
    }

    /// Of one that failed in this way, having said this.
    pub(super) fn failed(name: &str, how: String, said: &str) -> Self {
        let outcome = TestOutcome::Failed { how, said: end(said) };
        Self { outcome, ..Self::passed(name) }
    }
}

/// What came of tests, whoever ran them.
#[derive(Debug, Default)]
pub(super) struct Ran {
    /// Those that came to their end.
    pub(super) results: Vec<TestResult>,
    /// Findings that belong to none of the results, or nobody knows to which.
    pub(super) findings: Vec<Finding>,
    /// How many tests an interruption kept from their end.
    pub(super) cut_off: usize,
}

impl Ran {
    /// Of tests that all wrote to `output`, which does not say whose a finding is.
    pub(super) fn into_one_file(mut results: Vec<TestResult>, output: &Path) -> Self {
        let observed = output.exists();
        for result in &mut results {
            result.observed = observed;
        }
        let findings = Written::read(output, &mut Reader::new()).findings;
        Self { results, findings, cut_off: 0 }
    }
}

/// How tests are run.
pub(super) struct Run<'a> {
    /// A directory for the files that processes write.
    pub(super) scratch: &'a Path,
    /// How long each may take.
    pub(super) limit: Duration,
    /// Whether the runtime is asked for findings.
    pub(super) observed: bool,
}

impl Run<'_> {
    pub(super) fn all(&self, suite: &Suite<'_>) -> Ran {
        // How a test ended says nothing if the interruption may have ended it.
        let work = |index: usize, test: &Test| {
            let result = self.one(suite, index, test);
            (result, interrupt::is_interrupted())
        };
        let mut ran = Ran::default();
        for (result, is_cut_off) in pool::run(&suite.tests, |test| test.name.clone(), work) {
            if is_cut_off {
                ran.findings.extend(result.findings);
            } else {
                ran.results.push(result);
            }
        }
        ran.cut_off = suite.tests.len() - ran.results.len();
        ran
    }

    fn one(&self, suite: &Suite<'_>, index: usize, test: &Test) -> TestResult {
        let output = self.scratch.join(format!("{index}.jsonl"));
        let told = self.scratch.join(format!("{index}.told"));
        let mut command = suite.process(test);
        if self.observed {
            observe(&mut command, &output);
            command.env(protocol::TEST, &test.name).env(protocol::TOLD, &told);
            command.envs(suite.directory(test).map(|directory| (protocol::LOOKUPS, directory)));
        }
        let failed = |how: String, said: String| TestOutcome::Failed { how, said };
        let (outcome, time, written) = match process::run(&mut command, self.limit) {
            Ok(outcome) => {
                let written = Written::read(&output, &mut Reader::new());
                (judge(&outcome, &written.findings, self.limit), outcome.time, written)
            }
            Err(error) => {
                let how = format!("could not be run: {error}");
                (failed(how, String::new()), Duration::ZERO, Written::default())
            }
        };
        let outcome = match (outcome, written.errors.first()) {
            (TestOutcome::Passed, Some(error)) => failed(error.clone(), String::new()),
            (outcome, _) => outcome,
        };
        let observed = output.exists();
        // A process that starts others shares the file with them.
        let told = fs::read_to_string(told).unwrap_or_default();
        let told = told.lines().filter_map(|line| line.parse::<u64>().ok()).sum();
        let (name, findings) = (test.name.clone(), written.findings);
        TestResult { name, outcome, findings, time, observed, told }
    }
}

/// Makes a process append its findings to `output`, and go on.
pub(super) fn observe(command: &mut Command, output: &Path) {
    command.env(protocol::OUTPUT, output).env(protocol::ON_FINDING, protocol::COLLECT);
}

fn judge(outcome: &Outcome, findings: &[Finding], limit: Duration) -> TestOutcome {
    match outcome.ended {
        Ended::Code(0) => TestOutcome::Passed,
        Ended::Code(101) if findings.iter().any(explains) => TestOutcome::Stuck,
        ended => TestOutcome::Failed { how: how(ended, limit), said: said(outcome) },
    }
}

/// Whether threads cannot go on because of it.
pub(super) fn explains(finding: &Finding) -> bool {
    let stuck = [Rule::Deadlock, Rule::SelfDeadlock, Rule::Hang, Rule::LostWakeup];
    stuck.contains(&finding.kind()) && finding.severity() == Severity::Error
        || [Rule::RwlockRecursion, Rule::RwlockUpgrade].contains(&finding.kind())
            && finding.severity() > Severity::Note
}

/// What is said of a process that did not end well.
pub(super) fn how(ended: Ended, limit: Duration) -> String {
    match ended {
        Ended::Code(101) => "failed".to_owned(),
        Ended::Code(code) => format!("ended with code {code}"),
        Ended::Signal(signal) => format!("was killed by signal {signal}"),
        Ended::TimedOut => format!("did not end within {} s, and was killed", limit.as_secs()),
    }
}

/// The end of what a process printed: what libtest repeats of a failed test, or else stderr.
fn said(outcome: &Outcome) -> String {
    let repeated = outcome.stdout.split_once("\nfailures:\n").map(|(_, rest)| rest);
    let repeated = repeated.and_then(|rest| rest.split("\n\nfailures:\n").next());
    let text = repeated.filter(|text| !text.trim().is_empty()).unwrap_or(&outcome.stderr);
    end(text)
}

fn end(text: &str) -> String {
    const LINES: usize = 20;
    let lines: Vec<_> = text.trim().lines().collect();
    lines[lines.len().saturating_sub(LINES)..].join("\n")
}

#[cfg(test)]
mod tests {
    use lockwise_detector::Certainty;

    use super::*;

    fn outcome(ended: Ended, stdout: &str, stderr: &str) -> Outcome {
        let (stdout, stderr) = (stdout.to_owned(), stderr.to_owned());
        Outcome { ended, stdout, stderr, time: Duration::ZERO }
    }

    fn judged(ended: Ended, rules: &[Rule]) -> TestOutcome {
        let finding = |rule: &Rule| Finding::new(*rule, Certainty::Observed, "message");
        let findings: Vec<_> = rules.iter().map(finding).collect();
        judge(&outcome(ended, "", ""), &findings, Duration::from_secs(9))
    }

    #[test]
    fn a_test_that_is_stuck_is_told_from_one_that_fails() {
        assert_eq!(judged(Ended::Code(0), &[Rule::LockOrderCycle]), TestOutcome::Passed);
        assert_eq!(judged(Ended::Code(101), &[Rule::Deadlock]), TestOutcome::Stuck);
        for (ended, rules, expected) in [
            (Ended::Code(101), &[Rule::LockOrderCycle][..], "failed"),
            (Ended::Code(3), &[], "ended with code 3"),
            (Ended::Signal(11), &[Rule::Hang], "was killed by signal 11"),
            (Ended::TimedOut, &[], "did not end within 9 s, and was killed"),
        ] {
            match judged(ended, rules) {
                TestOutcome::Failed { how, .. } => assert_eq!(how, expected),
                other => panic!("{other:?}"),
            }
        }
    }

    #[test]
    fn what_a_failed_test_said_is_its_panic() {
        let stdout = "running 1 test\ntest a ... FAILED\n\nfailures:\n\n---- a stdout ----\n\
                      thread 'a' panicked\n\n\nfailures:\n    a\n\ntest result: FAILED.";
        let outcome = outcome(Ended::Code(101), stdout, "noise");
        assert_eq!(said(&outcome), "---- a stdout ----\nthread 'a' panicked");
    }
}
