//! Findings read back from JSON, as one process wrote them for another.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde::Deserialize;
use serde_json::Value;

use super::json::{FindingDoc, ObjectDoc, RowDoc, SiteDoc, StepDoc, ThreadDoc};
use crate::{
    Finding, ObjectId, Site, Stack, ThreadId,
    finding::{ObjectReport, Schedule, ScheduleRow, Step, ThreadReport, Verb},
};

/// Why a value is no finding of schema 1.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// A field is missing, of another type, or names an unknown rule or certainty.
    #[error("not a finding of schema 1: {0}")]
    Shape(#[from] serde_json::Error),
    /// A step does what no version of this schema knows.
    #[error("not a finding of schema 1: there is no op named `{0}`")]
    UnknownOp(String),
    /// A step names an object that the finding does not list.
    #[error("not a finding of schema 1: a step names object {index} of {objects}")]
    NoSuchObject {
        /// What the step says.
        index: usize,
        /// How many objects are listed.
        objects: usize,
    },
}

/// Reads findings.
///
/// A [`Site`] names its file for ever, as the compiler's own sites do, so a reader leaks each
/// path that it reads, once. Keep one reader for all that you read.
#[derive(Debug, Default)]
pub struct Reader {
    files: HashSet<&'static str>,
}

impl Reader {
    /// A reader that has read nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The finding that [`json`](super::json) made `value` of. It keeps its fingerprint; threads
    /// and objects are numbered anew.
    ///
    /// # Errors
    ///
    /// `value` is not a finding of schema 1.
    pub fn finding(&mut self, value: &Value) -> Result<Finding, ReadError> {
        let doc = FindingDoc::deserialize(value)?;
        let mut finding = Finding::new(doc.rule, doc.certainty, doc.message);
        finding.fingerprint = Some(doc.fingerprint);
        finding.test = doc.test;
        finding.replay = doc.replay;
        finding.help = doc.help;
        finding.objects = (0..).zip(doc.objects).map(|(id, doc)| self.object(id, doc)).collect();
        let objects = finding.objects.len();
        finding.threads = (0..)
            .zip(doc.threads)
            .map(|(id, doc)| self.thread(ThreadId(id), doc, objects))
            .collect::<Result<_, _>>()?;
        finding.schedule = self.schedule(&finding, doc.schedule, doc.schedule_objects)?;
        Ok(finding)
    }

    fn object(&mut self, id: u64, doc: ObjectDoc) -> ObjectReport {
        let ObjectDoc { kind, type_name, name, created } = doc;
        ObjectReport { id: ObjectId(id), kind, type_name, name, created: self.site(&created) }
    }

    fn thread(
        &mut self,
        id: ThreadId,
        doc: ThreadDoc,
        objects: usize,
    ) -> Result<ThreadReport, ReadError> {
        let steps = doc.steps.into_iter().map(|step| self.step(step, objects));
        Ok(ThreadReport { id, steps: steps.collect::<Result<_, _>>()?, name: doc.name })
    }

    fn step(&mut self, doc: StepDoc, objects: usize) -> Result<Step, ReadError> {
        let (verb, object) = (verb(doc.op)?, listed(doc.object, objects)?);
        let (site, stack) = (self.site(&doc.site), Stack::resolved(doc.stack));
        Ok(Step { verb, object, site, stack })
    }

    /// The schedule of `finding`, whose objects and threads are read already.
    fn schedule(
        &mut self,
        finding: &Finding,
        rows: Vec<RowDoc>,
        objects: Vec<ObjectDoc>,
    ) -> Result<Option<Schedule>, ReadError> {
        if rows.is_empty() {
            return Ok(None);
        }
        let own = finding.objects.len();
        let objects: Vec<_> =
            (own as u64..).zip(objects).map(|(id, doc)| self.object(id, doc)).collect();
        let mut threads = Threads::of(finding);
        let row = |doc: RowDoc| {
            Ok(ScheduleRow {
                thread: threads.id(doc.thread),
                verb: verb(doc.op)?,
                object: listed(doc.object, own + objects.len())?
                    .map(|index| ObjectId(index as u64)),
                peer: doc.peer.map(|name| threads.id(name)),
                site: self.site(&doc.site),
            })
        };
        let rows = rows.into_iter().map(row).collect::<Result<_, ReadError>>()?;
        Ok(Some(Schedule { rows, threads: threads.names(), objects }))
    }

    fn site(&mut self, doc: &SiteDoc) -> Site {
        let file = self.files.get(doc.file.as_str()).copied().unwrap_or_else(|| {
            let file: &'static str = Box::leak(doc.file.clone().into_boxed_str());
            self.files.insert(file);
            file
        });
        Site { file, line: doc.line, column: doc.column }
    }
}

/// Threads of a schedule, which are known by their names.
struct Threads {
    ids: HashMap<String, ThreadId>,
    next: u32,
}

impl Threads {
    /// Those that have steps.
    fn of(finding: &Finding) -> Self {
        let threads = finding.threads.iter().rev();
        let ids: HashMap<_, _> = threads.map(|report| (report.name.clone(), report.id)).collect();
        Self { ids, next: u32::try_from(finding.threads.len()).unwrap_or(u32::MAX) }
    }

    fn id(&mut self, name: String) -> ThreadId {
        *self.ids.entry(name).or_insert_with(|| {
            let id = ThreadId(self.next);
            self.next += 1;
            id
        })
    }

    fn names(self) -> BTreeMap<ThreadId, String> {
        self.ids.into_iter().map(|(name, id)| (id, name)).collect()
    }
}

fn verb(op: String) -> Result<Verb, ReadError> {
    Verb::from_name(&op).ok_or(ReadError::UnknownOp(op))
}

/// `object`, if it is one of so many.
fn listed(object: Option<usize>, objects: usize) -> Result<Option<usize>, ReadError> {
    match object {
        Some(index) if index >= objects => Err(ReadError::NoSuchObject { index, objects }),
        object => Ok(object),
    }
}
