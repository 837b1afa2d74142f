//! What `check` prints: tables, each finding once in full, and a last line for a CI log.

mod table;

use std::{collections::BTreeSet, fmt::Write as _};

use lockwise_detector::{
    Finding,
    render::{self, Summary},
};
use serde_json::Value;

use super::{protocol::By, verdict::Verdict};
use crate::{error::RED, exit, output::counted, sources::Sources};

/// The verdicts of a whole check, ready to be shown.
#[derive(Debug)]
pub struct Report {
    verdicts: Vec<Verdict>,
    /// Each finding once, however many cases showed it.
    findings: Vec<Finding>,
    /// Those that are shown in full, by their places. One that is expected of a model is not, if the
    /// same rule has been shown for the same variant before, in another size say.
    shown: Vec<usize>,
}

impl Report {
    pub(crate) fn new(verdicts: Vec<Verdict>, mut sources: Sources) -> Self {
        let (mut seen, mut told) = (BTreeSet::new(), BTreeSet::new());
        let (mut findings, mut shown) = (Vec::new(), Vec::new());
        for verdict in &verdicts {
            let unexpected: Vec<_> = verdict.unexpected().map(Finding::fingerprint).collect();
            for finding in &verdict.findings {
                let fingerprint = finding.fingerprint();
                let case = &verdict.case;
                let is_like = !told.insert((&case.program, &case.variant, finding.kind()));
                let is_unexpected = unexpected.contains(&fingerprint);
                if !seen.insert(fingerprint) {
                    continue;
                }
                if case.by == By::Run || is_unexpected || !is_like {
                    shown.push(findings.len());
                }
                let mut finding = finding.clone();
                finding.resolve(&mut sources);
                findings.push(finding);
            }
        }
        Self { verdicts, findings, shown }
    }

    /// The tables, then the findings in full, then what went wrong; with colour.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = [table::runs(&self.verdicts), table::explorations(&self.verdicts)]
            .into_iter()
            .filter(|table| !table.is_empty())
            .collect::<Vec<_>>()
            .join("\n");
        for finding in self.shown.iter().map(|place| &self.findings[*place]) {
            let _ = writeln!(text, "\n{}", render::text(finding, &render::Style::colored()));
        }
        if self.shown.len() < self.findings.len() {
            let more = counted(self.findings.len() - self.shown.len(), "more finding");
            let _ = writeln!(text, "\n{more} like these, of models: see `--format json`");
        }
        let errors = self.verdicts.iter().flat_map(|verdict| {
            verdict.errors.iter().map(move |error| (verdict.case.name(), error))
        });
        for (name, error) in errors {
            let _ = writeln!(text, "\n{RED}error{RED:#}: {name} {error}");
        }
        text.push('\n');
        text
    }

    /// The whole report in schema 1.
    #[must_use]
    pub fn json(&self) -> Value {
        let summary = Summary {
            tests: self.verdicts.len(),
            findings: self.findings.len(),
            suppressed: 0,
            complete: self.errors() + self.incomplete() == 0,
        };
        render::report_json(env!("CARGO_PKG_VERSION"), summary, &self.findings)
    }

    /// All in one line, without colour.
    #[must_use]
    pub fn last_line(&self) -> String {
        if self.verdicts.is_empty() {
            return "check: nothing was checked".to_owned();
        }
        let mut line = format!(
            "check: {} as expected, {}, {} unexpected",
            self.good(),
            counted(self.findings.len(), "finding"),
            self.unexpected()
        );
        if self.missing() > 0 {
            let _ = write!(line, ", {} missing", self.missing());
        }
        if self.incomplete() > 0 {
            let _ = write!(line, ", {} incomplete", self.incomplete());
        }
        if self.errors() > 0 {
            let _ = write!(line, ", {}", counted(self.errors(), "error"));
        }
        line
    }

    /// What the check ends with.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        if self.verdicts.is_empty() {
            exit::NOTHING
        } else if self.errors() > 0 {
            exit::FAILED
        } else if self.verdicts.iter().all(Verdict::is_as_expected) {
            exit::CLEAN
        } else if self.unexpected() + self.missing() == 0 {
            exit::INCOMPLETE
        } else {
            exit::FINDINGS
        }
    }

    /// How many of the programs that ran, and of the explorations, are as expected.
    fn good(&self) -> String {
        let count = |what: &str, is: fn(By) -> bool| {
            let all = self.verdicts.iter().filter(|verdict| is(verdict.case.by));
            let good = all.clone().filter(|verdict| verdict.is_as_expected()).count();
            (all.clone().count() > 0).then(|| format!("{good} of {} {what}", all.count()))
        };
        let parts =
            [count("programs", |by| by == By::Run), count("explorations", |by| by != By::Run)];
        parts.into_iter().flatten().collect::<Vec<_>>().join(" and ")
    }

    fn errors(&self) -> usize {
        self.verdicts.iter().map(|verdict| verdict.errors.len()).sum()
    }

    fn unexpected(&self) -> usize {
        self.verdicts.iter().map(|verdict| verdict.unexpected().count()).sum()
    }

    fn missing(&self) -> usize {
        self.verdicts.iter().map(|verdict| verdict.missing().len()).sum()
    }

    fn incomplete(&self) -> usize {
        self.verdicts.iter().filter(|verdict| verdict.is_incomplete()).count()
    }
}

#[cfg(test)]
mod tests;
