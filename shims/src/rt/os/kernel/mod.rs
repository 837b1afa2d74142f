//! The kernel: everything that threads share beyond the words of uncontended locks.
//!
//! One lock guards the detectors, the queues of blocked threads and the table of threads, so that
//! what the detectors hear and what threads do to each other come in one order. Uncontended
//! operations that were seen before do not come here.
//!
//! Threads belong to a *session*, which has a detector of its own: the process's, or that of a
//! `record::record` under way. A thread that no observed thread spawned joins the process's.

mod lives;
mod orphans;
mod queue;
mod session;
pub(super) mod strangers;
mod stuck;

use std::{
    collections::VecDeque,
    ops::{Deref, DerefMut},
    sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError},
};

use lockwise_detector::{
    Finding, ThreadId,
    hash::IdMap,
    op::{ObjectInfo, ObjectKind},
};

pub(super) use self::{
    lives::{begin_root, begin_session, begin_spawned, end_session, thread_ends},
    queue::{Cancel, Wait},
};
use self::{orphans::Orphans, queue::Waiter, session::Session};
use super::{
    atomic::Shadows,
    backoff::look_again,
    known::Table,
    local::{Inside, Local, local},
    record::Record,
};
use crate::{
    report::{self, Destination},
    rt::Stop,
};

static KERNEL: Mutex<Option<Kernel>> = Mutex::new(None);

/// The session of threads that no recording observes.
const PROCESS: u64 = 0;

/// How many ended threads are remembered for what they wrote last.
const ENDED: usize = 32;

pub(super) struct Kernel {
    sessions: IdMap<u64, Session>,
    next_session: u64,
    records: IdMap<u32, Arc<Record>>,
    /// The last threads to end of those that have accessed atomics.
    ended: VecDeque<Arc<Record>>,
    next_serial: u32,
    queues: IdMap<usize, VecDeque<Waiter>>,
    /// Threads whose waits have ended, and whom the operating system has put to sleep.
    asleep: Vec<Arc<Record>>,
    pub(super) shadows: Shadows,
    /// Locks of other crates.
    pub(super) foreign: Table,
    orphans: Orphans,
    /// Descriptions of objects, by kind, type and place of creation.
    infos: IdMap<(ObjectKind, usize, usize), Arc<ObjectInfo>>,
    fresh: Vec<(Finding, Destination)>,
    /// Whether the watchdog is at work (see `stuck`).
    watched: bool,
}

/// The wait can never end.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Stuck(String);

impl Stuck {
    /// Unwinds the thread. The report is out already.
    #[track_caller]
    pub(super) fn raise(self) -> ! {
        // This is the panic that the report asks for.
        report::take_stop();
        report::stop(&self.0)
    }
}

impl From<Stuck> for Stop {
    fn from(Stuck(verdict): Stuck) -> Self {
        Self(verdict)
    }
}

/// The right to use the kernel. While it exists, this thread observes nothing.
pub(super) struct Entered {
    kernel: Option<MutexGuard<'static, Option<Kernel>>>,
    local: &'static Local,
    _inside: Inside,
}

impl Kernel {
    /// Enters the kernel.
    pub(super) fn enter() -> Entered {
        let local = local();
        let inside = local.enter();
        local.set_in_kernel(true);
        let mut kernel = lock();
        kernel.get_or_insert_with(Self::new);
        Entered { kernel: Some(kernel), local, _inside: inside }
    }

    fn new() -> Self {
        let process = Session::new(Destination::of_process());
        let mut kernel = Self {
            sessions: IdMap::from_iter([(PROCESS, process)]),
            next_session: PROCESS + 1,
            records: IdMap::default(),
            ended: VecDeque::new(),
            next_serial: 1,
            queues: IdMap::default(),
            asleep: Vec::new(),
            shadows: Shadows::default(),
            foreign: Table::default(),
            orphans: Orphans::default(),
            infos: IdMap::default(),
            fresh: Vec::new(),
            watched: false,
        };
        kernel.begin_outside(PROCESS);
        kernel
    }

