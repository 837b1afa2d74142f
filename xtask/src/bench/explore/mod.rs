//! `bench --explore`: lockwise's explorer beside loom and shuttle.
//!
//! The binary `explore` measures, a process for each kind of thing, and prints JSON.

mod figures;
mod measured;
mod tables;

use std::{path::Path, process::Command, time::Duration};

use self::measured::Measured;
use crate::{
    Error,
    process::{self, Ended},
};

/// What the binary is asked for, one after the other. Memory has to be in a process of its own.
const KINDS: [&str; 3] = ["rates", "bugs", "memory"];

/// Far more than any of them takes.
const LIMIT: Duration = Duration::from_secs(30 * 60);

/// The tables of everything.
pub(crate) fn tables(binary: &Path, quick: bool) -> Result<String, Error> {
    let mut all = Vec::new();
    for kind in KINDS {
        eprintln!("measuring {kind}");
        all.extend(measure(binary, kind, quick)?);
    }
    Ok(tables::render(&all))
}

fn measure(binary: &Path, kind: &str, quick: bool) -> Result<Vec<Measured>, Error> {
    let mut command = Command::new(binary);
    command.arg(kind).args(quick.then_some("--quick"));
    let outcome = process::run(&mut command, LIMIT)
        .map_err(|source| Error::Spawn { program: binary.to_owned(), source })?;
    if outcome.ended != Ended::Code(0) {
        eprintln!("{}", outcome.stderr);
        return Err(Error::Bench);
    }
    let lines = outcome.stdout.lines().map(serde_json::from_str);
    let error =
        |source: serde_json::Error| Error::Read { path: binary.to_owned(), source: source.into() };
    lines.collect::<Result<_, _>>().map_err(error)
}
