//! `compat`: runs the own tests of published crates plain and under observation, and compares.
//!
//! The sources come from the registry, as cargo fetches them, and are copied: nothing is changed in
//! cargo's own copies.

mod crates;

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use lockwise_detector::Severity;

use self::crates::{SUITES, Suite};
use crate::{
    Error, exit,
    facade::{Cache, make_whole},
    output, process,
    project::{self, Comparison, Options, Selection},
    workspace,
};

/// Arguments of `compat`.
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    /// Only these crates; all without one.
    #[arg(value_name = "CRATE")]
    crates: Vec<String>,
    /// How many seconds each test may take.
    #[arg(long, value_name = "SECONDS", default_value = "600")]
    timeout: u64,
    /// Where builds are kept; without it, `lockwise` in the user's cache directory.
    #[arg(long, value_name = "DIR")]
    cache: Option<PathBuf>,
}

pub(crate) fn run(args: &Args) -> Result<u8, Error> {
    let cache = Cache::open(args.cache.as_deref())?;
    let wanted = |suite: &&Suite| {
        args.crates.is_empty() || args.crates.iter().any(|name| *name == suite.name)
    };
    let suites: Vec<_> = SUITES.iter().filter(wanted).collect();
    if suites.is_empty() {
        return Err(Error::NoSuite { known: SUITES.iter().map(|suite| suite.name).collect() });
    }
    output::print(&format!("{HEAD}\n"))?;
    let mut is_same = true;
    for suite in suites {
        let directory = fetch(suite, &cache)?;
        let options = Options {
            selection: Selection::of(suite.features, suite.tests),
            cache: args.cache.clone(),
            ..Options::default()
        };
        let limit = Duration::from_secs(args.timeout);
        let comparison = project::compare(&directory.join("Cargo.toml"), &options, limit)?;
        output::print(&format!("{}\n", row(suite, &comparison)))?;
        for test in &comparison.unsteady {
            anstream::eprintln!(
                "{}: {test} failed in one way, and passed there too later",
                suite.name
            );
        }
        for (test, way) in differences(&comparison) {
            let known = suite.differing.iter().find(|(differing, _)| *differing == test);
            let why = known.map_or("not known why", |(_, why)| why);
            anstream::eprintln!("{}: {test} passes only {way}: {why}", suite.name);
            is_same &= known.is_some();
        }
    }
    Ok(if is_same { exit::CLEAN } else { exit::FINDINGS })
}

const HEAD: &str = "\
| crate | passed plain | passed observed | time | operations | findings |
|---|--:|--:|--:|--:|---|";

/// A line of the table.
fn row(suite: &Suite, comparison: &Comparison) -> String {
    let ratio = comparison.time_observed.as_secs_f64() / comparison.time_plain.as_secs_f64();
    let mut rules = BTreeMap::<_, BTreeMap<_, usize>>::new();
    for finding in &comparison.findings {
        let is_note = finding.severity() == Severity::Note;
        *rules
            .entry((is_note, finding.rule()))
            .or_default()
            .entry(finding.fingerprint())
            .or_default() += 1;
    }
    let findings: Vec<_> =
        rules.iter().map(|((_, rule), places)| format!("{rule} {}", places.len())).collect();
    format!(
        "| {} {} | {} | {} | {ratio:.2}x | {} | {} |",
        suite.name,
        suite.version,
        comparison.plain.len(),
        comparison.observed.len(),
        comparison.told,
        findings.join(", ")
    )
}

/// Tests that pass in one way only, and in which.
fn differences(comparison: &Comparison) -> Vec<(&str, &'static str)> {
    let lost = comparison.plain.difference(&comparison.observed);
    let gained = comparison.observed.difference(&comparison.plain);
    lost.map(|test| (test.as_str(), "plain"))
        .chain(gained.map(|test| (test.as_str(), "observed")))
        .collect()
}

