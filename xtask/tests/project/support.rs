//! Projects in directories of their own, and the command line that is run on them.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    sync::OnceLock,
};

use serde_json::Value;
use tempfile::TempDir;

/// A project without dependencies, a workspace of its own, which goes away with its build.
pub(crate) struct Project {
    root: TempDir,
}

impl Project {
    /// With these files; the manifest is made if it is not among them.
    pub(crate) fn new(files: &[(&str, &str)]) -> Self {
        let project = Self { root: tempfile::Builder::new().prefix("project-").tempdir().unwrap() };
        project.write("Cargo.toml", &manifest(""));
        for (path, text) in files {
            project.write(path, text);
        }
        project
    }

    /// One integration test file, and nothing else.
    pub(crate) fn of_tests(text: &str) -> Self {
        Self::new(&[("tests/it.rs", text)])
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.root.path().join(path)
    }

    /// The names in the project's directory.
    pub(crate) fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.root.path()).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    /// `cargo lockwise check` for this project, with the shared cache.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = lockwise(&["check"]);
        command.arg("--manifest-path").arg(self.path("Cargo.toml"));
        command.arg("--cache").arg(cache()).args(args);
        command
    }

    /// Checks it.
    #[track_caller]
    pub(crate) fn check(&self, args: &[&str]) -> Checked {
        Checked::of(&mut self.command(args))
    }

    /// Checks it, and reads the report in JSON.
    #[track_caller]
    pub(crate) fn report(&self, args: &[&str]) -> (Checked, Value) {
        let checked = self.check(&[&["--format", "json"], args].concat());
        let report = serde_json::from_str(&checked.out);
        let report = report.unwrap_or_else(|error| checked.fail(&format!("no report: {error}")));
        (checked, report)
    }
}

impl Drop for Project {
    fn drop(&mut self) {
        forget(cache(), self.root.path());
    }
}

/// Removes the build of the project at `root`.
fn forget(cache: &Path, root: &Path) {
    let name = root.file_name().unwrap().to_string_lossy();
    for entry in fs::read_dir(cache.join("targets")).into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().starts_with(&*name) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// A manifest of a package `demo`, and `more` after it.
pub(crate) fn manifest(more: &str) -> String {
    format!("[package]\nname = \"demo\"\nedition = \"2024\"\n{more}\n[workspace]\n")
}

/// The cache that all tests share, with lockwise built in it: a minute or two, the first time.
pub(crate) fn cache() -> &'static Path {
    static CACHE: OnceLock<PathBuf> = OnceLock::new();
    CACHE.get_or_init(|| {
        let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("check");
        let package = tempfile::Builder::new().prefix("first-").tempdir().unwrap();
        fs::create_dir(package.path().join("src")).unwrap();
        fs::write(package.path().join("Cargo.toml"), manifest("")).unwrap();
        fs::write(package.path().join("src/lib.rs"), "").unwrap();
        // What replaces the registry for a project must not do so for lockwise.
        fs::create_dir(package.path().join(".cargo")).unwrap();
        let vendored = "source.crates-io.replace-with = 'mine'\nsource.mine.directory = 'vendor'\n";
        fs::write(package.path().join(".cargo/config.toml"), vendored).unwrap();
        let mut command = lockwise(&["check", "--lib"]);
        command.arg("--manifest-path").arg(package.path().join("Cargo.toml"));
        Checked::of(command.arg("--cache").arg(&cache)).exits_with(4);
        forget(&cache, package.path());
        cache
    })
}

/// The command line, in an environment without flags.
pub(crate) fn lockwise(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cargo-lockwise"));
    command.arg("lockwise").args(args).stdin(Stdio::null());
    command.env("RUST_BACKTRACE", "0").env_remove("RUSTFLAGS").env_remove("RUSTDOCFLAGS");
    command
}

/// Whether a program is installed that a test needs; why it is not run goes to stderr.
pub(crate) fn has(program: &str, args: &[&str]) -> bool {
    let found = Command::new(program).args(args).output().is_ok_and(|out| out.status.success());
    if !found {
        eprintln!("skipped: `{program} {}` does not run", args.join(" "));
    }
    found
}

/// What came of a call of the command line.
#[derive(Debug)]
pub(crate) struct Checked {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl From<Output> for Checked {
    fn from(Output { status, stdout, stderr }: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Self { code: status.code(), out: text(stdout), err: text(stderr) }
    }
}

impl Checked {
    pub(crate) fn of(command: &mut Command) -> Self {
        Self::from(command.output().unwrap())
    }

    #[track_caller]
    pub(crate) fn exits_with(&self, code: u8) -> &Self {
        if self.code != Some(code.into()) {
            self.fail(&format!("did not exit with {code}"));
        }
        self
    }

    /// Each of `words` is in what was printed.
    #[track_caller]
    pub(crate) fn says(&self, words: &[&str]) -> &Self {
        for words in words {
            if !self.out.contains(words) && !self.err.contains(words) {
                self.fail(&format!("did not say `{words}`"));
            }
        }
        self
    }

    #[track_caller]
    pub(crate) fn does_not_say(&self, words: &str) -> &Self {
        if self.out.contains(words) || self.err.contains(words) {
            self.fail(&format!("said `{words}`"));
        }
        self
    }

    /// It ended with one error of ours, and this is how it begins.
    #[track_caller]
    pub(crate) fn is_refused(&self, code: u8, because: &str) -> &Self {
        self.exits_with(code);
        let last = self.err.rfind("\nerror: ").map_or(0, |at| at + 1);
        if !self.err[last..].starts_with("error: ") || !self.err[last..].contains(because) {
            self.fail(&format!("did not end with `error: ...{because}`"));
        }
        if !self.out.is_empty() {
            self.fail("an error is no report");
        }
        self
    }

    /// The line that sums up.
    #[track_caller]
    pub(crate) fn sums_up(&self, line: &str) -> &Self {
        let text = if self.out.starts_with('{') { &self.err } else { &self.out };
        if text.lines().last() != Some(line) {
            self.fail(&format!("the last line is not `{line}`"));
        }
        self
    }

    #[track_caller]
    pub(crate) fn fail(&self, why: &str) -> ! {
        panic!("{why}; code {:?}\n--- stdout\n{}\n--- stderr\n{}", self.code, self.out, self.err)
    }
}
