//! [`Op`]: the one language in which runtimes speak to analyses.
//!
//! An Op is one thing that one thread did to, or asks of, one object. A runtime may leave out Ops
//! that cannot change any analysis (an uncontended lock, seen before in the same context) and may
//! send an Op late; what it must keep is each thread's own order, and that an Op which makes
//! another possible comes before it.

use std::sync::{Arc, atomic::Ordering};

use crate::{Epoch, ObjectId, Site, Stack, ThreadId, Tick};

/// One thing that one thread did or asks to do.
#[derive(Clone, Debug)]
pub struct Op {
    /// Who did it.
    pub thread: ThreadId,
    /// When, in that thread's own count (from 1). Two Ops between which the thread released
    /// nothing may share a tick.
    pub at: Tick,
    /// Where.
    pub site: Site,
    /// The stack that led there, where the runtime found it worth capturing.
    pub stack: Option<Stack>,
    /// What.
    pub action: Action,
}

impl Op {
    /// The moment of this Op.
    #[must_use]
    pub fn epoch(&self) -> Epoch {
        Epoch::new(self.thread, self.at)
    }
}

/// What a thread did. `object` is always the object that it was done to.
#[derive(Clone, Debug)]
pub enum Action {
    // ---- lives of threads -------------------------------------------------------------------
    /// A thread that no observed thread spawned (main, a test's thread) is seen for the first
    /// time. Such a *root* thread is one that somebody outside waits for.
    Begin {
        /// Its name, where it has one.
        name: Option<Arc<str>>,
    },
    /// This thread starts `child`, which from here on counts as alive.
    Spawn {
        /// The new thread.
        child: ThreadId,
        /// Its name, where it has one.
        name: Option<Arc<str>>,
    },
    /// This thread ends; it does nothing from here on.
    Exit,
    /// This thread has seen the end of `child` (which has exited).
    Join {
        /// The thread that ended.
        child: ThreadId,
    },

    // ---- lives of objects -------------------------------------------------------------------
    /// The object is known from here on. Sent before the first other Op on it, by whoever uses it
    /// first; where it was made is in `info`.
    Create {
        /// The object.
        object: ObjectId,
        /// What it is.
        info: Arc<ObjectInfo>,
    },
    /// The object is gone. Only what was learnt about it stays.
    Destroy {
        /// The object.
        object: ObjectId,
    },

    // ---- ownership: mutexes, rwlocks, re-entrant locks, running initialisers ----------------
    /// The thread is about to acquire and will wait if it must. Lock order is judged here, before
    /// the wait. May be left out before an [`Action::Acquire`] that did not wait.
    Request {
        /// The lock.
        object: ObjectId,
        /// Exclusive or shared.
        mode: Mode,
        /// How long it would wait.
        patience: Patience,
    },
    /// The thread owns the lock from here on. Follows a [`Action::Request`] or stands alone.
    Acquire {
        /// The lock.
        object: ObjectId,
        /// Exclusive or shared.
        mode: Mode,
        /// How long it was ready to wait: only [`Patience::Forever`] makes a lock order.
        patience: Patience,
    },
    /// The thread asked for the lock and gave up: try failed, or time ran out.
    GiveUp {
        /// The lock.
        object: ObjectId,
    },
    /// The thread owns the lock no longer. For kinds where [`ObjectKind::owner_releases`] is
    /// false, another thread than the owner may do this.
    Release {
        /// The lock.
        object: ObjectId,
        /// Exclusive or shared.
        mode: Mode,
    },
    /// A happens-before edge that an elided [`Action::Release`] would have given: this thread
    /// acquired something last released at `from`.
    Synchronize {
        /// The moment of the release.
        from: Epoch,
    },