/// A copy of the crate's source.
fn fetch(suite: &Suite, cache: &Cache) -> Result<PathBuf, Error> {
    let to = cache.directory("crates")?.join(format!("{}-{}", suite.name, suite.version));
    if !to.exists() {
        make_whole(&to, |new| {
            let from = registry_copy(suite)?;
            copy(&from, new).map_err(|source| Error::Cache { path: to.clone(), source })?;
            // Which compiler its authors use is not the question, nor what is around the cache.
            let _ = fs::remove_file(new.join("rust-toolchain.toml"));
            stand_alone(&new.join("Cargo.toml"))
                .map_err(|source| Error::Cache { path: to.clone(), source })?;
            Ok(())
        })?;
    }
    Ok(to)
}

/// Makes a package the root of a workspace, if it is none.
fn stand_alone(manifest: &Path) -> io::Result<()> {
    let text = fs::read_to_string(manifest)?;
    let is_root = text.parse::<toml::Table>().is_ok_and(|table| table.contains_key("workspace"));
    if is_root { Ok(()) } else { fs::write(manifest, text + "\n[workspace]\n") }
}

/// Where cargo keeps the crate, once it has fetched it.
fn registry_copy(suite: &Suite) -> Result<PathBuf, Error> {
    let scratch = tempfile::tempdir().map_err(Error::Scratch)?;
    let manifest = scratch.path().join("Cargo.toml");
    let text = format!(
        "[package]\nname = \"fetch\"\nversion = \"0.0.0\"\nedition = \"2021\"\n[lib]\npath = \
         \"lib.rs\"\n[dependencies]\n{} = \"={}\"\n[workspace]\n",
        suite.name, suite.version
    );
    let written = fs::write(scratch.path().join("lib.rs"), "");
    written.and_then(|()| fs::write(&manifest, text)).map_err(Error::Scratch)?;
    let mut command = Command::new(workspace::cargo());
    command.args(["metadata", "--format-version", "1", "--manifest-path"]).arg(&manifest);
    let output = process::complete(command.stderr(Stdio::inherit()))
        .map_err(|source| workspace::spawn(&command, source))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let metadata = cargo_metadata::MetadataCommand::parse(text).ok();
    let package = metadata.as_ref().and_then(|metadata| {
        let is_it = |package: &&cargo_metadata::Package| package.name.as_str() == suite.name;
        metadata.packages.iter().find(is_it)
    });
    let directory = package.and_then(|package| package.manifest_path.parent());
    let failed = || Error::Fetch { package: format!("{} {}", suite.name, suite.version) };
    directory.map(|directory| directory.into()).ok_or_else(failed)
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (path, to) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() { copy(&path, &to)? } else { fs::write(&to, fs::read(&path)?)? }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_package_is_its_own_workspace_once() {
        let directory = tempfile::tempdir().unwrap();
        let manifest = directory.path().join("Cargo.toml");
        fs::write(&manifest, "[package]\nname = 'a'").unwrap();
        let alone = "[package]\nname = 'a'\n[workspace]\n";
        for _ in 0..2 {
            stand_alone(&manifest).unwrap();
            assert_eq!(fs::read_to_string(&manifest).unwrap(), alone);
        }
    }

    #[test]
    fn a_row_says_what_differs() {
        let names = |names: &[&str]| names.iter().map(|n| (*n).to_owned()).collect::<BTreeSet<_>>();
        let comparison = Comparison {
            plain: names(&["a", "b"]),
            observed: names(&["a", "c"]),
            time_plain: Duration::from_secs(2),
            time_observed: Duration::from_secs(3),
            told: 7,
            findings: Vec::new(),
            unsteady: BTreeSet::new(),
        };
        let row = row(&SUITES[0], &comparison);
        assert_eq!(row, "| threadpool 1.8.1 | 2 | 2 | 1.50x | 7 |  |");
        assert_eq!(differences(&comparison), [("b", "plain"), ("c", "observed")]);
    }
}
