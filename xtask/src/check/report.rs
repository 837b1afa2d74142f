//! What `check` prints: a table, each finding once in full, and a last line for a CI log.

use std::{collections::BTreeSet, fmt::Write as _, time::Duration};

use anstyle::{AnsiColor, Style};
use lockwise_detector::{
    Finding, Rule,
    render::{self, Summary},
};
use serde_json::Value;

use super::verdict::Verdict;
use crate::{error::RED, exit, sources::Sources};

const GREEN: Style = AnsiColor::Green.on_default();
const BOLD: Style = Style::new().bold();

/// The verdicts of a whole check, ready to be shown.
#[derive(Debug)]
pub struct Report {
    verdicts: Vec<Verdict>,
    /// Each finding once, however many variants showed it.
    findings: Vec<Finding>,
}

impl Report {
    pub(crate) fn new(verdicts: Vec<Verdict>, mut sources: Sources) -> Self {
        let mut seen = BTreeSet::new();
        let mut findings = Vec::new();
        for finding in verdicts.iter().flat_map(|verdict| &verdict.findings) {
            if seen.insert(finding.fingerprint()) {
                let mut finding = finding.clone();
                finding.resolve(&mut sources);
                findings.push(finding);
            }
        }
        Self { verdicts, findings }
    }

    /// The table, then each finding in full, then what went wrong; with colour.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = self.table();
        for finding in &self.findings {
            let _ = writeln!(text, "\n{}", render::text(finding, &render::Style::colored()));
        }
        let errors = self.verdicts.iter().flat_map(|verdict| {
            verdict.errors.iter().map(move |error| (verdict.job.name(), error))
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
            complete: self.errors() == 0,
        };
        render::report_json(env!("CARGO_PKG_VERSION"), summary, &self.findings)
    }

    /// All in one line, without colour.
    #[must_use]
    pub fn last_line(&self) -> String {
        let all = self.verdicts.len();
        if all == 0 {
            return "check: nothing was checked".to_owned();
        }
        let good = self.verdicts.iter().filter(|verdict| verdict.is_as_expected()).count();
        let missing: usize = self.verdicts.iter().map(|verdict| verdict.missing().len()).sum();
        let mut line = format!(
            "check: {good} of {all} programs as expected, {}, {} unexpected",
            counted(self.findings.len(), "finding"),
            self.unexpected()
        );
        if missing > 0 {
            let _ = write!(line, ", {missing} missing");
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
        } else {
            exit::FINDINGS
        }
    }

    fn errors(&self) -> usize {
        self.verdicts.iter().map(|verdict| verdict.errors.len()).sum()
    }

    fn unexpected(&self) -> usize {
        self.verdicts.iter().map(|verdict| verdict.unexpected().count()).sum()
    }

    fn table(&self) -> String {
        let head = ["program", "variant", "expected", "found", "time", "result"].map(str::to_owned);
        let rows: Vec<_> = self.verdicts.iter().map(row).collect();
        let mut widths = head.clone().map(|cell| cell.len());
        for row in &rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(cell.len());
            }
        }
        let mut table = line(&head, &widths, BOLD);
        for (row, verdict) in rows.iter().zip(&self.verdicts) {
            table += &line(row, &widths, if verdict.is_as_expected() { GREEN } else { RED });
        }
        table
    }
}

/// `1 finding`, `2 findings`.
fn counted(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

fn row(verdict: &Verdict) -> [String; 6] {
    let job = &verdict.job;
    let expected = job.variant.expect.iter().map(|set| alternatives(set)).collect();
    let found = verdict.found().iter().map(Rule::to_string).collect();
    [
        job.program.clone(),
        job.variant.name.clone(),
        listed(expected),
        listed(found),
        seconds(verdict.time),
        judgement(verdict),
    ]
}

fn listed(words: Vec<String>) -> String {
    if words.is_empty() { "nothing".to_owned() } else { words.join(", ") }
}

fn alternatives(set: &[Rule]) -> String {
    set.iter().map(Rule::to_string).collect::<Vec<_>>().join(" or ")
}

fn seconds(time: Duration) -> String {
    format!("{:.2} s", time.as_secs_f64())
}

fn judgement(verdict: &Verdict) -> String {
    if !verdict.errors.is_empty() {
        "ERROR".to_owned()
    } else if !verdict.missing().is_empty() {
        "MISSING".to_owned()
    } else if verdict.unexpected().next().is_some() {
        "UNEXPECTED".to_owned()
    } else {
        "ok".to_owned()
    }
}

/// One line of the table; the style is for its last cell, and for all of the head.
fn line(cells: &[String; 6], widths: &[usize; 6], style: Style) -> String {
    let [program, variant, expected, found, time, last] = cells;
    let all = if style == BOLD { BOLD } else { Style::new() };
    let [w0, w1, w2, w3, w4, _] = *widths;
    format!(
        "{all}{program:w0$}  {variant:w1$}  {expected:w2$}  {found:w3$}  {time:>w4$}  \
         {all:#}{style}{last}{style:#}\n"
    )
}

#[cfg(test)]
mod tests;
