//! The examples in documentation, which rustdoc makes programs of and runs, each in a process of
//! its own.

use std::{path::Path, process::Stdio, time::Duration};

use super::{
    build::Build,
    run::{self, Ran, TestOutcome, TestResult},
};
use crate::{
    Error, interrupt,
    process::{self, Ended},
    workspace,
};

/// How many times as long as one test they may take all together: rustdoc compiles each.
const SHARE: u32 = 6;

/// Compiles and runs the examples. Findings are told apart by their places alone: rustdoc says to
/// no example what its name is.
pub(super) fn test(
    build: &Build<'_>,
    arguments: &[String],
    scratch: &Path,
    limit: Duration,
) -> Result<Ran, Error> {
    let output = scratch.join("documentation.jsonl");
    let mut command = build.cargo(&["test", "--doc", "--quiet", "--no-fail-fast"]);
    command.arg("--").args(arguments).args(["--format", "pretty"]);
    if build.observation.is_some() {
        run::observe(&mut command, &output);
    }
    let log = tempfile::NamedTempFile::new_in(scratch).map_err(Error::Scratch)?;
    let to = log.reopen().map_err(Error::Scratch)?;
    command.stderr(Stdio::piped());
    let outcome = process::run_into(&mut command, to, limit * SHARE)
        .map_err(|source| workspace::spawn(&command, source))?;
    let printed = std::fs::read_to_string(log.path()).unwrap_or_default();
    let mut results = results(&printed);
    let is_failure = results.iter().any(|result| result.outcome != TestOutcome::Passed);
    match outcome.ended {
        Ended::Code(0) => {}
        // How an example failed, rustdoc says when all have ended.
        _ if interrupt::is_interrupted() => {
            results.retain(|result| result.outcome == TestOutcome::Passed);
        }
        Ended::TimedOut => {
            let how = format!("did not end within {} s", (limit * SHARE).as_secs());
            results.push(TestResult::failed("documentation", how, &outcome.stderr));
        }
        // No package has a library.
        _ if outcome.stderr.contains("no library targets found") => {}
        _ if is_failure => {}
        ended => {
            let how = format!("could not be tested ({ended:?})");
            results.push(TestResult::failed("documentation", how, &outcome.stderr));
        }
    }
    let mut ran = Ran::into_one_file(results, &output);
    if ran.findings.iter().any(run::explains) {
        for result in ran.results.iter_mut().filter(|result| is_stuck(&result.outcome)) {
            result.outcome = TestOutcome::Stuck;
        }
    }
    Ok(ran)
}

/// The lines `test src/lib.rs - item (line 3) ... ok` of rustdoc's output.
fn results(printed: &str) -> Vec<TestResult> {
    let lines = printed.lines().filter_map(|line| line.strip_prefix("test "));
    let ended = lines.filter_map(|line| line.rsplit_once(" ... "));
    ended
        .filter(|(name, _)| name.contains(" (line "))
        .filter_map(|(name, outcome)| match outcome.trim() {
            "ok" => Some(TestResult::passed(name)),
            "FAILED" => {
                let said = of_example(printed, name);
                Some(TestResult::failed(name, "failed".to_owned(), &said))
            }
            _ => None,
        })
        .collect()
}

/// Whether an example failed by the panic with which lockwise ends what cannot go on.
fn is_stuck(outcome: &TestOutcome) -> bool {
    matches!(outcome, TestOutcome::Failed { said, .. } if said.contains("\nlockwise: "))
}

/// What rustdoc repeats of an example that failed.
fn of_example(printed: &str, name: &str) -> String {
    let heading = format!("---- {name} stdout ----");
    let after = printed.split_once(&heading).map_or("", |(_, after)| after);
    let end = ["\n---- ", "\n\nfailures:\n"].iter().filter_map(|end| after.find(end)).min();
    after[..end.unwrap_or(after.len())].trim().lines().take(20).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rustdocs_lines_are_results() {
        let printed = "\nrunning 3 tests\ntest src/lib.rs - add (line 3) ... ok\n\
            test src/lib.rs - sub (line 9) - compile ... ok\n\
            test src/lib.rs - mul (line 20) ... FAILED\n\
            test src/lib.rs - div (line 30) ... ignored\n\nfailures:\n\n\
            ---- src/lib.rs - mul (line 20) stdout ----\nTest executable failed\n\nfailures:\n";
        let results = results(printed);
        let names: Vec<_> = results.iter().map(|result| result.name.as_str()).collect();
        assert_eq!(
            names,
            [
                "src/lib.rs - add (line 3)",
                "src/lib.rs - sub (line 9) - compile",
                "src/lib.rs - mul (line 20)"
            ]
        );
        assert_eq!(results[0].outcome, TestOutcome::Passed);
        match &results[2].outcome {
            TestOutcome::Failed { said, .. } => assert!(said.starts_with("Test executable failed")),
            other => panic!("{other:?}"),
        }
    }
}
