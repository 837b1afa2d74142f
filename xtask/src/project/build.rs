//! Builds a project's tests, under observation or plain, in a target directory of ours.

use std::{
    collections::{BTreeSet, HashMap},
    io::IsTerminal,
    path::PathBuf,
    process::{Command, Stdio},
};

use cargo_metadata::{Message, PackageId, TargetKind};

use super::{flags, options::Selection, stand_in::StandIns, workspace::Project};
use crate::{Error, facade::Facade, interrupt, process, workspace as cargo};

/// How a build is observed.
pub(super) struct Observation<'a> {
    pub(super) facade: &'a Facade,
    pub(super) stand_ins: &'a StandIns,
    /// Crates that keep std's own types.
    pub(super) exclude: &'a [String],
}

/// An executable that holds tests.
#[derive(Clone, Debug)]
pub(super) struct Binary {
    pub(super) path: PathBuf,
    pub(super) package: PackageId,
    /// The target's name, and what it is.
    pub(super) target: String,
    pub(super) kind: TargetKind,
}

/// What a build came to.
#[derive(Debug, Default)]
pub(super) struct Built {
    pub(super) binaries: Vec<Binary>,
    /// The crates that run in tests, by package.
    pub(super) packages: BTreeSet<PackageId>,
    /// What build scripts ask for when a package's tests run.
    pub(super) environment: HashMap<PackageId, Vec<(String, String)>>,
    /// Where dynamic libraries are.
    pub(super) libraries: Vec<PathBuf>,
}

/// A build of a project.
pub(super) struct Build<'a> {
    pub(super) project: &'a Project,
    pub(super) selection: &'a Selection,
    pub(super) target: PathBuf,
    pub(super) observation: Option<Observation<'a>>,
}

impl Build<'_> {
    /// `cargo SUBCOMMAND` for this build.
    pub(super) fn cargo(&self, subcommand: &[&str]) -> Command {
        let host = &self.project.toolchain.host;
        let mut command = self.project.toolchain.cargo();
        command.args(subcommand).args(self.selection.packages());
        command.arg("--manifest-path").arg(&self.project.manifest);
        command.arg("--target-dir").arg(&self.target).args(["--target", host]);
        command.env_remove("CARGO_TARGET_DIR").env_remove("CARGO_BUILD_TARGET");
        let directory = self.project.directory();
        if let Some(observation) = &self.observation {
            let itself = !self.project.has_lockwise();
            let own = observation.facade.flags(itself);
            flags::add(&mut command, &own, directory, host);
            observation.stand_ins.add_to(&mut command);
            super::wrapper::exclude(&mut command, observation.exclude);
        } else {
            // As where it is observed.
            let own = ["--cap-lints", "allow"].map(str::to_owned);
            flags::add(&mut command, &own, directory, host);
        }
        command
    }

    /// The same without lockwise.
    pub(super) fn plain(&self) -> Self {
        let target = self.target.join("plain");
        Self { project: self.project, selection: self.selection, target, observation: None }
    }

    /// Builds all test executables.
    pub(super) fn run(&self) -> Result<Built, Error> {
        let mut command = self.cargo(&["test", "--no-run"]);
        command.args(self.selection.targets());
        command.args(["--message-format", "json-render-diagnostics"]);
        if !std::io::stderr().is_terminal() {
            command.arg("--quiet");
        }
        let output = process::complete(command.stderr(Stdio::inherit()))
            .map_err(|source| cargo::spawn(&command, source))?;
        if interrupt::is_interrupted() {
            return Err(Error::Interrupted);
        }
        if !output.status.success() {
            return Err(self.failure());
        }
        Ok(Built::read(&output.stdout))
    }

    /// Builds the libraries whose documentation is tested. What does not build says so when it is
    /// tested.
    pub(super) fn libraries(&self) -> Result<Built, Error> {
        let mut command = self.cargo(&["build", "--lib", "--quiet"]);
        command.args(["--message-format", "json-render-diagnostics"]).stderr(Stdio::null());
        let output =
            process::complete(&mut command).map_err(|source| cargo::spawn(&command, source))?;
        Ok(Built::read(&output.stdout))
    }

    /// Why the build failed: whether it is because of the observation.
    pub(super) fn failure(&self) -> Error {
        let package = self.project.root.display().to_string();
        if self.observation.is_none() {
            return Error::Build { package };
        }
        let plain = self.plain();
        anstream::eprintln!("\nBuilding the same without lockwise, to see whether that works ...");
        let mut command = plain.cargo(&["test", "--no-run", "--quiet"]);
        command.args(self.selection.targets()).stderr(Stdio::null());
        let works = process::complete(&mut command).is_ok_and(|output| output.status.success());
        if interrupt::is_interrupted() {
            Error::Interrupted
        } else if works {
            Error::ObservedBuild
        } else {
            Error::PlainBuild
        }
    }
}

impl Built {
    /// Takes what cargo says of a build.
    fn read(messages: &[u8]) -> Self {
        let messages = Message::parse_stream(messages).filter_map(Result::ok);
        messages.fold(Self::default(), |mut built, message| {
            built.take(message);
            built
        })
    }

    fn take(&mut self, message: Message) {
        match message {
            Message::CompilerArtifact(artifact) => {
                let is = |kinds: &[TargetKind]| {
                    artifact.target.kind.iter().any(|kind| kinds.contains(kind))
                };
                if is(&[TargetKind::ProcMacro]) && !artifact.profile.test
                    || is(&[TargetKind::CustomBuild])
                {
                    return;
                }
                self.packages.insert(artifact.package_id.clone());
                if let Some(path) = artifact.executable.filter(|_| artifact.profile.test) {
                    self.binaries.push(Binary {
                        path: path.into(),
                        package: artifact.package_id,
                        target: artifact.target.name.replace('-', "_"),
                        kind: artifact.target.kind.first().cloned().unwrap_or(TargetKind::Lib),
                    });
                }
            }
            Message::BuildScriptExecuted(script) => {
                let paths = script.linked_paths.iter().map(|path| {
                    let path = path.as_str();
                    PathBuf::from(path.split_once('=').map_or(path, |(_, path)| path))
                });
                self.libraries.extend(paths);
                self.environment.entry(script.package_id).or_default().extend(script.env);
            }
            _ => {}
        }
    }
}
