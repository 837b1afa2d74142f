//! A check that the user ends: nothing goes on, nothing half-done stays behind, and what was found
//! is not lost.

use std::{
    fs,
    num::NonZero,
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use lockwise_xtask::exit;
use serde_json::Value;

use super::{
    faults::INVERTED,
    support::{Checked, Project, has, lockwise},
};

/// Finds what `INVERTED` has, writes the ids of its process and of one that it starts, and sleeps.
const SLEEPS: &str = r#"
fn sleep(file: &str) {
    in_both_orders();
    let child = std::process::Command::new("sleep").arg("600").spawn().unwrap();
    let new = format!("{file}.new");
    std::fs::write(&new, format!("{} {}\n", std::process::id(), child.id())).unwrap();
    std::fs::rename(&new, file).unwrap();
    std::thread::sleep(std::time::Duration::from_secs(600));
}
"#;

/// Long enough for whatever has to come.
const PATIENCE: Duration = Duration::from_secs(120);

fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let started = Instant::now();
    while !holds() {
        assert!(started.elapsed() < PATIENCE, "never: {what}");
        thread::sleep(Duration::from_millis(20));
    }
}

fn send(signal: &str, to: u32) {
    let status = Command::new("kill").args([signal, &to.to_string()]).status().unwrap();
    assert!(status.success(), "kill {signal} {to}");
}

/// Whether a process is there that is more than a name that waits to be collected.
fn runs(id: &str) -> bool {
    let output = Command::new("ps").args(["-o", "stat=", "-p", id]).output().unwrap();
    let state = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    !state.is_empty() && !state.starts_with('Z')
}

