//! Lock order: `lock-order-cycle` and `lock-class-order`.
//!
//! Whenever a thread that holds locks asks for another one, ready to wait for ever, each held lock
//! gets an edge to it in a lock graph. A cycle in that graph is a deadlock that another run may
//! meet, if its edges can be waited at *at once*. The idea is Goodlock's (Havelund, SPIN 2000),
//! with the refinements of Bensalem and Havelund ("Dynamic Deadlock Analysis of Multi-threaded
//! Programs", HVC 2005). A cycle is **feasible**, and reported as `lock-order-cycle`, if
//!
//! - its edges belong to distinct threads,
//! - no two of its threads hold a common lock (a *gate*), shared holds of one lock aside,
//! - no two of its requests are ordered by must-happen-before (spawn and join, messages and other
//!   values handed on, but not the accidental order of critical sections),
//! - each hold keeps out the acquisition that waits for it (not both for reading),
//! - what its threads must have done before, critical sections included, can be put in an order
//!   (see `log`).
//!
//! `try_lock` and timed acquisitions make no edge themselves but are held like any other. To
//! acquire again what one holds already makes no edge: whether it blocks is another rule's matter.
//! Destroyed locks count, as another run may not destroy them yet.
//!
//! `lock-class-order` looks at the locks of one class: same kind, made at the same place. Locks
//! of one class stand for each other: what one thread does to `(a, b)` another may do to
//! `(b, a)`, in a run with other data. If the class's instances are nested in a cycle, there is no
//! order that the code keeps, and it is reported even if this run's threads could not overlap.
//! Consistent orders stay silent, whichever they are (by id, by address, parent before child, hand
//! over hand), as do gates. So that a test's only thread may do as it likes, every lock of the
//! cycle must have been acquired by two threads or more. A class is reported once, and not after
//! a `lock-order-cycle` within it, which says more.
//!
//! Left out on purpose: a `try_lock` that failed is taken to be able to fail again, whoever is in
//! its way; a run that hangs keeps to itself the cycles whose verdict hung on what it did not live
//! to do; and each of `nesting`, `search` and `log` has a bound, and says what lies beyond.
//!
//! What is kept of an edge is in `nesting`, the incremental search for strong components in
//! `levels`, the forgetting of dead locks in `graph`, the search for a cycle in `search`.

mod graph;
mod levels;
mod log;
mod nesting;
mod report;
mod reported;
mod search;
mod stretch;

use std::{collections::VecDeque, sync::Arc};

use petgraph::graph::{EdgeIndex, NodeIndex};

use self::{
    graph::LockGraph,
    log::{Event, Log, Verdict},
    nesting::{Nesting, Probe, Request, modes},
    reported::Reported,
    search::{Cycle, Level, Link, locks_of, shortest_cycles},
    stretch::Stretches,
};
use crate::{
    Action, Analysis, Context, Finding, ObjectId, Op, ThreadId,
    op::{Mode, Patience},
};

/// The lock-order analysis.
#[derive(Default, Debug)]
pub struct LockOrder {
    graph: LockGraph,
    stretches: Stretches,
    log: Log,
    reported: Reported,
    /// Cycles that can happen or not, depending on what is done until a thread releases a lock.
    deferred: VecDeque<((ThreadId, ObjectId), Cycle)>,
    /// For each thread, what it has requested and not got yet.
    pending: Vec<Option<ObjectId>>,
}

impl Analysis for LockOrder {
    fn observe(&mut self, op: &Op, context: &Context, findings: &mut Vec<Finding>) {
        self.stretches.observe(op, context);
        match op.action {
            Action::Request { object, mode, patience } => {
                *self.pending(op) = Some(object);
                self.request(op, context, (object, mode, patience), findings);
            }
            Action::Acquire { object, mode, patience } => {
                if self.pending(op).take() != Some(object) {
                    self.request(op, context, (object, mode, patience), findings);
                }
                let shared = self.graph.touch(context, op.thread, object);
                if context.held_before(op).iter().all(|held| held.object != object) {
                    self.log(op, context, (object, mode), true);
                }
                if let Some(node) = shared {
                    self.check_class_of(node, context, findings);
                }
            }
            Action::Release { object, mode }
                if context.held(op.thread).iter().all(|held| held.object != object) =>
            {
                self.log(op, context, (object, mode), false);
                self.resume((op.thread, object), context, findings);
            }
            Action::GiveUp { .. } => *self.pending(op) = None,
            Action::Destroy { object } => self.graph.destroy(object),
            _ => {}
        }
    }
}

