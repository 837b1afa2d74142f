//! Waits.
use crate::{Analysis, Context, Finding, Op};
/// The wait analysis.
pub(crate) struct WaitFors;
impl WaitFors {
    pub(crate) fn new() -> Self {
        Self
    }
}
impl Analysis for WaitFors {
    fn observe(&mut self, _op: &Op, _context: &Context, _findings: &mut Vec<Finding>) {}
}