fn start(project: &Project, args: &[&str]) -> Child {
    let mut command = project.command(args);
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// How many tests run at a time.
fn workers() -> usize {
    thread::available_parallelism().map_or(1, NonZero::get)
}

/// Ends a check by `signal` while as many tests sleep as run at a time, so those before them have
/// ended, and one after them has not begun.
fn interrupt(signal: &str, args: &[&str]) -> (Project, Checked) {
    let sleepers: String = (0..workers())
        .map(|number| format!("#[test]\nfn sleeps_{number}() {{ sleep(\"ids-{number}\") }}\n"))
        .collect();
    let never = "#[test]\nfn waits_for_ever() { sleep(\"ids-never\") }\n";
    let project = Project::of_tests(&format!("{INVERTED}{SLEEPS}{sleepers}{never}"));
    let check = start(&project, args);
    let ids: Vec<_> = (0..workers()).map(|number| project.path(&format!("ids-{number}"))).collect();
    until("the tests run", || ids.iter().all(|ids| ids.exists()));
    send(signal, check.id());
    let sent = Instant::now();
    let checked = Checked::from(check.wait_with_output().unwrap());
    checked.exits_with(exit::INTERRUPTED);
    assert!(sent.elapsed() < Duration::from_secs(60), "it went on");
    assert!(!project.path("Cargo.lock").exists(), "the lock file stayed");
    for ids in ids {
        for id in fs::read_to_string(ids).unwrap().split_whitespace() {
            until("its processes are gone", || !runs(id));
        }
    }
    (project, checked)
}

#[test]
fn while_a_test_runs() {
    let (project, checked) = interrupt("-INT", &[]);
    let sum = "check: 2 tests, 0 failed, 1 finding; 1 crate observed";
    let cut_off = workers() + 1;
    checked
        .says(&["lock-order-cycle", "--> tests/it.rs:20:13", "in test `it::in_both_orders`"])
        .says(&[&format!("= note: and in {} more test", workers())])
        .sums_up(&format!("{sum}; interrupted: {cut_off} tests were not run to the end"));
    assert_eq!(checked.err, "");
    project.write("tests/it.rs", "#[test]\nfn works() {}");
    project.check(&[]).exits_with(exit::CLEAN);
}

#[test]
fn by_whoever_ends_jobs() {
    let (project, checked) = interrupt("-TERM", &["--format", "json"]);
    let report: Value = serde_json::from_str(&checked.out).unwrap();
    assert_eq!(report["summary"]["complete"], false);
    assert_eq!(report["summary"]["tests"], 2);
    assert_eq!(report["project"]["interrupted"], workers() + 1);
    assert_eq!(report["findings"].as_array().unwrap().len(), 1, "{report:#}");
    assert_eq!(report["findings"][0]["test"], "it::in_both_orders");
    // A part of a check that is cut short makes the whole so.
    project.write("part.json", &checked.out);
    Checked::of(lockwise(&["merge"]).arg(project.path("part.json")))
        .exits_with(exit::INTERRUPTED)
        .says(&["lock-order-cycle"])
        .sums_up(checked.err.trim_end());
}

#[test]
fn while_nextest_runs_a_test() {
    if has("cargo", &["nextest", "--version"]) {
        let (_, checked) = interrupt("-INT", &["--runner", "nextest", "--format", "json"]);
        let report: Value = serde_json::from_str(&checked.out).unwrap();
        assert_eq!(report["summary"]["complete"], false);
        let ended = report["summary"]["tests"].as_u64().unwrap();
        let cut_off = report["project"]["interrupted"].as_u64().unwrap();
        assert_eq!(ended + cut_off, workers() as u64 + 3, "{report:#}");
        assert_eq!(report["findings"].as_array().unwrap().len(), 1, "{report:#}");
    }
}

#[test]
fn while_an_example_runs() {
    let sleeps = "//! ```\n//! std::fs::write(\"sleeps\", \"\").unwrap();\n\
                  //! std::thread::sleep(std::time::Duration::from_secs(600));\n//! ```\n";
    let project = Project::new(&[("src/lib.rs", sleeps), ("tests/it.rs", INVERTED)]);
    let check = start(&project, &[]);
    let sleeps = project.path("sleeps");
    until("the example runs", || sleeps.exists());
    send("-INT", check.id());
    let sum = "check: 2 tests, 0 failed, 1 finding; 1 crate observed, 1 not observed; interrupted";
    Checked::from(check.wait_with_output().unwrap())
        .exits_with(exit::INTERRUPTED)
        .says(&["lock-order-cycle", "examples in documentation: the check was interrupted"])
        .sums_up(sum);
}

/// Whatever is cut short, the code is that of an interruption, and the next check works.
#[test]
fn while_it_builds() {
    let slow = "fn main() { std::fs::write(\"building\", \"\").unwrap(); \
                std::thread::sleep(std::time::Duration::from_secs(600)); }";
    let project = Project::of_tests("#[test]\nfn works() {}");
    project.write("build.rs", slow);
    let check = start(&project, &[]);
    let building = project.path("building");
    until("the build runs", || Path::exists(&building));
    send("-INT", check.id());
    let output = check.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(exit::INTERRUPTED.into()), "{said}");
    assert!(!project.path("Cargo.lock").exists(), "the lock file stayed");
    project.write("build.rs", "fn main() {}");
    project.check(&[]).exits_with(exit::CLEAN);
}

/// A test that ends may leave processes behind; they end with it.
#[test]
fn what_a_test_leaves_behind_ends() {
    let text = r#"
#[test]
fn leaves_a_child() {
    let mut command = std::process::Command::new("sleep");
    let null = std::process::Stdio::null;
    let child = command.arg("600").stdin(null()).stdout(null()).stderr(null()).spawn().unwrap();
    std::fs::write("id", child.id().to_string()).unwrap();
}
"#;
    let project = Project::of_tests(text);
    project.check(&[]).exits_with(exit::CLEAN);
    let id = fs::read_to_string(project.path("id")).unwrap();
    until("the child is gone", || !runs(&id));
}

/// What is half built is not taken for lockwise by the next check.
#[test]
fn while_lockwise_is_built() {
    let cache = tempfile::tempdir().unwrap();
    let project = Project::of_tests("#[test]\nfn works() {}");
    let mut command = lockwise(&["check", "--manifest-path"]);
    command.arg(project.path("Cargo.toml")).arg("--cache").arg(cache.path());
    let check = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let facades = cache.path().join("facades");
    let names = || -> Vec<String> {
        let entries = fs::read_dir(&facades).into_iter().flatten().flatten();
        entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
    };
    until("it builds", || names().iter().any(|name| name.contains(".new-")));
    send("-INT", check.id());
    let output = check.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(exit::INTERRUPTED.into()), "{output:?}");
    let built = |name: &String| !name.starts_with("build-") && !name.ends_with(".lock");
    assert!(!names().iter().any(built), "{:?}", names());
}
