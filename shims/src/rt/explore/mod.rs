//! The explore world: threads of a program that is explored.
//!
//! The program is a closure. The engine of `lockwise_detector::explore` decides what its threads do
//! next; here are the threads. Each is a coroutine, and all of one execution run on one thread of
//! the operating system, the *worker*, one at a time. What a thread asks of the world is a
//! [`Step`](lockwise_detector::explore::Step): it is suspended until the engine has found out what
//! the answer is.
//!
//! - [`driver`] and [`exhaust`] explore: they have the engine make executions, screen them, and look closer at
//!   those that show something ([`screen`], [`shorten`]); [`team`] is how several workers share it.
//! - [`runtime`] is the program as the engine sees it; [`state`] what an execution knows;
//!   [`thread`] the lives of threads.
//! - [`lock`], [`condvar`], [`park`], [`lane`], [`atomic`] are the operations, each made of steps.
//! - [`attempt`] sees waiting loops; [`plan`] is what has to be known from the beginning.
//! - [`observer`] tells the detector what happens, in executions that are looked at.
//! - [`stack`], [`overflow`] and [`watchdog`] guard the worker; [`aborts`] tells of panics that end
//!   the process.
//!
//! # What is a choice
//!
//! Besides the order of what depends on each other: which waiter `notify_one` wakes; whether a wait
//! with a time limit ends by itself; and, if asked for, spurious wake-ups. Time is virtual: each
//! thread has a clock of its own, which only its sleeps and timeouts move, and which it takes on
//! from a thread that it joins.
//!
//! A wait that times out does not take part in what it waits for: whatever notification there was
//! came too late, or went to another. So the two ways do not overlap. An execution in which a
//! thread chose to wait on and waits for ever is none.
//!
//! # Readers and writers
//!
//! A reader-writer lock is a mutex for each thread that reads, which writers queue for all at once,
//! behind one mutex for writers. Its executions are those in which each reader comes before or after
//! each writer, and a reader may find itself behind a writer that still waits, or not.
//!
//! # Locks that are tried
//!
//! A failed attempt sees that the lock is held, which an order of sections cannot say. A lock that
//! is ever tried is a location, taken by an update that fails while it is held. (So of a
//! reader-writer lock that is tried, the order of readers counts, and none is behind a writer that
//! still waits.)

mod aborts;
mod atomic;
mod attempt;
#[cfg(test)]
mod child;
mod condvar;
mod driver;
mod exhaust;
mod faults;
mod heap;
pub(crate) mod lane;
mod live;
mod lock;
mod observer;
mod overflow;
mod panics;
mod park;
mod plan;
mod preempt;
mod progress;
mod runtime;
mod screen;
mod shorten;
mod stack;
mod state;
mod team;
mod thread;
mod watchdog;

use std::{
    panic::Location,
    sync::{Arc, atomic::Ordering},
    time::Instant,
};

use lockwise_detector::{
    Action, ObjectId,
    op::{Mode, WaitFor},
};

use self::state::on_state;
pub(crate) use self::{
    atomic::{load_quietly, store_quietly},
    condvar::wait_and,
    driver::{Body, Limits, Mode as ExploreMode, Outcome, explore},
    state::need_to_be_alone,
    thread::{Record, note_panicked, panicking},
    watchdog::LIMIT as PATIENCE,
};
pub use self::{
    driver::Stopped,
    heap::{Heap, double_frees},
};
use super::{
    Meta, RawCondvar, RawMutex, RawRwLock, Stop, Until, Wake, World,
    atomic::{Exchange, Primitive, Rmw},
    current,
    foreign::{Deed, Foreign},
    model::{Locals, Restores},
    os::Os,
    thread::{Spawn, Thread},
    world::Place,
};

/// The serial number of the execution under way.
#[inline]
pub(crate) fn execution_serial() -> u32 {
    current::expected()
}

/// What the execution puts back when it is over.
pub(crate) fn on_restores<R>(f: impl FnOnce(&mut Restores) -> R) -> R {
    need_to_be_alone();
    on_state(|state| f(&mut state.restores))
}

/// What the running thread has for itself.
pub(crate) fn on_locals<R>(f: impl FnOnce(&mut Locals) -> R) -> R {
    on_state(|state| f(&mut state.me().locals))
}

