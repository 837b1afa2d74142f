//! [`Script`]: writes sequences of Ops by hand, for tests and documentation.
//!
//! Each call appends one Op, made at the caller's line. Threads are named `t0`, `t1`..., the first
//! one being `main`; objects are named `a`, `b`, `c`...

use std::sync::{Arc, atomic::Ordering};

use crate::{
    Action, ObjectId, Op, Site, ThreadId,
    op::{AtomicAccess, Mode, ObjectInfo, ObjectKind, Patience, WaitFor},
};

/// A sequence of Ops in the making.
#[derive(Default, Debug)]
pub struct Script {
    ops: Vec<Op>,
    ticks: Vec<u64>,
    objects: u64,
}

impl Script {
    /// An empty sequence.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The sequence so far.
    #[must_use]
    pub fn ops(&self) -> &[Op] {
        &self.ops
    }

    /// `N` thread ids, the first of which begins here as a root thread; the others must be spawned.
    #[track_caller]
    #[must_use]
    pub fn threads<const N: usize>(&mut self) -> [ThreadId; N] {
        let first = self.ticks.len();
        self.ticks.resize(first + N, 0);
        let ids = std::array::from_fn(|n| ThreadId(u32::try_from(first + n).unwrap_or(u32::MAX)));
        self.push(ids[0], Action::Begin { name: Some(Arc::from("main")) });
        ids
    }

    /// `N` objects of one kind, made by the first thread at the caller's line.
    #[track_caller]
    #[must_use]
    pub fn objects<const N: usize>(&mut self, kind: ObjectKind) -> [ObjectId; N] {
        // A closure is not `track_caller`: the caller's line must be read out here.
        let created = Site::caller();
        std::array::from_fn(|_| {
            let object = ObjectId(self.objects);
            let name = char::from(b'a' + (self.objects % 26) as u8).to_string();
            self.objects += 1;
            let info = Arc::new(ObjectInfo {
                kind,
                type_name: format!("{}<()>", kind.name()),
                name: Some(name),
                created,
            });
            self.push(ThreadId(0), Action::Create { object, info });
            object
        })
    }

    /// `N` mutexes.
    #[track_caller]
    #[must_use]
    pub fn mutexes<const N: usize>(&mut self) -> [ObjectId; N] {
        self.objects(ObjectKind::Mutex)
    }

    /// Appends any action.
    #[track_caller]
    pub fn push(&mut self, thread: ThreadId, action: Action) -> &mut Self {
        let tick = &mut self.ticks[thread.index()];
        *tick += 1;
        self.ops.push(Op { thread, at: *tick, site: Site::caller(), stack: None, action });
        self
    }

    /// `parent` spawns `child`.
    #[track_caller]
    pub fn spawn(&mut self, parent: ThreadId, child: ThreadId) -> &mut Self {
        let name = Some(Arc::from(format!("t{}", child.0)));
        self.push(parent, Action::Spawn { child, name })
    }

    /// `thread` ends.
    #[track_caller]
    pub fn exit(&mut self, thread: ThreadId) -> &mut Self {
        self.push(thread, Action::Exit)
    }

    /// `thread` sees the end of `child`.
    #[track_caller]
    pub fn join(&mut self, thread: ThreadId, child: ThreadId) -> &mut Self {
        self.push(thread, Action::Join { child })
    }

    /// `thread` acquires exclusively, ready to wait for ever.
    #[track_caller]
    pub fn lock(&mut self, thread: ThreadId, object: ObjectId) -> &mut Self {
        self.acquire(thread, object, Mode::Exclusive, Patience::Forever)
    }

    /// `thread` acquires for reading, ready to wait for ever.
    #[track_caller]
    pub fn read_lock(&mut self, thread: ThreadId, object: ObjectId) -> &mut Self {
        self.acquire(thread, object, Mode::Shared, Patience::Forever)
    }

    /// `thread` acquires exclusively without waiting, and succeeds.
    #[track_caller]
    pub fn try_lock(&mut self, thread: ThreadId, object: ObjectId) -> &mut Self {
        self.acquire(thread, object, Mode::Exclusive, Patience::Try)
    }

    /// `thread` acquires.
    #[track_caller]
    pub fn acquire(
        &mut self,
        thread: ThreadId,
        object: ObjectId,
        mode: Mode,
        patience: Patience,
    ) -> &mut Self {
        self.push(thread, Action::Acquire { object, mode, patience })
    }

    /// `thread` asks to acquire exclusively and waits for ever if it must.
    #[track_caller]
    pub fn request(&mut self, thread: ThreadId, object: ObjectId) -> &mut Self {
        let (mode, patience) = (Mode::Exclusive, Patience::Forever);
        self.push(thread, Action::Request { object, mode, patience })
    }

    /// `thread` releases an exclusive hold.
    #[track_caller]
    pub fn unlock(&mut self, thread: ThreadId, object: ObjectId) -> &mut Self {
        self.push(thread, Action::Release { object, mode: Mode::Exclusive })
    }

    /// `thread` releases a shared hold.
    #[track_caller]
    pub fn read_unlock(&mut self, thread: ThreadId, object: ObjectId) -> &mut Self {
        self.push(thread, Action::Release { object, mode: Mode::Shared })
    }

    /// `thread` blocks, with nobody but another thread to end it.
    #[track_caller]
    pub fn block(&mut self, thread: ThreadId, on: WaitFor) -> &mut Self {
        self.push(thread, Action::Block { on, timed: false })
    }

    /// `thread` loads.
    #[track_caller]
    pub fn load(
        &mut self,
        thread: ThreadId,
        object: ObjectId,
        value: u64,
        ordering: Ordering,
    ) -> &mut Self {
        let access = AtomicAccess::Load { ordering, value };
        self.push(thread, Action::Atomic { object, access })
    }

    /// `thread` stores.
    #[track_caller]
    pub fn store(
        &mut self,
        thread: ThreadId,
        object: ObjectId,
        value: u64,
        ordering: Ordering,
    ) -> &mut Self {
        let access = AtomicAccess::Store { ordering, value };
        self.push(thread, Action::Atomic { object, access })
    }

    /// `thread` reads, modifies and writes.
    #[track_caller]
    pub fn rmw(
        &mut self,
        thread: ThreadId,
        object: ObjectId,
        (read, wrote): (u64, u64),
        ordering: Ordering,
    ) -> &mut Self {
        let access = AtomicAccess::Rmw { ordering, read, wrote };
        self.push(thread, Action::Atomic { object, access })
    }
}
