//! The two orders of events that analyses ask for, each as a vector clock per thread.
//!
//! Vector clocks are Fidge's and Mattern's (1988); where a single moment tells as much as a whole
//! clock, only that moment is compared, as in FastTrack (Flanagan and Freund, PLDI 2009). Edges:
//!
//! - **Threads**: spawn, join, `unpark` to the park that consumes it ("all prior unpark operations
//!   synchronize-with park", says std), a notification to the threads that it reached.
//! - **Locks** ([`Relation::HappensBefore`] only): a release happens before each later acquire,
//!   except that readers do not order readers. [`Action::Synchronize`] stands for the edge of a
//!   release that the runtime left out, and is answered from the releasing thread's history.
//! - **Values** (messages, barrier generations, ends of initialisers): each publication of a token
//!   happens before each observation of it that follows.
//! - **Atomics and fences**: C11, 7.17.3 and 7.17.4, with the release sequences of C++20 (P0982):
//!   a read-modify-write carries a release on, any other store ends it, the releasing thread's own
//!   too. `SeqCst` orders as `AcqRel`: its total order adds nothing to happens-before.
//!
//! [`Action::Relay`] stands for accesses to atomics of which a runtime sends no more than that: what
//! it hands on is compared whole, since it ends no tick.
//!
//! What it relies on: a thread's Op that hands knowledge on (release, publication, store, fence,
//! spawn ...) ends its tick, so that whoever knows a moment knows all that was known then; and an
//! Op that brings knowledge arrives before a [`Action::Synchronize`] from a later moment of the
//! same thread. An Op that is later than others of its thread lowers nothing.
//!
//! What is bounded (`row::HISTORY_CHUNKS`, `values::TOKENS`) is bounded
//! towards more edges: a race can then be missed, never invented.

mod atomics;
mod handed;
mod locks;
mod row;
#[cfg(test)]
mod tests;
mod values;

use std::sync::{Arc, LazyLock};

use self::{atomics::Atomics, handed::Handed, locks::Locks, row::Row, values::Values};
use crate::{
    Action, Epoch, ObjectId, Op, ThreadId,
    clock::{Knowledge, VectorClock},
};

/// Which edges a [`Clocks`] follows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Relation {
    /// C11 happens-before: program order, spawn and join, atomics by their orderings, critical
    /// sections of one lock in the order in which they ran.
    HappensBefore,
    /// The same without the order of critical sections, which another run may turn round.
    MustHappenBefore,
}

/// A vector clock for each thread.
#[derive(Debug)]
pub(crate) struct Clocks {
    relation: Relation,
    rows: Vec<Row>,
    locks: Locks,
    values: Values,
    atomics: Atomics,
}

impl Clocks {
    pub(crate) fn new(relation: Relation) -> Self {
        Self {
            relation,
            rows: Vec::new(),
            locks: Locks::default(),
            values: Values::default(),
            atomics: Atomics::default(),
        }
    }

    /// What `thread` knows.
    pub(crate) fn of(&self, thread: ThreadId) -> Knowledge<'_> {
        static NOTHING: LazyLock<Arc<VectorClock>> = LazyLock::new(Arc::default);
        let nothing = || Knowledge::new(Epoch::new(thread, 0), &NOTHING);
        self.rows.get(thread.index()).map_or_else(nothing, Row::knowledge)
    }

    /// How often `thread` has learnt something.
    pub(crate) fn lessons(&self, thread: ThreadId) -> u64 {
        self.rows.get(thread.index()).map_or(0, Row::lessons)
    }

    /// How often an [`Action::Relay`] has changed what `object` hands on.
    pub(crate) fn relayed(&self, object: ObjectId) -> u64 {
        self.atomics.relayed(object)
    }

    /// Takes in one Op. `taken` says of an [`Action::Observe`] that it took the value out, so that
    /// nobody will observe the same token again.
    pub(crate) fn observe(&mut self, op: &Op, taken: bool) {
        self.row(op.thread).reach(op.at);
        match &op.action {
            Action::Spawn { child, .. } => {
                let parents = self.hand(op);
                self.row(*child).learn(&parents, 0);
            }
            Action::Join { child } => {
                let childs = self.row(*child).hand_last();
                self.row(op.thread).learn(&childs, op.at);
            }
            Action::Acquire { .. } | Action::Release { .. } | Action::Synchronize { .. } => {
                if self.relation == Relation::HappensBefore {
                    self.observe_section(op);
                }
            }
            Action::Notify { woken, .. } if !woken.is_empty() => {
                let notifiers = self.hand(op);
                for thread in woken {
                    self.row(*thread).learn_now(&notifiers);
                }
            }
            Action::Unpark { target } => {
                let wakers = self.hand(op);
                self.row(*target).park_token.merge(&wakers);
            }
            Action::Unparked => {
                let token = std::mem::take(&mut self.row(op.thread).park_token);
                self.row(op.thread).learn(&token, op.at);
            }
            _ => self.observe_value(op, taken),
        }
    }

    /// Critical sections, in the order in which they ran.
    fn observe_section(&mut self, op: &Op) {
        match op.action {
            Action::Acquire { object, mode, .. } => {
                let row = &mut self.rows[op.thread.index()];
                self.locks.acquired(object, mode, |earlier| row.learn(earlier, op.at));
            }
            Action::Release { object, mode } => {
                let releasers = self.hand(op);
                self.locks.released(object, mode, releasers);
            }
            Action::Synchronize { from }
                if from.thread() != op.thread && !self.of(op.thread).knows(from) =>
            {
                let then = self.row(from.thread()).stamp(from.tick());
                self.row(op.thread).learn(&Handed::One(then), op.at);
            }
            _ => {}
        }
    }

    /// Values that synchronise: tokens, atomics, fences.
    fn observe_value(&mut self, op: &Op, taken: bool) {
        match op.action {
            Action::Publish { object, token } => {
                let publishers = self.hand(op);
                self.values.publish(object, token, &publishers);
            }
            Action::Observe { object, token } => {
                let row = &mut self.rows[op.thread.index()];
                self.values.observe(object, token, taken, |value| row.learn(value, op.at));
            }
            Action::Atomic { object, access } => {
                let row = &mut self.rows[op.thread.index()];
                self.atomics.access(object, access, row, op.at);
            }
            Action::Relay { object, relay, ordering } => {
                let row = &mut self.rows[op.thread.index()];
                self.atomics.relay(object, (relay, ordering), row, op.at);
            }
            Action::Fence { ordering } => {
                atomics::fence(ordering, &mut self.rows[op.thread.index()], op.at);
            }
            Action::Destroy { object } => {
                self.locks.forget(object);
                self.values.forget(object);
                self.atomics.forget(object);
            }
            _ => {}
        }
    }

    /// What the thread of `op` hands on by it.
    fn hand(&mut self, op: &Op) -> Handed {
        self.row(op.thread).hand(op.at)
    }

    fn row(&mut self, thread: ThreadId) -> &mut Row {
        let known = self.rows.len();
        if thread.index() >= known {
            let keeps_history = self.relation == Relation::HappensBefore;
            let new = (known..=thread.index()).map(|index| {
                let thread = u32::try_from(index).map_or(thread, ThreadId);
                Row::new(thread, keeps_history)
            });
            self.rows.extend(new);
        }
        &mut self.rows[thread.index()]
    }
}
