//! `check --manifest-path`: the tests of any project, unchanged, under observation.
//!
//! The project's tests and their dependencies are [built](build) with lockwise
//! [in std's place](crate::facade), in a target directory of ours. Each test of the [suite](suite)
//! then [runs](run) in a process of its own, the [examples](documentation) in its documentation by
//! rustdoc. Nothing of the project is changed; [`Lockfile`](lockfile) sees to `Cargo.lock`.

mod build;
mod compare;
mod documentation;
mod flags;
mod lockfile;
mod names;
mod nextest;
mod options;
pub(crate) mod partition;
mod report;
mod run;
mod stand_in;
mod suite;
mod workspace;
pub(crate) mod wrapper;

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use tempfile::TempDir;

use self::{
    build::{Build, Built, Observation},
    partition::Partition,
    run::Run,
    stand_in::StandIns,
    suite::Suite,
    workspace::Project,
};
pub(crate) use self::{
    compare::{Comparison, compare},
    options::Selection,
    report::Report,
};
use crate::{
    Error,
    facade::{Cache, Facade},
    interrupt,
    sources::Sources,
};

/// Options that are for projects.
#[derive(clap::Args, Clone, Debug, Default)]
pub(crate) struct Options {
    #[command(flatten)]
    pub(crate) selection: Selection,
    /// Leaves this crate with std's own types: one that cannot be built otherwise (may be repeated).
    #[arg(long, value_name = "CRATE")]
    pub(crate) exclude: Vec<String>,
    /// Runs only a part of the tests: `hash:1/4` or `count:1/4` is the first of four.
    #[arg(long, value_name = "PART")]
    pub(crate) partition: Option<Partition>,
    /// What runs the tests.
    #[arg(long, value_enum, default_value = "own")]
    pub(crate) runner: Runner,
    /// Where builds are kept; without it, `lockwise` in the user's cache directory.
    #[arg(long, value_name = "DIR")]
    pub(crate) cache: Option<PathBuf>,
}

/// What runs the tests of a project.
#[derive(clap::ValueEnum, Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) enum Runner {
    /// lockwise itself.
    #[default]
    Own,
    /// An installed `cargo nextest`.
    Nextest,
}

/// All that builds of a project have in common.
struct Setting<'a> {
    project: Project,
    facade: Facade,
    stand_ins: StandIns,
    selection: &'a Selection,
    exclude: &'a [String],
    target: PathBuf,
    scratch: TempDir,
}

impl<'a> Setting<'a> {
    fn of(manifest: &Path, options: &'a Options) -> Result<Self, Error> {
        let cache = Cache::open(options.cache.as_deref())?;
        let project = Project::open(manifest, &options.selection)?;
        if let Some(name) = options.exclude.iter().find(|name| !project.has(name)) {
            return Err(Error::NoCrate { name: name.clone() });
        }
        let facade = Facade::obtain(&project.toolchain, &cache)?;
        let target = cache.target(&project.root, &options.exclude)?;
        let stand_ins = StandIns::write(&project, &target)?;
        let scratch = tempfile::tempdir().map_err(Error::Scratch)?;
        let (selection, exclude) = (&options.selection, options.exclude.as_slice());
        Ok(Self { project, facade, stand_ins, selection, exclude, target, scratch })
    }

    fn observed(&self) -> Build<'_> {
        let (facade, stand_ins, exclude) = (&self.facade, &self.stand_ins, self.exclude);
        let observation = Some(Observation { facade, stand_ins, exclude });
        let (project, selection, target) = (&self.project, self.selection, self.target.clone());
        Build { project, selection, target, observation }
    }
}

/// Checks the project of `manifest`. `arguments` are for the tests, as those after `--` of
/// `cargo test`; each test may take `limit`. What was found before an interruption is in the report.
pub(crate) fn check(
    manifest: &Path,
    options: &Options,
    arguments: &[String],
    limit: Duration,
) -> Result<Report, Error> {
    let setting = Setting::of(manifest, options)?;
    let (project, scratch) = (&setting.project, setting.scratch.path());
    let build = setting.observed();
    let mut report = Report { root: project.root.clone(), ..Report::default() };
    let mut sources = Sources::new(project.root.clone());
    if options.selection.wants_executables() {
        let built = build.run()?;
        cover(&mut report, project, &built, options);
        let ran = match options.runner {
            Runner::Own => {
                let suite = Suite::list(project, &built, arguments, options.partition)?;
                report.ignored = suite.ignored;
                let mut ran = Run { scratch, limit, observed: true }.all(&suite);
                ran.results.extend(suite.unlisted);
                ran
            }
            Runner::Nextest => nextest::test(&build, arguments, options.partition, scratch, limit)?,
        };
        report.take(ran, &mut sources);
    }
    let is_first = options.partition.is_none_or(Partition::is_first);
    if options.selection.wants_documentation() && is_first {
        if !options.selection.wants_executables() {
            cover(&mut report, project, &build.libraries()?, options);
        }
        if !interrupt::is_interrupted() {
            report.take(documentation::test(&build, arguments, scratch, limit)?, &mut sources);
        }
        // Only rustdoc knows how many there are.
        if interrupt::is_interrupted() && project.has_examples() {
            let why = "the check was interrupted".to_owned();
            report.unobserved.insert("examples in documentation".to_owned(), why);
        }
    }
    if interrupt::is_interrupted() {
        report.interrupt(0);
    }
    Ok(report)
}

/// An executable that holds tests.
#[derive(Debug)]
pub(crate) struct Executable {
    /// The name of its target, as an identifier.
    pub(crate) target: String,
    pub(crate) path: PathBuf,
}

/// Builds the tests of the project of `manifest` as [`check`] does, and runs none.
pub(crate) fn build(manifest: &Path, cache: Option<&Path>) -> Result<Vec<Executable>, Error> {
    let options = Options { cache: cache.map(Path::to_owned), ..Options::default() };
    let setting = Setting::of(manifest, &options)?;
    let binaries = setting.observed().run()?.binaries.into_iter();
    Ok(binaries.map(|binary| Executable { target: binary.target, path: binary.path }).collect())
}

/// Whether two names are of one crate.
fn same(name: &str, other: &str) -> bool {
    name.replace('-', "_") == other.replace('-', "_")
}

/// Notes which crates were observed and which were not.
fn cover(report: &mut Report, project: &Project, built: &Built, options: &Options) {
    for id in &built.packages {
        let Some(package) = project.package(id) else { continue };
        let name = format!("{} {}", package.name, package.version);
        if options.exclude.iter().any(|excluded| same(excluded, &package.name)) {
            report.unobserved.insert(name, "excluded".to_owned());
        } else {
            report.observed.insert(name);
        }
    }
    for foreign in project.foreign() {
        report
            .unobserved
            .insert(format!("{foreign}, in C"), "locks taken in C are not seen".to_owned());
    }
}
