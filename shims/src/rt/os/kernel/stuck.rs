//! The end of all waits: when every thread sleeps for good.
//!
//! Threads that never touched one of our types are not known here, and may be about to. In the
//! process's session one more thread stands for them in the detector, [`Kernel::begin_outside`]:
//! it runs, so that nobody is said to be stuck, until all known threads sleep and a count of the
//! process's threads shows that there is nobody else. If there is somebody else, a watchdog looks
//! again from time to time.

use std::{sync::Arc, time::Duration};

use lockwise_detector::{Action, Op, Site, ThreadId};

use super::{Kernel, PROCESS, Stuck, queue::Cancel};
use crate::{
    report,
    rt::os::{local, record::Record},
};

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
    /// Lets the detector know of a thread that stands for all that are not known.
    pub(super) fn begin_outside(&mut self) {
        let Some(session) = self.sessions.get_mut(&PROCESS) else { return };
        let outside = session.draw_thread_id();
        session.outside = Some(outside);
        self.send_outside(outside, Action::Begin { name: Some(Arc::from("outside")) });
    }

    fn send_outside(&mut self, thread: ThreadId, action: Action) {
        self.send(PROCESS, Op { thread, at: 1, site: Site::UNKNOWN, stack: None, action });
    }

    /// If every thread of `session` sleeps for good, and a root thread among them, ends one wait.
    /// A wait that may not be unwound is passed over; if there is no other, the process ends.
    pub(super) fn break_stuck(&mut self, session: u64) {
        let Some(sleepers) = self.all_asleep(session) else { return };
        if session == PROCESS {
            if self.is_anybody_outside(&sleepers) {
                self.watch();
                return;
            }
            if let Some(outside) = self.sessions.get_mut(&PROCESS).and_then(|s| s.outside.take()) {
                self.send_outside(outside, Action::Exit);
                self.begin_outside();
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

    /// The threads of `session`, if all of them sleep for good. Those that a finished program left
    /// behind, idle workers, are nobody's concern: there has to be a root thread.
    fn all_asleep(&self, session: u64) -> Option<Vec<Sleeper>> {
        let state = self.sessions.get(&session)?;
        if state.live == 0 || state.asleep < state.live {
            return None;
        }
        let context = state.detector.context();
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

    /// Whether there may be threads that are not known and could wake one of `sleepers`.
    ///
    /// A test harness's main thread could not: it only waits for its tests. But a root thread
    /// without a name was started by somebody who is not the harness.
    fn is_anybody_outside(&self, sleepers: &[Sleeper]) -> bool {
        let harness = usize::from(!local::is_main_observed());
        let started_by_stranger = sleepers.iter().any(|sleeper| sleeper.root && !sleeper.named);
        let known = local::observed_threads() + harness + usize::from(self.watched);
        started_by_stranger || count_threads().is_some_and(|all| all > known)
    }

    /// Looks again later, as long as everybody sleeps.
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

fn watchdog_main() {
    loop {
        std::thread::sleep(WATCH);
        let mut kernel = Kernel::enter();
        if kernel.all_asleep(PROCESS).is_none() {
            kernel.watched = false;
            kernel.leave_quietly();
            return;
        }
        kernel.break_stuck(PROCESS);
        kernel.leave_quietly();
    }
}

/// How many threads the process has, where the system tells.
fn count_threads() -> Option<usize> {
    Some(std::fs::read_dir("/proc/self/task").ok()?.count())
}
