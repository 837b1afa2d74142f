//! Which tests there are: every test executable is asked, as libtest answers.

use std::{
    collections::BTreeSet,
    env, fs,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use cargo_metadata::{Package, TargetKind};

use super::{
    build::{Binary, Built},
    names::{self, Origin},
    partition::Partition,
    run::{self, TestResult},
    workspace::Project,
};
use crate::{
    Error,
    check::protocol,
    interrupt,
    process::{self, Ended},
};

/// How long an executable may take to list its tests.
const LISTING: Duration = Duration::from_secs(60);

/// One test: a process that is to be run.
#[derive(Clone, Debug)]
pub(super) struct Test {
    /// `target::path::name`, with more before it where several tests [have that](names).
    pub(super) name: String,
    binary: usize,
    arguments: Vec<String>,
}

/// All tests that were asked for.
pub(super) struct Suite<'a> {
    project: &'a Project,
    built: &'a Built,
    /// What each executable is called.
    names: Vec<String>,
    pub(super) tests: Vec<Test>,
    /// How many are marked to be ignored, and are.
    pub(super) ignored: usize,
    /// The executables that did not say what tests they have: each counts as a test that failed.
    pub(super) unlisted: Vec<TestResult>,
}

/// Why there is no list of an executable's tests.
enum Unlisted {
    /// It is the executable's own fault.
    Failed(Box<TestResult>),
    Error(Error),
}

impl From<Error> for Unlisted {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

impl<'a> Suite<'a> {
    /// Asks the executables, which get `arguments` as libtest would.
    pub(super) fn list(
        project: &'a Project,
        built: &'a Built,
        arguments: &[String],
        partition: Option<Partition>,
    ) -> Result<Self, Error> {
        let origins: Vec<_> = built.binaries.iter().map(|binary| origin(project, binary)).collect();
        let mut names: Vec<_> = built.binaries.iter().map(|b| b.target.clone()).collect();
        names::tell_apart(names.iter_mut().zip(&origins));
        let (tests, unlisted) = (Vec::new(), Vec::new());
        let mut suite = Self { project, built, names, tests, ignored: 0, unlisted };
        for (index, binary) in built.binaries.iter().enumerate() {
            match suite.add(index, binary, arguments) {
                Ok(()) => {}
                Err(Unlisted::Failed(result)) if partition.is_none_or(Partition::is_first) => {
                    suite.unlisted.push(*result);
                }
                Err(Unlisted::Failed(_)) => {}
                Err(Unlisted::Error(error)) => return Err(error),
            }
        }
        if interrupt::is_interrupted() {
            return Err(Error::Interrupted);
        }
        names::tell_apart(
            suite.tests.iter_mut().map(|test| (&mut test.name, &origins[test.binary])),
        );
        if let Some(partition) = partition {
            let mut index = 0;
            suite.tests.retain(|test| {
                index += 1;
                partition.has(index - 1, &test.name)
            });
        }
        Ok(suite)
    }

    fn add(&mut self, index: usize, binary: &Binary, arguments: &[String]) -> Result<(), Unlisted> {
        let package = self.project.package(&binary.package);
        if package.is_some_and(|package| !has_harness(package, binary)) {
            // Nobody knows what it does with arguments, but it is one test, as for cargo.
            let name = self.names[index].clone();
            self.tests.push(Test { name, binary: index, arguments: vec![] });
            return Ok(());
        }
        let filters = filters(arguments);
        let all = self.paths(index, &filters, &[])?;
        let asks = |name: &str| arguments.iter().any(|argument| argument == name);
        let ignored: BTreeSet<_> = if asks("--ignored") || asks("--include-ignored") {
            BTreeSet::new()
        } else {
            self.paths(index, &filters, &["--ignored"])?.into_iter().collect()
        };
        self.ignored += ignored.len();
        for path in all.into_iter().filter(|path| !ignored.contains(path)) {
            let mut run = vec!["--exact".to_owned(), path.clone()];
            if asks("--ignored") || asks("--include-ignored") {
                run.push("--include-ignored".to_owned());
            }
            let name = format!("{}::{path}", binary.target);
            self.tests.push(Test { name, binary: index, arguments: run });
        }
        Ok(())
    }

    fn paths(
        &self,
        index: usize,
        filters: &[String],
        more: &[&str],
    ) -> Result<Vec<String>, Unlisted> {
        let mut command = self.command(index);
        command.args(filters).args(more).args(["--list", "--format", "terse"]);
        let failed = |why: &str, said: &str| {
            let how = format!("did not list its tests: it {why}");
            Unlisted::Failed(Box::new(TestResult::failed(&self.names[index], how, said)))
        };
        // A long list must not be cut, so its end alone is not enough.
        let list = tempfile::NamedTempFile::new().map_err(Error::Scratch)?;
        let to = list.reopen().map_err(Error::Scratch)?;
        let outcome = process::run_into(&mut command, to, LISTING)
            .map_err(|error| failed(&format!("could not be run: {error}"), ""))?;
        match outcome.ended {
            Ended::Code(0) => {}
            Ended::Code(protocol::BAD_CONFIG) => {
                let said = outcome.stderr.trim().trim_start_matches("lockwise: error: ").to_owned();
                return Err(Error::Environment { said }.into());
            }
            ended => return Err(failed(&run::how(ended, LISTING), &outcome.stderr)),
        }
        let text = fs::read_to_string(list.path()).map_err(Error::Scratch)?;
        Ok(text.lines().filter_map(|line| line.strip_suffix(": test")).map(str::to_owned).collect())
    }

