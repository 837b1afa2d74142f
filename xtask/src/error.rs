//! What keeps a command from doing its work, each with the exit code that it has.

use std::{io, path::PathBuf};

use anstyle::{AnsiColor, Style};

use crate::exit;

pub(crate) const RED: Style = AnsiColor::Red.on_default().bold();

/// Why a command could not do its work.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "each message says what its fields are")]
pub enum Error {
    #[error("cannot write {}: {source}", path.display())]
    Output { path: PathBuf, source: io::Error },
    #[error("there is no rule named `{name}`; `explain` without a rule lists them all")]
    NoRule { name: String },
    #[error("cargo did not build {package}")]
    Build { package: String },
    #[error("cargo built no executable named {name}")]
    NoExecutable { name: String },
    #[error("this is no cargo workspace: {reason}")]
    NoWorkspace { reason: String },
    #[error("cannot run {}: {source}", program.display())]
    Spawn { program: PathBuf, source: io::Error },
    #[error("{} did not list its programs: {reason}", program.display())]
    List { program: PathBuf, reason: String },
    #[error("cannot read {}: {source}", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("arguments for tests need a project: `--manifest-path Cargo.toml`")]
    NoProject,
    #[error("there is no manifest at {}", path.display())]
    NoManifest { path: PathBuf },
    #[error("cargo cannot read {}:\n{reason}", path.display())]
    BadManifest { path: PathBuf, reason: String },
    #[error("the toolchain that {} asks for does not run: {reason}", directory.display())]
    NoToolchain { directory: PathBuf, reason: String },
    #[error(
        "the project is built with rustc {release}, but lockwise needs {oldest} or a later one to stand in for std"
    )]
    OldToolchain { release: String, oldest: String },
    #[error(
        "there is no cache directory: neither HOME nor XDG_CACHE_HOME is set; name one by `--cache`"
    )]
    NoCache,
    #[error("the project has no crate named `{name}` that could be excluded")]
    NoCrate { name: String },
    #[error("the environment is wrong: {said}")]
    Environment { said: String },
    #[error("cannot use the cache at {}: {source}", path.display())]
    Cache { path: PathBuf, source: io::Error },
    #[error("lockwise itself could not be built for this toolchain; what cargo said is above")]
    Facade,
    #[error("this compiler does not let lockwise stand in for std: {reason}; nothing was run")]
    Probe { reason: String },
    #[error("the project's tests do not build, with or without lockwise; what cargo said is above")]
    PlainBuild,
    #[error(
        "the project's tests build without lockwise, but not with it: what cargo said first is above; `--exclude CRATE` leaves a crate out"
    )]
    ObservedBuild,
    #[error("{} is no report that can be merged: {reason}", path.display())]
    NoReport { path: PathBuf, reason: String },
    #[error(
        "`cargo nextest` is not installed; without `--runner nextest` lockwise runs the tests itself"
    )]
    NoNextest,
    #[error("cargo nextest did not run the tests; what it said is above")]
    Nextest,
    #[error("there is no suite of that name; there are {}", known.join(", "))]
    NoSuite { known: Vec<&'static str> },
    #[error("cargo did not fetch {package}")]
    Fetch { package: String },
    #[error("interrupted")]
    Interrupted,
    #[error("the benches failed; what they said is above")]
    Bench,
    #[error("no bench was run: none matches")]
    NoBench,
    #[error("no bug was looked for: none has such an advisory or package")]
    NoBug,
    #[error("valgrind is not installed, which counts the instructions")]
    NoValgrind,
    #[error("valgrind did not count: {said}")]
    Valgrind { said: String },
    #[error("cannot make a temporary directory: {0}")]
    Scratch(io::Error),
    #[error("cannot write the report: {0}")]
    Report(io::Error),
}

impl Error {
    /// The exit code that a command ends with when this keeps it from its work.
    #[must_use]
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::Output { .. }
            | Self::NoRule { .. }
            | Self::NoWorkspace { .. }
            | Self::NoProject
            | Self::NoNextest
            | Self::NoCrate { .. }
            | Self::NoSuite { .. }
            | Self::NoManifest { .. }
            | Self::NoReport { .. } => exit::USAGE,
            Self::Build { .. }
            | Self::Bench
            | Self::BadManifest { .. }
            | Self::NoToolchain { .. }
            | Self::OldToolchain { .. }
            | Self::PlainBuild
            | Self::ObservedBuild
            | Self::Nextest => exit::FAILED,
            Self::Environment { .. } => exit::CONFIG,
            Self::Interrupted => exit::INTERRUPTED,
            Self::NoBench | Self::NoBug => exit::NOTHING,
            Self::NoExecutable { .. }
            | Self::NoValgrind
            | Self::Valgrind { .. }
            | Self::Spawn { .. }
            | Self::List { .. }
            | Self::Read { .. }
            | Self::Scratch(_)
            | Self::NoCache
            | Self::Fetch { .. }
            | Self::Cache { .. }
            | Self::Facade
            | Self::Probe { .. }
            | Self::Report(_) => exit::INTERNAL,
        }
    }
}
