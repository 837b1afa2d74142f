//! The random walk: each thread that can go on is as likely as any other.
//!
//! It learns nothing, so nothing that it learnt can be wrong.
//!
//! *Guaranteed*: every interleaving can come. *Left out on purpose*: any thought of how likely. A
//! thread that has one step to make almost never makes it after a hundred steps of another.

use super::{Candidate, History, Policy, Rng};

/// The random walk.
pub(super) struct Walk;

impl Policy for Walk {
    fn begin(&mut self, _: &History, _: &mut Rng) {}

    fn pick(&mut self, ready: &[Candidate], _: &History, rng: &mut Rng) -> usize {
        rng.index(ready.len())
    }
}