    // ---- waiting for what another thread does -----------------------------------------------
    /// The thread cannot go on until somebody does something (or, if `timed`, until time passes).
    Block {
        /// What it waits for.
        on: WaitFor,
        /// Whether it would go on by itself after a while.
        timed: bool,
    },
    /// The thread, blocked before, can go on. Sent when that becomes so, by the runtime on behalf
    /// of the blocked thread (`Op::thread`); makes no happens-before edge.
    Unblock,
    /// A notification of a condition variable; it reached the threads in `woken`, which can go on
    /// and happen after it. With `woken` empty nobody waited.
    Notify {
        /// The condition variable.
        object: ObjectId,
        /// Whether it was for all waiters.
        all: bool,
        /// Who received it.
        woken: Vec<ThreadId>,
    },
    /// Makes the park token of `target` available; if it is parked, it can go on.
    Unpark {
        /// The thread whose token it is.
        target: ThreadId,
    },
    /// The thread consumed its park token.
    Unparked,
    /// Makes a synchronising value available: a message, an arrival at a barrier, the end of an
    /// initialiser, a set event. `token` tells one value of the object from the others.
    Publish {
        /// The object.
        object: ObjectId,
        /// Which value: message number, barrier generation...
        token: u64,
    },
    /// The thread received the value `token`: everything before each of its [`Action::Publish`]
    /// happens before what follows.
    Observe {
        /// The object.
        object: ObjectId,
        /// Which value.
        token: u64,
    },

    // ---- memory -----------------------------------------------------------------------------
    /// A plain read of a tracked cell.
    Read {
        /// The cell.
        object: ObjectId,
    },
    /// A plain write of a tracked cell.
    Write {
        /// The cell.
        object: ObjectId,
    },
    /// An access to an atomic. Ops on one atomic come in its modification order, and a load comes
    /// after the store that it read and before the next.
    Atomic {
        /// The atomic.
        object: ObjectId,
        /// What was done to it.
        access: AtomicAccess,
    },
    /// What an access to an atomic hands on, sent by a runtime that leaves out the accesses
    /// themselves. Such Ops come in any order that has each [`Relay::Give`] before the
    /// [`Relay::Take`]s that it may have reached; what was once given is never withdrawn, and one
    /// object may stand for several atomics. They hand on all that the detector has heard of the
    /// thread so far, and end no tick.
    Relay {
        /// The atomic, or what stands for it.
        object: ObjectId,
        /// Whether it read or wrote.
        relay: Relay,
        /// Its ordering.
        ordering: Ordering,
    },
    /// The thread's store to an atomic has overwritten what another thread wrote after this one
    /// had loaded; in between this thread dealt with no other. Sent by a runtime that leaves out
    /// the accesses themselves.
    Overwrite {
        /// The atomic.
        object: ObjectId,
        /// The three accesses.
        overwrite: Arc<Overwrite>,
    },
    /// A memory fence.
    Fence {
        /// Its ordering.
        ordering: Ordering,
    },

    // ---- misuse -----------------------------------------------------------------------------
    /// The thread asked for something that the object's contract forbids, and was refused.
    Misuse {
        /// The object.
        object: ObjectId,
        /// What was wrong.
        what: Misuse,
    },
}

/// What an object is: given once, when it is first used.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ObjectInfo {
    /// Its kind.
    pub kind: ObjectKind,
    /// Its full Rust type, such as `Mutex<Account>`.
    pub type_name: String,
    /// A name that the program gave it.
    pub name: Option<String>,
    /// Where it was made.
    pub created: Site,
}

impl ObjectInfo {
    /// Whether `created` is where it was made, and not where it was first used: all that is known
    /// of another crate's lock, whose type has that crate's path.
    #[must_use]
    pub fn is_made_there(&self) -> bool {
        !self.type_name.starts_with(FOREIGN)
    }
}

/// What the types of locks begin with that are known by their addresses alone.
pub const FOREIGN: &str = "parking_lot::";

/// The kinds of objects that threads share.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, serde::Serialize)]
#[allow(missing_docs, reason = "each is the type of that name")]
pub enum ObjectKind {
    Mutex,
    RwLock,
    Condvar,
    Once,
    OnceLock,
    LazyLock,
    Barrier,
    Channel,
    Atomic,
    UnsafeCell,
    Shared,
    Lock,
    RLock,
    Condition,
    Event,
    Semaphore,
    BoundedSemaphore,
    Queue,
    Pool,
    Future,
}

impl ObjectKind {
    /// Whether only the thread that acquired it can release it. A Python `Lock` may be released by
    /// any thread, so that holding one proves nothing about who will release it.
    #[must_use]
    pub const fn owner_releases(self) -> bool {
        !matches!(self, Self::Lock)
    }

    /// The name of the type, as shown in reports and JSON.
    #[must_use]
    pub fn name(self) -> String {
        format!("{self:?}")
    }
}

/// Exclusive or shared ownership.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, serde::Serialize)]
pub enum Mode {
    /// A mutex, or the write side of a reader-writer lock.
    Exclusive,
    /// The read side of a reader-writer lock.
    Shared,
}

