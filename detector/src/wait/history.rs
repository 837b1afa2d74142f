//! What threads did before they got stuck, as far as it explains why nobody frees them.

use super::state::Goal;
use crate::{
    Action, ObjectId, Op, Site, Stack, ThreadId,
    hash::{IdMap, IdSet},
    op::{Purpose, WaitFor},
};

/// A notification that found no waiter.
#[derive(Clone, Debug)]
pub(super) struct LostNotify {
    pub(super) thread: ThreadId,
    pub(super) site: Site,
    pub(super) stack: Option<Stack>,
    at: u64,
}

/// When a thread last left a lock, and the time before.
#[derive(Clone, Copy, Default, Debug)]
struct Departures {
    last: u64,
    before: u64,
}

/// Signals given and lost so far.
#[derive(Default, Debug)]
pub(super) struct History {
    ops: u64,
    /// Who notified or published at each object.
    gave: IdSet<(ObjectId, ThreadId)>,
    /// Objects at which somebody did.
    fed: IdSet<ObjectId>,
    /// Who took a value from each object: what a sender without room waits for.
    took: IdSet<(ObjectId, ThreadId)>,
    /// Who (second) unparked whom (first).
    unparked: IdSet<(ThreadId, ThreadId)>,
    /// The last lost notification of each notifier, for each condition.
    lost: IdMap<ObjectId, Vec<LostNotify>>,
    /// Kept from the first lost notification on.
    departures: IdMap<(ThreadId, ObjectId), Departures>,
}

impl History {
    pub(super) fn observe(&mut self, op: &Op) {
        self.ops += 1;
        match &op.action {
            Action::Publish { object, .. } => self.give(*object, op.thread),
            Action::Observe { object, .. } => {
                self.took.insert((*object, op.thread));
            }
            Action::Unpark { target } => {
                self.unparked.insert((*target, op.thread));
            }
            Action::Notify { object, woken, .. } => {
                self.give(*object, op.thread);
                if woken.is_empty() {
                    self.lose(*object, op);
                }
            }
            Action::Release { object, .. } if !self.lost.is_empty() => {
                let left = self.departures.entry((op.thread, *object)).or_default();
                *left = Departures { last: self.ops, before: left.last };
            }
            _ => {}
        }
    }

    fn give(&mut self, object: ObjectId, thread: ThreadId) {
        if self.gave.insert((object, thread)) {
            self.fed.insert(object);
        }
    }

    fn lose(&mut self, condition: ObjectId, op: &Op) {
        let notify =
            LostNotify { thread: op.thread, site: op.site, stack: op.stack.clone(), at: self.ops };
        let lost = self.lost.entry(condition).or_default();
        match lost.iter_mut().find(|earlier| earlier.thread == op.thread) {
            Some(earlier) => *earlier = notify,
            None => lost.push(notify),
        }
    }

    /// Whether anybody ever notified or published at `object`.
    pub(super) fn was_fed(&self, object: ObjectId) -> bool {
        self.fed.contains(&object)
    }

    /// Whether `giver` has earlier done what `waiter` waits for. A barrier and a queue's
    /// unfinished tasks are not asked: what they lack is a count, not a thread that gave before.
    pub(super) fn has_given(&self, giver: ThreadId, waiter: ThreadId, goal: Goal) -> bool {
        match goal {
            Goal::Block(WaitFor::Condvar { condvar, .. }) => self.gave.contains(&(condvar, giver)),
            Goal::Block(WaitFor::Park) => self.unparked.contains(&(waiter, giver)),
            Goal::Block(WaitFor::Object { object, purpose }) => match purpose {
                Purpose::Send | Purpose::Put => self.took.contains(&(object, giver)),
                Purpose::Arrive | Purpose::TasksDone | Purpose::Workers => false,
                Purpose::Receive
                | Purpose::Event
                | Purpose::Permit
                | Purpose::Get
                | Purpose::Result => self.gave.contains(&(object, giver)),
            },
            Goal::Lock { .. } | Goal::Block(WaitFor::Join(_) | WaitFor::Sleep) => false,
        }
    }

    /// The notification that `waiter` missed, if its wait can be blamed on one: another thread's,
    /// that found no waiter, after `waiter` had last left the mutex before the critical section
    /// from which it waits. (One that is older, it had a chance to see the effect of.)
    pub(super) fn missed_by(&self, waiter: ThreadId, goal: Goal) -> Option<&LostNotify> {
        let (condition, looked) = match goal {
            Goal::Block(WaitFor::Condvar { condvar, mutex }) => {
                let left = self.departures.get(&(waiter, mutex));
                (condvar, left.map_or(0, |left| left.before))
            }
            Goal::Block(WaitFor::Object { object, .. }) => (object, 0),
            _ => return None,
        };
        let lost = self.lost.get(&condition)?.iter();
        lost.filter(|lost| lost.thread != waiter && lost.at > looked).max_by_key(|lost| lost.at)
    }
}