impl LockOrder {
    /// How many cycles may wait for the end of critical sections.
    const DEFERRED: usize = 256;

    /// An analysis that has seen nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn pending(&mut self, op: &Op) -> &mut Option<ObjectId> {
        let index = op.thread.index();
        if index >= self.pending.len() {
            self.pending.resize(index + 1, None);
        }
        &mut self.pending[index]
    }

    /// Logs an acquisition or a release.
    fn log(
        &mut self,
        op: &Op,
        context: &Context,
        (object, mode): (ObjectId, Mode),
        acquires: bool,
    ) {
        if !self.graph.owner_releases(object) {
            return;
        }
        let known = self.stretches.clock(op.thread, context);
        self.log.push(Event { thread: op.thread, at: op.at, object, mode, acquires, known });
    }

    /// Takes in that the thread may wait for `object`.
    fn request(
        &mut self,
        op: &Op,
        context: &Context,
        (object, mode, patience): (ObjectId, Mode, Patience),
        findings: &mut Vec<Finding>,
    ) {
        let held = context.held_before(op);
        let reacquired = held.iter().any(|held| held.object == object);
        if held.is_empty() || reacquired || patience != Patience::Forever {
            return;
        }
        for edge in self.new_nestings(op, context, object, mode) {
            if self.graph.is_cyclic(edge) {
                self.check(edge, context, findings);
            }
        }
    }

    /// Adds what is new of the edges from held locks to `object`, and returns those edges.
    fn new_nestings(
        &mut self,
        op: &Op,
        context: &Context,
        object: ObjectId,
        mode: Mode,
    ) -> Vec<EdgeIndex> {
        let held = context.held_before(op);
        let stretch = self.stretches.of(op.thread);
        let probe = Probe { op, mode, stretch, held };
        let mut request = None;
        let mut fresh = Vec::new();
        for outer in held {
            if self.graph.knows(outer, object, &probe) {
                continue;
            }
            let request = request.get_or_insert_with(|| {
                Arc::new(Request {
                    thread: op.thread,
                    mode,
                    place: (op.site, op.stack.clone()),
                    held: modes(held),
                    at: op.epoch(),
                    known: self.stretches.clock(op.thread, context),
                    stretch,
                    logged: self.log.next(),
                })
            });
            let nesting = Nesting::new(outer, request);
            fresh.push(self.graph.add(context, (outer.object, object), nesting));
        }
        fresh
    }

    /// Looks for cycles through the newest nesting of `edge`.
    fn check(&mut self, edge: EdgeIndex, context: &Context, findings: &mut Vec<Finding>) {
        let Some(newest) = self.graph.nestings(edge).newest().cloned() else { return };
        let start = (edge, newest.clone());
        let mut later = Vec::new();
        let mut possible = |cycle: &[Link]| {
            let verdict = self.log.judge(cycle);
            if let Verdict::Later(end) = verdict {
                later.push((end, cycle.to_vec()));
            }
            verdict == Verdict::Possible
        };
        let graph = &mut self.graph;
        let cycles = shortest_cycles(graph, Level::Instance, start, &self.reported, &mut possible);
        for cycle in cycles {
            self.report(cycle, context, findings);
        }
        later.into_iter().for_each(|(end, cycle)| self.defer(end, cycle));
        self.check_class((edge, newest), context, findings);
    }

    fn report(&mut self, cycle: Cycle, context: &Context, findings: &mut Vec<Finding>) {
        let locks = locks_of(&cycle);
        if let Some(class) = self.graph.common_class(&locks) {
            self.reported.add_class(class);
        }
        self.reported.add(locks);
        findings.push(report::cycle(context, &from_first_thread(cycle)));
    }

    /// Keeps a cycle until a critical section ends; the oldest gives way to what is too much.
    fn defer(&mut self, end: (ThreadId, ObjectId), cycle: Cycle) {
        if self.deferred.len() == Self::DEFERRED {
            self.deferred.pop_front();
        }
        self.deferred.push_back((end, cycle));
    }

    /// Judges the cycles that waited for the end of a critical section.
    fn resume(
        &mut self,
        end: (ThreadId, ObjectId),
        context: &Context,
        findings: &mut Vec<Finding>,
    ) {
        if self.deferred.iter().all(|(awaited, _)| *awaited != end) {
            return;
        }
        for (awaited, cycle) in std::mem::take(&mut self.deferred) {
            if awaited != end {
                self.deferred.push_back((awaited, cycle));
            } else if !self.reported.covers_any_of(&locks_of(&cycle)) {
                match self.log.judge(&cycle) {
                    Verdict::Possible => self.report(cycle, context, findings),
                    Verdict::Later(end) => self.defer(end, cycle),
                    Verdict::Impossible => {}
                }
            }
        }
    }

    /// Looks for a cycle within one class through one nesting of one edge.
    fn check_class(
        &mut self,
        (edge, nesting): (EdgeIndex, Nesting),
        context: &Context,
        findings: &mut Vec<Finding>,
    ) {
        let (outer, inner) = self.graph.ends(edge);
        let class = self.graph.lock(outer).class;
        if class != self.graph.lock(inner).class || !self.reported.is_news(class) {
            return;
        }
        let (level, start) = (Level::Class(class), (edge, nesting));
        let cycles = shortest_cycles(&mut self.graph, level, start, &self.reported, &mut |_| true);
        if let Some(cycle) = cycles.into_iter().next() {
            findings.push(report::class(context, &from_first_thread(cycle)));
            self.reported.add_class(class);
        }
    }

    /// Looks for cycles within its class through a lock that a second thread has just acquired.
    fn check_class_of(&mut self, node: NodeIndex, context: &Context, findings: &mut Vec<Finding>) {
        if !self.reported.is_news(self.graph.lock(node).class) {
            return;
        }
        for edge in self.graph.cyclic_edges(node) {
            let nestings: Vec<_> = self.graph.nestings(edge).iter().cloned().collect();
            for nesting in nestings {
                self.check_class((edge, nesting), context, findings);
            }
        }
    }
}

