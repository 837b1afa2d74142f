//! Verdicts in words: what each thread holds and waits for.

use std::collections::BTreeSet;

use super::{
    edges::Now,
    state::{Goal, Wait},
    verdict::{Cause, Verdict},
};
use crate::{
    Certainty, Context, Finding, ObjectId, Rule, ThreadId,
    context::Held,
    finding::Verb,
    op::{Mode, ObjectKind, WaitFor},
    wording,
};

/// How many threads a finding lists with their steps.
const MAX_THREADS: usize = 8;
/// How many threads its message tells of.
const MAX_CLAUSES: usize = 4;
/// How many of the locks of one thread it lists.
const MAX_HELD: usize = 4;

/// Makes the finding of `verdict`.
pub(super) fn finding(now: &Now<'_>, verdict: &Verdict) -> Finding {
    let mut threads = verdict.threads();
    let unlisted = threads.split_off(threads.len().min(MAX_THREADS));
    let report = Report { now, verdict, threads };
    let mut finding = Finding::new(verdict.rule, Certainty::Observed, report.message());
    finding = report.culprit(finding);
    for &thread in &report.threads {
        finding = report.steps(finding, thread);
    }
    for help in report.helps() {
        finding = finding.help(help);
    }
    if !unlisted.is_empty() {
        let more = unlisted.len();
        finding = finding.help(format!("and {more} more that are stuck, not shown"));
    }
    finding.unlisted(unlisted)
}

/// A finding in the making.
pub(super) struct Report<'a> {
    pub(super) now: &'a Now<'a>,
    pub(super) verdict: &'a Verdict,
    /// The stuck threads that it lists.
    pub(super) threads: Vec<ThreadId>,
}

