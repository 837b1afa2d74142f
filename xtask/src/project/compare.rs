//! The same tests with and without observation: whether they pass the same, and at what cost.

use std::{collections::BTreeSet, path::Path, time::Duration};

use lockwise_detector::Finding;

use super::{
    Options, Setting, documentation,
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
    let (plain, observed) = (passed(&without), passed(&with));
    let mut findings = with.findings;
    findings.extend(with.results.into_iter().flat_map(|result| result.findings));
    Ok(Comparison { plain, observed, time_plain, time_observed, told, findings })
}

fn passed(ran: &Ran) -> BTreeSet<String> {
    let passed = ran.results.iter().filter(|result| result.outcome == TestOutcome::Passed);
    passed.map(|result| result.name.clone()).collect()
}
