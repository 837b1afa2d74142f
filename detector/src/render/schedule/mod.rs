//! The schedule of a finding as a table: a line for each thing done, a column for each thread.
//!
//! ```text
//! schedule: 2 switches between threads, in src/meal.rs
//! line | professor            | student
//!   13 | locks `noodle`       |
//!   18 |                      | locks `fork`
//!   14 | waits to lock `fork` |
//! ```
//!
//! - `line`: rows become lines; what one thread does at one place, and what all do again, is said
//!   once;
//! - `select`: the lines that a reader needs, if not all fit a screen;
//! - `table`: lines laid out.

mod line;
mod select;
mod table;

use std::collections::{BTreeSet, HashMap};

use annotate_snippets::renderer::{DEFAULT_EMPHASIS_STYLE, Style as Ansi};

use self::{line::Teller, table::Table};
use super::Style;
use crate::{Finding, Site, finding::Schedule};

/// The message that tells in which schedule it was seen. `names` are those of
/// [`Finding::all_objects`].
pub(super) fn message(finding: &Finding, names: &[String], style: &Style) -> Option<String> {
    let schedule = finding.schedule()?;
    // An object that is listed twice has the name that it has in the excerpts.
    let mut objects = HashMap::new();
    for (object, name) in finding.all_objects().zip(names) {
        objects.entry(object.id).or_insert(name.as_str());
    }
    let passages = Teller { finding, schedule, objects }.passages();
    let shown = select::select(passages);
    let file = only_file(schedule);
    let place = |site: Site| match file {
        _ if site.is_unknown() => String::new(),
        Some(_) => site.line.to_string(),
        None => format!("{}:{}", style.path(site.file), site.line),
    };
    let places = if file.is_some() { "line" } else { "place" };
    let table = Table::new(schedule, &shown, (places, place));
    let of_file = file.map(|file| format!(", in {}", style.path(file))).unwrap_or_default();
    let head = paint("schedule", DEFAULT_EMPHASIS_STYLE, style);
    let switches = switches(schedule.switches());
    let lines = table.lines(finding.severity(), style).join("\n");
    Some(format!("{head}: {switches}{of_file}\n{lines}"))
}

/// The file of all rows, if it is one.
fn only_file(schedule: &Schedule) -> Option<&'static str> {
    let sites = schedule.rows().iter().map(|row| row.site).filter(|site| !site.is_unknown());
    let files: BTreeSet<_> = sites.map(|site| site.file).collect();
    files.first().copied().filter(|_| files.len() == 1)
}

fn switches(count: usize) -> String {
    match count {
        0 => "no switch between threads".to_owned(),
        1 => "1 switch between threads".to_owned(),
        more => format!("{more} switches between threads"),
    }
}

/// `text` in that colour, where the style has colours.
fn paint(text: &str, ansi: Ansi, style: &Style) -> String {
    if style.color && !text.trim().is_empty() {
        format!("{ansi}{text}{ansi:#}")
    } else {
        text.to_owned()
    }
}
