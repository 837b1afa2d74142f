//! `check`: judges a project (`crate::project`), or lockwise's own fixtures.
//!
//! Of these it runs every one under observation, explores the models of all, and compares findings
//! with expectations. The fixtures are built and asked for their [list](protocol) of cases; each then runs in a
//! [process of its own](runner), so that no lock, crash or hang of one touches another. What each
//! process [wrote](written) becomes a [verdict], and the verdicts a [report].

pub mod protocol;
pub mod report;
pub mod runner;
pub mod verdict;
pub mod written;

use std::{
    fs::File,
    io::Write,
    path::{Path, PathBuf},
    time::Duration,
};

use anstream::StripStream;

use self::{protocol::Case, report::Report, runner::Runner};
use crate::{At, Error, interrupt, output, project, sources::Sources, workspace};

/// The package, and its binary, that holds the fixtures.
const FIXTURES: &str = "lockwise-fixtures";

/// Arguments of `check`.
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    /// In lockwise's own workspace, runs only the cases whose name contains this: `philosophers`,
    /// `::mended`, `explored`.
    #[arg(value_name = "FILTER", conflicts_with_all = ["manifest_path", "arguments"])]
    filter: Option<String>,
    /// Checks the project of this `Cargo.toml`, which is not changed. `cargo lockwise` without it
    /// checks the project around the current directory.
    #[arg(long, value_name = "PATH")]
    manifest_path: Option<PathBuf>,
    #[command(flatten)]
    project: project::Options,
    /// How the report is written.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
    /// Where the report is written; stdout without it.
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// How many seconds each test may take: 300 for a project's, 30 for a fixture.
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=u64::from(u32::MAX)))]
    timeout: Option<u64>,
    /// For a project's tests, as after `--` of `cargo test`: filters, `--skip`, `--ignored` ...
    #[arg(last = true, value_name = "TEST ARGS")]
    arguments: Vec<String>,
}

/// How the report is written.
#[derive(clap::ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Format {
    /// For people.
    Text,
    /// Schema 1.
    Json,
}

pub(crate) fn run(args: &Args, at: At) -> Result<u8, Error> {
    // First of all: a report that cannot be written must not cost a build.
    let file = args.output.as_deref().map(Destination::create).transpose()?;
    match (&args.manifest_path, at) {
        (None, At::Home) => check_fixtures(args, file),
        (Some(manifest), _) => check_project(manifest, args, file),
        (None, At::Anywhere) => check_project(&workspace::manifest()?, args, file),
    }
}

fn check_fixtures(args: &Args, file: Option<Destination>) -> Result<u8, Error> {
    if !args.arguments.is_empty() {
        return Err(Error::NoProject);
    }
    let root = workspace::root()?;
    let executable = workspace::build(&root, FIXTURES)?;
    let limit = Duration::from_secs(args.timeout.unwrap_or(30));
    let mut cases = protocol::list(&executable, limit)?;
    keep(&mut cases, args.filter.as_deref());
    let scratch = tempfile::tempdir().map_err(Error::Scratch)?;
    let runner = Runner { executable, scratch: scratch.path().to_owned(), limit };
    let verdicts = runner.run(&cases);
    if interrupt::is_interrupted() {
        return Err(Error::Interrupted);
    }
    let report = Report::new(verdicts, Sources::new(root));
    write(
        &Document { text: report.text(), json: report.json(), last: report.last_line() },
        args.format,
        file,
    )?;
    Ok(report.exit_code())
}

fn check_project(manifest: &Path, args: &Args, file: Option<Destination>) -> Result<u8, Error> {
    let limit = Duration::from_secs(args.timeout.unwrap_or(300));
    let report = project::check(manifest, &args.project, &args.arguments, limit)?;
    write_project(&report, args.format, file)?;
    Ok(report.exit_code())
}

/// Writes the report of a project.
pub(crate) fn write_project(
    report: &project::Report,
    format: Format,
    file: Option<Destination>,
) -> Result<(), Error> {
    let document = Document { text: report.text(), json: report.json(), last: report.last_line() };
    write(&document, format, file)
}

/// The file that a report goes to.
pub(crate) struct Destination {
    path: PathBuf,
    file: File,
}

impl Destination {
    pub(crate) fn create(path: &Path) -> Result<Self, Error> {
        let path = path.to_owned();
        match File::create(&path) {
            Ok(file) => Ok(Self { path, file }),
            Err(source) => Err(Error::Output { path, source }),
        }
    }
}

/// Keeps the cases whose names contain `filter`.
fn keep(cases: &mut Vec<Case>, filter: Option<&str>) {
    cases.retain(|case| filter.is_none_or(|part| case.name().contains(part)));
}

/// A report in each of its forms.
struct Document {
    text: String,
    json: serde_json::Value,
    last: String,
}

/// The report goes to the file or to stdout, and the last line where a CI log shows it.
fn write(document: &Document, format: Format, file: Option<Destination>) -> Result<(), Error> {
    let last = format!("{}\n", document.last);
    let text = match format {
        Format::Text => format!("{}{last}", document.text),
        Format::Json => format!("{:#}\n", document.json),
    };
    match file {
        Some(Destination { path, file }) => {
            if let Err(source) = StripStream::new(file).write_all(text.as_bytes()) {
                // What was found is not lost with the file.
                output::print(&text)?;
                return Err(Error::Output { path, source });
            }
            output::print(&last)
        }
        None => {
            output::print(&text)?;
            if format == Format::Json {
                anstream::eprint!("{last}");
            }
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exit;

    #[test]
    fn a_filter_is_part_of_a_name() {
        let cases = protocol::parse(
            r#"[{"by":"run","program":"counter","variant":"buggy"},
                {"by":"run","program":"table","variant":"buggy"},
                {"by":"explore","program":"table","variant":"mended","size":8}]"#,
        )
        .unwrap();
        let names = |filter| {
            let mut kept = cases.clone();
            keep(&mut kept, filter);
            kept.iter().map(Case::name).collect::<Vec<_>>().join("; ")
        };
        assert_eq!(names(None), "counter::buggy; table::buggy; table::mended of 8, explored");
        assert_eq!(names(Some("table")), "table::buggy; table::mended of 8, explored");
        assert_eq!(names(Some("buggy")), "counter::buggy; table::buggy");
        assert_eq!(names(Some("explored")), "table::mended of 8, explored");
        assert_eq!(names(Some("nothing")), "");
    }

    #[test]
    fn an_output_that_cannot_be_written_is_a_usage_error() {
        let error = Destination::create(Path::new("/no/such/directory/report.txt")).err().unwrap();
        assert_eq!(error.exit_code(), exit::USAGE);
        assert!(error.to_string().starts_with("cannot write /no/such/directory/report.txt"));
    }
}
