//! The contract between the detector and its analyses.

use crate::{Context, Finding, Op};

/// Reads a sequence of Ops and finds what is wrong with the program that made it.
///
/// An analysis never sees an Op that is impossible: [`Context`] has already taken it in, and has
/// refused it if, say, it released a lock that is not held. The context shows the state *after*
/// the Op, with two exceptions that analyses need: at a [`Request`](crate::Action::Request) and
/// at an [`Acquire`](crate::Action::Acquire) `context.held_before(op)` is what the thread held
/// without it.
///
/// An analysis reports each fault once, when the Op that completes it arrives.
pub trait Analysis {
    /// Takes in `op` and appends what it reveals to `findings`.
    fn observe(&mut self, op: &Op, context: &Context, findings: &mut Vec<Finding>);
}
