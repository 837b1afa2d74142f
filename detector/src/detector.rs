//! [`Detector`]: all analyses over one sequence of Ops.

use crate::{
    Analysis, Context, Finding, Op, OpError, misuse::Misuses, order::LockOrder, race::Races,
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
        Ok(findings)
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
