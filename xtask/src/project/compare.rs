//! The same tests with and without observation: whether they pass the same, and at what cost.

use std::{collections::BTreeSet, path::Path, time::Duration};

use lockwise_detector::Finding;

use super::{
    Options, Setting,
    build::Build,
    documentation,
    run::{Ran, Run, TestOutcome},
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
    /// Tests that passed in both ways, but in one of them not at the first attempt.
    pub(crate) unsteady: BTreeSet<String>,
}

/// How often a test is run again that passes in one way only. Some go by the clock, and pass now and
/// then.
const AGAIN: usize = 3;

/// Runs the tests of the project at `manifest` plain, and then observed.
pub(crate) fn compare(
    manifest: &Path,
    options: &Options,
    limit: Duration,
) -> Result<Comparison, Error> {
    let setting = Setting::of(manifest, options)?;
    let observed = setting.observed();
    let (plain, observed) = (observed.plain(), observed);
    let run = |build: &Build<'_>| {
        let built = build.run()?;
        let suite = Suite::list(&setting.project, &built, &[], None)?;
        let is_observed = build.observation.is_some();
        let run = Run { scratch: setting.scratch.path(), limit, observed: is_observed };
        let mut ran = run.all(&suite);
        let time: Duration = ran.results.iter().map(|result| result.time).sum();
        ran.results.extend(suite.unlisted);
        if setting.selection.wants_documentation() {
            let examples = documentation::test(build, &[], setting.scratch.path(), limit)?;
            ran.results.extend(examples.results);
            ran.findings.extend(examples.findings);
        }
        if interrupt::is_interrupted() { Err(Error::Interrupted) } else { Ok((ran, time)) }
    };
    let (without, time_plain) = run(&plain)?;
    let (with, time_observed) = run(&observed)?;
    let told = with.results.iter().map(|result| result.told).sum();
    let (mut passed_plain, mut passed_observed) = (passed(&without), passed(&with));
    let (lost, gained) = (&passed_plain - &passed_observed, &passed_observed - &passed_plain);
    let late = again(&setting, &observed, lost, limit)?;
    let early = again(&setting, &plain, gained, limit)?;
    passed_observed.extend(late.iter().cloned());
    passed_plain.extend(early.iter().cloned());
    let mut findings = with.findings;
    findings.extend(with.results.into_iter().flat_map(|result| result.findings));
    Ok(Comparison {
        plain: passed_plain,
        observed: passed_observed,
        time_plain,
        time_observed,
        told,
        findings,
        unsteady: &late | &early,
    })
}

/// Runs the tests of these names again; gives those that pass.
fn again(
    setting: &Setting<'_>,
    build: &Build<'_>,
    names: BTreeSet<String>,
    limit: Duration,
) -> Result<BTreeSet<String>, Error> {
    let mut late = BTreeSet::new();
    if names.is_empty() {
        return Ok(late);
    }
    let built = build.run()?;
    let mut suite = Suite::list(&setting.project, &built, &[], None)?;
    for _ in 0..AGAIN {
        suite.tests.retain(|test| names.contains(&test.name) && !late.contains(&test.name));
        let scratch = tempfile::tempdir().map_err(Error::Scratch)?;
        let observed = build.observation.is_some();
        let run = Run { scratch: scratch.path(), limit, observed };
        late.extend(passed(&run.all(&suite)));
    }
    if interrupt::is_interrupted() { Err(Error::Interrupted) } else { Ok(late) }
}

fn passed(ran: &Ran) -> BTreeSet<String> {
    let passed = ran.results.iter().filter(|result| result.outcome == TestOutcome::Passed);
    passed.map(|result| result.name.clone()).collect()
}
