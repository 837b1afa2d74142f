//! Random traces: what threads did, step by step, and the Ops that a runtime would send of it.

use std::sync::{
    Arc,
    atomic::Ordering::{self, AcqRel, Acquire, Relaxed, Release, SeqCst},
};

use lockwise_detector::{
    Action, Epoch, ObjectId, Op, Site, ThreadId,
    op::{AtomicAccess, Mode, ObjectInfo, ObjectKind, Patience, WaitFor},
};
use proptest::prelude::*;

/// What a thread did, in the terms of the standard.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Deed {
    Spawn(usize),
    Exit,
    Join(usize),
    Acquire(ObjectId, Mode),
    Release(ObjectId, Mode),
    Publish(ObjectId, u64),
    Observe(ObjectId, u64),
    Notify(usize),
    Unpark(usize),
    Unparked,
    Read(ObjectId),
    Write(ObjectId),
    Load(ObjectId, Ordering),
    Store(ObjectId, Ordering),
    Rmw(ObjectId, Ordering),
    Fence(Ordering),
}

/// One step, and what the detector is told of it: nothing, where the runtime leaves it out.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    pub(crate) deed: Deed,
    pub(crate) epoch: Epoch,
    pub(crate) ops: Vec<Op>,
    held: Vec<(ObjectId, Mode)>,
}

#[derive(Clone, Debug)]
pub(crate) struct Trace {
    /// Before the first step: `main` begins, objects are made.
    pub(crate) preamble: Vec<Op>,
    pub(crate) steps: Vec<Step>,
}

impl Step {
    pub(crate) fn thread(&self) -> ThreadId {
        self.epoch.thread()
    }

    pub(crate) fn cell(&self) -> Option<ObjectId> {
        match self.deed {
            Deed::Read(cell) | Deed::Write(cell) => Some(cell),
            _ => None,
        }
    }
}

impl Trace {
    pub(crate) fn conflict(&self, a: usize, b: usize) -> bool {
        let (a, b) = (&self.steps[a], &self.steps[b]);
        let writes = |step: &Step| matches!(step.deed, Deed::Write(_));
        a.thread() != b.thread()
            && a.cell().is_some()
            && a.cell() == b.cell()
            && (writes(a) || writes(b))
    }

    /// Whether both were made under one lock, and not both under its read side.
    pub(crate) fn is_protected(&self, a: usize, b: usize) -> bool {
        let (a, b) = (&self.steps[a].held, &self.steps[b].held);
        let pairs = a.iter().flat_map(|a| b.iter().map(move |b| (a, b)));
        pairs.into_iter().any(|(a, b)| a.0 == b.0 && (a.1, b.1) != (Mode::Shared, Mode::Shared))
    }
}

const KINDS: [ObjectKind; 9] = [
    ObjectKind::Shared,
    ObjectKind::UnsafeCell,
    ObjectKind::Mutex,
    ObjectKind::RwLock,
    ObjectKind::Atomic,
    ObjectKind::Atomic,
    ObjectKind::Channel,
    ObjectKind::Barrier,
    ObjectKind::Condvar,
];
const CELLS: [ObjectId; 2] = [ObjectId(0), ObjectId(1)];
/// A mutex, a reader-writer lock, and a mutex whose Ops the runtime leaves out: the detector is
/// told of it only by [`Action::Synchronize`].
const LOCKS: [ObjectId; 3] = [ObjectId(2), ObjectId(3), ELIDED];
const ELIDED: ObjectId = ObjectId(100);
const ATOMICS: [ObjectId; 2] = [ObjectId(4), ObjectId(5)];
const CHANNEL: ObjectId = ObjectId(6);
const BARRIER: ObjectId = ObjectId(7);
const CONDVAR: ObjectId = ObjectId(8);

/// Numbers, from which [`Maker`] makes what is possible.
#[derive(Clone, Copy, Debug)]
struct Choice {
    thread: usize,
    deed: u8,
    object: usize,
    detail: usize,
}

pub(crate) fn traces() -> impl Strategy<Value = Trace> {
    let choice = (0..4usize, 0..40u8, 0..6usize, 0..8usize)
        .prop_map(|(thread, deed, object, detail)| Choice { thread, deed, object, detail });
    (2..=4usize, any::<bool>(), prop::collection::vec(choice, 0..100)).prop_map(
        |(threads, shares_ticks, choices)| {
            let mut maker = Maker::new(threads, shares_ticks);
            for choice in choices {
                maker.make(choice);
            }
            maker.trace
        },
    )
}

