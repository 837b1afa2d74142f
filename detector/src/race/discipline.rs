//! Lock discipline: what could race in another run, after Eraser (Savage et al., TOCS 1997).
//!
//! Eraser asks for one lock that all accesses of a variable have in common, and lets a variable be
//! initialised without. Here each pair of conflicting accesses is judged for itself, as in hybrid
//! detection (O'Callahan and Choi, PPoPP 2003): it is safe under a common lock of which one side
//! holds more than a shared hold, or when must-happen-before orders it. So three locks of which
//! each two accesses share one are enough, and what is handed over (before a spawn, after a join,
//! through a channel, a barrier or a release/acquire pair) needs no lock at all.

use std::sync::Arc;

use super::access::Access;
use crate::clock::Knowledge;

/// How many earlier accesses are compared with. One stands for all those of its thread under the
/// same locks, and for those of other threads that it surely came after; if more than this many
/// are left, the oldest is forgotten, and a pair that includes it is missed.
pub(super) const ACCESSES: usize = 64;

#[derive(Default, Debug)]
pub(super) struct Discipline {
    accesses: Vec<Arc<Access>>,
    closed: bool,
}

impl Discipline {
    /// Says that the variable is known to be at fault: one report is enough.
    pub(super) fn close(&mut self) {
        self.closed = true;
        self.accesses = Vec::new();
    }

    /// Takes in an access of a thread that knows `must`; returns an earlier one that it could race
    /// with.
    pub(super) fn observe(
        &mut self,
        access: &Arc<Access>,
        must: Knowledge<'_>,
    ) -> Option<Arc<Access>> {
        if self.closed {
            return None;
        }
        let known =
            |earlier: &Access| earlier.thread() == access.thread() || must.knows(earlier.epoch);
        let breach = self.accesses.iter().find(|earlier| {
            (earlier.writes() || access.writes())
                && !known(earlier)
                && !earlier.is_apart_from(access)
        });
        if let Some(breach) = breach.cloned() {
            self.close();
            return Some(breach);
        }
        // `access` stands for an earlier one if whatever could race with that could with it.
        self.accesses.retain(|earlier| {
            let covers = access.writes() || !earlier.writes();
            !(covers && known(earlier) && access.is_no_safer_than(earlier))
        });
        if self.accesses.len() == ACCESSES {
            self.accesses.remove(0);
        }
        self.accesses.push(Arc::clone(access));
        None
    }
}
