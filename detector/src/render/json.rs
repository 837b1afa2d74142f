//! JSON, schema 1. The structs are the schema: what they name is what is written and read.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    Certainty, Finding, Frame, Rule, Severity, Site,
    finding::{ObjectReport, Step, ThreadReport},
};

/// The number of this schema. It changes when a reader of the old one would be misled.
const SCHEMA: u32 = 1;

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

/// What a whole run came to.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Summary {
    /// How many tests or programs ran.
    pub tests: usize,
    /// How many findings are reported.
    pub findings: usize,
    /// How many more a suppression names.
    pub suppressed: usize,
    /// Whether all was done that was to be done.
    pub complete: bool,
}

/// One finding, an element of `findings` in schema 1.
#[must_use]
pub fn json(finding: &Finding) -> Value {
    value(&FindingDoc::from(finding))
}

/// A whole report in schema 1; `version` is that of the tool.
#[must_use]
pub fn report_json(version: &str, summary: Summary, findings: &[Finding]) -> Value {
    serde_json::json!({
        "schema": SCHEMA,
        "tool": { "name": "lockwise", "version": version },
        "summary": value(&summary),
        "findings": findings.iter().map(json).collect::<Vec<_>>(),
    })
}

fn value(document: &impl Serialize) -> Value {
    serde_json::to_value(document).expect("no map in the schema has a key that is not a string")
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
        }
    }
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
