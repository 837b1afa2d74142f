//! What is said of a project: findings, tests that failed, and what was not seen.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    path::PathBuf,
};

use lockwise_detector::{
    Finding, Severity,
    render::{self, Reader, Style, Summary},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::run::{Ran, TestOutcome};
use crate::{error::RED, exit, output::counted, sources::Sources};

/// The result of a check of a project, or of several that are parts of one.
#[derive(Debug, Default)]
pub(crate) struct Report {
    /// The project's directory: paths are relative to it.
    pub(super) root: PathBuf,
    /// How many tests came to their end.
    pub(super) tests: usize,
    pub(super) ignored: usize,
    pub(super) failures: Vec<Failure>,
    /// Each once, and in how many more tests it was found.
    pub(super) findings: Vec<(Finding, usize)>,
    /// The crates that ran under observation.
    pub(super) observed: BTreeSet<String>,
    /// What was not seen, and why.
    pub(super) unobserved: BTreeMap<String, String>,
    /// If the check was interrupted: how many tests that kept from their end.
    pub(super) interrupted: Option<usize>,
}

/// A test that failed in an ordinary way.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Failure {
    test: String,
    how: String,
    #[serde(default)]
    said: String,
}

/// The part of a report in JSON that the findings' schema does not have.
#[derive(Serialize, Deserialize)]
struct Extra {
    root: PathBuf,
    ignored: usize,
    failures: Vec<Failure>,
    observed: BTreeSet<String>,
    unobserved: BTreeMap<String, String>,
    #[serde(default)]
    interrupted: Option<usize>,
}

impl Report {
    /// Takes in what came of tests.
    pub(super) fn take(&mut self, ran: Ran, sources: &mut Sources) {
        for result in ran.results {
            self.tests += 1;
            if !result.observed {
                let why = "its process did not load lockwise".to_owned();
                self.unobserved.insert(format!("test {}", result.name), why);
            }
            if let TestOutcome::Failed { how, said } = result.outcome {
                self.failures.push(Failure { test: result.name, how, said });
            }
            self.take_findings(result.findings, sources);
        }
        self.take_findings(ran.findings, sources);
        if ran.cut_off > 0 {
            self.interrupt(ran.cut_off);
        }
    }

    /// Takes in findings, of each test each once.
    fn take_findings(&mut self, findings: Vec<Finding>, sources: &mut Sources) {
        let mut seen = BTreeSet::new();
        for mut finding in findings {
            if seen.insert((finding.test().map(str::to_owned), finding.fingerprint())) {
                finding.resolve(sources);
                self.add(finding, 0);
            }
        }
    }

    /// Notes an interruption, which kept so many tests from their end.
    pub(super) fn interrupt(&mut self, tests: usize) {
        *self.interrupted.get_or_insert(0) += tests;
    }

    fn add(&mut self, finding: Finding, more: usize) {
        let fingerprint = finding.fingerprint();
        let known = self.findings.iter_mut().find(|(known, _)| known.fingerprint() == fingerprint);
        match known {
            Some((_, others)) => *others += 1 + more,
            None => self.findings.push((finding, more)),
        }
    }

    /// Takes in another part of the same check.
    ///
    /// # Errors
    ///
    /// It is no report of a check of a project.
    pub(crate) fn merge(&mut self, document: &Value) -> Result<(), String> {
        let extra = document.get("project").ok_or("it is no report of a project's check")?;
        let extra = Extra::deserialize(extra).map_err(|error| error.to_string())?;
        let tests = document.pointer("/summary/tests").and_then(Value::as_u64);
        let tests = tests.ok_or("its summary has no number of tests")?;
        self.tests += usize::try_from(tests).map_err(|error| error.to_string())?;
        self.root = extra.root;
        self.ignored = self.ignored.max(extra.ignored);
        self.failures.extend(extra.failures);
        self.observed.extend(extra.observed);
        self.unobserved.extend(extra.unobserved);
        if let Some(tests) = extra.interrupted {
            self.interrupt(tests);
        }
        let mut sources = Sources::new(self.root.clone());
        let mut reader = Reader::new();
        let findings = document.get("findings").and_then(Value::as_array);
        for finding in findings.ok_or("it has no list of findings")? {
            let mut finding = reader.finding(finding).map_err(|error| error.to_string())?;
            finding.resolve(&mut sources);
            self.add(finding, 0);
        }
        Ok(())
    }

