//! Races.
use crate::{Analysis, Context, Finding, Op};
/// The race analysis.
pub(crate) struct Races;
impl Races {
    pub(crate) fn new() -> Self {
        Self
    }
}
impl Analysis for Races {
    fn observe(&mut self, _op: &Op, _context: &Context, _findings: &mut Vec<Finding>) {}
}
