//! JSON, schema 1. The structs are the schema: what they name is what is written and read.
//!
//! Whoever only writes findings does without serde_json (the feature `json`). Where lockwise stands in
//! for std, the crates that it depends on are part of every compilation, and serde_json compares
//! numbers with its own values (`u64: PartialEq<Value>`): a program that leaves it to the compiler
//! what a number is compared with would then not compile.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use crate::{
    Certainty, Finding, Frame, Rule, Severity, Site,
    finding::{ObjectReport, ScheduleRow, Step, ThreadReport},
};

#[derive(Serialize, Deserialize)]
pub(super) struct FindingDoc {
    pub(super) fingerprint: String,
    pub(super) rule: Rule,
    pub(super) certainty: Certainty,
    /// Follows from the rule; written for readers that know no rules.
    #[serde(skip_deserializing)]
    severity: Option<Severity>,
    pub(super) test: Option<String>,
    pub(super) message: String,
    pub(super) threads: Vec<ThreadDoc>,
    pub(super) objects: Vec<ObjectDoc>,
    #[serde(default)]
    pub(super) help: Vec<String>,
    pub(super) replay: Option<String>,
    /// What the threads did, in the order in which it happened; only where that is known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) schedule: Vec<RowDoc>,
    /// Objects of the schedule that are not among `objects`; only where there are any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) schedule_objects: Vec<ObjectDoc>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct ThreadDoc {
    pub(super) name: String,
    pub(super) steps: Vec<StepDoc>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct StepDoc {
    pub(super) op: String,
    pub(super) object: Option<usize>,
    pub(super) site: SiteDoc,
    #[serde(default)]
    pub(super) stack: Vec<Frame>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct RowDoc {
    /// The thread's name. No other thread of the schedule has it, and where the thread is among
    /// `threads` it has the same name there.
    pub(super) thread: String,
    pub(super) op: String,
    /// An index into `objects` with `schedule_objects` after it, as if they were one list.
    pub(super) object: Option<usize>,
    /// The name of the thread that it is done to: the one started, or waited for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) peer: Option<String>,
    pub(super) site: SiteDoc,
}

#[derive(Serialize, Deserialize)]
pub(super) struct ObjectDoc {
    pub(super) kind: String,
    #[serde(rename = "type")]
    pub(super) type_name: String,
    pub(super) name: Option<String>,
    pub(super) created: SiteDoc,
}

#[derive(Serialize, Deserialize)]
pub(super) struct SiteDoc {
    pub(super) file: String,
    pub(super) line: u32,
    pub(super) column: u32,
}

/// One finding as a line of text, an element of `findings` in schema 1.
#[must_use]
pub fn line(finding: &Finding) -> String {
    let document = FindingDoc::from(finding);
    let mut text = vec![0; 4096];
    loop {
        // There is nothing in a finding that JSON cannot say, so what it fails for is room.
        match serde_json_core::to_slice(&document, &mut text) {
            Ok(length) => {
                text.truncate(length);
                return String::from_utf8_lossy(&text).into_owned();
            }
            Err(_) => text = vec![0; text.len() * 2],
        }
    }
}

impl From<&Finding> for FindingDoc {
    fn from(finding: &Finding) -> Self {
        Self {
            fingerprint: finding.fingerprint(),
            rule: finding.kind(),
            certainty: finding.certainty(),
            severity: Some(finding.severity()),
            test: finding.test().map(str::to_owned),
            message: finding.message().to_owned(),
            threads: finding.threads().iter().map(ThreadDoc::from).collect(),
            objects: finding.objects().iter().map(ObjectDoc::from).collect(),
            help: finding.helps().to_vec(),
            replay: finding.replay().map(str::to_owned),
            schedule: rows(finding),
            schedule_objects: finding
                .schedule()
                .map(|schedule| schedule.objects().iter().map(ObjectDoc::from).collect())
                .unwrap_or_default(),
        }
    }
}

fn rows(finding: &Finding) -> Vec<RowDoc> {
    let Some(schedule) = finding.schedule() else { return Vec::new() };
    let mut indices = HashMap::new();
    for (index, object) in finding.all_objects().enumerate() {
        indices.entry(object.id).or_insert(index);
    }
    let name = |thread| schedule.thread_name(thread).unwrap_or_default().to_owned();
    let row = |row: &ScheduleRow| RowDoc {
        thread: name(row.thread),
        op: row.verb.name().to_owned(),
        object: row.object.and_then(|object| indices.get(&object).copied()),
        peer: row.peer.map(name),
        site: row.site.into(),
    };
    schedule.rows().iter().map(row).collect()
}

impl From<&ThreadReport> for ThreadDoc {
    fn from(thread: &ThreadReport) -> Self {
        Self { name: thread.name.clone(), steps: thread.steps.iter().map(StepDoc::from).collect() }
    }
}

impl From<&Step> for StepDoc {
    fn from(step: &Step) -> Self {
        Self {
            op: step.verb.name().to_owned(),
            object: step.object,
            site: step.site.into(),
            stack: step.stack.frames().to_vec(),
        }
    }
}

impl From<&ObjectReport> for ObjectDoc {
    fn from(object: &ObjectReport) -> Self {
        Self {
            kind: object.kind.clone(),
            type_name: object.type_name.clone(),
            name: object.name.clone(),
            created: object.created.into(),
        }
    }
}

impl From<Site> for SiteDoc {
    fn from(site: Site) -> Self {
        Self { file: site.file.to_owned(), line: site.line, column: site.column }
    }
}
