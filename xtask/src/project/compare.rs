//! The same tests with and without observation: whether they pass the same, and at what cost.

use std::{collections::BTreeSet, path::Path, time::Duration};

use lockwise_detector::Finding;

use super::{
    Options, Setting, documentation,
    run::{Run, TestOutcome, TestResult},
    suite::Suite,
};
use crate::{Error, interrupt};

/// What came of one suite, both ways.
#[derive(Debug)]
pub(crate) struct Comparison {
    /// Names of the tests that pass plain.
    pub(crate) plain: BTreeSet<String>,
    /// Names of the tests that pass under observation, or are stuck where they are plain.
    pub(crate) observed: BTreeSet<String>,
    /// How long the processes of all tests took; the examples of documentation are compiled in
    /// theirs, and do not count.
    pub(crate) time_plain: Duration,
    pub(crate) time_observed: Duration,
    /// How many operations the analyses were told of.
    pub(crate) told: u64,
    pub(crate) findings: Vec<Finding>,
}

/// Runs the tests of the project at `manifest` plain, and then observed.
pub(crate) fn compare(
    manifest: &Path,
    options: &Options,
    limit: Duration,
) -> Result<Comparison, Error> {
    let setting = Setting::of(manifest, options)?;
    let observed = setting.observed();
    let (plain, observed) = (observed.plain(), observed);
    let run = |build: &super::build::Build<'_>| {
        let built = build.run()?;
        let suite = Suite::list(&setting.project, &built, &[], None)?;
        let is_observed = build.observation.is_some();
        let run = Run { scratch: setting.scratch.path(), limit, observed: is_observed };
        let results = run.all(&suite);
        let time: Duration = results.iter().map(|result| result.time).sum();
        let mut all = results;
        all.extend(suite.unlisted);
        if setting.selection.wants_documentation() {
            all.extend(documentation::test(build, &[], setting.scratch.path(), limit)?);
        }
        if interrupt::is_interrupted() { Err(Error::Interrupted) } else { Ok((all, time)) }
    };
    let (without, time_plain) = run(&plain)?;
    let (with, time_observed) = run(&observed)?;
    let told = with.iter().map(|result| result.told).sum();
    let (plain, observed) = (passed(&without), passed(&with));
    let findings = with.into_iter().flat_map(|result| result.findings).collect();
    Ok(Comparison { plain, observed, time_plain, time_observed, told, findings })
}

fn passed(results: &[TestResult]) -> BTreeSet<String> {
    let passed = results.iter().filter(|result| result.outcome == TestOutcome::Passed);
    passed.map(|result| result.name.clone()).collect()
}
