//! `known-bugs`: drivers that show bugs of published crates, and that their mended versions are
//! clean.
//!
//! The [bugs] are bugs that advisories tell of. Each has a driver in `tests/known-bugs/drivers`: a
//! small test that explores a program which uses the crate, unchanged. The package `buggy` there
//! depends on the versions with the bugs and the package `fixed` on those without; both have the same
//! drivers. They are built with lockwise [in std's place](crate::project), and run one by one. What
//! each printed is its [outcome].

mod bugs;
mod outcome;

use std::{
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use self::{
    bugs::{BUGS, Bug},
    outcome::Outcome,
};
use crate::{Error, bench, exit, interrupt, output, process, project, workspace};

/// Arguments of `known-bugs`.
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    /// Runs only the drivers of bugs whose advisory or package contains this.
    #[arg(value_name = "FILTER")]
    filter: Option<String>,
    /// Prints the reports of what is found, too.
    #[arg(long)]
    reports: bool,
    /// Where builds are kept; without it, `lockwise` in the user's cache directory.
    #[arg(long, value_name = "DIR")]
    cache: Option<PathBuf>,
    /// How many seconds each driver may take.
    #[arg(long, value_name = "SECONDS", default_value = "300",
        value_parser = clap::value_parser!(u64).range(1..))]
    timeout: u64,
}

/// What was seen of a bug: the version that has it, and the one that has not.
struct Seen {
    bug: &'static Bug,
    outcomes: [Result<Outcome, String>; 2],
}

const HEAD: [&str; 6] = ["advisory", "crate", "found", "by", "mended", "by"];

/// Runs the drivers and prints a table of what they show.
pub(crate) fn run(args: &Args) -> Result<u8, Error> {
    let chosen: Vec<_> = BUGS.iter().filter(|bug| bug.is_named(args.filter.as_deref())).collect();
    if chosen.is_empty() {
        return Err(Error::NoBug);
    }
    let suite = workspace::root()?.join("tests/known-bugs");
    let packages = ["buggy", "fixed"].map(|package| suite.join(package));
    let [buggy, fixed] = packages.map(|package| {
        let built = project::build(&package.join("Cargo.toml"), args.cache.as_deref())?;
        Ok::<_, Error>((package, built))
    });
    let (buggy, fixed) = (buggy?, fixed?);
    let limit = Duration::from_secs(args.timeout);
    let mut all = Vec::new();
    for bug in chosen {
        let outcomes = [&buggy, &fixed].map(|(directory, executables)| {
            let printed = drive(executables, bug.driver, directory, limit)?;
            if args.reports {
                output::print(&printed)?;
            }
            Ok(Outcome::parse(&printed).ok_or(printed))
        });
        let [buggy, fixed] = outcomes;
        all.push(Seen { bug, outcomes: [buggy?, fixed?] });
        if interrupt::is_interrupted() {
            return Err(Error::Interrupted);
        }
    }
    output::print(&table(&all))?;
    let faults: Vec<_> = all.iter().flat_map(Seen::faults).collect();
    output::print(&last_lines(&all, &faults))?;
    Ok(if faults.is_empty() { exit::CLEAN } else { exit::FINDINGS })
}

/// What the driver printed.
fn drive(
    executables: &[project::Executable],
    driver: &str,
    directory: &Path,
    limit: Duration,
) -> Result<String, Error> {
    let executable = executables.iter().find(|executable| executable.target == driver);
    let Some(executable) = executable else {
        return Err(Error::NoExecutable { name: driver.to_owned() });
    };
    let mut command = Command::new(&executable.path);
    command.arg("--nocapture").current_dir(directory).env("RUST_BACKTRACE", "0");
    let outcome = process::run(&mut command, limit)
        .map_err(|source| Error::Spawn { program: executable.path.clone(), source })?;
    Ok(outcome.stdout + &outcome.stderr)
}

impl Bug {
    fn is_named(&self, filter: Option<&str>) -> bool {
        let part = |part: &str| self.advisory.contains(part) || self.package.contains(part);
        filter.is_none_or(part)
    }
}

impl Seen {
    /// What is not as expected.
    fn faults(&self) -> Vec<String> {
        let Self { bug, outcomes } = self;
        let mut faults = Vec::new();
        for (which, outcome) in outcomes.iter().enumerate() {
            let name = format!("{} {}", bug.package, bug.versions[which]);
            match outcome {
                Ok(outcome) if outcome.rule.as_deref() == bug.rules[which] => {}
                Ok(outcome) => {
                    let rule = outcome.rule.as_deref().unwrap_or("nothing");
                    faults.push(format!("{name}: found {rule}, which is not expected"));
                }
                Err(printed) => faults.push(format!("{name}: the driver failed: {printed}")),
            }
        }
        faults
    }

    fn cells(&self) -> [String; 6] {
        let Self { bug, outcomes: [buggy, fixed] } = self;
        let effort = |outcome: &Result<Outcome, String>| {
            outcome.as_ref().map_or_else(|_| "failed".to_owned(), Outcome::effort)
        };
        let rule = |outcome: &Result<Outcome, String>, none: &str| match outcome {
            Ok(outcome) => outcome.rule.clone().unwrap_or_else(|| none.to_owned()),
            Err(_) => "failed".to_owned(),
        };
        [
            bug.advisory.to_owned(),
            format!("{} {}", bug.package, bug.versions[0]),
            rule(buggy, "no"),
            effort(buggy),
            format!("{} {}", bug.versions[1], rule(fixed, "clean")),
            effort(fixed),
        ]
    }
}

fn table(all: &[Seen]) -> String {
    bench::markdown(&HEAD, &all.iter().map(Seen::cells).collect::<Vec<_>>())
}

/// What is broken, and what is not as expected.
fn last_lines(all: &[Seen], faults: &[String]) -> String {
    let mut lines = String::from("\n");
    for Seen { bug, .. } in all {
        lines += &format!("{} {}: {}\n", bug.package, bug.versions[0], bug.broken);
    }
    lines += "\n";
    for fault in faults {
        lines += &format!("unexpected: {fault}\n");
    }
    let found = all.iter().filter(|seen| matches!(&seen.outcomes[0], Ok(o) if o.rule.is_some()));
    let (found, all) = (found.count(), all.len());
    lines + &format!("known bugs: {found} of {all} found, {} unexpected\n", faults.len())
}
