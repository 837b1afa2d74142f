//! Programs that crash, hang, stop early or print without end: one clear error each, and nothing
//! that was found is lost.
#![cfg(unix)]

use std::{
    path::{Path, PathBuf},
    process::{Command, Output},
    time::{Duration, Instant},
};

use lockwise_detector::{Finding, Rule};
use lockwise_xtask::{
    check::{
        protocol::{self, By, Case},
        runner::Runner,
        verdict::Verdict,
    },
    exit, process,
};

fn fake() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fake-fixtures/fixtures.sh")
}

fn run(programs: &[&str], limit: Duration) -> Vec<Verdict> {
    let scratch = tempfile::tempdir().unwrap();
    let runner = Runner { executable: fake(), scratch: scratch.path().to_owned(), limit };
    runner.run(&programs.iter().map(|program| case(By::Run, program)).collect::<Vec<_>>())
}

fn case(by: By, program: &str) -> Case {
    let (program, variant) = (program.to_owned(), "buggy".to_owned());
    let expect = vec![vec![Rule::DataRace]];
    Case { by, program, variant, size: 3, expect, exhausts: true, document: None }
}

/// Runs one program, for long enough that only a hang can exceed it, and compares its errors.
fn check(program: &str, errors: &[&str]) {
    let verdict = run(&[program], Duration::from_secs(60)).remove(0);
    assert_eq!(verdict.errors, errors, "{program}");
    assert_eq!(verdict.findings.iter().map(Finding::rule).collect::<Vec<_>>(), ["data-race"]);
    assert_eq!(verdict.is_as_expected(), errors.is_empty());
}

#[test]
fn a_good_program_is_as_expected() {
    check("good", &[]);
}

#[test]
fn a_program_that_its_deadlock_ends_has_not_failed() {
    let verdict = run(&["deadlocks"], Duration::from_secs(60)).remove(0);
    assert_eq!(verdict.errors, [""; 0]);
    assert_eq!(verdict.found(), [Rule::Deadlock]);
}

#[test]
fn a_program_is_told_what_to_do_by_its_environment() {
    let verdict = run(&["checks-environment"], Duration::from_secs(60)).remove(0);
    assert_eq!(verdict.errors, [""; 0]);
    assert_eq!(verdict.missing(), [&[Rule::DataRace]]);
}

#[test]
fn a_crash_is_named() {
    check("segfaults", &["was ended by signal 11 (segmentation fault)"]);
    check("aborts", &["was ended by signal 6 (abort)\n    thread panicked"]);
    check("fails", &["failed with exit code 3"]);
    check("exits-early", &["exited before its end, with code 0"]);
}

#[test]
fn a_line_that_is_cut_off_loses_nothing() {
    check("is-cut-off", &["its finding 2 is cut off", "was ended by signal 9 (killed)"]);
}

#[test]
fn megabytes_of_output_neither_block_nor_bloat() {
    check("prints-megabytes", &[]);
    let mut command = Command::new(fake());
    command.args(["run", "prints-megabytes", "buggy"]).env(protocol::OUTPUT, "/dev/null");
    let outcome = process::run(&mut command, Duration::from_secs(60)).unwrap();
    assert_eq!((outcome.stdout.len(), outcome.stderr.len()), (process::KEPT, process::KEPT));
}

#[test]
fn a_hang_is_ended_with_all_that_it_started() {
    let started = Instant::now();
    for verdict in run(&["hangs", "hangs-with-a-child"], Duration::from_secs(1)) {
        let [error] = verdict.errors.as_slice() else { panic!("{:?}", verdict.errors) };
        assert!(error.starts_with("did not end within 1"), "{error}");
        assert_eq!(verdict.findings.len(), 1);
    }
    assert!(started.elapsed() < Duration::from_secs(60), "a child held the pipe");
}

#[test]
fn a_child_that_outlives_its_parent_holds_nothing_up() {
    let started = Instant::now();
    check("leaves-a-child", &[]);
    assert!(started.elapsed() < Duration::from_secs(60), "the child held the pipe");
}