/// The same cycle, starting with the thread (then the lock) of the lowest number: of all rotations
/// always the same one.
fn from_first_thread(mut cycle: Cycle) -> Cycle {
    let key = |link: &Link| (link.nesting.thread(), link.outer);
    let first = (0..cycle.len()).min_by_key(|&index| key(&cycle[index]));
    cycle.rotate_left(first.unwrap_or(0));
    cycle
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script::Script;

    fn sizes_after(ops: &[Op]) -> Vec<(usize, usize)> {
        let (mut context, mut order) = (Context::new(), LockOrder::new());
        let sizes = ops.iter().map(|op| {
            context.apply(op).unwrap();
            order.observe(op, &context, &mut Vec::new());
            order.graph.size()
        });
        sizes.collect()
    }

    #[test]
    fn short_lived_locks_under_a_global_one_take_little_room() {
        let mut script = Script::new();
        let [main] = script.threads();
        let [global] = script.mutexes();
        for _ in 0..10_000 {
            let [outer, inner] = script.mutexes();
            script.lock(main, global).lock(main, outer).lock(main, inner);
            script.unlock(main, inner).unlock(main, outer).unlock(main, global);
            for object in [outer, inner] {
                script.push(main, Action::Destroy { object });
            }
        }
        let most = sizes_after(script.ops()).into_iter().max().unwrap();
        assert!(most.0 < 200 && most.1 < 300, "{most:?}");
    }

    #[test]
    fn a_dead_lock_stays_while_a_cycle_may_come_to_run_through_it() {
        let mut script = Script::new();
        let [main] = script.threads();
        let chain: [ObjectId; 200] = script.mutexes();
        for pair in chain.windows(2) {
            script.lock(main, pair[0]).lock(main, pair[1]);
            script.unlock(main, pair[1]).unlock(main, pair[0]);
        }
        // Both ends live, so something may yet lead from the last to the first.
        for &object in &chain[1..199] {
            script.push(main, Action::Destroy { object });
        }
        assert_eq!(sizes_after(script.ops()).last(), Some(&(200, 199)));
        // Once one end is dead, so is the whole chain; one more death sets off the sweep.
        script.push(main, Action::Destroy { object: chain[0] });
        for _ in 0..100 {
            let [object] = script.mutexes();
            script.lock(main, object).unlock(main, object);
            script.push(main, Action::Destroy { object });
        }
        let (locks, edges) = *sizes_after(script.ops()).last().unwrap();
        assert!(locks < 50 && edges == 0, "{locks} locks, {edges} edges");
    }
}
