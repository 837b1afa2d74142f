//! The same tests, run by an installed `cargo nextest`: with its profiles, retries and partitions.

use std::{
    fs,
    io::{BufRead, BufReader},
    path::Path,
    process::Stdio,
    time::Duration,
};

use super::{
    build::Build,
    partition::Partition,
    run::{self, Ran, TestOutcome, TestResult},
};
use crate::{
    Error,
    interrupt::{self, Manner},
    process, workspace,
};

/// The exit codes of nextest that mean that it did its work.
const RAN: [i32; 3] = [0, 4, 100];

/// The one that means that cargo did not build the tests.
const NOT_BUILT: i32 = 101;

/// Builds and runs the tests.
pub(super) fn test(
    build: &Build<'_>,
    arguments: &[String],
    partition: Option<Partition>,
    scratch: &Path,
    limit: Duration,
) -> Result<Ran, Error> {
    if !is_installed(build) {
        return Err(Error::NoNextest);
    }
    let output = scratch.join("nextest.jsonl");
    let config = scratch.join("nextest.toml");
    let seconds = limit.as_secs();
    let text = format!(
        "[profile.default]\nslow-timeout = {{ period = \"{seconds}s\", terminate-after = 1 }}\n"
    );
    fs::write(&config, text).map_err(Error::Scratch)?;
    let mut command = build.cargo(&["nextest", "run"]);
    command.args(build.selection.targets()).args(["--no-fail-fast", "--color", "never"]);
    command.arg("--tool-config-file").arg(format!("lockwise:{}", config.display()));
    if let Some(partition) = partition {
        command.args(["--partition", &partition.text()]);
    }
    command.arg("--").args(arguments);
    run::observe(&mut command, &output);
    command.stdin(Stdio::null()).stderr(Stdio::piped());
    // Each test leads a group of its own.
    let (mut child, _group) = process::start(&mut command, Manner::Asked)
        .map_err(|source| workspace::spawn(&command, source))?;
    let printed = child.stderr.take().map(follow).unwrap_or_default();
    let status = child.wait().map_err(|source| workspace::spawn(&command, source))?;
    match status.code() {
        _ if interrupt::is_interrupted() => {}
        Some(code) if RAN.contains(&code) => {}
        Some(NOT_BUILT) => return Err(build.failure()),
        _ => return Err(Error::Nextest),
    }
    let mut ran = Ran::into_one_file(results(&printed), &output);
    if interrupt::is_interrupted() {
        ran.cut_off = started(&printed).saturating_sub(ran.results.len());
    }
    Ok(ran)
}

fn is_installed(build: &Build<'_>) -> bool {
    let mut command = build.project.toolchain.cargo();
    command.args(["nextest", "--version"]).stderr(Stdio::null());
    process::complete(&mut command).is_ok_and(|output| output.status.success())
}

/// Passes on what nextest prints, and keeps it up to an interruption: how a test ended after one
/// says nothing.
fn follow(stderr: impl std::io::Read) -> String {
    let mut kept = String::new();
    for line in BufReader::new(stderr).split(b'\n').map_while(Result::ok) {
        let line = String::from_utf8_lossy(&line);
        anstream::eprintln!("{line}");
        if !interrupt::is_interrupted() {
            kept.push_str(&line);
            kept.push('\n');
        }
    }
    kept
}

/// How many tests the line `Starting 3 tests across 1 binary` tells of.
fn started(printed: &str) -> usize {
    let mut lines = printed.lines().filter_map(|line| line.trim().strip_prefix("Starting "));
    let number = lines.find_map(|line| line.split_once(" test")?.0.parse().ok());
    number.unwrap_or_default()
}

/// The lines `PASS [   0.005s] (1/2) package::binary path::name` and their like; of a test that is
/// run again, the last counts.
fn results(printed: &str) -> Vec<TestResult> {
    let mut results: Vec<TestResult> = Vec::new();
    for line in printed.lines() {
        let Some((status, rest)) = line.trim().split_once(" [") else { continue };
        let Some((seconds, name)) = rest.split_once(']') else { continue };
        let Some(outcome) = outcome(status) else { continue };
        // The place among all tests comes first.
        let name = name.trim();
        let name = name
            .strip_prefix('(')
            .and_then(|name| name.split_once(')'))
            .map_or(name, |(_, name)| name)
            .trim();
        let seconds = seconds.trim().trim_start_matches('>').trim_end_matches('s').trim();
        let time = Duration::try_from_secs_f64(seconds.parse().unwrap_or_default());
        let time = time.unwrap_or_default();
        let findings = Vec::new();
        let result =
            TestResult { name: name.to_owned(), outcome, findings, time, observed: false, told: 0 };
        match results.iter_mut().find(|known| known.name == result.name) {
            Some(known) => *known = result,
            None => results.push(result),
        }
    }
    results
}

/// What the words before a test's time mean, if they say how it ended: `PASS`, `TRY 2 FAIL`,
/// `SIGSEGV`, `FAIL + LEAK`.
fn outcome(status: &str) -> Option<TestOutcome> {
    const FAILED: [&str; 5] = ["FAIL", "LEAK-FAIL", "XFAIL", "ABORT", "TIMEOUT"];
    const PASSED: [&str; 3] = ["PASS", "LEAK", "TIMEOUT-PASS"];
    let says = |words: &[&str]| status.split_whitespace().any(|word| words.contains(&word));
    if says(&FAILED) || status.split_whitespace().any(|word| word.starts_with("SIG")) {
        let how = format!("failed ({status})");
        return Some(TestOutcome::Failed { how, said: String::new() });
    }
    says(&PASSED).then_some(TestOutcome::Passed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nextests_lines_are_results() {
        let printed = "    Finished `test` profile [unoptimized + debuginfo] target(s) in 0.02s\n\
            ────────────\n Nextest run ID 1 with nextest profile: default\n\
            \x20   Starting 3 tests across 1 binary\n\
            \x20       PASS [   0.004s] (1/3) demo tests::adds\n\
            \x20       FAIL [   0.005s] (2/3) demo tests::fails\n\
            \x20  TRY 2 PASS [   0.005s] (3/3) demo::it again\n\
            ────────────\n     Summary [   0.006s] 3 tests run: 2 passed, 1 failed, 0 skipped\n\
            \x20       FAIL [   0.005s] (2/3) demo tests::fails\n";
        assert_eq!(started(printed), 3);
        let results = results(printed);
        let names: Vec<_> = results.iter().map(|result| result.name.as_str()).collect();
        assert_eq!(names, ["demo tests::adds", "demo tests::fails", "demo::it again"]);
        let passed = results.iter().filter(|result| result.outcome == TestOutcome::Passed);
        assert_eq!(passed.count(), 2);
        assert_eq!(results[0].time, Duration::from_millis(4));
    }

    #[test]
    fn what_did_not_pass_has_failed() {
        for status in ["FAIL", "TRY 2 FAIL", "FAIL + LEAK", "SIGTRAP", "TRY 1 SIGSEGV", "TIMEOUT"] {
            let outcome = outcome(status);
            assert!(matches!(outcome, Some(TestOutcome::Failed { .. })), "{status}: {outcome:?}");
        }
        for status in ["PASS", "LEAK", "TRY 3 PASS"] {
            assert_eq!(outcome(status), Some(TestOutcome::Passed), "{status}");
        }
        for status in ["SLOW", "TERMINATING", "Summary", "FLAKY 2/3"] {
            assert_eq!(outcome(status), None, "{status}");
        }
    }
}
