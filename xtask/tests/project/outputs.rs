//! Reports that cannot be written.

use std::fs;

use lockwise_xtask::exit;

use super::{
    faults::INVERTED,
    support::{Checked, Project},
};

#[test]
fn a_report_in_a_file() {
    let project = Project::of_tests(INVERTED);
    let report = project.path("report.txt");
    let checked = project.check(&["--output", report.to_str().unwrap()]);
    checked.exits_with(exit::FINDINGS);
    assert_eq!(checked.out, "check: 2 tests, 0 failed, 1 finding; 1 crate observed\n");
    let text = fs::read_to_string(report).unwrap();
    assert!(text.contains("lock-order-cycle") && text.ends_with(&checked.out), "{text}");
    assert!(!text.contains('\x1b'), "{text}");
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_device_loses_no_finding() {
    let project = Project::of_tests(INVERTED);
    let checked = project.check(&["--output", "/dev/full"]);
    checked.exits_with(exit::USAGE).says(&["error: cannot write /dev/full: No space left"]);
    assert!(checked.out.contains("lock-order-cycle"), "the report is lost: {checked:?}");
    let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let mut command = project.command(&[]);
    let output = command.stdout(full).stderr(std::process::Stdio::piped()).output().unwrap();
    assert_eq!(output.status.code(), Some(exit::INTERNAL.into()));
    assert!(String::from_utf8_lossy(&output.stderr).contains("error: cannot write the report"));
}

#[test]
fn a_directory_for_scratch_files_that_is_not_there() {
    let project = Project::of_tests(INVERTED);
    let mut command = project.command(&[]);
    Checked::of(command.env("TMPDIR", "/no/such/directory"))
        .is_refused(exit::INTERNAL, "/no/such/directory");
}

/// What cannot be written fails the test, and what it would have said is in what the test said.
#[test]
#[cfg(target_os = "linux")]
fn findings_that_cannot_be_written() {
    let text = r#"
use std::sync::Mutex;

unsafe extern "C" {
    fn setrlimit(resource: i32, limits: &[u64; 2]) -> i32;
    fn signal(signal: i32, handler: usize) -> usize;
}
const RLIMIT_FSIZE: i32 = 1;
const SIGXFSZ: i32 = 25;
const SIG_IGN: usize = 1;

#[test]
fn on_a_full_disk() {
    unsafe { signal(SIGXFSZ, SIG_IGN) };
    assert_eq!(unsafe { setrlimit(RLIMIT_FSIZE, &[0, 0]) }, 0);
    let lock = Mutex::new(1);
    let _held = lock.lock();
    let _again = lock.lock();
}
"#;
    Project::of_tests(text)
        .check(&[])
        .exits_with(exit::FAILED)
        .says(&["error: it::on_a_full_disk failed", "self-deadlock"])
        .says(&["check: 1 test, 1 failed, 0 findings"]);
}
