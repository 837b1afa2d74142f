//! [`Record`]: what is known of one thread, by itself and by others.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::Relaxed},
};

use lockwise_detector::{Epoch, ThreadId, Tick};

use super::{
    atomic::{Knowledge, Memory},
    held::HeldStack,
    kernel::strangers::{Task, this_task},
    parker::Parker,
};

/// Not a session: nobody hears of what its threads do.
const NO_SESSION: u64 = u64::MAX;

/// The part of a serial number that fits into an [`Epoch`].
const THREAD: u32 = 0xF_FFFF;

/// One thread of the operating system, as the runtime sees it.
///
/// The thread itself writes the held locks and the tick, without synchronisation; others read
/// them while they hold the kernel's lock. What they read is exact for a thread that is blocked,
/// because it took the kernel's lock after its last write; of a running thread nothing is
/// concluded.
pub(crate) struct Record {
    /// Unique in the process, from 1: the owner that lock words name.
    pub(super) serial: u32,
    /// The serial number of the thread, started by nobody observed, from which it descends.
    pub(super) root: u32,
    /// The session (see `kernel`) and the thread's id in it.
    pub(super) session: u64,
    pub(super) id: ThreadId,
    name: Option<Arc<str>>,
    /// The thread as the operating system knows it; 0 before it runs.
    task: AtomicU32,
    /// The present moment, as locks store it: the thread's part (see [`Record::in_epochs`]) and the
    /// tick, in one word.
    moment: AtomicU64,
    /// The locks that the thread holds, as far as there is room.
    pub(super) held: HeldStack,
    /// Locks held that are not in slots: those that another thread may release.
    pub(super) loose: AtomicU32,
    /// What others and the detector know of what it knows.
    pub(super) knowledge: Knowledge,
    /// Its last accesses to atomics.
    pub(super) memory: Memory,
    pub(super) finished: AtomicBool,
    /// The park token of `std::thread::park`. Changed under the kernel's lock.
    pub(super) token: AtomicBool,
    pub(super) parker: Parker,
    /// The operating system's thread, if we started it and nobody has joined it.
    carrier: Mutex<Option<std::thread::JoinHandle<()>>>,
}

impl Record {
    pub(super) fn new(
        serial: u32,
        root: u32,
        session: u64,
        id: ThreadId,
        name: Option<Arc<str>>,
    ) -> Self {
        Self {
            serial,
            root,
            session,
            id,
            name,
            task: AtomicU32::new(0),
            moment: AtomicU64::new(Epoch::new(ThreadId(serial & THREAD), 1).to_bits()),
            held: HeldStack::new(),
            loose: AtomicU32::new(0),
            knowledge: Knowledge::default(),
            memory: Memory::default(),
            finished: AtomicBool::new(false),
            token: AtomicBool::new(false),
            parker: Parker::new(),
            carrier: Mutex::new(None),
        }
    }

    /// The record of a thread that is not observed any longer. It belongs to no session.
    pub(super) fn of_retired(serial: u32) -> Self {
        let record = Self::new(serial, serial, NO_SESSION, ThreadId(0), None);
        record.finished.store(true, Relaxed);
        record
    }

    /// The calling thread is the one that this stands for.
    pub(super) fn begin_to_run(&self) {
        self.task.store(this_task().unwrap_or(0), Relaxed);
    }

    /// The thread as the operating system knows it, once it runs.
    pub(super) fn task(&self) -> Option<Task> {
        Some(self.task.load(Relaxed)).filter(|task| *task != 0)
    }

    pub(crate) fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    pub(crate) fn number(&self) -> u64 {
        u64::from(self.serial)
    }

    pub(crate) fn root(&self) -> u64 {
        u64::from(self.root)
    }

    pub(crate) fn is_finished(&self) -> bool {
        self.finished.load(std::sync::atomic::Ordering::Acquire)
    }

    pub(super) fn set_carrier(&self, carrier: std::thread::JoinHandle<()>) {
        *self.carrier.lock().unwrap_or_else(PoisonError::into_inner) = Some(carrier);
    }

    /// Looks at the operating system's thread, if we started it and nobody has joined it.
    pub(in crate::rt) fn with_carrier<R>(
        &self,
        look: impl FnOnce(&mut Option<std::thread::JoinHandle<()>>) -> R,
    ) -> R {
        look(&mut self.carrier.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Waits until nothing of the thread is left, whose body has returned.
    pub(super) fn join_carrier(&self) {
        if let Some(carrier) = self.with_carrier(Option::take) {
            // A panic after the body is one of ours, and the panic hook has shown it.
            let _ = carrier.join();
        }
    }

    /// What the thread's locks hold in their words while it owns them.
    #[inline]
    pub(super) fn word(&self) -> u32 {
        self.serial << 1
    }

    /// The present moment of this thread.
    #[inline]
    pub(super) fn tick(&self) -> Tick {
        self.moment().tick()
    }

    #[inline]
    fn moment(&self) -> Epoch {
        Epoch::from_bits(self.moment.load(Relaxed))
    }

    /// Ends the present moment; called by the thread itself.
    #[inline]
    pub(super) fn advance(&self) -> Tick {
        Epoch::from_bits(self.release_epoch()).tick()
    }

    /// The thread's part of the moments that locks store: the serial number, which means the same
    /// thread in every session.
    #[inline]
    pub(super) fn in_epochs(&self) -> ThreadId {
        self.moment().thread()
    }

    /// Whether it is no news to this thread that something happened at `epoch`: it was its own
    /// doing, or never.
    #[inline]
    pub(super) fn is_own(&self, epoch: Epoch) -> bool {
        epoch.is_none() || epoch.thread() == self.in_epochs()
    }

    /// The moment that ends here, as a lock stores it.
    #[inline]
    pub(super) fn release_epoch(&self) -> u64 {
        let moment = self.moment.load(Relaxed);
        self.moment.store(moment + 1, Relaxed);
        moment
    }
}
