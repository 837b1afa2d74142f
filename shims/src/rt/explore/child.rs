//! For tests of what ends the process: they run it in a process of its own.

use std::{
    env,
    process::{Command, Output, Stdio},
    time::{Duration, Instant},
};

/// Says to a process that it is a child, and of which test. What begins with `LOCKWISE_` would
/// have to be known to the configuration.
const VARIABLE: &str = "EXPLORE_TEST_CHILD";

/// How long a child may take. None should take a tenth of it.
const PATIENCE: Duration = Duration::from_secs(60);

/// Runs `f` in a child process, which is the calling test again, and returns how that went.
/// `None` in the child itself. `module` is the caller's `module_path!()`, `test` its name.
pub(super) fn apart(module: &str, test: &str, f: impl FnOnce()) -> Option<Output> {
    let (_, path) = module.split_once("::").unwrap();
    let test = format!("{path}::{test}");
    if env::var(VARIABLE).is_ok_and(|child| child == test) {
        f();
        return None;
    }
    let mut child = Command::new(env::current_exe().unwrap())
        .args(["--exact", &test, "--nocapture"])
        .env(VARIABLE, &test)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let begin = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if begin.elapsed() > PATIENCE {
            child.kill().unwrap();
            let output = child.wait_with_output().unwrap();
            panic!("the child does not end: {}", errors(&output));
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    Some(child.wait_with_output().unwrap())
}

/// What a child wrote to its standard error.
pub(super) fn errors(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}
