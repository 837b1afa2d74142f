//! The agreement between `check` and the fixtures' executable.
//!
//! - `lockwise-fixtures list` prints its programs as JSON, an array of [`Program`].
//! - `lockwise-fixtures run PROGRAM VARIANT` runs one variant under observation. Each finding is
//!   appended to the file in `LOCKWISE_OUTPUT`, as one line of JSON (schema 1), the moment it is
//!   found, so that no crash can lose it.
//! - A run that came to its end prints [`end_line`] to stderr and exits with code 0.
//! - A run that cannot come to its end, because its threads wait for ever, is ended by the runtime
//!   after it has written that finding. The exit code is then 101, that of a failed Rust test, or
//!   100. With another code, or without such a finding, the fixture has failed.

use std::{path::Path, process::Command, time::Duration};

use lockwise_detector::Rule;
use serde::Deserialize;

use crate::{
    Error,
    process::{self, Ended},
};

/// Names the file to which findings are appended.
pub const OUTPUT: &str = "LOCKWISE_OUTPUT";
/// Names the running test; findings carry it.
pub const TEST: &str = "LOCKWISE_TEST";
/// What happens at a finding: with `collect` it is written, and the program goes on if it can.
pub const ON_FINDING: &str = "LOCKWISE_ON_FINDING";
/// The value of [`ON_FINDING`] that check sets.
pub const COLLECT: &str = "collect";

/// One of the documents' programs.
#[derive(Clone, PartialEq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Program {
    /// Its name.
    pub program: String,
    /// Its variants, buggy and mended.
    pub variants: Vec<Variant>,
}

/// One variant of a program.
#[derive(Clone, PartialEq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Variant {
    /// Its name, such as `buggy`.
    pub name: String,
    /// What must be found. Each element is a set of alternatives, of which at least one rule must
    /// be found; what is in no set must not be found. Empty for a mended variant.
    #[serde(default)]
    pub expect: Vec<Vec<Rule>>,
    /// The document and section that it comes from.
    #[serde(default)]
    pub document: Option<String>,
}

/// The last line that a run prints to stderr when it came to its end.
#[must_use]
pub fn end_line(program: &str, variant: &str) -> String {
    format!("lockwise-fixtures: {program}::{variant} ended")
}

/// Asks the fixtures' executable for its programs.
///
/// # Errors
///
/// It cannot be run, does not end well within `limit`, or prints something else.
pub fn list(executable: &Path, limit: Duration) -> Result<Vec<Program>, Error> {
    let failed = |reason| Error::List { program: executable.to_owned(), reason };
    let mut command = Command::new(executable);
    let outcome = process::run(command.arg("list"), limit)
        .map_err(|source| Error::Spawn { program: executable.to_owned(), source })?;
    match outcome.ended {
        Ended::Code(0) => parse(&outcome.stdout).map_err(|error| failed(error.to_string())),
        Ended::Code(code) => Err(failed(format!("exit code {code}: {}", outcome.stderr.trim()))),
        Ended::Signal(signal) => Err(failed(format!("it was ended by signal {signal}"))),
        Ended::TimedOut => Err(failed("it did not end in time".to_owned())),
    }
}

pub(super) fn parse(list: &str) -> Result<Vec<Program>, serde_json::Error> {
    serde_json::from_str(list)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_read() {
        let programs = parse(
            r#"[{"program":"noodle-and-fork","variants":[
                {"name":"buggy","expect":[["lock-order-cycle","deadlock"]],"document":"001 3.2"},
                {"name":"mended","expect":[]}]}]"#,
        )
        .unwrap();
        assert_eq!(programs[0].variants[0].expect, [[Rule::LockOrderCycle, Rule::Deadlock]]);
        assert_eq!(programs[0].variants[1].expect, Vec::<Vec<Rule>>::new());
    }

    #[test]
    fn a_list_with_an_unknown_rule_or_field_is_refused() {
        let check = |list, words: &str| {
            let error = parse(list).unwrap_err().to_string();
            assert!(error.contains(words), "{error}");
        };
        check("no JSON", "expected");
        check(
            r#"[{"program":"a","variants":[{"name":"b","expect":[["lock-odor"]]}]}]"#,
            "there is no rule named `lock-odor`",
        );
        check(r#"[{"program":"a","variants":[{"name":"b","expct":[]}]}]"#, "unknown field `expct`");
    }
}
