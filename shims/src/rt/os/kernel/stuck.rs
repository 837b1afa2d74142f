//! The end of all waits: when every thread sleeps for good.
//!
//! Who might still act is not known to one session alone. Threads that never touched one of our
//! types are not known at all, nor are those whose recording is over; and threads of another
//! session may share objects with this one's. As long as any of them may act, one more thread
//! stands for them in the detector, the *outside*: it runs, so that nobody is said to be stuck. In
//! the process's session it is always there, until all known threads sleep and a look at the
//! others (see `strangers`) shows that they do too. In a recording it comes when it is needed.
//! While somebody outside may act, a watchdog looks again from time to time.
//!
//! A recording is judged by itself: threads that were there before it began, and share no object
//! with it, play no part.

use std::{collections::HashSet, sync::Arc, time::Duration};

use lockwise_detector::{
    Action, Op, Site, ThreadId,
    op::{Patience, WaitFor},
};

use super::{
    Kernel, PROCESS, Stuck,
    queue::Cancel,
    strangers::{self, Rest, Task},
};
use crate::{report, rt::os::record::Record};

/// How often the watchdog looks.
const WATCH: Duration = Duration::from_millis(50);

/// A thread that sleeps for good.
struct Sleeper {
    key: usize,
    serial: u32,
    cancel: Cancel,
    root: bool,
    named: bool,
}

impl Kernel {
    /// Lets the detector of `session` know of a thread that stands for all outside.
    pub(super) fn begin_outside(&mut self, session: u64) {
        let Some(state) = self.sessions.get_mut(&session) else { return };
        let outside = state.draw_thread_id();
        state.outside = Some(outside);
        let name = Some(Arc::from("outside"));
        self.send_outside(session, outside, Action::Begin { name });
    }

    fn send_outside(&mut self, session: u64, thread: ThreadId, action: Action) {
        self.send(session, Op { thread, at: 1, site: Site::UNKNOWN, stack: None, action });
    }

    /// `record`, the last thread of a recording that is awake, is about to do `action`: if that
    /// may leave nobody there to go on, but somebody outside could, the detector has to know.
    pub(super) fn allow_for_outside(&mut self, record: &Record, action: &Action) {
        let strands = match action {
            Action::Request { patience, .. } => *patience == Patience::Forever,
            Action::Block { on, timed } => !timed && *on != WaitFor::Sleep,
            Action::Exit => true,
            _ => false,
        };
        let session = record.session;
        let last = |s: &super::Session| s.outside.is_none() && s.live - s.asleep.min(s.live) <= 1;
        if strands
            && session != PROCESS
            && self.sessions.get(&session).is_some_and(last)
            && self.is_anybody_outside(session, &[])
        {
            self.begin_outside(session);
        }
    }

    /// If every thread of `session` sleeps for good, and a root thread among them, ends one wait.
    /// A wait that may not be unwound is passed over; if there is no other, the process ends.
    pub(super) fn break_stuck(&mut self, session: u64) {
        let Some(sleepers) = self.all_asleep(session) else { return };
        if self.is_anybody_outside(session, &sleepers) {
            self.watch();
            return;
        }
        if let Some(outside) = self.sessions.get_mut(&session).and_then(|s| s.outside.take()) {
            self.send_outside(session, outside, Action::Exit);
            if session == PROCESS {
                self.begin_outside(session);
            }
        }
        let mut victims = sleepers.iter().filter(|sleeper| sleeper.cancel == Cancel::Allowed);
        let victim = victims.clone().find(|sleeper| sleeper.root).or_else(|| victims.next());
        match victim {
            Some(victim) => self.cancel(victim.key, victim.serial),
            None => {
                report::publish(std::mem::take(&mut self.fresh));
                report::end_process("no thread can go on, and none can be unwound");
            }
        }
    }

    /// Whether every thread of `session` sleeps for good. One that records does if the recording
    /// does.
    fn is_asleep(&self, session: u64) -> bool {
        self.sessions.get(&session).is_some_and(|state| {
            let records = |(id, inner): (&u64, &super::Session)| {
                let host = inner.host.as_ref();
                host.is_some_and(|host| host.session == session) && self.is_asleep(*id)
            };
            let recording = self.sessions.iter().filter(|inner| records(*inner)).count();
            state.live > 0 && state.asleep + recording >= state.live
        })
    }

