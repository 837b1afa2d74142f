//! `check` from the build to the last line, on a workspace whose fixtures are made up.

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

use lockwise_xtask::exit;
use tempfile::TempDir;

const MANIFEST: &str = r#"[package]
name = "lockwise-fixtures"
version = "0.0.0"
edition = "2024"
"#;

/// Does what the agreement with the fixtures' executable says, with one finding.
const MAIN: &str = include_str!("fake-fixtures/program.rs");

fn workspace(main: &str) -> TempDir {
    let root = tempfile::tempdir().unwrap();
    fs::create_dir(root.path().join("src")).unwrap();
    fs::write(root.path().join("Cargo.toml"), MANIFEST).unwrap();
    fs::write(root.path().join("src/main.rs"), main).unwrap();
    root
}

/// Runs `check` below `root`; gives its exit code, stdout and stderr.
fn check(root: &Path, args: &[&str]) -> (u8, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
    command.current_dir(root).env_remove("CARGO_TARGET_DIR").arg("check").args(args);
    let Output { status, stdout, stderr } = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (u8::try_from(status.code().unwrap()).unwrap(), text(stdout), text(stderr))
}

#[test]
fn a_check_ends_as_its_programs_do() {
    let root = workspace(MAIN);
    let root = root.path();

    let (code, stdout, stderr) = check(root, &[]);
    assert_eq!(code, exit::FINDINGS, "{stdout}{stderr}");
    assert_eq!(stdout.matches("error[data-race]: raced").count(), 1, "{stdout}");
    assert!(stdout.contains("3 | use std::{env, fs};"), "the excerpt is missing: {stdout}");
    assert!(!stdout.contains('\u{1b}'), "colour in a pipe: {stdout}");
    let last =
        "check: 2 of 3 programs and 1 of 1 explorations as expected, 1 finding, 1 unexpected";
    assert_eq!(stdout.lines().last(), Some(last));
    assert_eq!(stderr, "", "progress in a pipe");

    let (code, stdout, _) = check(root, &["buggy"]);
    assert_eq!(code, exit::CLEAN, "{stdout}");
    let last = "check: 1 of 1 programs as expected, 1 finding, 0 unexpected";
    assert_eq!(stdout.lines().last(), Some(last));

    let (code, stdout, _) = check(root, &["no-such-program"]);
    assert_eq!((code, stdout.lines().last()), (exit::NOTHING, Some("check: nothing was checked")));
}

#[test]
fn a_report_goes_where_it_is_told_in_the_format_it_is_told() {
    let root = workspace(MAIN);
    let root = root.path();

    let (code, stdout, stderr) = check(root, &["buggy", "--format", "json"]);
    assert_eq!(code, exit::CLEAN, "{stdout}{stderr}");
    let report: serde_json::Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!(report["findings"][0]["test"], "meal::buggy");
    assert_eq!(report["findings"][0]["fingerprint"], "f");
    assert!(stderr.starts_with("check: 1 of 1"), "{stderr}");

    let (code, stdout, _) = check(root, &["--output", "report.txt"]);
    assert_eq!(code, exit::FINDINGS);
    assert_eq!(stdout.lines().count(), 1, "{stdout}");
    let report = fs::read_to_string(root.join("report.txt")).unwrap();
    assert!(report.starts_with("program") && report.ends_with(&stdout), "{report}");
}

#[test]
fn fixtures_that_do_not_build_or_list_are_errors() {
    let (code, _, stderr) = check(workspace("fn main() { nonsense }").path(), &[]);
    assert_eq!(code, exit::FAILED);
    assert!(stderr.contains("cannot find value `nonsense`"), "{stderr}");
    assert!(stderr.ends_with("error: cargo did not build lockwise-fixtures\n"), "{stderr}");

    let (code, _, stderr) = check(workspace("fn main() { println!(\"7\") }").path(), &[]);
    assert_eq!(code, exit::INTERNAL);
    assert!(stderr.contains("did not list its programs"), "{stderr}");
}
