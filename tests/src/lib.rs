//! What the suites that cross crates share.

use lockwise::record::{Finding, Rule, Severity};
use lockwise_fixtures::{Expect, Program};

/// Compares what was found with what must be found (see [`Expect`]).
///
/// # Errors
///
/// What is missing or unexpected, in words, with the findings in full.
pub fn judge(expect: Expect, findings: &[Finding]) -> Result<(), String> {
    let found = |rule: &Rule| findings.iter().any(|finding| finding.kind() == *rule);
    let missing = expect.iter().filter(|set| !set.iter().any(found));
    let mut wrong: Vec<_> = missing.map(|set| format!("none of {set:?} was found")).collect();
    let unexpected = findings.iter().filter(|finding| {
        finding.severity() > Severity::Note && !expect.concat().contains(&finding.kind())
    });
    wrong.extend(unexpected.map(|finding| format!("unexpected: {}", finding.rule())));
    if wrong.is_empty() {
        return Ok(());
    }
    wrong.extend(findings.iter().map(ToString::to_string));
    Err(wrong.join("\n"))
}

/// The variants that `programs` have and `listed` lacks, or the other way round.
#[must_use]
pub fn unlisted(programs: &[Program], listed: &[(&str, &str)]) -> Vec<String> {
    let all: Vec<_> = programs
        .iter()
        .flat_map(|program| program.variants.iter().map(|variant| (program.name, variant.name)))
        .collect();
    let lacks = all.iter().filter(|variant| !listed.contains(variant));
    let extra = listed.iter().filter(|variant| !all.contains(variant));
    lacks.chain(extra).map(|(program, variant)| format!("{program}::{variant}")).collect()
}