/// How long a thread that acquires is ready to wait.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Patience {
    /// Until it succeeds: the only one that can deadlock.
    Forever,
    /// For a while.
    Timed,
    /// Not at all.
    Try,
}

/// What a blocked thread waits for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum WaitFor {
    /// A notification; `mutex` was released for the wait.
    Condvar {
        /// The condition variable.
        condvar: ObjectId,
        /// The mutex given to the wait.
        mutex: ObjectId,
    },
    /// Its park token.
    Park,
    /// The end of a thread.
    Join(ThreadId),
    /// Time to pass.
    Sleep,
    /// Something that another thread does to an object.
    Object {
        /// The object.
        object: ObjectId,
        /// What the thread does there.
        purpose: Purpose,
    },
}

/// Why a thread waits at an object that is not a lock.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[allow(missing_docs, reason = "each names the call that waits")]
pub enum Purpose {
    /// `recv` on an empty channel.
    Receive,
    /// `send` on a full channel.
    Send,
    /// `Barrier::wait`.
    Arrive,
    /// `Event::wait`.
    Event,
    /// `Semaphore::acquire`.
    Permit,
    /// `Queue::get` on an empty queue.
    Get,
    /// `Queue::put` on a full queue.
    Put,
    /// `Queue::join` with unfinished tasks.
    TasksDone,
    /// `Future::result` and its kin.
    Result,
    /// The end of a scope's or pool's threads.
    Workers,
}

/// An access to an atomic. Values are the object's bytes, zero-extended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AtomicAccess {
    /// A load, or a compare-exchange that failed.
    Load {
        /// Ordering of the load.
        ordering: Ordering,
        /// What was read.
        value: u64,
    },
    /// A store.
    Store {
        /// Ordering of the store.
        ordering: Ordering,
        /// What was written.
        value: u64,
    },
    /// A read-modify-write that wrote.
    Rmw {
        /// Ordering of the whole.
        ordering: Ordering,
        /// What was read.
        read: u64,
        /// What was written.
        wrote: u64,
    },
}

/// What an access to an atomic does to the knowledge of its thread.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Relay {
    /// It reads.
    Take,
    /// It writes.
    Give,
    /// It does both.
    Both,
}

/// A load, a write by another thread, and a store that overwrites it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Overwrite {
    /// The load.
    pub read: Glance,
    /// Whether nobody may have written before the load.
    pub initial: bool,
    /// The other thread.
    pub other: ThreadId,
    /// What it wrote.
    pub write: Glance,
    /// Whether that was a read-modify-write.
    pub updates: bool,
    /// Whether the other thread had read the atomic before it wrote, or read it by that.
    pub based: bool,
    /// What was stored.
    pub stored: u64,
}

/// An access to an atomic, as its thread remembers it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Glance {
    /// The tick of its thread.
    pub at: Tick,
    /// Where.
    pub site: Site,
    /// The value read or written.
    pub value: u64,
}

/// Calls that an object's contract forbids.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Misuse {
    /// Released by a thread that does not own it.
    ReleaseUnowned,
    /// A bounded semaphore released above its initial value.
    OverRelease,
    /// Waited on or notified without its lock.
    WithoutLock,
    /// Taken though a thread panicked while holding it, and the panic was passed on.
    Poisoned,
    /// Started and never joined when its scope of observation ended.
    ThreadLeak,
}

impl Action {
    /// The object that it is done to, where there is one. (For [`Action::Block`], see [`WaitFor`].)
    #[must_use]
    pub const fn object(&self) -> Option<ObjectId> {
        match self {
            Self::Create { object, .. }
            | Self::Destroy { object }
            | Self::Request { object, .. }
            | Self::Acquire { object, .. }
            | Self::GiveUp { object }
            | Self::Release { object, .. }
            | Self::Notify { object, .. }
            | Self::Publish { object, .. }
            | Self::Observe { object, .. }
            | Self::Read { object }
            | Self::Write { object }
            | Self::Atomic { object, .. }
            | Self::Relay { object, .. }
            | Self::Overwrite { object, .. }
            | Self::Misuse { object, .. } => Some(*object),
            Self::Begin { .. }
            | Self::Spawn { .. }
            | Self::Exit
            | Self::Join { .. }
            | Self::Synchronize { .. }
            | Self::Block { .. }
            | Self::Unblock
            | Self::Unpark { .. }
            | Self::Unparked
            | Self::Fence { .. } => None,
        }
    }
}
