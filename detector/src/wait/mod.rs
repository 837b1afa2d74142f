//! Who waits for whom, right now: `deadlock`, `self-deadlock`, `rwlock-upgrade`, `lost-wakeup` and
//! `hang`; and beside it the habits that lead there, `rwlock-recursion` and `wait-holding-lock`.
//!
//! # Verdicts
//!
//! The wait-for graph goes back to Holt ("Some Deadlock Properties of Computer Systems", 1972). A
//! verdict is passed when an Op can leave somebody stuck: a request, a block or a thread's end.
//!
//! **At once**, even while other threads run, for what can never be undone. An edge is *definite*
//! if its thread cannot go on before the other has: it wants a lock that only its owners release,
//! or joins. A writer that waits for several readers has an edge to each of them and needs all, so
//! any cycle of definite edges is a deadlock (Knapp 1987 calls this the AND model). A new edge
//! comes from the thread of the Op, so a breadth-first search from there finds every new cycle,
//! and the shortest is the one reported. A lock whose owner has ended is never released: `hang`.
//!
//! **When nobody can go on**: no live thread runs, sleeps, waits with a time limit, or waits for
//! something that it could have now; and a root thread is among them (idle workers that outlive
//! the program they served are no fault). Then, in this order: a cycle of definite edges, of locks
//! that anyone may release, and of waits for a signal by the owner of a lock that another wants, is
//! a `deadlock`; a waiter that missed a notification is a `lost-wakeup`; a cycle in which threads
//! that gave a signal before count as those who would give it again is a `deadlock`; all else is a
//! `hang`. A join leads from the joiner only: main, joined on a parked thread, is no cycle.
//!
//! # What is relied on
//!
//! A pending request stands for "will take the lock when it is free", not for "is blocked": a lock
//! that nobody is known to hold can be had. A wait on a condition variable comes after the release
//! of its mutex. A wait for a scope's or pool's workers ends, if not by an `Unblock` before the
//! last worker's `Exit`, when no spawned thread is stuck. A thread that the runtime chooses not to
//! block after a verdict says so by a `GiveUp` or `Unblock`.
//!
//! Who owns a lock may be told late, in the name of a thread that waits for something else by
//! then; and so may a notification that nobody heard, of a thread that waits or has ended. (It is
//! then taken for one that was given just before the wait for which it is told, so that a waiter
//! which had looked since gets a `lost-wakeup` in place of a `hang`.)
//!
//! # Guarantees and omissions
//!
//! A verdict at once is never wrong. One when nobody can go on is wrong only if an unobserved
//! thread, a signal handler or another process would have acted, or if a reader would have passed
//! a writer that asked before it (`std` promises neither way; both count as a deadlock, but only
//! when nobody can go on). A verdict covers its waits until they end: what piles up behind them
//! later is not reported again. The same threads stuck anew are a new finding, because a runtime
//! that panics in place of blocking must hear of each.
//! Not found at once: deadlocks through locks that anyone may release, through signals, and
//! through queued writers, for as long as any thread runs.
//!
//! Each Op costs O(1) unless it makes a thread wait; then the search visits only threads that it
//! waits for, and all threads only if none runs.

mod edges;
mod history;
mod holding;
mod mend;
mod recursion;
mod report;
mod state;
mod verdict;

use self::{edges::Now, history::History, holding::Holding, recursion::Recursion, state::Threads};
use crate::{Action, Analysis, Context, Finding, Op};

/// The wait analysis.
#[derive(Default, Debug)]
pub(crate) struct WaitFors {
    threads: Threads,
    history: History,
    recursion: Recursion,
    holding: Holding,
}

impl WaitFors {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    fn judge(&mut self, op: &Op, context: &Context) -> Option<Finding> {
        let now = Now { threads: &self.threads, history: &self.history, context };
        let at_once = match op.action {
            Action::Exit => verdict::leaked_by(&now, op.thread),
            _ => verdict::closed_by(&now, op.thread),
        };
        let verdict = at_once.or_else(|| verdict::all_blocked(&now, op.thread))?;
        let finding = report::finding(&now, &verdict);
        self.threads.mark_reported(&verdict.threads());
        Some(finding)
    }
}

impl Analysis for WaitFors {
    fn observe(&mut self, op: &Op, context: &Context, findings: &mut Vec<Finding>) {
        self.history.observe(op);
        if self.threads.observe(op) {
            findings.extend(self.judge(op, context));
        }
        self.recursion.observe(op, context, findings);
        self.holding.observe(op, context, findings);
    }
}