    /// The process of one test.
    pub(super) fn process(&self, test: &Test) -> Command {
        let mut command = self.command(test.binary);
        command.args(&test.arguments);
        command
    }

    /// Where the executable of a test is.
    pub(super) fn directory(&self, test: &Test) -> Option<&Path> {
        self.built.binaries[test.binary].path.parent()
    }

    /// An executable of tests, as cargo would run it.
    fn command(&self, index: usize) -> Command {
        let binary = &self.built.binaries[index];
        let mut command = Command::new(&binary.path);
        if let Some(package) = self.project.package(&binary.package) {
            let directory = package.manifest_path.parent().map(|path| path.as_std_path());
            command.current_dir(directory.unwrap_or(&self.project.root));
            command.env("CARGO_MANIFEST_DIR", directory.unwrap_or(&self.project.root));
            command.envs(package_variables(package));
        }
        self.project.toolchain.environment(&mut command);
        let environment = self.built.environment.get(&binary.package);
        command.envs(environment.into_iter().flatten().map(|(name, value)| (name, value)));
        command.env(LIBRARY_PATH, library_path(&binary.path, &self.built.libraries));
        command
    }
}

#[cfg(target_os = "macos")]
const LIBRARY_PATH: &str = "DYLD_FALLBACK_LIBRARY_PATH";
#[cfg(windows)]
const LIBRARY_PATH: &str = "PATH";
#[cfg(not(any(target_os = "macos", windows)))]
const LIBRARY_PATH: &str = "LD_LIBRARY_PATH";

/// Where an executable finds the dynamic libraries of the build, and then what the user says.
fn library_path(executable: &Path, libraries: &[PathBuf]) -> std::ffi::OsString {
    let beside = executable.parent();
    let above = beside.and_then(Path::parent);
    let ours = [beside, above].into_iter().flatten().map(Path::to_owned);
    let theirs = env::var_os(LIBRARY_PATH);
    let theirs: Vec<_> = theirs.iter().flat_map(env::split_paths).collect();
    let all = ours.chain(libraries.iter().cloned()).chain(theirs);
    env::join_paths(all).unwrap_or_default()
}

fn package_variables(package: &Package) -> Vec<(String, String)> {
    let version = &package.version;
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    [
        ("NAME", package.name.to_string()),
        ("VERSION", version.to_string()),
        ("VERSION_MAJOR", version.major.to_string()),
        ("VERSION_MINOR", version.minor.to_string()),
        ("VERSION_PATCH", version.patch.to_string()),
        ("VERSION_PRE", version.pre.to_string()),
        ("AUTHORS", package.authors.join(":")),
        ("DESCRIPTION", text(&package.description)),
        ("HOMEPAGE", text(&package.homepage)),
        ("REPOSITORY", text(&package.repository)),
        ("LICENSE", text(&package.license)),
    ]
    .map(|(name, value)| (format!("CARGO_PKG_{name}"), value))
    .into()
}

fn origin(project: &Project, binary: &Binary) -> Origin {
    let package = project.package(&binary.package).map(|package| package.name.to_string());
    Origin { package: package.unwrap_or_default(), kind: binary.kind.to_string() }
}

/// The arguments without those that matter when tests run, and would hide them from a list or mean
/// nothing for one.
fn filters(arguments: &[String]) -> Vec<String> {
    let mut kept = Vec::new();
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--nocapture" | "--no-capture" | "--show-output" | "--quiet" | "-q" => {}
            "--test-threads" => drop(arguments.next()),
            other if other.starts_with("--test-threads=") => {}
            other => kept.push(other.to_owned()),
        }
    }
    kept
}

/// Whether libtest is the main function of an executable, which only the manifest says.
fn has_harness(package: &Package, binary: &Binary) -> bool {
    let Some(manifest) = fs::read_to_string(&package.manifest_path).ok() else { return true };
    let Ok(manifest) = manifest.parse::<toml::Table>() else { return true };
    let denied =
        |value: &toml::Value| value.get("harness").and_then(toml::Value::as_bool) == Some(false);
    let key = match binary.kind {
        TargetKind::Test => "test",
        TargetKind::Bin => "bin",
        TargetKind::Example => "example",
        TargetKind::Bench => "bench",
        _ => return !manifest.get("lib").is_some_and(denied),
    };
    let targets = manifest.get(key).and_then(toml::Value::as_array);
    let named = |value: &toml::Value| {
        let name = value.get("name").and_then(toml::Value::as_str);
        name.is_some_and(|name| name.replace('-', "_") == binary.target)
    };
    !targets.into_iter().flatten().any(|target| named(target) && denied(target))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_value_of_an_option_is_no_filter() {
        let arguments = ["one", "--test-threads", "1", "--skip", "two", "-q", "--test-threads=2"];
        let arguments = arguments.map(str::to_owned);
        assert_eq!(filters(&arguments), ["one", "--skip", "two"]);
    }
}
