//! `merge`: several reports of parts of one check become one.

use std::{fs, path::PathBuf};

use serde_json::Value;

use crate::{
    Error,
    check::{self, Format},
    project::Report,
};

/// Arguments of `merge`.
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    /// Reports that `check --format json` wrote.
    #[arg(value_name = "REPORT", required = true)]
    reports: Vec<PathBuf>,
    /// How the joint report is written.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
    /// Where it is written; stdout without it.
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

pub(crate) fn run(args: &Args) -> Result<u8, Error> {
    let mut joint = Report::default();
    for path in &args.reports {
        let no_report = |reason: String| Error::NoReport { path: path.clone(), reason };
        let text = fs::read_to_string(path).map_err(|error| no_report(error.to_string()))?;
        let document: Value =
            serde_json::from_str(&text).map_err(|error| no_report(error.to_string()))?;
        joint.merge(&document).map_err(no_report)?;
    }
    let file = args.output.as_deref().map(check::Destination::create).transpose()?;
    check::write_project(&joint, args.format, file)?;
    Ok(joint.exit_code())
}