    /// Findings in full, then failures, then what was not seen; with colour.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        let style = Style::colored().relative_to(self.root.to_string_lossy());
        for (finding, more) in &self.findings {
            let _ = writeln!(text, "\n{}", render::text(finding, &style));
            if *more > 0 {
                let _ = writeln!(text, "    = note: and in {}", counted(*more, "more test"));
            }
        }
        for Failure { test, how, said } in &self.failures {
            let _ = writeln!(text, "\n{RED}error{RED:#}: {test} {how}");
            for line in said.lines() {
                let _ = writeln!(text, "    | {line}");
            }
        }
        if !self.failures.is_empty() {
            let _ = writeln!(text, "\nhelp: does `cargo test` say the same, without lockwise?");
        }
        if !self.unobserved.is_empty() {
            let _ = writeln!(text, "\nnot observed:");
            for (what, why) in &self.unobserved {
                let _ = writeln!(text, "  {what}: {why}");
            }
        }
        if !text.is_empty() {
            text.push('\n');
        }
        text
    }

    /// The whole report in schema 1, and what is said of the project under `project`.
    pub(crate) fn json(&self) -> Value {
        let summary = Summary {
            tests: self.tests,
            findings: self.findings.len(),
            suppressed: 0,
            complete: self.failures.is_empty() && self.interrupted.is_none(),
        };
        let findings: Vec<_> = self.findings.iter().map(|(finding, _)| finding.clone()).collect();
        let mut document = render::report_json(env!("CARGO_PKG_VERSION"), summary, &findings);
        document["project"] = json!(Extra {
            root: self.root.clone(),
            ignored: self.ignored,
            failures: self.failures.clone(),
            observed: self.observed.clone(),
            unobserved: self.unobserved.clone(),
            interrupted: self.interrupted,
        });
        document
    }

    /// All in one line, without colour.
    pub(crate) fn last_line(&self) -> String {
        let mut line = self.sum();
        if let Some(tests) = self.interrupted {
            line.push_str("; interrupted");
            if tests > 0 {
                let _ = write!(line, ": {} not run to the end", counted(tests, "test was"));
            }
        }
        line
    }

    /// What was checked and found.
    fn sum(&self) -> String {
        if self.is_empty() {
            let ignored = match self.ignored {
                0 => String::new(),
                ignored => format!(" ({} marked `#[ignore]`)", counted(ignored, "test is")),
            };
            return format!("check: nothing was checked: no test was run{ignored}");
        }
        if self.is_blind() {
            return format!(
                "check: nothing was checked: {} ran, but nothing was observed",
                counted(self.tests, "test")
            );
        }
        let serious = self.serious();
        let mut line = format!(
            "check: {}, {} failed, {}",
            counted(self.tests, "test"),
            self.failures.len(),
            counted(serious, "finding")
        );
        if self.findings.len() > serious {
            let _ = write!(line, ", {}", counted(self.findings.len() - serious, "note"));
        }
        let _ = write!(line, "; {} observed", counted(self.observed.len(), "crate"));
        if !self.unobserved.is_empty() {
            let _ = write!(line, ", {} not observed", self.unobserved.len());
        }
        line
    }

    /// What the check ends with.
    pub(crate) fn exit_code(&self) -> u8 {
        if self.interrupted.is_some() {
            exit::INTERRUPTED
        } else if self.is_empty() || self.is_blind() {
            exit::NOTHING
        } else if self.serious() > 0 {
            exit::FINDINGS
        } else if !self.failures.is_empty() {
            exit::FAILED
        } else {
            exit::CLEAN
        }
    }

    /// How many findings are more than notes.
    fn serious(&self) -> usize {
        self.findings.iter().filter(|(finding, _)| finding.severity() > Severity::Note).count()
    }

    /// Whether nothing ran and nothing was found.
    fn is_empty(&self) -> bool {
        self.tests == 0 && self.findings.is_empty()
    }

    fn is_blind(&self) -> bool {
        let unseen = self.unobserved.keys().filter(|what| what.starts_with("test ")).count();
        self.findings.is_empty() && (self.observed.is_empty() || unseen == self.tests)
    }
}
