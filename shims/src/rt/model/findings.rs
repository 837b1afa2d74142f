//! [`Findings`]: what the executions of a model have shown, each fault once.

use std::{cmp::Reverse, collections::HashSet, sync::Arc};

use lockwise_detector::{Certainty, Finding, Rule, Severity, Site};

use crate::report::{self, Destination};

/// The findings of an exploration.
#[derive(Default)]
pub(crate) struct Findings {
    list: Vec<Finding>,
    seen: HashSet<(Rule, Vec<Site>)>,
}

impl Findings {
    /// Adds a finding, unless one of the same rule at the same places is there. Returns whether it
    /// ends the exploration: what was observed does, what is predicted or a mere note does not.
    pub(crate) fn add(&mut self, finding: Finding) -> bool {
        let stops = stops(&finding);
        if self.seen.insert(key(&finding)) {
            self.list.push(finding);
        }
        stops
    }

    /// Whether no finding of the same rule at the same places is there.
    pub(crate) fn is_new(&self, finding: &Finding) -> bool {
        !self.seen.contains(&key(finding))
    }

    /// Adds what was found elsewhere.
    pub(crate) fn extend(&mut self, other: Self) {
        for finding in other.list {
            self.add(finding);
        }
    }

    /// The findings with their sources, what ended the exploration first; of those with one
    /// fingerprint only the first. Needs a stack for reading debug information.
    pub(crate) fn resolve(mut self) -> Vec<Finding> {
        self.list.sort_by_key(|finding| {
            Reverse((stops(finding), finding.severity(), finding.certainty()))
        });
        let resolved = Arc::default();
        let destination = Destination::Recording(Arc::clone(&resolved));
        report::publish(self.list.into_iter().map(|f| (f, destination.clone())).collect());
        let mut resolved = resolved.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let mut fingerprints = HashSet::new();
        let mut list = std::mem::take(&mut *resolved);
        list.retain(|finding| fingerprints.insert(finding.fingerprint()));
        list
    }
}

/// The rule and the places of a finding.
fn key(finding: &Finding) -> (Rule, Vec<Site>) {
    let steps = finding.threads().iter().flat_map(|thread| &thread.steps);
    let mut sites: Vec<_> = steps.map(|step| step.site).collect();
    sites.sort_unstable();
    sites.extend(finding.objects().iter().map(|object| object.created));
    (finding.kind(), sites)
}

fn stops(finding: &Finding) -> bool {
    finding.severity() > Severity::Note && finding.certainty() >= Certainty::Observed
}
