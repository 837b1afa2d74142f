//! The agreement between `check` and the fixtures' executable.
//!
//! - `lockwise-fixtures list` prints its cases as JSON, an array of [`Case`].
//! - `lockwise-fixtures run PROGRAM VARIANT` runs one variant under observation. Each finding is
//!   appended to the file in `LOCKWISE_OUTPUT`, as one line of JSON (schema 1), the moment it is
//!   found, so that no crash can lose it.
//! - A run that came to its end prints [`end_line`] to stderr and exits with code 0.
//! - A run that cannot come to its end, because its threads wait for ever, is ended by the runtime
//!   after it has written that finding. The exit code is then 101, that of a failed Rust test, or
//!   100. With another code, or without such a finding, the fixture has failed.
//! - `lockwise-fixtures explore PROGRAM VARIANT SIZE --findings FILE`, and `loom`, make all
//!   executions of a model. Findings are appended to the file, as above; then [`Explored`] is
//!   printed to stdout, as one line of JSON, and the exit code is 0.

use std::{path::Path, process::Command, time::Duration};

use lockwise_detector::Rule;
use serde::Deserialize;

use crate::{
    Error, exit,
    process::{self, Ended},
};

/// Names the file to which findings are appended.
pub const OUTPUT: &str = "LOCKWISE_OUTPUT";
/// Names the running test; findings carry it.
pub const TEST: &str = "LOCKWISE_TEST";
/// Names the file that gets the number of operations that the analyses were told of.
pub const TOLD: &str = "LOCKWISE_TOLD";
/// Names the directory in which processes keep, for later ones, what they have looked up in their
/// executable's debug information.
pub const LOOKUPS: &str = "LOCKWISE_LOOKUPS";
/// What a process ends with whose variables are wrong: it says so, and has run nothing.
pub const BAD_CONFIG: i32 = exit::CONFIG as i32;
/// What happens at a finding: with `collect` it is written, and the program goes on if it can.
pub const ON_FINDING: &str = "LOCKWISE_ON_FINDING";
/// The value of [`ON_FINDING`] that check sets.
pub const COLLECT: &str = "collect";

/// One call of the executable, and what must be found by it.
#[derive(Clone, PartialEq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// What it does.
    pub by: By,
    /// The program's name.
    pub program: String,
    /// The name of the variant, such as `buggy`.
    pub variant: String,
    /// The size of a model; 0 where there is but one.
    #[serde(default)]
    pub size: usize,
    /// What must be found. Each element is a set of alternatives, of which at least one rule must
    /// be found; what is in no set must not be found. Empty for a mended variant.
    #[serde(default)]
    pub expect: Vec<Vec<Rule>>,
    /// Whether all executions have to be made.
    #[serde(default)]
    pub exhausts: bool,
    /// The document and section that it comes from.
    #[serde(default)]
    pub document: Option<String>,
}

/// What the executable does with a variant.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum By {
    /// It runs it once.
    Run,
    /// It explores its model.
    Explore,
    /// It explores its model under loom.
    Loom,
}

/// What an exploration says of itself.
#[derive(Clone, Copy, PartialEq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Explored {
    /// How many executions ended.
    pub executions: u64,
    /// How many did not, because a thread could never go on.
    pub blocked: u64,
    /// Whether these are all.
    pub complete: bool,
    /// How long it took.
    pub seconds: f64,
}

impl By {
    /// As a command of the executable.
    #[must_use]
    pub const fn command(self) -> &'static str {
        match self {
            Self::Run => "run",
            Self::Explore => "explore",
            Self::Loom => "loom",
        }
    }
}

impl Case {
    /// `program::variant`, of a size and by an explorer if it is an exploration.
    #[must_use]
    pub fn name(&self) -> String {
        match self.by {
            By::Run => format!("{}::{}", self.program, self.variant),
            By::Explore => format!("{}, explored", self.model()),
            By::Loom => format!("{}, under loom", self.model()),
        }
    }

    /// `program::variant of size`
    #[must_use]
    pub fn model(&self) -> String {
        let Self { program, variant, size, .. } = self;
        let of = if *size > 0 { format!(" of {size}") } else { String::new() };
        format!("{program}::{variant}{of}")
    }
}

/// The last line that a run prints to stderr when it came to its end.
#[must_use]
pub fn end_line(program: &str, variant: &str) -> String {
    format!("lockwise-fixtures: {program}::{variant} ended")
}

/// Asks the fixtures' executable for its cases.
///
/// # Errors
///
/// It cannot be run, does not end well within `limit`, or prints something else.
pub fn list(executable: &Path, limit: Duration) -> Result<Vec<Case>, Error> {
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

pub(super) fn parse(list: &str) -> Result<Vec<Case>, serde_json::Error> {
    serde_json::from_str(list)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_read() {
        let cases = parse(
            r#"[{"by":"run","program":"noodle-and-fork","variant":"buggy",
                "expect":[["lock-order-cycle","deadlock"]],"document":"001 3.2"},
                {"by":"explore","program":"philosophers","variant":"mended","size":8,
                "expect":[],"exhausts":true}]"#,
        )
        .unwrap();
        assert_eq!(cases[0].expect, [[Rule::LockOrderCycle, Rule::Deadlock]]);
        assert_eq!(cases[0].name(), "noodle-and-fork::buggy");
        assert_eq!(cases[1].expect, Vec::<Vec<Rule>>::new());
        assert_eq!(cases[1].name(), "philosophers::mended of 8, explored");
    }

    #[test]
    fn a_list_with_an_unknown_rule_or_field_is_refused() {
        let check = |list, words: &str| {
            let error = parse(list).unwrap_err().to_string();
            assert!(error.contains(words), "{error}");
        };
        check("no JSON", "expected");
        check(
            r#"[{"by":"run","program":"a","variant":"b","expect":[["lock-odor"]]}]"#,
            "there is no rule named `lock-odor`",
        );
        check(r#"[{"by":"run","program":"a","variant":"b","expct":[]}]"#, "unknown field `expct`");
        check(r#"[{"by":"luck","program":"a","variant":"b"}]"#, "unknown variant `luck`");
    }
}
