//! The os world: real threads, real blocking.
//!
//! Start at [`kernel`], which holds what threads share; [`mutex`] shows the fast path, and when it
//! leaves Ops out; [`local`] and [`record`] are what it reads there.

mod atomic;
mod backoff;
mod condvar;
mod foreign;
mod held;
mod kernel;
mod known;
pub(crate) mod local;
mod messages;
mod mutex;
mod parker;
mod record;
mod rwlock;
mod seen;
#[cfg(test)]
mod tests;
mod thread;

use std::{
    panic::Location,
    sync::{Arc, atomic::Ordering},
    time::Instant,
};

use lockwise_detector::{
    Action, Finding, ObjectId,
    op::{Mode, WaitFor},
};

pub(crate) use self::record::Record;
use self::{kernel::Kernel, local::local};
use super::{
    Meta, RawCondvar, RawMutex, RawRwLock, Stop, Until, Wake, World,
    atomic::{Exchange, Primitive, Rmw},
    foreign::{Deed, Foreign},
    thread::{Spawn, Thread},
};
use crate::report::Destination;

/// Real threads.
#[derive(Clone, Copy)]
pub(crate) struct Os;

impl World for Os {
    #[inline]
    #[track_caller]
    fn mutex_lock(self, mutex: &RawMutex, until: Until) -> bool {
        mutex::lock(mutex, until)
    }

    #[inline]
    #[track_caller]
    unsafe fn mutex_unlock(self, mutex: &RawMutex, _changed: bool) {
        // SAFETY: the caller's promise.
        unsafe { mutex::unlock(mutex) }
    }

    #[inline]
    #[track_caller]
    fn rwlock_lock(self, lock: &RawRwLock, mode: Mode, until: Until) -> bool {
        rwlock::lock(lock, mode, until)
    }

    #[inline]
    #[track_caller]
    unsafe fn rwlock_unlock(self, lock: &RawRwLock, mode: Mode) {
        // SAFETY: the caller's promise.
        unsafe { rwlock::unlock(lock, mode) }
    }

    #[track_caller]
    unsafe fn rwlock_downgrade(self, lock: &RawRwLock) {
        // SAFETY: the caller's promise.
        unsafe { rwlock::downgrade(lock) }
    }

    #[track_caller]
    unsafe fn condvar_wait(
        self,
        condvar: &RawCondvar,
        mutex: &RawMutex,
        on: Option<WaitFor>,
        until: Until,
        _changed: bool,
    ) -> Wake {
        // SAFETY: the caller's promise.
        unsafe { condvar::wait(condvar, mutex, on, until) }
    }

    #[track_caller]
    unsafe fn condvar_wait_released(
        self,
        condvar: &RawCondvar,
        mutex: &RawMutex,
        on: Option<WaitFor>,
        until: Until,
        _changed: bool,
    ) -> Wake {
        // SAFETY: the caller's promise.
        unsafe { condvar::wait_released(condvar, mutex, on, until) }
    }

    #[track_caller]
    fn condvar_notify(self, condvar: &RawCondvar, all: bool) {
        condvar::notify(condvar, all);
    }

    #[track_caller]
    fn park(self, until: Until) -> Wake {
        thread::park(until)
    }

    #[track_caller]
    fn unpark(self, thread: &Thread) {
        // A thread of an execution that is over has nothing left to wake.
        if let Some(record) = thread.as_os() {
            thread::unpark(record);
        }
    }

    #[track_caller]
    fn spawn(self, spawn: Spawn) -> std::io::Result<Thread> {
        thread::spawn(spawn)
    }

    #[track_caller]
    fn join(self, thread: &Thread, until: Until, scope: bool) -> bool {
        // A thread of an execution that is over has ended.
        thread.as_os().is_none_or(|record| thread::join(record, until, scope))
    }

    fn current(self) -> Thread {
        Thread::Os(local().any_record())
    }

    fn yield_now(self) {
        std::thread::yield_now();
    }

    fn spin_loop(self) {
        std::hint::spin_loop();
    }

    #[track_caller]
    fn sleep(self, until: Until) {
        thread::sleep(until);
    }

    fn now(self) -> Instant {
        Instant::now()
    }

    #[track_caller]
    fn atomic_load<A: Primitive>(self, atomic: &A, ordering: Ordering) -> A::Value {
        atomic::load(atomic, ordering)
    }

    #[track_caller]
    fn atomic_store<A: Primitive>(self, atomic: &A, value: A::Value, ordering: Ordering) {
        atomic::store(atomic, value, ordering);
    }

    #[track_caller]
    fn atomic_rmw<A: Primitive>(
        self,
        atomic: &A,
        rmw: Rmw,
        operand: A::Value,
        ordering: Ordering,
    ) -> A::Value {
        atomic::rmw(atomic, rmw, operand, ordering)
    }

    #[track_caller]
    fn atomic_exchange<A: Primitive>(
        self,
        atomic: &A,
        exchange: Exchange<A::Value>,
    ) -> Result<A::Value, A::Value> {
        atomic::exchange(atomic, exchange)
    }

    #[track_caller]
    fn cell(self, meta: &Meta, write: bool) {
        atomic::cell(meta, write);
    }

