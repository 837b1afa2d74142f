//! Whether threads are stuck for good, and which rule says why.

use super::{
    edges::{Now, shortest_cycle},
    history::LostNotify,
    state::Goal,
};
use crate::{ObjectId, Rule, ThreadId, op::Mode};

/// Threads that can never go on.
#[derive(Debug)]
pub(super) struct Verdict {
    pub(super) rule: Rule,
    pub(super) cause: Cause,
    /// All other stuck threads, roots first; empty for a verdict passed while others run.
    pub(super) others: Vec<ThreadId>,
}

/// Why.
#[derive(Debug)]
pub(super) enum Cause {
    /// Each waits for the next, the last for the first.
    Cycle(Vec<ThreadId>),
    /// `waiters` want what a thread that has ended still holds.
    Leaked { waiters: Vec<ThreadId>, object: ObjectId, owner: ThreadId },
    /// `waiter` missed a notification.
    Missed { waiter: ThreadId, notify: LostNotify },
    /// Nobody is left to free any of the others.
    Nobody,
}

impl Cause {
    /// The stuck threads that the cause itself names.
    pub(super) fn threads(&self) -> &[ThreadId] {
        match self {
            Self::Cycle(threads) | Self::Leaked { waiters: threads, .. } => threads,
            Self::Missed { waiter, .. } => std::slice::from_ref(waiter),
            Self::Nobody => &[],
        }
    }
}

impl Verdict {
    /// All threads that it covers, those of the cause first.
    pub(super) fn threads(&self) -> Vec<ThreadId> {
        self.cause.threads().iter().chain(&self.others).copied().collect()
    }
}

/// The verdict on a cycle of definite waits that the new wait of `thread` closes, or on a lock
/// that it wants and that nobody will ever release.
pub(super) fn closed_by(now: &Now<'_>, thread: ThreadId) -> Option<Verdict> {
    if let Some(cycle) = shortest_cycle(thread, |thread| now.definite(thread)) {
        return Some(Verdict::at_once(rule_of_cycle(now, &cycle), Cause::Cycle(cycle)));
    }
    let object = now.threads.goal(thread)?.object()?;
    let owner = now.definite(thread).into_iter().find(|owner| !now.context.is_alive(*owner))?;
    let waiters = vec![thread];
    Some(Verdict::at_once(Rule::Hang, Cause::Leaked { waiters, object, owner }))
}

/// The verdict on those who want what `ended` holds, which it will never release.
pub(super) fn leaked_by(now: &Now<'_>, ended: ThreadId) -> Option<Verdict> {
    now.context.held(ended).iter().find_map(|held| {
        let wants = |goal| matches!(goal, Goal::Lock { object, .. } if object == held.object);
        let waiting = now.threads.all_waiting().filter(|(_, wait)| !wait.reported);
        let waiters: Vec<_> = waiting
            .filter(|(waiter, wait)| wants(wait.goal) && now.definite(*waiter).contains(&ended))
            .map(|(waiter, _)| waiter)
            .collect();
        let cause = Cause::Leaked { waiters, object: held.object, owner: ended };
        (!cause.threads().is_empty()).then(|| Verdict::at_once(Rule::Hang, cause))
    })
}

/// The verdict when no live thread can go on. `last` is the one that has just begun to wait or
/// ended: where anybody can go on, it usually is that one, so it is asked first.
pub(super) fn all_blocked(now: &Now<'_>, last: ThreadId) -> Option<Verdict> {
    let last_goes_on = now.threads.waiting(last).is_some() && !now.is_blocked(last);
    if now.threads.any_running() || last_goes_on {
        return None;
    }
    let mut stuck = Vec::new();
    for (thread, wait) in now.threads.all_waiting() {
        if wait.reported || !now.is_blocked(thread) {
            return None;
        }
        stuck.push(thread);
    }
    stuck.sort_by_key(|thread| !now.context.is_root(*thread));
    let root = stuck.first().is_some_and(|first| now.context.is_root(*first));
    root.then(|| classify(now, stuck))
}

fn classify(now: &Now<'_>, stuck: Vec<ThreadId>) -> Verdict {
    let mut edges = now.held_edges(&stuck);
    if let Some(cycle) = edges.shortest_cycle(&stuck) {
        return Verdict::on_all(rule_of_cycle(now, &cycle), Cause::Cycle(cycle), &stuck);
    }
    let missed = stuck.iter().find_map(|&waiter| {
        let notify = now.history.missed_by(waiter, now.threads.goal(waiter)?)?.clone();
        Some(Cause::Missed { waiter, notify })
    });
    if let Some(missed) = missed {
        return Verdict::on_all(Rule::LostWakeup, missed, &stuck);
    }
    now.add_evidence(&stuck, &mut edges);
    match edges.shortest_cycle(&stuck) {
        Some(cycle) => Verdict::on_all(Rule::Deadlock, Cause::Cycle(cycle), &stuck),
        None => Verdict::on_all(Rule::Hang, Cause::Nobody, &stuck),
    }
}

impl Verdict {
    fn at_once(rule: Rule, cause: Cause) -> Self {
        Self { rule, cause, others: Vec::new() }
    }

    fn on_all(rule: Rule, cause: Cause, stuck: &[ThreadId]) -> Self {
        let others = stuck.iter().copied().filter(|thread| !cause.threads().contains(thread));
        let others = others.collect();
        Self { rule, cause, others }
    }
}

fn rule_of_cycle(now: &Now<'_>, cycle: &[ThreadId]) -> Rule {
    let &[alone] = cycle else { return Rule::Deadlock };
    let Some(Goal::Lock { object, mode: Mode::Exclusive }) = now.threads.goal(alone) else {
        return Rule::SelfDeadlock;
    };
    let mut own = now.context.held(alone).iter().filter(|held| held.object == object);
    if own.all(|held| held.mode == Mode::Shared) { Rule::RwlockUpgrade } else { Rule::SelfDeadlock }
}
