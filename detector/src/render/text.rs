//! The text report of one finding: one screen, for a reader who has never seen it.
//!
//! In this order: what can go wrong; who holds what and wants what, thread by thread, on the
//! source lines; how certain it is; in which schedule it was seen, and how to replay that; what
//! would mend it.

use std::collections::BTreeMap;

use annotate_snippets::{Group, Level, Message, Renderer};

use super::{
    Style,
    excerpt::{Remark, excerpt},
    label::short_type,
    schedule,
    stack::callers,
    words::{deed, object_names},
};
use crate::{
    Certainty, Finding, Severity,
    finding::{ObjectReport, Step, ThreadReport, Verb},
};

/// More threads or steps than this do not fit a screen; the rest is counted.
const MAX_THREADS: usize = 6;
const MAX_STEPS: usize = 6;

/// The full text report.
#[must_use]
pub fn text(finding: &Finding, style: &Style) -> String {
    let level = match finding.severity() {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    };
    let mut group = Group::with_title(level.primary_title(finding.message()).id(finding.rule()));
    let names = object_names(finding.all_objects());
    let mut notes = Vec::new();
    for thread in finding.threads().iter().take(MAX_THREADS) {
        for remarks in by_file(remarks(thread, &names)) {
            let (snippet, lost) = excerpt(finding, style, remarks);
            group = group.elements(snippet);
            notes.extend(lost.iter().map(|remark| in_words(remark, style)));
        }
        notes.extend(ways(thread, &names, style));
    }
    let more = finding.threads().len().saturating_sub(MAX_THREADS);
    notes.extend((more > 0).then(|| format!("{more} more threads are in the JSON report")));
    notes.extend(origins(finding.objects(), &names, style));
    notes.extend(finding.test().map(|test| format!("in test `{test}`")));
    notes.push(certainty(finding).to_owned());
    let notes = notes.into_iter().map(|note| -> Message<'_> { Level::NOTE.message(note) });
    // Its lines begin where its title does, so that a table has the whole width.
    let schedule = schedule::message(finding, &names, style);
    let schedule = schedule.map(|table| Level::NOTE.no_name().message(table));
    let replay = replay(finding).map(|command| Level::NOTE.with_name("replay").message(command));
    let help = finding.helps().iter().map(|help| Level::HELP.message(help.as_str()));
    let group = group.elements(notes).elements(schedule).elements(replay).elements(help);
    let renderer = if style.color { Renderer::styled() } else { Renderer::plain() };
    renderer.render(&[group])
}

fn certainty(finding: &Finding) -> &'static str {
    match (finding.certainty(), finding.schedule()) {
        (Certainty::Predicted, None) => {
            "predicted: it did not happen in this run, but it can in another"
        }
        (Certainty::Predicted, Some(_)) => {
            "predicted: it did not happen in the schedule below, but it can in another"
        }
        (Certainty::Observed, None) => "observed: it happened in this run",
        (Certainty::Observed, Some(_)) => "observed: it happened in the schedule below",
        (Certainty::Confirmed, _) => {
            "confirmed: predicted, then made to happen by a replayed schedule"
        }
    }
}

/// The command that makes it happen again.
fn replay(finding: &Finding) -> Option<String> {
    let command = format!("LOCKWISE_REPLAY={} cargo test", finding.replay()?);
    let test = finding.test().and_then(test_filter);
    Some(test.map(|test| format!("{command} {test}")).unwrap_or(command))
}

/// What `cargo test` knows a test by: its path within its binary, which may come after the package
/// and a `/`. `None` where the test has a name that no function can have.
fn test_filter(test: &str) -> Option<&str> {
    let test = test.rsplit_once('/').map_or(test, |(_, test)| test);
    let is_path = test.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | ':'));
    is_path.then(|| test.split_once("::").map_or(test, |(_, path)| path))
}

/// What a thread did, in words, each thing once. The last is what it cannot get past.
fn remarks(thread: &ThreadReport, names: &[String]) -> Vec<Remark> {
    let mut remarks: Vec<Remark> = Vec::new();
    for step in &thread.steps {
        let words = phrase(thread, step, names);
        if !remarks.iter().any(|seen| seen.site == step.site && seen.words == words) {
            remarks.push(Remark { site: step.site, words, main: false });
        }
    }
    if let Some(last) = remarks.last_mut() {
        last.main = true;
    }
    // What comes last matters most.
    remarks.drain(..remarks.len().saturating_sub(MAX_STEPS));
    remarks
}

fn phrase(thread: &ThreadReport, step: &Step, names: &[String]) -> String {
    let object = step.object.and_then(|index| names.get(index)).map_or("", String::as_str);
    let tail = if step.verb == Verb::Hold { ", acquired" } else { "" };
    format!("`{}` {}{tail}", thread.name, deed(step.verb.phrase(), object))
}

/// A remark that has no source line to stand on.
fn in_words(remark: &Remark, style: &Style) -> String {
    if remark.site.is_unknown() {
        return remark.words.clone();
    }
    let file = style.path(remark.site.file);
    format!("{} at {file}:{}:{}", remark.words, remark.site.line, remark.site.column)
}

/// Remarks by file, files in the order in which they are first named; `here` closes each.
fn by_file(remarks: Vec<Remark>) -> Vec<Vec<Remark>> {
    let mut files: Vec<Vec<Remark>> = Vec::new();
    for remark in remarks {
        match files.iter_mut().find(|file| file[0].site.file == remark.site.file) {
            Some(file) => file.push(remark),
            None => files.push(vec![remark]),
        }
    }
    files
}

/// How a thread came to its steps, where its stacks tell more than the excerpts; steps that were
/// reached in one way are told of together.
fn ways(thread: &ThreadReport, names: &[String], style: &Style) -> Vec<String> {
    let mut ways: Vec<(Vec<String>, String)> = Vec::new();
    for step in &thread.steps {
        let callers = callers(step, style);
        if !callers.is_empty() && !ways.iter().any(|(seen, _)| *seen == callers) {
            ways.push((callers, phrase(thread, step, names)));
        }
    }
    ways.into_iter()
        .map(|(callers, words)| format!("{words}, called from {}", callers.join(", from ")))
        .collect()
}

/// Where the objects were made, those of one type and place together.
fn origins(objects: &[ObjectReport], names: &[String], style: &Style) -> Vec<String> {
    let mut places: BTreeMap<_, Vec<usize>> = BTreeMap::new();
    for (index, object) in objects.iter().enumerate().filter(|(_, o)| !o.created.is_unknown()) {
        places.entry((object.created, &object.type_name)).or_default().push(index);
    }
    let mut places: Vec<_> = places.into_iter().collect();
    places.sort_by_key(|(_, members)| members[0]);
    places
        .into_iter()
        .map(|((site, type_name), members)| {
            let who: Vec<&str> = members.iter().map(|index| names[*index].as_str()).collect();
            let unnamed = members.iter().all(|index| objects[*index].name.is_none());
            let (verb, article) = if who.len() == 1 { ("is", "a ") } else { ("are", "") };
            let what = if unnamed {
                String::new()
            } else {
                format!("{article}`{}` ", short_type(type_name))
            };
            let place = format!("{}:{}:{}", style.path(site.file), site.line, site.column);
            let first_used = objects[members[0]].is_seen_at_first_use();
            let made = if first_used { "first used" } else { "made" };
            format!("{} {verb} {what}{made} at {place}", who.join(", "))
        })
        .collect()
}
