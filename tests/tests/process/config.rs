//! Variables that are misspelt or malformed, and outputs that cannot be written.

use std::{fs, io::Read, os::unix::fs::PermissionsExt};

use super::child::{Ended, collect, rules, run, victim};

/// One error, nothing run, and the exit code of a bad configuration.
#[track_caller]
fn is_refused(ended: &Ended, because: &str) {
    ended.exits_with(96).says(because);
    let errors = ended.err.lines().filter(|line| line.starts_with("lockwise: error: ")).count();
    ended.must(errors == 1 && ended.err.lines().count() == 1, "not one error, in one line");
    ended.must(ended.out.is_empty(), "something was run");
}

#[test]
fn an_unknown_variable() {
    let ended = run(victim("clean").env("LOCKWISE_OUTPOT", "findings"));
    is_refused(&ended, "`LOCKWISE_OUTPOT` is no variable of lockwise");
}

#[test]
fn an_unknown_variable_of_a_program_that_never_locks() {
    let ended = run(victim("never_locks").env("LOCKWISE_OUTPOT", "findings"));
    is_refused(&ended, "`LOCKWISE_OUTPOT` is no variable of lockwise");
}

#[test]
fn a_value_that_does_not_exist() {
    let ended = run(victim("clean").env("LOCKWISE_ON_FINDING", "Panic"));
    is_refused(&ended, "it must be `panic` or `collect`");
}

#[test]
fn a_value_that_is_no_text() {
    use std::{ffi::OsStr, os::unix::ffi::OsStrExt};
    let ended = run(victim("clean").env("LOCKWISE_TEST", OsStr::from_bytes(b"\xff")));
    is_refused(&ended, "the value of `LOCKWISE_TEST` is not valid UTF-8");
}

#[test]
fn an_output_without_a_name() {
    let ended = run(victim("clean").env("LOCKWISE_OUTPUT", ""));
    is_refused(&ended, "cannot write findings to ``");
}

#[test]
fn an_output_that_is_a_directory() {
    let folder = tempfile::tempdir().unwrap();
    let ended = run(victim("clean").env("LOCKWISE_OUTPUT", folder.path()));
    is_refused(&ended, "cannot write findings to");
}

#[test]
fn an_output_on_a_full_device() {
    let ended = run(victim("clean").env("LOCKWISE_OUTPUT", "/dev/full"));
    is_refused(&ended, "cannot write findings to `/dev/full`");
}

#[test]
fn an_output_that_must_not_be_written() {
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("findings");
    fs::write(&output, "").unwrap();
    fs::set_permissions(&output, fs::Permissions::from_mode(0o444)).unwrap();
    // Root may write it all the same.
    if fs::OpenOptions::new().append(true).open(&output).is_err() {
        is_refused(&run(victim("clean").env("LOCKWISE_OUTPUT", &output)), "Permission denied");
    }
}

#[test]
fn an_output_that_fills_up() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pipe");
    let made = std::process::Command::new("mkfifo").arg(&path).status().unwrap();
    assert!(made.success());
    // The reader goes away at the first byte: what is written from there on fails.
    let reader = {
        let path = path.clone();
        std::thread::spawn(move || fs::File::open(path).unwrap().read(&mut [0]).unwrap())
    };
    let ended = run(collect(&mut victim("two_findings"), &path));
    reader.join().unwrap();
    ended.exits_with(101).says("lockwise: error: cannot write a finding").reports("data-race");
}

#[test]
fn findings_are_appended() {
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("findings");
    run(collect(&mut victim("exit"), &output)).exits_with(0);
    run(collect(&mut victim("exit"), &output).env("LOCKWISE_TEST", "case")).exits_with(0);
    assert_eq!(rules(&output).len(), 2);
    assert!(fs::read_to_string(&output).unwrap().contains(r#""test":"case""#));
}
