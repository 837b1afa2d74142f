//! Calls that an object's contract forbids: `release-unowned`, `semaphore-over-release`,
//! `poisoned-lock`, `thread-leak` and `condvar-two-mutexes`.
//!
//! All but the last are refused by the object itself, so the runtime says so with an
//! [`Action::Misuse`]; here it is put in words, once for each object and place. Of a
//! [`Misuse::ThreadLeak`] `Op::thread` is the thread that was never joined and `Op::site` the
//! place that started it.
//!
//! `condvar-two-mutexes` follows `std`, whose `Condvar` "may panic" when used with more than one
//! mutex over time, whether or not somebody still waits with the first: every pair is reported.

use crate::{
    Action, Analysis, Certainty, Context, Finding, ObjectId, Op, Rule, Site, Stack, ThreadId,
    finding::Verb,
    hash::{IdMap, IdSet},
    op::{Misuse, Mode, WaitFor},
    wording,
};

/// Who did something last or first, and where.
#[derive(Clone, Debug)]
struct Deed {
    thread: ThreadId,
    site: Site,
    stack: Option<Stack>,
}

impl Deed {
    fn of(op: &Op) -> Self {
        Self { thread: op.thread, site: op.site, stack: op.stack.clone() }
    }
}

/// The misuse analysis.
#[derive(Default, Debug)]
pub(crate) struct Misuses {
    reported: IdSet<(ObjectId, Misuse, Site)>,
    /// The last release of each lock: of a poisoned one, by the thread that panicked, unless
    /// somebody has recovered it since.
    last_release: IdMap<ObjectId, Deed>,
    /// The mutex that each condition variable was first used with.
    first_wait: IdMap<ObjectId, (ObjectId, Deed)>,
    pairs: IdSet<(ObjectId, ObjectId)>,
}

impl Misuses {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    fn misuse(
        &mut self,
        object: ObjectId,
        what: Misuse,
        op: &Op,
        context: &Context,
    ) -> Option<Finding> {
        if !self.reported.insert((object, what, op.site)) {
            return None;
        }
        Some(match what {
            Misuse::ReleaseUnowned => unowned(op, object, context),
            Misuse::OverRelease => over_release(op, object, context),
            Misuse::WithoutLock => without_lock(op, object, context),
            Misuse::Poisoned => self.poisoned(op, object, context),
            Misuse::ThreadLeak => thread_leak(context, op.thread, place_of(op)),
        })
    }

    fn poisoned(&self, op: &Op, object: ObjectId, context: &Context) -> Finding {
        let lock = context.object_label(object);
        let last = self.last_release.get(&object).filter(|last| last.thread != op.thread);
        let by = last.map_or_else(String::new, |last| {
            format!("; the last to hold it was {}", wording::thread(context, last.thread))
        });
        let message = format!(
            "{} panics because {lock} is poisoned: a thread panicked while it held it{by}",
            wording::thread(context, op.thread),
        );
        let mut finding = Finding::new(Rule::PoisonedLock, Certainty::Observed, message);
        if let Some(last) = last {
            let place = (last.site, last.stack.clone());
            finding = finding.step(context, last.thread, Verb::Release, Some(object), place);
        }
        finding
            .step(context, op.thread, Verb::Panic, Some(object), place_of(op))
            .help("look for the first panic: this one only follows from it")
            .help(
                "where the data is sound after a panic, recover it by \
                 `lock().unwrap_or_else(PoisonError::into_inner)`",
            )
    }

    fn wait(
        &mut self,
        condvar: ObjectId,
        mutex: ObjectId,
        op: &Op,
        context: &Context,
    ) -> Option<Finding> {
        let first = self.first_wait.entry(condvar).or_insert_with(|| (mutex, Deed::of(op)));
        if first.0 == mutex || !self.pairs.insert((condvar, mutex)) {
            return None;
        }
        let (first_mutex, deed) = first;
        let message = format!(
            "{} waits on {} with {}, {} with {}",
            wording::thread(context, op.thread),
            context.object_label(condvar),
            context.object_label(mutex),
            wording::thread(context, deed.thread),
            context.object_label(*first_mutex),
        );
        let place = (deed.site, deed.stack.clone());
        Some(
            Finding::new(Rule::CondvarTwoMutexes, Certainty::Observed, message)
                .step(context, deed.thread, Verb::Wait, Some(condvar), place)
                .step(context, op.thread, Verb::Wait, Some(condvar), place_of(op))
                .object(context, *first_mutex)
                .object(context, mutex)
                .help("give each mutex a condition variable of its own"),
        )
    }
}

impl Analysis for Misuses {
    fn observe(&mut self, op: &Op, context: &Context, findings: &mut Vec<Finding>) {
        match op.action {
            Action::Misuse { object, what } => {
                findings.extend(self.misuse(object, what, op, context));
            }
            Action::Block { on: WaitFor::Condvar { condvar, mutex }, .. } => {
                findings.extend(self.wait(condvar, mutex, op, context));
            }
            // Only an exclusive guard poisons.
            Action::Release { object, mode: Mode::Exclusive } => {
                self.last_release.insert(object, Deed::of(op));
            }
            Action::Destroy { object } => {
                self.last_release.remove(&object);
                self.first_wait.remove(&object);
            }
            _ => {}
        }
    }
}

fn place_of(op: &Op) -> (Site, Option<Stack>) {
    (op.site, op.stack.clone())
}

fn unowned(op: &Op, object: ObjectId, context: &Context) -> Finding {
    let lock = context.object_label(object);
    let owner = context.owners(object).next();
    let held = owner.map_or_else(
        || "nobody holds".to_owned(),
        |(owner, _)| format!("{} holds", wording::thread(context, owner)),
    );
    let message = format!("{} releases {lock}, which {held}", wording::thread(context, op.thread));
    let mut finding = Finding::new(Rule::ReleaseUnowned, Certainty::Observed, message).step(
        context,
        op.thread,
        Verb::Release,
        Some(object),
        place_of(op),
    );
    if let Some((owner, held)) = owner {
        let place = (held.site, held.stack.clone());
        finding = finding.step(context, owner, Verb::Hold, Some(object), place);
    }
    finding.help("acquire and release in one scope, by a guard")
}

fn without_lock(op: &Op, object: ObjectId, context: &Context) -> Finding {
    let message = format!(
        "{} waits on or notifies {} without holding its lock",
        wording::thread(context, op.thread),
        context.object_label(object)
    );
    Finding::new(Rule::ReleaseUnowned, Certainty::Observed, message)
        .step(context, op.thread, Verb::Use, Some(object), place_of(op))
        .help("acquire the condition's lock first, and keep it around the check, wait and notify")
}

fn over_release(op: &Op, object: ObjectId, context: &Context) -> Finding {
    let message = format!(
        "{} releases {} more often than it was acquired",
        wording::thread(context, op.thread),
        context.object_label(object)
    );
    Finding::new(Rule::SemaphoreOverRelease, Certainty::Observed, message)
        .step(context, op.thread, Verb::Release, Some(object), place_of(op))
        .help("release once for each acquire that succeeded (one with a time limit may not have)")
}

/// A thread that was started there, and that nobody has joined.
pub(crate) fn thread_leak(
    context: &Context,
    thread: ThreadId,
    started: (Site, Option<Stack>),
) -> Finding {
    let message = format!(
        "{} was started and never joined: its panics and its work may be lost",
        wording::thread(context, thread)
    );
    Finding::new(Rule::ThreadLeak, Certainty::Observed, message)
        .step(context, thread, Verb::Start, None, started)
        .help("keep its handle and join it, or start it in a scope")
}
