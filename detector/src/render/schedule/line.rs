//! From rows to lines: what one thread does at one line of source is one line of the table, and
//! lines that come again and again are there once.

use std::collections::HashMap;

use crate::{
    Finding, ObjectId, Site, ThreadId,
    finding::{Schedule, ScheduleRow, Verb},
    render::words::{deed, deed_to_thread},
    wording,
};

/// Lines that come again in this number or a smaller one are noticed.
const MAX_PERIOD: usize = 12;
/// How often lines come before the later ones are left out.
const MIN_TIMES: usize = 3;
/// No more objects or threads than this are named for one thing done.
const MAX_TARGETS: usize = 4;

/// What one thread did at one line of source, before another went on.
pub(super) struct Line {
    pub(super) thread: ThreadId,
    pub(super) site: Site,
    pub(super) words: String,
    /// How many rows it is made of.
    pub(super) rows: usize,
    /// How much it has to do with what the finding tells; 0 is nothing.
    pub(super) weight: u8,
    /// Whether it is what its thread cannot get past, or does wrong.
    pub(super) main: bool,
}

/// Lines that are shown together or not at all: one, or those that come several times.
pub(super) struct Passage {
    pub(super) lines: Vec<Line>,
    pub(super) times: usize,
    /// How many rows it is made of, each time counted.
    pub(super) rows: usize,
}

/// Tells the schedule of a finding.
pub(super) struct Teller<'a> {
    pub(super) finding: &'a Finding,
    pub(super) schedule: &'a Schedule,
    pub(super) objects: HashMap<ObjectId, &'a str>,
}

impl Teller<'_> {
    /// The whole schedule.
    pub(super) fn passages(&self) -> Vec<Passage> {
        let place = |row: &ScheduleRow| (row.thread, row.site.file, row.site.line);
        let rows = self.schedule.rows().chunk_by(|a, b| place(a) == place(b));
        let mut lines: Vec<_> = rows.map(|rows| self.line(rows)).collect();
        self.mark_main(&mut lines);
        fold(lines)
    }

    fn line(&self, rows: &[ScheduleRow]) -> Line {
        Line {
            thread: rows[0].thread,
            site: rows[0].site,
            words: self.words(rows),
            rows: rows.len(),
            weight: rows.iter().map(|row| self.weight(row)).max().unwrap_or(0),
            main: false,
        }
    }

    /// Steps of the finding come first, then its objects, then its threads.
    fn weight(&self, row: &ScheduleRow) -> u8 {
        let report = self.finding.threads().iter().find(|report| report.id == row.thread);
        let is_step = report.is_some_and(|report| {
            report.steps.iter().any(|step| (step.verb, step.site) == (row.verb, row.site))
        });
        let is_own = |id| self.finding.objects().iter().any(|object| object.id == id);
        let object = row.object.is_some_and(is_own);
        u8::from(is_step) * 4 + u8::from(object) * 2 + u8::from(report.is_some())
    }

    /// Marks the last step of each of the finding's threads, where it was done last.
    fn mark_main(&self, lines: &mut [Line]) {
        for report in self.finding.threads() {
            let Some(step) = report.steps.last() else { continue };
            let mut end = self.schedule.rows().len();
            let found = lines.iter_mut().rev().find(|line| {
                let rows = &self.schedule.rows()[end - line.rows..end];
                end -= line.rows;
                line.thread == report.id
                    && rows.iter().any(|row| (row.verb, row.site) == (step.verb, step.site))
            });
            if let Some(line) = found {
                line.main = true;
            }
        }
    }

    /// Rows of one thread in words, each thing once: "reads and writes `COUNT` 5 times".
    fn words(&self, rows: &[ScheduleRow]) -> String {
        let mut deeds: Vec<Deed> = Vec::new();
        for row in rows {
            let deed = self.deed(row);
            match deeds.iter_mut().find(|seen| seen.is_like(&deed)) {
                Some(seen) => seen.times += 1,
                None => deeds.push(deed),
            }
        }
        let mut joined: Vec<Deed> = Vec::new();
        for deed in deeds {
            if !joined.last_mut().is_some_and(|last| last.join(&deed)) {
                joined.push(deed);
            }
        }
        joined.iter().map(Deed::words).collect::<Vec<_>>().join(", ")
    }

    fn deed(&self, row: &ScheduleRow) -> Deed {
        let object = row.object.and_then(|id| self.objects.get(&id));
        let thread = row.peer.and_then(|peer| self.schedule.thread_name(peer));
        let thread = thread.map(|name| format!("`{name}`"));
        Deed {
            verbs: vec![row.verb],
            to_thread: thread.is_some(),
            targets: thread.or_else(|| object.map(|name| (*name).to_owned())).into_iter().collect(),
            times: 1,
        }
    }
}

