//! A check that the user ends: nothing goes on, and nothing half-done stays behind.

use std::{
    fs,
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use lockwise_xtask::exit;

use super::support::{Project, has, lockwise};

/// Writes the ids of its process and of one that it starts, and sleeps.
const SLEEPS: &str = r#"
#[test]
fn sleeps() {
    let child = std::process::Command::new("sleep").arg("600").spawn().unwrap();
    let ids = format!("{} {}\n", std::process::id(), child.id());
    std::fs::write("ids.new", ids).unwrap();
    std::fs::rename("ids.new", "ids").unwrap();
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

/// Ends a check by `signal` while its test sleeps.
fn interrupt(signal: &str, args: &[&str]) {
    let project = Project::of_tests(SLEEPS);
    let check = start(&project, args);
    let ids = project.path("ids");
    until("the test runs", || ids.exists());
    send(signal, check.id());
    let sent = Instant::now();
    let output = check.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(exit::INTERRUPTED.into()), "{said}");
    assert!(said.ends_with("error: interrupted\n"), "{said}");
    assert!(sent.elapsed() < Duration::from_secs(60), "it went on");
    assert!(!project.path("Cargo.lock").exists(), "the lock file stayed");
    for id in fs::read_to_string(&ids).unwrap().split_whitespace() {
        until("its processes are gone", || !runs(id));
    }
    project.write("tests/it.rs", "#[test]\nfn works() {}");
    project.check(args).exits_with(exit::CLEAN);
}

#[test]
fn while_a_test_runs() {
    interrupt("-INT", &[]);
}

#[test]
fn by_whoever_ends_jobs() {
    interrupt("-TERM", &[]);
}

#[test]
fn while_nextest_runs_a_test() {
    if has("cargo", &["nextest", "--version"]) {
        interrupt("-INT", &["--runner", "nextest"]);
    }
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
