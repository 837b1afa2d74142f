//! However a process ends, what was found before is told.

use std::{fs::OpenOptions, io::Read, path::Path, process::Command, thread, time::Duration};

use super::child::{collect, ignored_tests, rules, run, start, victim, wait};

const RULE: &str = "lock-order-cycle";

/// Runs the program twice: as `cargo test` would, and with the findings collected.
fn keeps_its_finding(name: &str) {
    run(&mut victim(name)).reports(RULE);
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("findings");
    let ended = run(collect(&mut victim(name), &output));
    ended.must(rules(&output) == [RULE], "its finding is not in the file");
}

#[test]
fn a_segmentation_fault() {
    keeps_its_finding("segfault");
}

#[test]
fn an_abort() {
    keeps_its_finding("abort");
}

#[test]
fn an_exit_that_claims_success() {
    keeps_its_finding("exit");
    run(&mut victim("exit")).exits_with(101).says("it failed no test");
}

#[test]
fn an_exit_past_all_handlers() {
    keeps_its_finding("quick_exit");
}

#[test]
fn another_program_in_its_place() {
    keeps_its_finding("exec");
}

#[test]
fn a_kill() {
    keeps_its_finding("kill");
}

#[test]
fn a_panic_in_a_destructor_that_runs_because_of_a_panic() {
    keeps_its_finding("double_panic");
}

#[test]
fn a_panic_in_the_destructor_of_a_thread_local() {
    keeps_its_finding("panic_in_thread_local");
}

#[test]
fn a_finding_in_a_destructor_that_runs_because_of_a_panic() {
    keeps_its_finding("finding_while_unwinding");
    // Its own panic is the one that it ends with.
    run(&mut victim("finding_while_unwinding")).exits_with(101).says("the program's own panic");
}

#[test]
fn a_finding_in_the_destructor_of_a_thread_local() {
    keeps_its_finding("finding_in_thread_local");
}

#[test]
fn a_finding_in_a_handler_of_the_end() {
    keeps_its_finding("finding_at_exit");
    run(&mut victim("finding_at_exit")).exits_with(101);
}

#[test]
fn a_finding_in_a_panic_hook() {
    keeps_its_finding("finding_in_panic_hook");
    run(&mut victim("finding_in_panic_hook")).exits_with(101).says("the program's own panic");
}

#[test]
fn a_thread_that_nobody_joins() {
    keeps_its_finding("ignored_join");
    run(&mut victim("ignored_join")).exits_with(101).says("it failed no test");
}

/// The finding is being written, into a pipe that is full, when `main` returns.
#[test]
fn main_returns_while_another_thread_reports() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pipe");
    assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
    let mut pipe = OpenOptions::new().read(true).write(true).open(&path).unwrap();
    let filled = fill(&path);
    let mut command = victim("main_returns_early");
    let child = start(collect(&mut command, &path));
    thread::sleep(Duration::from_secs(1));
    let mut filling = vec![0; filled];
    pipe.read_exact(&mut filling).unwrap();
    wait(&command, child);
    // The process has ended, so what it wrote is in the pipe, and so is this mark.
    append(&path, b"\n");
    let mut line = Vec::new();
    while line.last() != Some(&b'\n') {
        let mut byte = [0];
        pipe.read_exact(&mut byte).unwrap();
        line.push(byte[0]);
    }
    let line = String::from_utf8(line).unwrap();
    assert!(line.contains(RULE), "{line:?}");
}

/// Writes to the pipe as much as it takes.
fn fill(path: &Path) -> usize {
    let full = Command::new("dd")
        .args(["if=/dev/zero", "bs=4096", "oflag=nonblock,append", "conv=notrunc"])
        .arg(format!("of={}", path.display()))
        .env("LC_ALL", "C")
        .output()
        .unwrap();
    let said = String::from_utf8(full.stderr).unwrap();
    let bytes =
        said.lines().find(|line| line.contains("bytes")).unwrap_or_else(|| panic!("{said}"));
    bytes.split(' ').next().unwrap().parse().unwrap()
}

fn append(path: &Path, bytes: &[u8]) {
    use std::io::Write;
    OpenOptions::new().append(true).open(path).unwrap().write_all(bytes).unwrap();
}

#[test]
fn in_the_test_harness_the_test_that_causes_a_finding_fails() {
    let ended = run(&mut ignored_tests("suite::finding_fails_the_test", &[]));
    ended.exits_with(101).reports(RULE).must(ended.out.contains("1 failed"), "no test failed");
}

#[test]
fn in_the_test_harness_a_finding_can_be_expected() {
    let ended = run(&mut ignored_tests("suite::finding_is_expected", &[]));
    ended.exits_with(0).reports(RULE).must(ended.out.contains("1 passed"), "no test passed");
}

#[test]
fn in_the_test_harness_a_finding_that_fails_no_test_fails_the_run() {
    let ended = run(&mut ignored_tests("suite::finding_fails_nobody", &[]));
    ended.exits_with(101).reports(RULE).must(ended.out.contains("1 passed"), "no test passed");
}

#[test]
fn in_the_test_harness_a_finding_in_drop_fails_the_test() {
    let ended = run(&mut ignored_tests("suite::finding_in_drop", &[]));
    ended.exits_with(101).reports(RULE).must(ended.out.contains("1 failed"), "no test failed");
}

#[test]
fn in_the_test_harness_a_finding_while_unwinding_raises_no_second_panic() {
    let ended = run(&mut ignored_tests("suite::finding_while_unwinding", &[]));
    ended.exits_with(101).reports(RULE).must(ended.out.contains("1 failed"), "no test failed");
    ended.must(ended.out.contains("the test's own panic"), "the test does not end by its panic");
}