    /// The threads of `session`, if all of them sleep for good. Those that a finished program left
    /// behind, idle workers, are nobody's concern: there has to be a root thread.
    fn all_asleep(&self, session: u64) -> Option<Vec<Sleeper>> {
        if !self.is_asleep(session) {
            return None;
        }
        let context = self.sessions.get(&session)?.detector.context();
        let waiters = self.queues.iter().flat_map(|(key, queue)| queue.iter().map(|w| (*key, w)));
        let sleepers: Vec<_> = waiters
            .filter(|(_, waiter)| waiter.record.session == session)
            .map(|(key, waiter)| Sleeper {
                key,
                serial: waiter.record.serial,
                cancel: waiter.cancel,
                root: context.is_root(waiter.record.id),
                named: waiter.record.name().is_some(),
            })
            .collect();
        sleepers.iter().any(|sleeper| sleeper.root).then_some(sleepers)
    }

    /// Whether there may be somebody who could wake one of `sleepers`, the threads of `session`.
    fn is_anybody_outside(&mut self, session: u64, sleepers: &[Sleeper]) -> bool {
        if self.sharing_with(session).any(|other| !self.is_asleep(other)) {
            return true;
        }
        let Some(mut strangers) = strangers::tasks() else { return false };
        for record in self.records.values().filter(|r| self.sessions.contains_key(&r.session)) {
            strangers.retain(|task| Some(*task) != record.task());
        }
        strangers.retain(|task| !strangers::is_own(*task));
        let main = std::process::id();
        let harness = self.harness(main, &strangers, sleepers);
        if harness == Some(Harness::Idle) {
            strangers.remove(&main);
        }
        let Some(state) = self.sessions.get_mut(&session) else { return false };
        strangers.retain(|task| !state.before.contains(task));
        state.last_look.may_act(&strangers, harness.map(|_| main))
    }

    /// The sessions that share objects with `session`.
    fn sharing_with(&self, session: u64) -> impl Iterator<Item = u64> + '_ {
        let known = self.sessions.get(&session).map(|state| &state.known);
        let others = self.sessions.iter().filter(move |(id, _)| **id != session);
        others
            .filter(move |(_, other)| known.is_some_and(|known| !known.is_disjoint(&other.known)))
            .map(|(id, _)| *id)
    }

    /// Whether `main`, the main thread, belongs to a test harness, which only waits for its tests
    /// and wakes nobody, whatever it does.
    ///
    /// It does where all that is known was started by somebody who gives names. A root thread
    /// without a name was started by somebody else: by a test, if a thread with a name is there,
    /// in which case a harness still is to be seen waiting.
    fn harness(
        &self,
        main: Task,
        strangers: &HashSet<Task>,
        sleepers: &[Sleeper],
    ) -> Option<Harness> {
        if !strangers.contains(&main) {
            return None;
        }
        if sleepers.iter().all(|sleeper| !sleeper.root || sleeper.named) {
            return Some(Harness::Idle);
        }
        let own = strangers::name(main);
        let named = strangers.iter().any(|task| strangers::name(*task) != own);
        (named && Rest::of(main).is_some()).then_some(Harness::Waiting)
    }

    /// Looks again later, as long as everybody of a session sleeps.
    fn watch(&mut self) {
        if !self.watched {
            let watchdog = std::thread::Builder::new().name("lockwise-watchdog".to_owned());
            self.watched = watchdog.spawn(watchdog_main).is_ok();
        }
    }

    /// What was found to have stopped the threads of `record`'s session.
    pub(super) fn verdict(&self, record: &Record) -> Stuck {
        let session = self.sessions.get(&record.session);
        let verdict = session.and_then(|s| s.verdict.clone());
        Stuck(verdict.unwrap_or_else(|| "hang: no thread can go on".to_owned()))
    }
}

/// A main thread that is a test harness's.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Harness {
    /// It may do what it likes.
    Idle,
    /// It is one only as long as it waits, with a time limit or without.
    Waiting,
}

fn watchdog_main() {
    loop {
        std::thread::sleep(WATCH);
        let mut kernel = Kernel::enter();
        let sessions: Vec<_> = kernel.sessions.keys().copied().collect();
        let asleep = sessions.into_iter().filter(|session| kernel.all_asleep(*session).is_some());
        let asleep: Vec<_> = asleep.collect();
        kernel.watched = !asleep.is_empty();
        asleep.iter().for_each(|session| kernel.break_stuck(*session));
        kernel.leave_quietly();
        if asleep.is_empty() {
            return;
        }
    }
}
