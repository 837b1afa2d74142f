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
    #[error("the benches failed; what they said is above")]
    Bench,
    #[error("no bench was run: none matches")]
    NoBench,
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
            Self::Output { .. } | Self::NoRule { .. } | Self::NoWorkspace { .. } => exit::USAGE,
            Self::Build { .. } | Self::Bench => exit::FAILED,
            Self::NoBench => exit::NOTHING,
            Self::NoExecutable { .. }
            | Self::NoValgrind
            | Self::Valgrind { .. }
            | Self::Spawn { .. }
            | Self::List { .. }
            | Self::Read { .. }
            | Self::Scratch(_)
            | Self::Report(_) => exit::INTERNAL,
        }
    }
}