#[derive(Clone, Default)]
struct Thread {
    spawned: bool,
    ended: bool,
    tick: u64,
    held: Vec<(ObjectId, Mode)>,
    tokens: usize,
}

struct Maker {
    trace: Trace,
    threads: Vec<Thread>,
    /// Whether steps between which nothing is handed on share a tick.
    shares_ticks: bool,
    /// Messages sent, and those not yet received.
    sent: u64,
    queued: Vec<u64>,
    elided_release: Option<Epoch>,
}

impl Maker {
    fn new(threads: usize, shares_ticks: bool) -> Self {
        let mut maker = Self {
            trace: Trace { preamble: Vec::new(), steps: Vec::new() },
            threads: vec![Thread { tick: 1, ..Thread::default() }; threads],
            shares_ticks,
            sent: 0,
            queued: Vec::new(),
            elided_release: None,
        };
        maker.threads[0].spawned = true;
        let create = (0..).zip(KINDS).map(|(object, kind)| Action::Create {
            object: ObjectId(object),
            info: Arc::new(ObjectInfo {
                kind,
                type_name: kind.name(),
                name: None,
                created: Site::UNKNOWN,
            }),
        });
        let actions = std::iter::once(Action::Begin { name: None }).chain(create);
        let (thread, site, stack) = (ThreadId(0), Site::UNKNOWN, None);
        maker.trace.preamble = actions
            .map(|action| Op { thread, at: 1, site, stack: stack.clone(), action })
            .collect();
        maker.threads[0].tick = 2;
        maker
    }

    fn make(&mut self, choice: Choice) {
        let thread = choice.thread % self.threads.len();
        if !self.threads[thread].spawned {
            // Somebody has to start it first.
            let parent = (0..thread).rev().find(|parent| self.lives(*parent));
            if let Some(parent) = parent {
                self.threads[thread].spawned = true;
                self.step(parent, Deed::Spawn(thread));
            }
        } else if self.lives(thread)
            && let Some(deed) = self.deed(thread, choice)
        {
            self.step(thread, deed);
        }
    }

    fn lives(&self, thread: usize) -> bool {
        self.threads[thread].spawned && !self.threads[thread].ended
    }

    fn deed(&mut self, thread: usize, choice: Choice) -> Option<Deed> {
        let Choice { object, detail, .. } = choice;
        let (cell, atomic) = (CELLS[object % 2], ATOMICS[object % 2]);
        let other = (thread + 1 + object % (self.threads.len() - 1)) % self.threads.len();
        Some(match choice.deed {
            // Most accesses are made under some lock, or nearly all traces would race.
            0..4 if detail > 1 && self.threads[thread].held.is_empty() => return None,
            0..2 => Deed::Read(cell),
            2..4 => Deed::Write(cell),
            4..20 => self.lock_or_unlock(thread, LOCKS[object % 3], detail)?,
            20..24 => Deed::Load(atomic, [Relaxed, Acquire, SeqCst][detail % 3]),
            24..28 => Deed::Store(atomic, [Relaxed, Release, SeqCst][detail % 3]),
            28..31 => Deed::Rmw(atomic, [Relaxed, Acquire, Release, AcqRel, SeqCst][detail % 5]),
            31..33 => Deed::Fence([Acquire, Release, AcqRel, SeqCst][detail % 4]),
            33 => self.send(),
            34 if !self.queued.is_empty() => {
                Deed::Observe(CHANNEL, self.queued.remove(detail % self.queued.len()))
            }
            35 if detail % 2 == 0 => Deed::Publish(BARRIER, object as u64 % 2),
            35 => Deed::Observe(BARRIER, object as u64 % 2),
            36 if self.lives(other) => Deed::Notify(other),
            37 if self.lives(other) => {
                self.threads[other].tokens += 1;
                Deed::Unpark(other)
            }
            38 if self.threads[thread].tokens > 0 => {
                self.threads[thread].tokens = 0;
                Deed::Unparked
            }
            39 if self.threads[other].ended => Deed::Join(other),
            39 if thread != 0 && self.threads[thread].held.is_empty() => {
                self.threads[thread].ended = true;
                Deed::Exit
            }
            _ => return None,
        })
    }

