//! [`Detector`]: all analyses over one sequence of Ops.

use std::collections::BTreeSet;

use crate::{
    Analysis, Context, Finding, ObjectId, Op, OpError, Rule, Site, ThreadId,
    misuse::{Misuses, thread_leak},
    order::LockOrder,
    race::Races,
    wait::WaitFors,
};

/// Feeds each Op to the context and then to every analysis.
pub struct Detector {
    context: Context,
    analyses: Vec<Box<dyn Analysis + Send>>,
}

impl Default for Detector {
    fn default() -> Self {
        Self::new()
    }
}

impl Detector {
    /// A detector with every analysis, which has seen nothing.
    #[must_use]
    pub fn new() -> Self {
        Self {
            context: Context::new(),
            analyses: vec![
                Box::new(WaitFors::new()),
                Box::new(LockOrder::new()),
                Box::new(Races::new()),
                Box::new(Misuses::new()),
            ],
        }
    }

    /// Takes in one Op and returns what it reveals.
    ///
    /// # Errors
    ///
    /// The Op is impossible after those before it (it releases what is not held, or names a thread
    /// or object that is not known). It is then ignored, and the detector can go on.
    pub fn observe(&mut self, op: &Op) -> Result<Vec<Finding>, OpError> {
        self.context.apply(op)?;
        let mut findings = Vec::new();
        for analysis in &mut self.analyses {
            analysis.observe(op, &self.context, &mut findings);
        }
        drop_fulfilled(&mut findings);
        Ok(findings)
    }

    /// For a runtime that knows, when all is over, that nobody has joined a thread, which was started
    /// there.
    #[must_use]
    pub fn leaked(&self, thread: ThreadId, started: Site) -> Finding {
        thread_leak(&self.context, thread, (started, None))
    }

    /// What is known of threads, objects and held locks.
    #[must_use]
    pub fn context(&self) -> &Context {
        &self.context
    }

    /// Feeds a whole sequence to a fresh detector.
    ///
    /// # Errors
    ///
    /// As [`Detector::observe`], for the first impossible Op.
    pub fn run<'a>(ops: impl IntoIterator<Item = &'a Op>) -> Result<Vec<Finding>, OpError> {
        let mut detector = Self::new();
        let mut findings = Vec::new();
        for op in ops {
            findings.extend(detector.observe(op)?);
        }
        Ok(findings)
    }
}

/// A deadlock that has come about is no longer a prediction: where one Op reveals both, only what
/// happened is reported.
fn drop_fulfilled(findings: &mut Vec<Finding>) {
    let locks = |finding: &Finding| -> BTreeSet<ObjectId> {
        finding.objects().iter().map(|object| object.id).collect()
    };
    let happened: Vec<_> =
        findings.iter().filter(|f| f.kind() == Rule::Deadlock).map(&locks).collect();
    findings.retain(|finding| {
        finding.kind() != Rule::LockOrderCycle
            || !happened.iter().any(|deadlock| locks(finding).is_subset(deadlock))
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script::Script;

    #[test]
    fn a_deadlock_is_not_predicted_as_well() {
        let mut script = Script::new();
        let [main, t1, t2] = script.threads();
        let [a, b] = script.mutexes();
        script.spawn(main, t1).spawn(main, t2);
        script.lock(t1, a).lock(t2, b).request(t1, b).request(t2, a);
        let findings = Detector::run(script.ops()).unwrap();
        let rules: Vec<_> = findings.iter().map(Finding::rule).collect();
        assert_eq!(rules, ["deadlock"]);
    }
}