    #[track_caller]
    fn fence(self, ordering: Ordering) {
        atomic::fence(ordering);
    }

    #[track_caller]
    fn emit(self, meta: &Meta, action: Action) {
        let local = local();
        let Some(record) = local.record() else { return };
        let mut kernel = Kernel::enter();
        kernel.introduce(record, meta);
        let observes = matches!(action, Action::Observe { .. });
        let quietly = matches!(action, Action::Publish { .. } | Action::GiveUp { .. });
        kernel.emit(record, Location::caller().into(), action);
        if observes {
            local.synchronised();
        }
        if quietly {
            kernel.leave_quietly();
        } else {
            kernel.leave();
        }
    }

    #[track_caller]
    fn publish_message(self, meta: &Meta, _number: u64) -> u64 {
        messages::publish(meta)
    }

    #[track_caller]
    fn observe_message(self, meta: &Meta, token: u64) {
        messages::observe(meta, token);
    }

    #[inline]
    fn introduce(self, meta: &Meta) {
        if local::is_first(meta.id(), local::First::Wait) {
            introduce(meta);
        }
    }

    #[inline]
    #[track_caller]
    fn observe_lasting(self, meta: &Meta) {
        if local::is_first(meta.id(), local::First::Sight) {
            self.emit(meta, Action::Observe { object: meta.id(), token: 0 });
        }
    }

    #[track_caller]
    fn request(self, meta: &Meta, until: Until) -> Result<(), Stop> {
        let Some(record) = local().record() else { return Ok(()) };
        let mut kernel = Kernel::enter();
        kernel.tell_held(record);
        let object = kernel.introduce(record, meta);
        let (mode, patience) = (Mode::Exclusive, until.patience());
        let stack = crate::report::capture_if_new(Location::caller());
        let action = Action::Request { object, mode, patience };
        kernel.emit_with_stack(record, Location::caller().into(), stack, action);
        let doom = kernel.doom(record);
        if doom.is_some() {
            kernel.emit(record, Location::caller().into(), Action::GiveUp { object });
        }
        kernel.leave_quietly();
        match (crate::report::take_stop(), doom) {
            (_, Some(stuck)) => Err(stuck.into()),
            (Some(stop), None) => {
                self.emit(meta, Action::GiveUp { object });
                Err(Stop(stop))
            }
            (None, None) => Ok(()),
        }
    }

    #[track_caller]
    fn own(self, meta: &Meta, until: Until) -> Result<(), Stop> {
        let Some(record) = local().record() else { return Ok(()) };
        let mut kernel = Kernel::enter();
        kernel.tell_held(record);
        let object = kernel.introduce(record, meta);
        let action = Action::Acquire { object, mode: Mode::Exclusive, patience: until.patience() };
        let stack = crate::report::capture_if_new(Location::caller());
        kernel.emit_with_stack(record, Location::caller().into(), stack, action);
        record.loose.fetch_add(1, Ordering::Relaxed);
        kernel.leave_quietly();
        crate::report::take_stop().map_or(Ok(()), |stop| Err(Stop(stop)))
    }

    #[track_caller]
    fn disown(self, meta: &Meta, owner: &Thread) {
        let Some(owner) = owner.as_os() else { return };
        let Some(record) = local().record() else { return };
        let mut kernel = Kernel::enter();
        owner.loose.fetch_sub(1, Ordering::Relaxed);
        let object = meta.id();
        if kernel.holds(owner, object) {
            let action = Action::Release { object, mode: Mode::Exclusive };
            kernel.emit(record, Location::caller().into(), action);
        }
        kernel.leave_quietly();
    }

    #[inline]
    fn foreign(self, lock: &Foreign, deed: Deed<'_>) -> Result<(), Stop> {
        foreign::tell(lock, deed)
    }

    fn object_gone(self, object: ObjectId) {
        let Some(record) = local().record() else { return };
        let mut kernel = Kernel::enter();
        kernel.object_gone(record, object);
        kernel.leave_quietly();
    }
}

#[cold]
fn introduce(meta: &Meta) {
    let Some(record) = local().record() else { return };
    let mut kernel = Kernel::enter();
    kernel.introduce(record, meta);
    kernel.leave_quietly();
}

/// Runs `f` on this thread as the first of a session of its own, and returns what was found there.
/// A panic that only says that a finding stopped the thread ends here.
pub(crate) fn record(f: impl FnOnce()) -> Vec<Finding> {
    let findings = Arc::default();
    let destination = Destination::Recording(Arc::clone(&findings));
    let name = local::name_of_this_thread();
    let session = kernel::begin_session(destination, name, local().own_record());
    let before = local().adopt(Arc::clone(&session), false);
    let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(f));
    let stuck = kernel::end_session(&session);
    local().abandon();
    if let Some((before, root)) = before {
        local().adopt(before, root);
    }
    crate::report::take_stop();
    // Threads that are stuck are unwound, and their panics have others follow: a `join` that is
    // unwrapped, a poisoned lock. All that is told by the finding.
    if let Err(payload) = outcome
        && !stuck
    {
        std::panic::resume_unwind(payload);
    }
    crate::report::await_written();
    let mut findings = findings.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    std::mem::take(&mut *findings)
}
