//! [`Ownership`]: the one implementation behind `Lock`, `RLock` and the lock of a `Condition`.
//!
//! The state is who owns the lock and how often. The analyses hear of the outermost acquisition
//! and release only; what goes on inside cannot change any verdict.
//!
//! The state is in a [`Monitor`], except where a world would rather have a mutex: of a lock that
//! threads only acquire, for as long as it takes, and release again themselves, perhaps by a wait
//! for a condition.

use lockwise_detector::{
    Action, ObjectId,
    op::{Misuse, ObjectKind, WaitFor},
};

use crate::rt::{
    self, Meta, Monitor, MonitorGuard, RawCondvar, RawMutex, Until, Wake,
    lane::{is_only_waited_for, wait_and},
    thread::{Thread, panicking},
};

/// A lock that knows its owner.
pub(super) struct Ownership {
    meta: Meta,
    state: Monitor<Hold>,
    /// What is held in place of the monitor's state, where [`Ownership::is_plain`].
    plain: RawMutex,
}

/// Who owns the lock.
pub(super) struct Hold {
    owner: Option<Thread>,
    /// How many releases it takes to end the ownership.
    depth: usize,
}

/// The calling thread may not release this lock.
pub(super) struct Refused;

impl Ownership {
    pub(super) const fn new(meta: Meta) -> Self {
        Self { meta, state: Monitor::new(Hold { owner: None, depth: 0 }), plain: RawMutex::quiet() }
    }

    pub(super) fn id(&self) -> ObjectId {
        self.meta.id()
    }

    /// Whether its owner can acquire it again, and nobody else can release it.
    fn is_reentrant(&self) -> bool {
        self.meta.origin().kind == ObjectKind::RLock
    }

    /// Acquires; false if time ran out.
    #[track_caller]
    pub(super) fn acquire(&self, until: Until) -> bool {
        if self.is_plain(until != Until::Forever) {
            self.acquire_plain();
            return true;
        }
        let mut state = self.state.enter();
        if self.is_reentrant() && state.owner.as_ref().is_some_and(Thread::is_current) {
            state.depth += 1;
            return true;
        }
        self.take(&mut state, 1, until)
    }

    /// Whether the lock is a mutex: it is held by [`Ownership::plain`], and the state is only
    /// noted. `asks` says that what the caller does is more than a mutex can do.
    fn is_plain(&self, asks: bool) -> bool {
        is_only_waited_for(self.meta.origin().created, asks)
    }

    /// Does something to what is noted of a plain lock.
    fn alone<R>(&self, f: impl FnOnce(&mut Hold) -> R) -> R {
        // SAFETY: where locks are plain one thread runs at a time, and `f` asks for nothing.
        f(unsafe { self.state.unentered() })
    }

    #[track_caller]
    fn acquire_plain(&self) {
        let again = self.is_reentrant() && self.alone(|state| state.is_owned_by_caller());
        if again {
            return self.alone(|state| state.depth += 1);
        }
        self.take_plain(1);
    }

    #[track_caller]
    fn take_plain(&self, depth: usize) {
        rt::request(&self.meta, Until::Forever).unwrap_or_else(|stop| stop.raise());
        self.plain.lock(Until::Forever);
        let me = Thread::current();
        self.alone(|state| *state = Hold { owner: Some(me), depth });
        rt::own(&self.meta, Until::Forever).unwrap_or_else(|stop| stop.raise());
    }

    /// Whether the lock is plain, and the calling thread its owner.
    pub(super) fn is_held_plainly(&self) -> bool {
        self.is_plain(false) && self.alone(|state| state.is_owned_by_caller())
    }

    /// Gives the lock up, waits at `signal`, and acquires it again, as deep as it was. The caller
    /// [holds it plainly](Self::is_held_plainly).
    #[track_caller]
    pub(super) fn wait_plainly(
        &self,
        signal: &RawCondvar,
        on: Option<WaitFor>,
        until: Until,
    ) -> Wake {
        if until == Until::Now {
            return Wake::TimedOut;
        }
        rt::disown(&self.meta, &Thread::current());
        let held = self.alone(|state| std::mem::replace(state, Hold { owner: None, depth: 0 }));
        // SAFETY: the caller is the owner, so it holds the mutex.
        unsafe { wait_and(signal, &self.plain, on, until, || self.take_plain(held.depth)) }
    }

