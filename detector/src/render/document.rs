//! JSON as values, and whole reports in schema 1.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::json::FindingDoc;
use crate::Finding;

/// The number of this schema. It changes when a reader of the old one would be misled.
const SCHEMA: u32 = 1;

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
