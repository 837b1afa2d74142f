//! The loom world: threads of a `lockwise::loom` model.
//!
//! loom (Norris and Demsky's CDSChecker, OOPSLA 2013, with dynamic partial-order reduction) runs a
//! closure once for each way in which its threads can interleave and their atomics can read. This
//! world gives each of our objects a loom object to live in for the time of an execution, made at
//! first use, and tells a detector of its own, fresh for each execution, everything that happens.
//! The detector speaks first: a fault is a finding before loom could panic about it.
//!
//! - [`explore`] runs the model, again and again, and gathers what was found.
//! - [`execution`] is what one execution knows; [`carrier`] is how its threads run, wait and stop.
//! - [`lock`] and [`tried`], [`condvar`], [`thread`] and [`atomic`] are the operations.
//!
//! # What is loom's and what is ours
//!
//! Locks are loom's locks, loads and stores loom's loads and stores, so its reduction knows what
//! depends on what. Waiting for anything else is our own, on `loom::thread::park`, which here only
//! ever wakes whom we mean: loom's condition variables lose a notification to a thread that a
//! stray `unpark` has woken, its `unpark` is no point at which threads switch, and its `Notify`
//! doubles the executions for a spurious wake-up.
//!
//! # What is not explored
//!
//! Spurious wake-ups, failures of `compare_exchange_weak` for no reason, other targets of
//! `notify_one` than the first waiter, unfair orders among waiters of a condition variable, and who
//! is told first what is only noted (see `Ledger`): which thread gets which default name, say.
//! loom itself keeps the last seven stores of an atomic, and takes `SeqCst` accesses (not fences)
//! for `AcqRel` ones: it then reports executions that cannot be, and misses none.

mod atomic;
mod carrier;
mod condvar;
mod error;
mod execution;
mod explore;
mod lock;
mod thread;
mod tried;

use std::{
    panic::Location,
    sync::{Arc, atomic::Ordering},
    time::Instant,
};

use lockwise_detector::{
    Action, ObjectId,
    op::{Mode, WaitFor},
};

use self::execution::{introduce, on_execution, tell};
pub(crate) use self::{
    atomic::{load_quietly, store_quietly},
    explore::{Body, Limits, explore},
    thread::Record,
};
pub use self::{error::LoomError, explore::Outcome};
use super::{
    Meta, RawCondvar, RawMutex, RawRwLock, Stop, Until, Wake, World,
    atomic::{Exchange, Primitive, Rmw},
    current::{self, Kind},
    model::{Locals, Restores},
    os::Os,
    thread::{Spawn, Thread},
};

/// Whether one of a model's threads is at work here, and not the runtime.
fn set_current(current: bool) {
    current::set(if current { Kind::Loom } else { Kind::Os });
}

/// Whether the calling thread is one of a model.
fn is_current() -> bool {
    current::kind() == Kind::Loom
}

/// The serial number of the execution under way; no two executions of a process share one.
pub(crate) fn execution_serial() -> u32 {
    on_execution(|execution| execution.serial)
}

/// What the execution puts back when it is over.
pub(crate) fn on_restores<R>(f: impl FnOnce(&mut Restores) -> R) -> R {
    on_execution(|execution| f(&mut execution.restores))
}

/// What the thread whose turn it is has for itself.
pub(crate) fn on_locals<R>(f: impl FnOnce(&mut Locals) -> R) -> R {
    on_execution(|execution| f(&mut execution.me().locals))
}

/// A thread of a model.
#[derive(Clone, Copy)]
pub(crate) struct Loom;

impl World for Loom {
    #[track_caller]
    fn mutex_lock(self, mutex: &RawMutex, until: Until) -> bool {
        lock::lock(mutex, until)
    }

    #[track_caller]
    unsafe fn mutex_unlock(self, mutex: &RawMutex, _changed: bool) {
        lock::unlock(mutex);
    }

    #[track_caller]
    fn rwlock_lock(self, lock: &RawRwLock, mode: Mode, until: Until) -> bool {
        lock::rw_lock(lock, mode, until)
    }

    #[track_caller]
    unsafe fn rwlock_unlock(self, lock: &RawRwLock, mode: Mode) {
        lock::rw_unlock(lock, mode);
    }

    #[track_caller]
    unsafe fn rwlock_downgrade(self, lock: &RawRwLock) {
        lock::rw_downgrade(lock);
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
        condvar::wait(condvar, mutex, on, until)
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
        match thread {
            Thread::Loom(record) => thread::unpark(record),
            Thread::Os(_) | Thread::Explore(_) => Os.unpark(thread),
        }
    }

    #[track_caller]
    fn spawn(self, spawn: Spawn) -> std::io::Result<Thread> {
        Ok(thread::spawn(spawn))
    }

    #[track_caller]
    fn join(self, thread: &Thread, until: Until, scope: bool) -> bool {
        match thread {
            Thread::Loom(record) => thread::join(record, until),
            Thread::Os(_) | Thread::Explore(_) => Os.join(thread, until, scope),
        }
    }

    fn current(self) -> Thread {
        Thread::Loom(on_execution(|execution| Arc::clone(&execution.me().record)))
    }

    fn yield_now(self) {
        thread::yield_now();
    }

    fn spin_loop(self) {
        thread::yield_now();
    }

    #[track_caller]
    fn sleep(self, until: Until) {
        thread::sleep(until);
    }

    fn now(self) -> Instant {
        on_execution(|execution| execution.now)
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

    fn introduce(self, meta: &Meta) {
        introduce(meta);
    }

    #[track_caller]
    fn emit(self, meta: &Meta, action: Action) {
        introduce(meta);
        tell(Location::caller(), action);
    }

    #[track_caller]
    fn observe_lasting(self, meta: &Meta) {
        self.emit(meta, Action::Observe { object: meta.id(), token: 0 });
    }

    #[track_caller]
    fn request(self, meta: &Meta, until: Until) -> Result<(), Stop> {
        let (object, mode, patience) = (introduce(meta), Mode::Exclusive, until.patience());
        tell(Location::caller(), Action::Request { object, mode, patience });
        Ok(())
    }

    #[track_caller]
    fn own(self, meta: &Meta, until: Until) -> Result<(), Stop> {
        let (object, mode, patience) = (introduce(meta), Mode::Exclusive, until.patience());
        tell(Location::caller(), Action::Acquire { object, mode, patience });
        Ok(())
    }

    #[track_caller]
    fn disown(self, meta: &Meta, owner: &Thread) {
        let object = meta.id();
        if let Thread::Loom(owner) = owner
            && on_execution(|execution| execution.holds(owner.id, object))
        {
            tell(Location::caller(), Action::Release { object, mode: Mode::Exclusive });
        }
    }

    fn object_gone(self, object: ObjectId) {
        execution::forget(object);
    }
}
