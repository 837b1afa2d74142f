//! `check --manifest-path`: the tests of any project, unchanged, under observation.
//!
//! The project's tests and their dependencies are [built](build) with lockwise
//! [in std's place](crate::facade), in a target directory of ours. Each test of the [suite](suite)
//! then [runs](run) in a process of its own, the [examples](documentation) in its documentation by
//! rustdoc. Nothing of the project is changed; [`Lockfile`](lockfile) sees to `Cargo.lock`.

mod build;
mod documentation;
mod flags;
mod lockfile;
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

use self::{
    build::{Build, Built, Observation},
    partition::Partition,
    run::Run,
    stand_in::StandIns,
    suite::Suite,
    workspace::Project,
};
pub(crate) use self::{options::Selection, report::Report};
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
    /// Where builds are kept; without it, `lockwise` in the user's cache directory.
    #[arg(long, value_name = "DIR")]
    pub(crate) cache: Option<PathBuf>,
}

/// Checks the project of `manifest`. `arguments` are for the tests, as those after `--` of
/// `cargo test`; each test may take `limit`.
pub(crate) fn check(
    manifest: &Path,
    options: &Options,
    arguments: &[String],
    limit: Duration,
) -> Result<Report, Error> {
    let cache = Cache::open(options.cache.as_deref())?;
    let project = Project::open(manifest, &options.selection)?;
    let facade = Facade::obtain(&project.toolchain, &cache)?;
    let target = cache.target(&project.root)?;
    let observation =
        Observation { facade: &facade, stand_ins: &StandIns::default(), exclude: &options.exclude };
    let build = Build {
        project: &project,
        selection: &options.selection,
        target: &target,
        observation: Some(observation),
    };
    let scratch = tempfile::tempdir().map_err(Error::Scratch)?;
    let mut report = Report { root: project.root.clone(), ..Report::default() };
    let mut sources = Sources::new(project.root.clone());
    if options.selection.wants_executables() {
        let built = build.run()?;
        let suite = Suite::list(&project, &built, arguments, options.partition)?;
        let run = Run { scratch: scratch.path(), limit, observed: true };
        report.take(run.all(&suite), &mut sources);
        report.ignored = suite.ignored;
        cover(&mut report, &project, &built, options);
    }
    if options.selection.wants_documentation() && options.partition.is_none_or(Partition::is_first)
    {
        let results = documentation::test(&build, arguments, scratch.path(), limit)?;
        report.take(results, &mut sources);
    }
    if interrupt::is_interrupted() { Err(Error::Interrupted) } else { Ok(report) }
}

/// Notes which crates were observed and which were not.
fn cover(report: &mut Report, project: &Project, built: &Built, options: &Options) {
    let same = |a: &str, b: &str| a.replace('-', "_") == b.replace('-', "_");
    for id in &built.packages {
        let Some(package) = project.package(id) else { continue };
        let name = format!("{} {}", package.name, package.version);
        if options.exclude.iter().any(|excluded| same(excluded, package.name.as_str())) {
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