impl Report<'_> {
    pub(super) fn context(&self) -> &Context {
        self.now.context
    }

    fn message(&self) -> String {
        let context = self.context();
        match &self.verdict.cause {
            Cause::Cycle(cycle) if cycle.len() == 1 => self.own_fault(cycle[0]),
            Cause::Cycle(cycle) => {
                let clauses = self.clauses(cycle);
                format!("{} threads wait for each other: {clauses}", cycle.len())
            }
            Cause::Leaked { waiters, object, owner } => format!(
                "{} for ever: {} ended without releasing it",
                self.wants(waiters[0], *object),
                wording::thread(context, *owner),
            ),
            Cause::Missed { waiter, notify } => format!(
                "{} for ever: {} notified it when nobody waited yet, and nobody is left to do so \
                 again",
                self.clause(*waiter),
                wording::thread(context, notify.thread),
            ),
            Cause::Nobody => {
                format!("no thread can go on: {}", self.clauses(&self.verdict.threads()))
            }
        }
    }

    fn own_fault(&self, thread: ThreadId) -> String {
        let name = wording::thread(self.context(), thread);
        let Some(Goal::Lock { object, mode }) = self.now.threads.goal(thread) else {
            return format!("{name} waits for its own end");
        };
        let lock = self.context().object_label(object);
        match (self.verdict.rule, mode) {
            (Rule::RwlockUpgrade, _) => {
                format!("{name} asks to write-lock {lock}, which it has read-locked itself")
            }
            _ if is_initialiser(self.context(), object) => {
                format!("{name} needs {lock} inside the initialiser of {lock}")
            }
            (_, Mode::Exclusive) => format!("{name} asks to lock {lock}, which it holds itself"),
            (_, Mode::Shared) => {
                format!("{name} asks to read-lock {lock}, which it has write-locked itself")
            }
        }
    }

    /// What the first of `threads` wait for, and how many more do.
    fn clauses(&self, threads: &[ThreadId]) -> String {
        let mut clauses: Vec<_> =
            threads.iter().take(MAX_CLAUSES).map(|thread| self.clause(*thread)).collect();
        if threads.len() > MAX_CLAUSES {
            clauses.push(format!("{} more", threads.len() - MAX_CLAUSES));
        }
        match clauses.as_slice() {
            [one, two] => format!("{one}, while {two}"),
            several => wording::list(several),
        }
    }

    /// Such as "`t1` holds `a` and waits to lock `b`".
    fn clause(&self, thread: ThreadId) -> String {
        let name = wording::thread(self.context(), thread);
        let Some(wait) = self.now.threads.waiting(thread) else { return name };
        let wanted = self.wanted();
        let locks: BTreeSet<_> = self.holds(thread, wait).map(|held| held.object).collect();
        let shown = locks.into_iter().filter(|object| wanted.contains(object)).take(MAX_HELD);
        let shown: Vec<_> = shown.map(|object| self.context().object_label(object)).collect();
        let does = self.does(wait.goal);
        if shown.is_empty() {
            format!("{name} {does}")
        } else {
            format!("{name} holds {} and {does}", wording::list(&shown))
        }
    }

    fn wants(&self, thread: ThreadId, object: ObjectId) -> String {
        let verb = self.now.threads.goal(thread).map_or(Verb::WantLock, |goal| self.verb(goal));
        let (name, lock) =
            (wording::thread(self.context(), thread), self.context().object_label(object));
        format!("{name} {} {lock}", verb.phrase())
    }

    fn does(&self, goal: Goal) -> String {
        let phrase = self.verb(goal).phrase();
        match (goal, goal.object()) {
            (Goal::Block(WaitFor::Join(child)), _) => {
                format!("waits for {} to end", wording::thread(self.context(), child))
            }
            (_, Some(object)) => format!("{phrase} {}", self.context().object_label(object)),
            _ => phrase.to_owned(),
        }
    }

    /// The locks that threads of the finding wait for.
    fn wanted(&self) -> Vec<ObjectId> {
        self.threads.iter().filter_map(|thread| self.now.threads.goal(*thread)?.object()).collect()
    }

    fn holds(&self, thread: ThreadId, wait: &Wait) -> impl Iterator<Item = &Held> {
        let released = match wait.goal {
            Goal::Block(WaitFor::Condvar { mutex, .. }) => Some(mutex),
            _ => None,
        };
        self.now.context.held(thread).iter().filter(move |held| Some(held.object) != released)
    }

    /// The steps of a thread that is not itself stuck but explains why others are.
    fn culprit(&self, finding: Finding) -> Finding {
        let context = self.context();
        match &self.verdict.cause {
            Cause::Leaked { object, owner, .. } => {
                let held = context.held(*owner).iter().find(|held| held.object == *object);
                let finding = match held {
                    Some(held) => {
                        let place = (held.site, held.stack.clone());
                        finding.step(context, *owner, Verb::Hold, Some(*object), place)
                    }
                    None => finding,
                };
                match self.now.threads.end(*owner) {
                    Some(site) => finding.step(context, *owner, Verb::End, None, (site, None)),
                    None => finding,
                }
            }
            Cause::Missed { waiter, notify } => {
                let condition = self.now.threads.goal(*waiter).and_then(Goal::object);
                let place = (notify.site, notify.stack.clone());
                finding.step(context, notify.thread, Verb::Notify, condition, place)
            }
            Cause::Cycle(_) | Cause::Nobody => finding,
        }
    }

    /// What a stuck thread holds and waits for. A verdict on a few threads shows only the locks
    /// that matter to it; one on all threads shows the others too.
    fn steps(&self, mut finding: Finding, thread: ThreadId) -> Finding {
        let context = self.context();
        let Some(wait) = self.now.threads.waiting(thread) else { return finding };
        let wanted = self.wanted();
        let everybody = !matches!(self.verdict.cause, Cause::Leaked { .. } | Cause::Cycle(_))
            || !self.verdict.others.is_empty();
        let held =
            self.holds(thread, wait).filter(|held| everybody || wanted.contains(&held.object));
        for held in held.take(MAX_HELD) {
            let verb = match held.mode {
                _ if is_initialiser(context, held.object) => Verb::Initialise,
                Mode::Exclusive => Verb::Lock,
                Mode::Shared => Verb::ReadLock,
            };
            let place = (held.site, held.stack.clone());
            finding = finding.step(context, thread, verb, Some(held.object), place);
        }
        let place = (wait.site, wait.stack.clone());
        finding.step(context, thread, self.verb(wait.goal), wait.goal.object(), place)
    }

    fn verb(&self, goal: Goal) -> Verb {
        match goal {
            Goal::Lock { object, .. } if is_initialiser(self.context(), object) => Verb::Result,
            Goal::Lock { mode: Mode::Exclusive, .. } => Verb::WantLock,
            Goal::Lock { mode: Mode::Shared, .. } => Verb::WantRead,
            Goal::Block(on) => Verb::of_wait(on),
        }
    }
}

pub(super) fn is_initialiser(context: &Context, object: ObjectId) -> bool {
    matches!(
        context.object(object).kind,
        ObjectKind::Once | ObjectKind::OnceLock | ObjectKind::LazyLock
    )
}
