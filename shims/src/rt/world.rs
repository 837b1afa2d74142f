//! [`World`]: what a primitive may ask of the world that its thread runs in.

use std::{panic::Location, sync::atomic::Ordering, time::Instant};

use lockwise_detector::{
    Action, ObjectId,
    op::{Mode, Patience, WaitFor},
};

use super::{
    Meta, RawCondvar, RawMutex, RawRwLock,
    atomic::{Exchange, Primitive, Rmw},
    foreign::{Deed, Foreign},
    thread::{Spawn, Thread},
};

/// How long a call is ready to wait.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Until {
    /// As long as it takes.
    Forever,
    /// Until then.
    Deadline(Instant),
    /// Not at all.
    Now,
}

impl Until {
    /// Until `duration` from now; for ever if that is beyond what the clock can say.
    pub(crate) fn after(duration: std::time::Duration) -> Self {
        dispatch!(world => world.now()).checked_add(duration).map_or(Self::Forever, Self::Deadline)
    }

    #[inline]
    pub(crate) fn patience(self) -> Patience {
        match self {
            Self::Forever => Patience::Forever,
            Self::Deadline(_) => Patience::Timed,
            Self::Now => Patience::Try,
        }
    }
}

/// Why a wait ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Wake {
    /// Somebody ended it, or it ended for no reason.
    Notified,
    /// Its time was over.
    TimedOut,
}

/// What was found of what this thread has just done, and is to unwind it: raised by the primitive,
/// once it has put right what it was at.
#[must_use]
#[derive(PartialEq, Eq, Debug)]
pub(crate) struct Stop(pub(super) String);

impl Stop {
    /// Unwinds the thread. The report is out already.
    #[track_caller]
    pub(crate) fn raise(self) -> ! {
        crate::report::stop(&self.0)
    }
}

/// What a world does for the primitives.
///
/// Every method is called by the thread that acts, and takes the place in the user's code from
/// `#[track_caller]`. A method that waits does not return before it has what it waited for, unless
/// its [`Until`] says otherwise. A world that sees that the wait can never end panics with the
/// report instead (never while the thread is unwinding). Each method sends the Ops of the detector
/// that belong to it, or shows that no analysis could tell the difference; objects that are
/// [quiet](RawMutex::quiet) send none. Time is the world's own.
pub(crate) trait World: Copy {
    /// Acquires; false if time ran out.
    #[track_caller]
    fn mutex_lock(self, mutex: &RawMutex, until: Until) -> bool;

    /// Releases. `changed` says whether what the mutex guards may have been changed.
    ///
    /// # Safety
    ///
    /// The calling thread acquired `mutex` by [`World::mutex_lock`] in this world and has not
    /// released it since.
    #[track_caller]
    unsafe fn mutex_unlock(self, mutex: &RawMutex, changed: bool);

    /// Acquires in `mode`; false if time ran out.
    #[track_caller]
    fn rwlock_lock(self, lock: &RawRwLock, mode: Mode, until: Until) -> bool;

    /// Releases a hold in `mode`.
    ///
    /// # Safety
    ///
    /// The calling thread acquired `lock` in `mode` in this world, and has not released that hold.
    #[track_caller]
    unsafe fn rwlock_unlock(self, lock: &RawRwLock, mode: Mode);

    /// Turns a hold in exclusive mode into one in shared mode, without letting a writer in.
    ///
    /// # Safety
    ///
    /// The calling thread holds `lock` exclusively in this world.
    #[track_caller]
    unsafe fn rwlock_downgrade(self, lock: &RawRwLock);

    /// Releases `mutex`, waits for a notification, and acquires `mutex` again. `on` is what the
    /// analyses are told to be the reason; `None` if they know it (from a `Request`). `changed` is as
    /// for [`World::mutex_unlock`]. If this panics, `mutex` is not held.
    ///
    /// # Safety
    ///
    /// As for [`World::mutex_unlock`].
    #[track_caller]
    unsafe fn condvar_wait(
        self,
        condvar: &RawCondvar,
        mutex: &RawMutex,
        on: Option<WaitFor>,
        until: Until,
        changed: bool,
    ) -> Wake;

    /// The same, but does not acquire `mutex` again.
    ///
    /// # Safety
    ///
    /// As for [`World::mutex_unlock`].
    #[track_caller]
    unsafe fn condvar_wait_released(
        self,
        condvar: &RawCondvar,
        mutex: &RawMutex,
        on: Option<WaitFor>,
        until: Until,
        changed: bool,
    ) -> Wake {
        // SAFETY: the caller's promise; and the wait has acquired what is released here.
        unsafe {
            let wake = self.condvar_wait(condvar, mutex, on, until, changed);
            self.mutex_unlock(mutex, false);
            wake
        }
    }

    /// Wakes one waiter, or all.
    #[track_caller]
    fn condvar_notify(self, condvar: &RawCondvar, all: bool);