#[test]
fn an_exploration_is_told_its_size_and_tells_what_it_did() {
    let scratch = tempfile::tempdir().unwrap();
    let limit = Duration::from_secs(60);
    let runner = Runner { executable: fake(), scratch: scratch.path().to_owned(), limit };
    let programs = ["good", "fails", "says-nothing", "segfaults"];
    let cases = programs.iter().map(|program| case(By::Explore, program)).collect::<Vec<_>>();
    let verdicts = runner.run(&cases);
    let errors: Vec<_> = verdicts.iter().map(|verdict| verdict.errors.join(";")).collect();
    let segfault = "was ended by signal 11 (segmentation fault)";
    let silent = "did not say what it explored";
    assert_eq!(errors, ["", "failed with exit code 3", silent, segfault]);
    let [good, bad @ ..] = &*verdicts else { unreachable!("four were asked for") };
    assert_eq!(good.explored.map(|explored| (explored.executions, explored.blocked)), Some((6, 1)));
    assert_eq!(good.findings[0].test(), Some("good::buggy of 3, explored"));
    assert!(good.is_as_expected() && bad.iter().all(|verdict| !verdict.is_as_expected()));
}

#[test]
fn verdicts_come_in_the_order_of_the_jobs() {
    let programs = ["prints-megabytes", "good", "aborts", "good"];
    let verdicts = run(&programs, Duration::from_secs(60));
    let names: Vec<_> = verdicts.iter().map(|verdict| verdict.case.program.as_str()).collect();
    assert_eq!(names, programs);
}

#[test]
fn an_executable_that_lists_nothing_is_an_error() {
    let limit = Duration::from_secs(60);
    assert_eq!(protocol::list(&fake(), limit).unwrap()[0].program, "good");
    let check = |program: &str, words: &str| {
        let error = protocol::list(Path::new(program), limit).unwrap_err();
        assert!(error.to_string().contains(words), "{error}");
        assert_eq!(error.exit_code(), exit::INTERNAL);
    };
    check("/no/such/program", "cannot run /no/such/program");
    check("echo", "echo did not list its programs");
    check("false", "exit code 1");
}

/// Runs the command line itself.
fn xtask(args: &[&str]) -> (Option<i32>, String) {
    let output: Output = Command::new(env!("CARGO_BIN_EXE_xtask")).args(args).output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(text).unwrap())
}

#[test]
fn a_wrong_command_line_is_a_usage_error() {
    let check = |args: &[&str], words: &str| {
        let (code, text) = xtask(args);
        assert_eq!(code, Some(i32::from(exit::USAGE)), "{text}");
        assert!(text.contains(words), "{text}");
    };
    check(&[], "Usage");
    check(&["check", "--format", "sarif"], "invalid value 'sarif'");
    check(&["check", "--manifest-path", "/no/such/Cargo.toml"], "there is no manifest at");
    check(&["check", "--timeout", "0"], "invalid value '0'");
    check(&["check", "--output", "/no/such/directory/x"], "cannot write /no/such/directory/x");
    check(&["explain", "lock-odor"], "there is no rule named `lock-odor`");
}

#[test]
fn rules_are_explained() {
    let (code, text) = xtask(&["explain", "data-race"]);
    assert_eq!(code, Some(0));
    assert!(text.starts_with("data-race (error)\n    Two accesses"), "{text}");
    let (_, all) = xtask(&["explain"]);
    assert!(Rule::ALL.iter().all(|rule| all.contains(&format!("{rule} ("))), "{all}");
}

#[test]
fn the_cargo_subcommand_drops_its_own_name() {
    let bin = env!("CARGO_BIN_EXE_cargo-lockwise");
    let output = Command::new(bin).args(["lockwise", "explain", "hang"]).output().unwrap();
    assert!(String::from_utf8_lossy(&output.stdout).starts_with("hang (error)"));
}