/// The calling thread is in no execution, and uses what was last used in that one.
pub(crate) fn refuse_strangers(execution: u32) {
    if !state::is_installed() && live::is_live(execution) {
        let name = std::thread::current().name().unwrap_or("without a name").to_owned();
        crate::report::end_with_error(&format!(
            "operation outside the explorer's view: thread `{name}`, which lockwise::thread did not \
             start, uses what belongs to a program that is explored; start it by lockwise::thread"
        ));
    }
}

/// Whether threads only ever wait for what was made there, as far as is known; `asks` says that one
/// does more.
pub(crate) fn is_only_waited_for(made: Place, asks: bool) -> bool {
    let made = std::ptr::from_ref(made).addr();
    if on_state(|state| state.plan.is_tried(made)) {
        return false;
    }
    // What destructors ask for when the execution is over, nobody else would.
    if asks && on_state(|state| state.over.is_none()) {
        on_state(|state| state.plan.add_tried(made));
        state::replan();
    }
    true
}

/// A thread of an explored program.
#[derive(Clone, Copy)]
pub(crate) struct Explore;

impl World for Explore {
    #[cold]
    #[track_caller]
    fn mutex_lock(self, mutex: &RawMutex, until: Until) -> bool {
        lock::lock(mutex, until)
    }

    #[cold]
    #[track_caller]
    unsafe fn mutex_unlock(self, mutex: &RawMutex, changed: bool) {
        lock::unlock(mutex, changed);
    }

    #[cold]
    #[track_caller]
    fn rwlock_lock(self, lock: &RawRwLock, mode: Mode, until: Until) -> bool {
        lock::rw_lock(lock, mode, until)
    }

    #[cold]
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
        changed: bool,
    ) -> Wake {
        condvar::wait(condvar, (mutex, changed), on, until)
    }

    #[track_caller]
    fn condvar_notify(self, condvar: &RawCondvar, all: bool) {
        condvar::notify(condvar, all);
    }

    #[track_caller]
    fn park(self, until: Until) -> Wake {
        park::park(until)
    }

    #[track_caller]
    fn unpark(self, thread: &Thread) {
        match thread {
            Thread::Explore(record) => park::unpark(record),
            other => Os.unpark(other),
        }
    }

    #[track_caller]
    fn spawn(self, spawn: Spawn) -> std::io::Result<Thread> {
        Ok(thread::spawn(spawn))
    }

    #[track_caller]
    fn join(self, thread: &Thread, until: Until, scope: bool) -> bool {
        match thread {
            Thread::Explore(record) => thread::join(record, until, scope),
            other => Os.join(other, until, scope),
        }
    }

    fn current(self) -> Thread {
        Thread::Explore(on_state(|state| Arc::clone(&state.me().record)))
    }

    fn yield_now(self) {
        attempt::failed();
    }

    fn spin_loop(self) {
        attempt::failed();
    }

    #[track_caller]
    fn sleep(self, until: Until) {
        thread::sleep(until);
    }

    fn now(self) -> Instant {
        on_state(|state| state.began + state.me().time)
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
        observer::introduce(meta);
    }

    #[track_caller]
    fn emit(self, meta: &Meta, action: Action) {
        observer::tell_about(meta, Location::caller(), |_| action);
    }

    #[track_caller]
    fn observe_lasting(self, meta: &Meta) {
        let observe = |object| Action::Observe { object, token: 0 };
        observer::tell_about(meta, Location::caller(), observe);
    }

    #[track_caller]
    fn request(self, meta: &Meta, until: Until) -> Result<(), Stop> {
        let (mode, patience) = (Mode::Exclusive, until.patience());
        let request = |object| Action::Request { object, mode, patience };
        observer::tell_about(meta, Location::caller(), request);
        Ok(())
    }

    #[track_caller]
    fn own(self, meta: &Meta, until: Until) -> Result<(), Stop> {
        let (mode, patience) = (Mode::Exclusive, until.patience());
        let acquire = |object| Action::Acquire { object, mode, patience };
        observer::tell_about(meta, Location::caller(), acquire);
        Ok(())
    }

    #[track_caller]
    fn disown(self, meta: &Meta, owner: &Thread) {
        if let Thread::Explore(owner) = owner {
            observer::disown(meta, owner, Location::caller());
        }
    }

    fn foreign(self, lock: &Foreign, deed: Deed<'_>) -> Result<(), Stop> {
        observer::tell_foreign(lock, deed);
        Ok(())
    }

    fn object_gone(self, object: ObjectId) {
        observer::forget(object);
    }
}
