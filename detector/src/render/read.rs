//! Findings read back from JSON, as one process wrote them for another.

use std::collections::HashSet;

use serde::Deserialize;
use serde_json::Value;

use super::json::{FindingDoc, ObjectDoc, SiteDoc, StepDoc, ThreadDoc};
use crate::{
    Finding, ObjectId, Site, Stack, ThreadId,
    finding::{ObjectReport, Step, ThreadReport, Verb},
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
        let verb = Verb::from_name(&doc.op).ok_or(ReadError::UnknownOp(doc.op))?;
        if let Some(index) = doc.object.filter(|index| *index >= objects) {
            return Err(ReadError::NoSuchObject { index, objects });
        }
        let (site, stack) = (self.site(&doc.site), Stack::resolved(doc.stack));
        Ok(Step { verb, object: doc.object, site, stack })
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