    /// The thread of this serial number, if it is still known.
    pub(super) fn record(&self, serial: u32) -> Option<Arc<Record>> {
        self.records.get(&serial).cloned()
    }

    /// A thread that `parent` starts, or that nobody observed starts.
    fn add_thread(
        &mut self,
        session: u64,
        parent: Option<&Record>,
        name: Option<Arc<str>>,
    ) -> Arc<Record> {
        let serial = self.next_serial;
        self.next_serial += 1;
        let root = parent.map_or(serial, |parent| parent.root);
        let id = match self.sessions.get_mut(&session) {
            Some(session) => session.add_thread(serial),
            None => ThreadId(0),
        };
        let record = Arc::new(Record::new(serial, root, session, id, name));
        self.records.insert(serial, Arc::clone(&record));
        record
    }

    fn remember_ended(&mut self, record: &Arc<Record>) {
        if record.memory.is_used() {
            self.ended.push_back(Arc::clone(record));
        }
        if self.ended.len() > ENDED {
            self.ended.pop_front();
        }
    }

    /// The threads of the session of `record`, and those of them that ended last.
    pub(super) fn peers(&self, record: &Record) -> impl Iterator<Item = &Arc<Record>> {
        let (session, serial) = (record.session, record.serial);
        let all = self.records.values().chain(&self.ended);
        all.filter(move |other| other.session == session && other.serial != serial)
    }
}

impl Deref for Entered {
    type Target = Kernel;

    fn deref(&self) -> &Kernel {
        let kernel = self.kernel.as_deref().and_then(Option::as_ref);
        kernel.expect("entered, so the guard is held and the kernel was made")
    }
}

impl DerefMut for Entered {
    fn deref_mut(&mut self) -> &mut Kernel {
        let kernel = self.kernel.as_deref_mut().and_then(Option::as_mut);
        kernel.expect("entered, so the guard is held and the kernel was made")
    }
}

impl Entered {
    /// Leaves, and writes out what was found. In the plain mode of `cargo test`, a fault that this
    /// thread's Ops have shown stops it.
    #[track_caller]
    pub(super) fn leave(self) {
        self.leave_quietly();
        if let Some(stop) = report::take_stop() {
            report::stop(&stop);
        }
    }

    /// Leaves like [`Entered::leave`], but does not stop the thread: that is left to the next
    /// operation of it that can.
    pub(super) fn leave_quietly(mut self) {
        let fresh = std::mem::take(&mut self.fresh);
        if fresh.is_empty() {
            return;
        }
        let local = self.local;
        let _unwritten = report::Unwritten::new();
        drop(self);
        let _inside = local.enter();
        report::publish(fresh);
    }

    /// Whether the thread must not block: what it has just announced can never end.
    pub(super) fn doom(&self, record: &Record) -> Option<Stuck> {
        self.is_doomed(record).filter(|_| !std::thread::panicking())
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        if self.local.take_missed_wake() {
            self.wake_all_first();
        }
        // One is what there is most often: that leaves the memory where it is.
        let (first, more) = match self.asleep.len() {
            0 | 1 => (self.asleep.pop(), Vec::new()),
            _ => (None, std::mem::take(&mut self.asleep)),
        };
        self.kernel = None;
        self.local.set_in_kernel(false);
        first.iter().chain(&more).for_each(|record| record.parker.ring());
    }
}

/// Takes the kernel's lock. It is held for about a microsecond, so whoever finds it taken is better
/// off looking again than sleeping, unless its owner does not run.
fn lock() -> MutexGuard<'static, Option<Kernel>> {
    let taken = look_again(|| match KERNEL.try_lock() {
        Ok(kernel) => Some(kernel),
        Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
        Err(TryLockError::WouldBlock) => None,
    });
    taken.unwrap_or_else(|| KERNEL.lock().unwrap_or_else(PoisonError::into_inner))
}
