//! `wait-holding-lock`: a thread blocks while it holds a lock that has nothing to do with the wait.
//!
//! Should whoever is to end the wait need that lock, neither goes on. It is a note, so it keeps
//! to what another thread is seen to want: a lock which another thread takes at a time that
//! must-happen-before orders neither before nor after the wait. Sleeping under a lock is left out
//! (it ends by itself, and programs that demonstrate races do it on purpose), and so are running
//! initialisers, whose other users wait by design.

use crate::{
    Action, Certainty, Context, Epoch, Finding, ObjectId, Op, Rule, Site, ThreadId,
    context::Held,
    finding::Verb,
    hash::{IdMap, IdSet},
    op::{ObjectKind, WaitFor},
    wording,
};

/// How many users of one lock are remembered: the last ones.
const MAX_USERS: usize = 4;

/// A thread's last use of a lock.
#[derive(Clone, Copy, Debug)]
struct Use {
    thread: ThreadId,
    at: Epoch,
    site: Site,
}

impl Use {
    fn of(op: &Op) -> Self {
        Self { thread: op.thread, at: op.epoch(), site: op.site }
    }
}

/// A wait under a lock that no other thread is known to need so far.
#[derive(Debug)]
struct Candidate {
    held: Held,
    block: Op,
    on: WaitFor,
}

/// Looks for waits under a lock, and for others that need the lock.
#[derive(Default, Debug)]
pub(super) struct Holding {
    users: IdMap<ObjectId, Vec<Use>>,
    candidates: IdMap<ObjectId, Vec<Candidate>>,
    /// Pairs of sites that are known, reported or waiting for another user.
    known: IdSet<(ObjectId, Site, Site)>,
}

impl Holding {
    pub(super) fn observe(&mut self, op: &Op, context: &Context, findings: &mut Vec<Finding>) {
        match op.action {
            Action::Request { object, .. } => self.needed(object, op, context, findings),
            Action::Acquire { object, .. } => {
                self.used(object, op);
                self.needed(object, op, context, findings);
            }
            Action::Block { on, .. } if !matches!(on, WaitFor::Sleep) => {
                self.blocked(on, op, context, findings);
            }
            Action::Destroy { object } => {
                self.users.remove(&object);
                self.candidates.remove(&object);
            }
            _ => {}
        }
    }

    /// Remembers a use for waits that come later.
    fn used(&mut self, object: ObjectId, op: &Op) {
        let this = Use::of(op);
        let users = self.users.entry(object).or_default();
        match users.iter_mut().find(|user| user.thread == op.thread) {
            Some(user) => *user = this,
            None => {
                if users.len() == MAX_USERS {
                    users.remove(0);
                }
                users.push(this);
            }
        }
    }

    /// Reports the waits so far that `op` shows to matter.
    fn needed(
        &mut self,
        object: ObjectId,
        op: &Op,
        context: &Context,
        findings: &mut Vec<Finding>,
    ) {
        if self.candidates.is_empty() {
            return;
        }
        let Some(candidates) = self.candidates.get_mut(&object) else { return };
        candidates.retain(|candidate| {
            let block = &candidate.block;
            let needed =
                block.thread != op.thread && !context.must_clock(op.thread).knows(block.epoch());
            if needed {
                findings.push(report(context, candidate, Use::of(op)));
            }
            !needed
        });
    }

    fn blocked(&mut self, on: WaitFor, op: &Op, context: &Context, findings: &mut Vec<Finding>) {
        let own = match on {
            WaitFor::Condvar { mutex, .. } => Some(mutex),
            _ => None,
        };
        for held in context.held(op.thread) {
            let unrelated = Some(held.object) != own && is_lock(context, held.object);
            if !unrelated || !self.known.insert((held.object, held.site, op.site)) {
                continue;
            }
            let candidate = Candidate { held: held.clone(), block: op.clone(), on };
            let users = self.users.get(&held.object).into_iter().flatten();
            let other = users.copied().find(|user| {
                user.thread != op.thread && !context.must_clock(op.thread).knows(user.at)
            });
            match other {
                Some(other) => findings.push(report(context, &candidate, other)),
                None => self.candidates.entry(held.object).or_default().push(candidate),
            }
        }
    }
}

fn is_lock(context: &Context, object: ObjectId) -> bool {
    matches!(
        context.object(object).kind,
        ObjectKind::Mutex | ObjectKind::RwLock | ObjectKind::Lock | ObjectKind::RLock
    )
}

fn report(context: &Context, candidate: &Candidate, other: Use) -> Finding {
    let Candidate { held, block, on } = candidate;
    let verb = Verb::of_wait(*on);
    let target = match *on {
        WaitFor::Condvar { condvar, .. } => Some(condvar),
        WaitFor::Object { object, .. } => Some(object),
        WaitFor::Park | WaitFor::Join(_) | WaitFor::Sleep => None,
    };
    let what = match (*on, target) {
        (WaitFor::Join(child), _) => {
            format!("waits for {} to end", wording::thread(context, child))
        }
        (_, Some(object)) => format!("{} {}", verb.phrase(), context.object_label(object)),
        _ => verb.phrase().to_owned(),
    };
    let message = format!(
        "{} {what} while it holds {}, which {} uses too",
        wording::thread(context, block.thread),
        context.object_label(held.object),
        wording::thread(context, other.thread),
    );
    let place = (block.site, block.stack.clone());
    Finding::new(Rule::WaitHoldingLock, Certainty::Observed, message)
        .step(context, block.thread, Verb::Lock, Some(held.object), (held.site, held.stack.clone()))
        .step(context, block.thread, verb, target, place)
        .step(context, other.thread, Verb::Lock, Some(held.object), (other.site, None))
        .help("drop the guard before waiting, and lock again afterwards if need be")
}
