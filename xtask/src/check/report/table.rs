//! The tables: what ran, and what was explored.

use std::{collections::BTreeMap, time::Duration};

use anstyle::{AnsiColor, Style};
use lockwise_detector::Rule;

use crate::{
    check::{
        protocol::{By, Explored},
        verdict::Verdict,
    },
    error::RED,
};

const GREEN: Style = AnsiColor::Green.on_default();
const BOLD: Style = Style::new().bold();

/// A table whose last column is a result.
struct Table<const COLUMNS: usize> {
    head: [&'static str; COLUMNS],
    /// Columns whose cells end, and do not begin, at the same place.
    numbers: &'static [usize],
    /// Each with whether its result is good.
    rows: Vec<([String; COLUMNS], bool)>,
}

/// A line for each program that ran; empty if none did.
pub(super) fn runs(verdicts: &[Verdict]) -> String {
    let row = |verdict: &Verdict| {
        let case = &verdict.case;
        let expected = case.expect.iter().map(|set| alternatives(set)).collect();
        let cells = [
            case.program.clone(),
            case.variant.clone(),
            listed(expected),
            found(&[verdict]),
            seconds(verdict.time),
            judgement(verdict).to_owned(),
        ];
        (cells, verdict.is_as_expected())
    };
    let head = ["program", "variant", "expected", "found", "time", "result"];
    let rows = verdicts.iter().filter(|verdict| verdict.case.by == By::Run).map(row).collect();
    Table { head, numbers: &[4], rows }.text()
}

/// A line for each model that was explored; empty if none was.
pub(super) fn explorations(verdicts: &[Verdict]) -> String {
    let mut models = BTreeMap::<_, Vec<&Verdict>>::new();
    let mut order = Vec::new();
    for verdict in verdicts.iter().filter(|verdict| verdict.case.by != By::Run) {
        let model = verdict.case.model();
        if !models.contains_key(&model) {
            order.push(model.clone());
        }
        models.entry(model).or_default().push(verdict);
    }
    let row = |model: String| {
        let verdicts = &models[&model];
        let [executions, time] = explored(verdicts, By::Explore);
        let [by_loom, loom_time] = explored(verdicts, By::Loom);
        let worst =
            verdicts.iter().find(|verdict| !verdict.is_as_expected()).unwrap_or(&verdicts[0]);
        let result = judgement(worst).to_owned();
        let cells = [model, executions, time, by_loom, loom_time, found(verdicts), result];
        (cells, worst.is_as_expected())
    };
    let head = ["in every execution", "executions", "time", "loom's", "time", "found", "result"];
    let rows = order.into_iter().map(row).collect();
    Table { head, numbers: &[1, 2, 3, 4], rows }.text()
}

/// How many executions were made by an explorer, and how long it took.
fn explored(verdicts: &[&Verdict], by: By) -> [String; 2] {
    let verdict = verdicts.iter().find(|verdict| verdict.case.by == by);
    let Some(Explored { executions, blocked, complete, seconds: took }) =
        verdict.and_then(|verdict| verdict.explored)
    else {
        return ["-", "-"].map(str::to_owned);
    };
    let blocked = if blocked > 0 { format!(" + {blocked} blocked") } else { String::new() };
    let part = if complete { "" } else { ", not all" };
    let took = Duration::try_from_secs_f64(took).unwrap_or_default();
    [format!("{executions}{blocked}{part}"), seconds(took)]
}

fn found(verdicts: &[&Verdict]) -> String {
    let mut rules: Vec<_> = verdicts.iter().flat_map(|verdict| verdict.found()).collect();
    rules.sort();
    rules.dedup();
    listed(rules.iter().map(Rule::to_string).collect())
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

fn judgement(verdict: &Verdict) -> &'static str {
    if !verdict.errors.is_empty() {
        "ERROR"
    } else if !verdict.missing().is_empty() {
        "MISSING"
    } else if verdict.unexpected().next().is_some() {
        "UNEXPECTED"
    } else if verdict.is_incomplete() {
        "INCOMPLETE"
    } else {
        "ok"
    }
}

impl<const COLUMNS: usize> Table<COLUMNS> {
    fn text(&self) -> String {
        if self.rows.is_empty() {
            return String::new();
        }
        let head = self.head.map(str::to_owned);
        let mut widths = head.clone().map(|cell| cell.len());
        for (row, _) in &self.rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(cell.len());
            }
        }
        let mut table = format!("{BOLD}{}{BOLD:#}\n", self.cells(&head, &widths).join("  "));
        for (row, good) in &self.rows {
            let mut cells = self.cells(row, &widths);
            let result = cells.pop().unwrap_or_default();
            let style = if *good { GREEN } else { RED };
            table += &format!("{}  {style}{result}{style:#}\n", cells.join("  "));
        }
        table
    }

    /// Cells as wide as their columns, but for the last.
    fn cells(&self, row: &[String; COLUMNS], widths: &[usize; COLUMNS]) -> Vec<String> {
        let padded = |(column, cell): (usize, &String)| match widths[column] {
            _ if column + 1 == COLUMNS => cell.clone(),
            width if self.numbers.contains(&column) => format!("{cell:>width$}"),
            width => format!("{cell:width$}"),
        };
        row.iter().enumerate().map(padded).collect()
    }
}
