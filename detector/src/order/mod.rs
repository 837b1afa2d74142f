//! Lock order.
use crate::{Analysis, Context, Finding, Op};
/// The lock-order analysis.
pub(crate) struct LockOrder;
impl LockOrder {
    pub(crate) fn new() -> Self {
        Self
    }
}
impl Analysis for LockOrder {
    fn observe(&mut self, _op: &Op, _context: &Context, _findings: &mut Vec<Finding>) {}
}