    /// Waits for this thread's park token and takes it.
    #[track_caller]
    fn park(self, until: Until) -> Wake;

    /// Makes the park token of `thread` available.
    #[track_caller]
    fn unpark(self, thread: &Thread);

    /// Starts a thread.
    #[track_caller]
    fn spawn(self, spawn: Spawn) -> std::io::Result<Thread>;

    /// Waits until `thread` has ended its work; false if time ran out. `scope` is set where the
    /// wait guards borrowed data: such a wait cannot be given up, whatever happens.
    #[track_caller]
    fn join(self, thread: &Thread, until: Until, scope: bool) -> bool;

    /// This thread.
    fn current(self) -> Thread;

    /// Lets others run.
    fn yield_now(self);

    /// Says that this thread does nothing but look, again and again, whether another has changed
    /// something.
    fn spin_loop(self);

    /// Lets time pass.
    #[track_caller]
    fn sleep(self, until: Until);

    /// The time.
    fn now(self) -> Instant;

    /// Loads.
    #[track_caller]
    fn atomic_load<A: Primitive>(self, atomic: &A, ordering: Ordering) -> A::Value;

    /// Stores.
    #[track_caller]
    fn atomic_store<A: Primitive>(self, atomic: &A, value: A::Value, ordering: Ordering);

    /// Reads, modifies and writes in one step; returns what it read.
    #[track_caller]
    fn atomic_rmw<A: Primitive>(
        self,
        atomic: &A,
        rmw: Rmw,
        operand: A::Value,
        ordering: Ordering,
    ) -> A::Value;

    /// Writes `exchange.new` if the value is `exchange.current`.
    #[track_caller]
    fn atomic_exchange<A: Primitive>(
        self,
        atomic: &A,
        exchange: Exchange<A::Value>,
    ) -> Result<A::Value, A::Value>;

    /// An access to a plain cell, which happens between this call and what follows.
    #[track_caller]
    fn cell(self, meta: &Meta, write: bool);

    /// A memory fence.
    #[track_caller]
    fn fence(self, ordering: Ordering);

    /// Makes the object known, before a wait names it.
    fn introduce(self, meta: &Meta);

    /// Sends an Op about an object that is built of quieter parts. Never unwinds for a `Publish`
    /// or a `GiveUp`, which a primitive sends while it changes hands or unwinds.
    #[track_caller]
    fn emit(self, meta: &Meta, action: Action);

    /// Sends the `Publish` of a message, unless one that this thread has sent there tells all that
    /// this one could. Returns the token by which it is observed.
    #[track_caller]
    fn publish_message(self, meta: &Meta, number: u64) -> u64 {
        self.emit(meta, Action::Publish { object: meta.id(), token: number });
        number
    }

    /// Sends the `Observe` of a message, unless this thread has observed all that it could learn.
    #[track_caller]
    fn observe_message(self, meta: &Meta, token: u64) {
        self.emit(meta, Action::Observe { object: meta.id(), token });
    }

    /// Sends the `Observe` of a value (token 0) that is published once and for all, unless it can
    /// tell that this thread has done so before.
    #[track_caller]
    fn observe_lasting(self, meta: &Meta);

    /// This thread will wait to own the object. An error is the verdict on that wait: it does not
    /// begin, and is withdrawn.
    #[track_caller]
    fn request(self, meta: &Meta, until: Until) -> Result<(), Stop>;

    /// This thread owns the object from here on. An error is the verdict on that acquisition: the
    /// primitive gives the object back before it raises it.
    #[track_caller]
    fn own(self, meta: &Meta, until: Until) -> Result<(), Stop>;

    /// `owner` owns the object no longer.
    #[track_caller]
    fn disown(self, meta: &Meta, owner: &Thread);

    /// This thread does something to a lock of another crate. Never unwinds; an error is as for
    /// [`World::request`], and there is none but of a request or a wait.
    ///
    /// Nobody is told in a world to which no build that has stand-ins for other crates leads.
    fn foreign(self, _lock: &Foreign, _deed: Deed<'_>) -> Result<(), Stop> {
        Ok(())
    }

    /// The object is gone.
    fn object_gone(self, object: ObjectId);
}

/// The place in the user's code.
pub(crate) type Place = &'static Location<'static>;

/// Runs an expression with the calling thread's [`World`].
macro_rules! dispatch {
    ($world:ident => $body:expr) => {
        match $crate::rt::current::kind() {
            $crate::rt::current::Kind::Os => {
                let $world = $crate::rt::os::Os;
                $body
            }
            #[cfg(feature = "loom")]
            $crate::rt::current::Kind::Loom => {
                let $world = $crate::rt::loom::Loom;
                $body
            }
            $crate::rt::current::Kind::Explore => {
                let $world = $crate::rt::explore::Explore;
                $body
            }
        }
    };
}
pub(crate) use dispatch;
