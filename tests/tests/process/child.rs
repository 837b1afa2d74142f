//! Starting a process, and having it end.

use std::{
    ffi::OsStr,
    io::Read,
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
    thread,
    time::{Duration, Instant},
};

/// After this time a process counts as hung.
const PATIENCE: Duration = Duration::from_secs(60);

/// A process that has ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) status: ExitStatus,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// The program of that name in `src/bin/victim.rs`, without variables of lockwise's.
pub(crate) fn victim(name: &str) -> Command {
    clean(Command::new(env!("CARGO_BIN_EXE_victim")), [name])
}

/// The ignored tests of this very binary whose names contain `filter`.
pub(crate) fn ignored_tests(filter: &str, arguments: &[&str]) -> Command {
    let binary = std::env::current_exe().expect("a test knows its binary");
    clean(Command::new(binary), ["--ignored", filter].iter().chain(arguments))
}

pub(crate) fn clean(
    mut command: Command,
    arguments: impl IntoIterator<Item = impl AsRef<OsStr>>,
) -> Command {
    let ours = std::env::vars_os().map(|(name, _)| name);
    for name in ours.filter(|name| name.to_string_lossy().starts_with("LOCKWISE_")) {
        command.env_remove(name);
    }
    command.args(arguments).stdin(Stdio::null());
    command
}

/// Findings go to the file `output`, and do not disturb the program.
pub(crate) fn collect<'a>(command: &'a mut Command, output: &Path) -> &'a mut Command {
    command.env("LOCKWISE_ON_FINDING", "collect").env("LOCKWISE_OUTPUT", output)
}

/// Runs the process to its end. One that hangs is killed, and the test fails with what it said.
pub(crate) fn run(command: &mut Command) -> Ended {
    let child = start(command);
    wait(command, child)
}

/// Starts the process, to be [`wait`]ed for.
pub(crate) fn start(command: &mut Command) -> Child {
    let started = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    started.unwrap_or_else(|error| panic!("cannot start {command:?}: {error}"))
}

/// See [`run`].
pub(crate) fn wait(command: &Command, mut child: Child) -> Ended {
    let out = read(child.stdout.take());
    let err = read(child.stderr.take());
    let start = Instant::now();
    let status = loop {
        match child.try_wait().expect("our own child can be waited for") {
            Some(status) => break Some(status),
            None if start.elapsed() > PATIENCE => break None,
            None => thread::sleep(Duration::from_millis(10)),
        }
    };
    if status.is_none() {
        child.kill().expect("it has not been waited for");
        child.wait().expect("it has been killed");
    }
    let [out, err] = [out, err].map(|reader| reader.join().expect("reading does not panic"));
    let status = status.unwrap_or_else(|| panic!("{command:?} hung.\n{out}\n{err}"));
    Ended { status, out, err }
}

fn read(from: Option<impl Read + Send + 'static>) -> thread::JoinHandle<String> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut from) = from {
            let _ = from.read_to_end(&mut bytes);
        }
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

impl Ended {
    /// Fails, with all that the process said, unless `holds`.
    #[track_caller]
    pub(crate) fn must(&self, holds: bool, what: &str) -> &Self {
        assert!(holds, "{what}\n{}\n-- stdout\n{}\n-- stderr\n{}", self.status, self.out, self.err);
        self
    }

    #[track_caller]
    pub(crate) fn exits_with(&self, code: i32) -> &Self {
        self.must(self.status.code() == Some(code), &format!("not exit code {code}"))
    }

    /// The report is on standard error.
    #[track_caller]
    pub(crate) fn reports(&self, rule: &str) -> &Self {
        self.must(self.err.contains(&format!("[{rule}]")), &format!("{rule} is not reported"))
    }

    #[track_caller]
    pub(crate) fn reports_nothing(&self) -> &Self {
        self.must(!self.err.contains("lockwise"), "lockwise has something to say")
    }

    #[track_caller]
    pub(crate) fn says(&self, text: &str) -> &Self {
        self.must(self.err.contains(text), &format!("{text:?} is not said"))
    }
}

/// The rules of the findings in the file, one JSON object per line.
#[track_caller]
pub(crate) fn rules(output: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(output).unwrap_or_default();
    text.lines()
        .map(|line| {
            let value: serde_json::Value = serde_json::from_str(line)
                .unwrap_or_else(|error| panic!("a broken line: {error}: {line:?}"));
            value["rule"].as_str().unwrap_or_default().to_owned()
        })
        .collect()
}