    fn send(&mut self) -> Deed {
        self.sent += 1;
        self.queued.push(self.sent);
        Deed::Publish(CHANNEL, self.sent)
    }

    fn lock_or_unlock(&mut self, thread: usize, lock: ObjectId, detail: usize) -> Option<Deed> {
        let held = &self.threads[thread].held;
        if let Some(held) = held.iter().position(|held| held.0 == lock) {
            let (lock, mode) = self.threads[thread].held.remove(held);
            return Some(Deed::Release(lock, mode));
        }
        let shared = lock == LOCKS[1] && detail.is_multiple_of(2);
        let mode = if shared { Mode::Shared } else { Mode::Exclusive };
        let mut holds = self.threads.iter().flat_map(|thread| &thread.held);
        if holds.any(|held| held.0 == lock && (held.1, mode) != (Mode::Shared, Mode::Shared)) {
            return None;
        }
        self.threads[thread].held.push((lock, mode));
        Some(Deed::Acquire(lock, mode))
    }

    fn step(&mut self, thread: usize, deed: Deed) {
        let state = &mut self.threads[thread];
        let id = ThreadId(thread as u32);
        let epoch = Epoch::new(id, state.tick);
        let held = state.held.iter().filter(|held| held.0 != ELIDED).copied().collect();
        if hands_on(deed) || !self.shares_ticks {
            state.tick += 1;
        }
        let line = self.trace.steps.len() as u32;
        let site = Site::new("trace", line, 1);
        let op = |thread, at, action| Op { thread, at, site, stack: None, action };
        let mut ops =
            Vec::from_iter(self.action(deed, epoch).map(|action| op(id, epoch.tick(), action)));
        if let Deed::Notify(woken) = deed {
            // A runtime says first that the thread waits: whoever it has released something to
            // before has not heard of the notification.
            let (waiter, at) = (ThreadId(woken as u32), self.threads[woken].tick);
            let on = WaitFor::Condvar { condvar: CONDVAR, mutex: LOCKS[0] };
            ops.insert(0, op(waiter, at, Action::Block { on, timed: true }));
            ops.push(op(waiter, at, Action::Unblock));
        }
        self.trace.steps.push(Step { deed, epoch, ops, held });
    }

    fn action(&mut self, deed: Deed, epoch: Epoch) -> Option<Action> {
        let patience = Patience::Forever;
        Some(match deed {
            Deed::Acquire(ELIDED, _) => Action::Synchronize { from: self.elided_release? },
            Deed::Release(ELIDED, _) => {
                self.elided_release = Some(epoch);
                return None;
            }
            Deed::Spawn(child) => Action::Spawn { child: ThreadId(child as u32), name: None },
            Deed::Exit => Action::Exit,
            Deed::Join(child) => Action::Join { child: ThreadId(child as u32) },
            Deed::Acquire(object, mode) => Action::Acquire { object, mode, patience },
            Deed::Release(object, mode) => Action::Release { object, mode },
            Deed::Publish(object, token) => Action::Publish { object, token },
            Deed::Observe(object, token) => Action::Observe { object, token },
            Deed::Notify(woken) => {
                let woken = vec![ThreadId(woken as u32)];
                Action::Notify { object: CONDVAR, all: false, woken }
            }
            Deed::Unpark(target) => Action::Unpark { target: ThreadId(target as u32) },
            Deed::Unparked => Action::Unparked,
            Deed::Read(object) => Action::Read { object },
            Deed::Write(object) => Action::Write { object },
            Deed::Load(object, ordering) => {
                Action::Atomic { object, access: AtomicAccess::Load { ordering, value: 0 } }
            }
            Deed::Store(object, ordering) => {
                Action::Atomic { object, access: AtomicAccess::Store { ordering, value: 0 } }
            }
            Deed::Rmw(object, ordering) => {
                let access = AtomicAccess::Rmw { ordering, read: 0, wrote: 0 };
                Action::Atomic { object, access }
            }
            Deed::Fence(ordering) => Action::Fence { ordering },
        })
    }
}

/// Whether others can learn by it what its thread knows: then it ends its tick.
fn hands_on(deed: Deed) -> bool {
    matches!(
        deed,
        Deed::Spawn(_)
            | Deed::Exit
            | Deed::Release(..)
            | Deed::Publish(..)
            | Deed::Notify(_)
            | Deed::Unpark(_)
            | Deed::Store(..)
            | Deed::Rmw(..)
            | Deed::Fence(_)
    )
}
