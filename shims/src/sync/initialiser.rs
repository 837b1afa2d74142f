//! [`Initialiser`]: running a piece of code once, for `Once`, `OnceLock` and `LazyLock`.
//!
//! The thread that runs the code owns the object meanwhile, as it would own a lock: who waits for
//! it waits for that thread, so that a wait in a circle, or for oneself, is found like any other.
//! The end of the code is a value published once and for all. Whoever sees it comes after it, and
//! does not touch the lock any more: an initialised object has no place in the order of locks.
//!
//! The state is in a [`Monitor`], beside a flag that says that it is final.

use std::mem;

use lockwise_detector::{
    Action,
    op::{ObjectKind, Purpose},
};

use crate::rt::{self, Flag, Meta, Monitor, MonitorGuard, Stop, Until, thread::Thread};

/// Code that runs once.
pub(super) struct Initialiser {
    meta: Meta,
    /// Whether the phase is [`Phase::Complete`].
    complete: Flag,
    phase: Monitor<Phase>,
}

/// How far the code has come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Phase {
    /// It has not been started, or may be started again.
    Incomplete,
    /// A thread runs it.
    Running,
    /// It panicked.
    Poisoned,
    /// It has run. Nothing changes any more.
    Complete,
}

/// What to do if the code panicked before.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum IfPoisoned {
    /// Panic too, with this message.
    Panic(&'static str),
    /// Run it again, or wait for somebody who does.
    GoOn,
}

impl Initialiser {
    /// Code that has not run, for an object of type `T`.
    #[track_caller]
    pub(super) const fn new<T: ?Sized>(kind: ObjectKind) -> Self {
        Self::in_phase::<T>(kind, Phase::Incomplete)
    }

    /// For an object that never needed its code: nobody can have seen it without.
    #[track_caller]
    pub(super) const fn completed<T: ?Sized>(kind: ObjectKind) -> Self {
        Self::in_phase::<T>(kind, Phase::Complete)
    }

    #[track_caller]
    const fn in_phase<T: ?Sized>(kind: ObjectKind, phase: Phase) -> Self {
        Self {
            meta: Meta::of::<T>(kind),
            complete: Flag::new(matches!(phase, Phase::Complete)),
            phase: Monitor::new(phase),
        }
    }

    /// Whether the code has run; if so, what it did happens before what follows.
    #[inline]
    #[track_caller]
    pub(super) fn is_complete(&self) -> bool {
        let complete = self.complete.is_set();
        if complete {
            rt::observe_lasting(&self.meta);
        }
        complete
    }

    /// Runs `code`, unless it has run; if another thread is at it, waits for that. `code` is told
    /// whether it panicked before.
    #[inline]
    #[track_caller]
    pub(super) fn run(&self, if_poisoned: IfPoisoned, code: impl FnOnce(bool)) {
        if self.is_complete() {
            return;
        }
        if let Some(turn) = self.begin(if_poisoned) {
            code(turn.poisoned);
            turn.complete();
        }
    }

    /// Waits until it is this thread's turn to run the code; `None` once it has run.
    #[cold]
    #[track_caller]
    fn begin(&self, if_poisoned: IfPoisoned) -> Option<Turn<'_>> {
        let mut request = Request::new(&self.meta);
        let mut phase = self.phase.enter();
        loop {
            match (*phase, if_poisoned) {
                (Phase::Complete, _) => break,
                (Phase::Poisoned, IfPoisoned::Panic(message)) => {
                    drop(phase);
                    panic!("{message}");
                }
                (Phase::Incomplete | Phase::Poisoned, _) => {
                    return Some(self.take_turn(phase, request));
                }
                (Phase::Running, _) => request.wait(&mut phase),
            }
        }
        drop(phase);
        drop(request);
        rt::observe_lasting(&self.meta);
        None
    }

    #[track_caller]
    fn take_turn(&self, mut phase: MonitorGuard<'_, Phase>, request: Request<'_>) -> Turn<'_> {
        let before = mem::replace(&mut *phase, Phase::Running);
        let owned = rt::own(&self.meta, Until::Forever);
        request.granted();
        // Who waits for the code to be started waits for this thread now.
        phase.notify_all();
        drop(phase);
        if let Err(stop) = owned {
            self.end_turn(before);
            stop.raise();
        }
        Turn { initialiser: self, poisoned: before == Phase::Poisoned }
    }

    #[track_caller]
    fn end_turn(&self, after: Phase) {
        let mut phase = self.phase.enter();
        if after == Phase::Complete {
            rt::emit(&self.meta, Action::Publish { object: self.meta.id(), token: 0 });
            self.complete.set();
        }
        rt::disown(&self.meta, &Thread::current());
        *phase = after;
        phase.notify_all();
    }

    /// Waits until the code has run, whoever runs it.
    #[track_caller]
    pub(super) fn wait(&self, if_poisoned: IfPoisoned) {
        if self.is_complete() {
            return;
        }
        let mut request = Request::new(&self.meta);
        let mut phase = self.phase.enter();
        while *phase != Phase::Complete {
            match (*phase, if_poisoned) {
                (Phase::Poisoned, IfPoisoned::Panic(message)) => {
                    drop(phase);
                    panic!("{message}");
                }
                (Phase::Running, _) => request.wait(&mut phase),
                _ => {
                    request.withdraw();
                    let result = rt::wait_for(&self.meta, Purpose::Result);
                    phase.wait(Some(result), Until::Forever);
                }
            }
        }
        drop(phase);
        drop(request);
        rt::observe_lasting(&self.meta);
    }

    /// Says how far the code has come, for an owner who ran it with nobody else in reach.
    pub(super) fn set(&mut self, phase: Phase) {
        *self.phase.get_mut() = phase;
        *self.complete.get_mut() = phase == Phase::Complete;
    }
}

/// The turn of a thread to run the code. If it ends without [`Turn::complete`], the code panicked.
struct Turn<'a> {
    initialiser: &'a Initialiser,
    poisoned: bool,
}

impl Turn<'_> {
    #[track_caller]
    fn complete(self) {
        self.initialiser.end_turn(Phase::Complete);
        mem::forget(self);
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.initialiser.end_turn(Phase::Poisoned);
    }
}

/// What the analyses are told of a wait for the thread that runs the code; withdrawn when dropped.
struct Request<'a> {
    meta: &'a Meta,
    sent: bool,
}

impl<'a> Request<'a> {
    fn new(meta: &'a Meta) -> Self {
        Self { meta, sent: false }
    }

    /// Waits for the phase to change from [`Phase::Running`].
    #[track_caller]
    fn wait(&mut self, phase: &mut MonitorGuard<'_, Phase>) {
        if !self.sent {
            // The owner cannot end its turn meanwhile: that takes the monitor.
            rt::request(self.meta, Until::Forever).unwrap_or_else(|stop: Stop| stop.raise());
            self.sent = true;
        }
        phase.wait(None, Until::Forever);
    }

    /// It led to an acquisition.
    fn granted(mut self) {
        self.sent = false;
    }

    #[track_caller]
    fn withdraw(&mut self) {
        if mem::take(&mut self.sent) {
            rt::emit(self.meta, Action::GiveUp { object: self.meta.id() });
        }
    }
}

impl Drop for Request<'_> {
    fn drop(&mut self) {
        self.withdraw();
    }
}