    /// Undoes one acquisition of a plain lock; false if that is not the caller's.
    #[track_caller]
    fn release_plain(&self) -> bool {
        if !self.is_held_plainly() {
            return false;
        }
        let ends = self.alone(|state| {
            state.depth -= 1;
            state.depth == 0
        });
        if ends {
            rt::disown(&self.meta, &Thread::current());
            let owner = self.alone(|state| state.owner.take());
            // SAFETY: the caller is the owner, so it holds the mutex.
            unsafe { self.plain.unlock(false) };
            drop(owner);
        }
        true
    }

    /// Becomes the owner as soon as there is none; false if time ran out.
    #[track_caller]
    pub(super) fn take(
        &self,
        state: &mut MonitorGuard<'_, Hold>,
        depth: usize,
        until: Until,
    ) -> bool {
        if state.owner.is_some() && !self.await_release(state, until) {
            return false;
        }
        state.owner = Some(Thread::current());
        state.depth = depth;
        if let Err(stop) = rt::own(&self.meta, until) {
            self.give_back(state);
            stop.raise();
        }
        true
    }

    #[track_caller]
    fn await_release(&self, state: &mut MonitorGuard<'_, Hold>, until: Until) -> bool {
        if until == Until::Now {
            return false;
        }
        if let Err(stop) = rt::request(&self.meta, until) {
            stop.raise();
        }
        let request = Request(&self.meta);
        let free = state.wait_until(None, until, |state| state.owner.is_none());
        if free {
            std::mem::forget(request);
        }
        free
    }

    /// The state, if the calling thread may release the lock.
    #[track_caller]
    pub(super) fn enter_as_owner(&self) -> Option<MonitorGuard<'_, Hold>> {
        self.is_plain(true);
        let state = self.state.enter();
        let owner = state.owner.as_ref()?;
        (!self.is_reentrant() || owner.is_current()).then_some(state)
    }

    /// Ends the ownership, however deep; returns how deep it was.
    #[track_caller]
    pub(super) fn give_back(&self, state: &mut MonitorGuard<'_, Hold>) -> usize {
        if let Some(owner) = state.owner.take() {
            rt::disown(&self.meta, &owner);
        }
        state.notify_one();
        std::mem::take(&mut state.depth)
    }

    /// Undoes one acquisition.
    #[track_caller]
    pub(super) fn release(&self) -> Result<(), Refused> {
        if self.release_plain() {
            return Ok(());
        }
        let Some(mut state) = self.enter_as_owner() else {
            let what = Misuse::ReleaseUnowned;
            rt::emit(&self.meta, Action::Misuse { object: self.id(), what });
            return Err(Refused);
        };
        self.undo(&mut state);
        Ok(())
    }

    #[track_caller]
    fn undo(&self, state: &mut MonitorGuard<'_, Hold>) {
        if state.depth > 1 {
            state.depth -= 1;
        } else {
            self.give_back(state);
        }
    }

    /// Whether anybody owns it.
    pub(super) fn is_owned(&self) -> bool {
        self.is_plain(true);
        self.state.enter().owner.is_some()
    }

    pub(super) fn fmt(&self, name: &str, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.is_plain(true);
        let state = self.state.enter();
        let owner = state.owner.as_ref().map(Thread::number);
        f.debug_struct(name).field("owner", &owner).field("depth", &state.depth).finish()
    }
}

/// Withdraws a request unless it is forgotten: time ran out, or the wait was unwound.
struct Request<'a>(&'a Meta);

impl Drop for Request<'_> {
    fn drop(&mut self) {
        rt::emit(self.0, Action::GiveUp { object: self.0.id() });
    }
}

/// A lock held until this is dropped: `let _held = lock.hold();` is `with lock:`.
#[must_use = "the lock is released as soon as this is dropped"]
pub struct Held<'a> {
    lock: &'a Ownership,
    _not_send: std::marker::PhantomData<*const ()>,
}

impl<'a> Held<'a> {
    #[track_caller]
    pub(super) fn acquire(lock: &'a Ownership) -> Self {
        lock.acquire(Until::Forever);
        Self { lock, _not_send: std::marker::PhantomData }
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        if !panicking() {
            // Released already, inside: that has been reported, and `with` has nobody to tell.
            let _ = self.lock.release();
            return;
        }
        if self.lock.is_plain(false) {
            self.lock.release_plain();
            return;
        }
        // A wait that was unwound did not get the lock back; by now it may be somebody else's.
        let state = self.lock.enter_as_owner();
        if let Some(mut state) = state.filter(|state| state.is_owned_by_caller()) {
            self.lock.undo(&mut state);
        }
    }
}

impl Hold {
    fn is_owned_by_caller(&self) -> bool {
        self.owner.as_ref().is_some_and(Thread::is_current)
    }
}

impl std::fmt::Debug for Held<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.lock.fmt("Held", f)
    }
}