/// Things done to the same, or the same thing done to several.
struct Deed {
    verbs: Vec<Verb>,
    /// Whether what it is done to are threads.
    to_thread: bool,
    targets: Vec<String>,
    times: usize,
}

impl Deed {
    fn is_like(&self, other: &Self) -> bool {
        (&self.verbs, &self.targets) == (&other.verbs, &other.targets)
    }

    /// Takes in `next`, which comes next, if one phrase can say both.
    fn join(&mut self, next: &Self) -> bool {
        let alike = (self.times, self.to_thread) == (next.times, next.to_thread);
        if !alike || self.targets.is_empty() || next.targets.is_empty() {
            return false;
        }
        if self.targets == next.targets && !self.to_thread {
            self.verbs.extend(&next.verbs);
        } else if self.verbs == next.verbs {
            self.targets.extend_from_slice(&next.targets);
        } else {
            return false;
        }
        true
    }

    fn words(&self) -> String {
        let mut targets = self.targets.clone();
        if targets.len() > MAX_TARGETS {
            let more = targets.split_off(MAX_TARGETS - 1).len();
            targets.push(format!("{more} more"));
        }
        let targets = wording::list(&targets);
        let done = if self.to_thread {
            deed_to_thread(self.verbs[0], &targets)
        } else {
            let phrases: Vec<_> = self.verbs.iter().map(|verb| verb.phrase().to_owned()).collect();
            deed(&wording::list(&phrases), &targets)
        };
        if self.times > 1 { format!("{done} {} times", self.times) } else { done }
    }
}

/// Finds lines that come again and again, as those of threads that spin do.
fn fold(lines: Vec<Line>) -> Vec<Passage> {
    let mut passages = Vec::new();
    let mut rest = lines.into_iter();
    while !rest.as_slice().is_empty() {
        let (period, times) = repetition(rest.as_slice());
        let mut lines: Vec<_> = rest.by_ref().take(period).collect();
        let mut rows = lines.iter().map(|line| line.rows).sum();
        for (place, again) in rest.by_ref().take(period * (times - 1)).enumerate() {
            lines[place % period].main |= again.main;
            rows += again.rows;
        }
        passages.push(Passage { lines, times, rows });
    }
    passages
}

/// How many of the first lines come again right after them, and how often they come in all; one
/// and once where they do not.
fn repetition(lines: &[Line]) -> (usize, usize) {
    let same = |a: &Line, b: &Line| {
        (a.thread, a.site.file, a.site.line, &a.words)
            == (b.thread, b.site.file, b.site.line, &b.words)
    };
    (2..=MAX_PERIOD.min(lines.len()))
        .map(|period| {
            let first = &lines[..period];
            let again = lines
                .chunks_exact(period)
                .take_while(|next| first.iter().zip(*next).all(|(a, b)| same(a, b)));
            (period, again.count())
        })
        .find(|(_, times)| *times >= MIN_TIMES)
        .unwrap_or((1, 1))
}
