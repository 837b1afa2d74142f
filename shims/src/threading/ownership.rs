//! [`Ownership`]: the one implementation behind `Lock`, `RLock` and the lock of a `Condition`.
//!
//! The state is who owns the lock and how often. The analyses hear of the outermost acquisition
//! and release only; what goes on inside cannot change any verdict.

use lockwise_detector::{
    Action, ObjectId,
    op::{Misuse, ObjectKind},
};

use crate::rt::{self, Meta, Monitor, MonitorGuard, Until, thread::Thread};

/// A lock that knows its owner.
pub(super) struct Ownership {
    meta: Meta,
    state: Monitor<Hold>,
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
        Self { meta, state: Monitor::new(Hold { owner: None, depth: 0 }) }
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
        let mut state = self.state.enter();
        if self.is_reentrant() && state.owner.as_ref().is_some_and(Thread::is_current) {
            state.depth += 1;
            return true;
        }
        self.take(&mut state, 1, until)
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
        self.state.enter().owner.is_some()
    }

    pub(super) fn fmt(&self, name: &str, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
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
        if !std::thread::panicking() {
            // Released already, inside: that has been reported, and `with` has nobody to tell.
            let _ = self.lock.release();
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
