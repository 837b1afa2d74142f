//! [`Record`]: what is known of one thread, by itself and by others.

use std::{
    panic::Location,
    ptr,
    sync::{
        Arc, Condvar, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicPtr, AtomicU32, AtomicU64, Ordering::Relaxed},
    },
    time::Instant,
};

use lockwise_detector::{
    Epoch, ObjectId, Site, ThreadId, Tick,
    op::{Mode, ObjectKind},
};

use crate::rt::{Meta, Origin, world::Place};

/// How many locks a thread can hold and still be on the fast path.
const SLOTS: usize = 64;

/// Not a session: nobody hears of what its threads do.
const NO_SESSION: u64 = u64::MAX;

/// One thread of the operating system, as the runtime sees it.
///
/// The thread itself writes the held slots and the tick, without synchronisation; others read
/// them while they hold the kernel's lock. What they read is exact for a thread that is blocked,
/// because it took the kernel's lock after its last write; of a running thread nothing is
/// concluded.
pub(crate) struct Record {
    /// Unique in the process, from 1: the owner that lock words name.
    pub(super) serial: u32,
    /// The session (see `kernel`) and the thread's id in it.
    pub(super) session: u64,
    pub(super) id: ThreadId,
    name: Option<Arc<str>>,
    tick: AtomicU64,
    depth: AtomicU32,
    slots: [Slot; SLOTS],
    /// Locks held that are not in slots: those that another thread may release.
    pub(super) loose: AtomicU32,
    pub(super) finished: AtomicBool,
    /// The park token of `std::thread::park`. Changed under the kernel's lock.
    pub(super) token: AtomicBool,
    parker: Mutex<Option<Woken>>,
    unparked: Condvar,
    /// The operating system's thread, if we started it and nobody has joined it.
    carrier: Mutex<Option<std::thread::JoinHandle<()>>>,
}

/// A lock that the thread holds. Nothing here leads to the lock itself, which may be gone if its
/// guard was leaked.
struct Slot {
    /// The object's id, kind and mode: see [`pack`].
    lock: AtomicU64,
    type_name: AtomicPtr<()>,
    created: AtomicPtr<Location<'static>>,
    site: AtomicPtr<Location<'static>>,
    /// Identifies the sequence of locks held up to this one.
    context: AtomicU64,
    /// Whether the detector was told by the thread itself.
    told: AtomicBool,
}

/// Why a parked thread goes on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Woken {
    /// Somebody ended the wait.
    Notified,
    /// The wait can never end: unwind.
    Cancelled,
}

/// A copy of a held slot.
#[derive(Clone, Copy)]
pub(super) struct HeldLock {
    pub(super) index: usize,
    pub(super) object: ObjectId,
    pub(super) mode: Mode,
    pub(super) origin: Origin,
    pub(super) site: Site,
    pub(super) told: bool,
}

impl Record {
    pub(super) fn new(serial: u32, session: u64, id: ThreadId, name: Option<Arc<str>>) -> Self {
        Self {
            serial,
            session,
            id,
            name,
            tick: AtomicU64::new(1),
            depth: AtomicU32::new(0),
            slots: std::array::from_fn(|_| Slot {
                lock: AtomicU64::new(0),
                type_name: AtomicPtr::new(ptr::null_mut()),
                created: AtomicPtr::new(ptr::null_mut()),
                site: AtomicPtr::new(ptr::null_mut()),
                context: AtomicU64::new(0),
                told: AtomicBool::new(false),
            }),
            loose: AtomicU32::new(0),
            finished: AtomicBool::new(false),
            token: AtomicBool::new(false),
            parker: Mutex::new(None),
            unparked: Condvar::new(),
            carrier: Mutex::new(None),
        }
    }

    /// The record of a thread that is not observed any longer. It belongs to no session.
    pub(super) fn of_retired(serial: u32) -> Self {
        let record = Self::new(serial, NO_SESSION, ThreadId(0), None);
        record.finished.store(true, Relaxed);
        record
    }

    pub(crate) fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    pub(crate) fn number(&self) -> u64 {
        u64::from(self.serial)
    }

    pub(crate) fn is_finished(&self) -> bool {
        self.finished.load(std::sync::atomic::Ordering::Acquire)
    }

    pub(super) fn set_carrier(&self, carrier: std::thread::JoinHandle<()>) {
        *self.carrier.lock().unwrap_or_else(PoisonError::into_inner) = Some(carrier);
    }

    /// Waits until nothing of the thread is left, whose body has returned.
    pub(super) fn join_carrier(&self) {
        let carrier = self.carrier.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(carrier) = carrier {
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
        self.tick.load(Relaxed)
    }

    /// Ends the present moment; called by the thread itself.
    #[inline]
    pub(super) fn advance(&self) -> Tick {
        let tick = self.tick.load(Relaxed);
        self.tick.store(tick + 1, Relaxed);
        tick
    }

    /// The moment that ends here, as a lock stores it: with the serial number, which means the
    /// same thread in every session.
    #[inline]
    pub(super) fn release_epoch(&self) -> u64 {
        Epoch::new(ThreadId(self.serial & 0xF_FFFF), self.advance()).to_bits()
    }

    #[inline]
    pub(super) fn depth(&self) -> usize {
        self.depth.load(Relaxed) as usize
    }

    /// Whether there is room for one more held lock.
    #[inline]
    pub(super) fn has_room(&self) -> bool {
        self.depth() < SLOTS
    }

    /// Identifies the locks that the thread holds; `seed` if it holds none.
    #[inline]
    pub(super) fn context(&self, seed: u64) -> u64 {
        match self.depth() {
            0 => seed,
            depth => self.slots[depth - 1].context.load(Relaxed),
        }
    }

    #[inline]
    pub(super) fn push(&self, meta: &Meta, mode: Mode, place: Place, context: u64, told: bool) {
        let depth = self.depth();
        let slot = &self.slots[depth];
        let origin = meta.origin();
        slot.lock.store(pack(meta, mode), Relaxed);
        slot.type_name.store(origin.type_name as *mut (), Relaxed);
        slot.created.store(ptr::from_ref(origin.created).cast_mut(), Relaxed);
        slot.site.store(ptr::from_ref(place).cast_mut(), Relaxed);
        slot.context.store(context, Relaxed);
        slot.told.store(told, Relaxed);
        self.depth.store(depth as u32 + 1, Relaxed);
    }

    /// Removes a hold; returns whether the detector had been told of it by this thread.
    #[inline]
    pub(super) fn pop(&self, meta: &Meta, mode: Mode, seed: u64) -> Option<bool> {
        let depth = self.depth();
        let packed = pack(meta, mode);
        if depth > 0 && self.slots[depth - 1].lock.load(Relaxed) == packed {
            self.depth.store(depth as u32 - 1, Relaxed);
            return Some(self.slots[depth - 1].told.load(Relaxed));
        }
        self.remove_below(packed, seed)
    }

    /// Removes a hold that is not the last, and makes the contexts above it anew.
    #[cold]
    fn remove_below(&self, packed: u64, seed: u64) -> Option<bool> {
        let depth = self.depth();
        let index = (0..depth).rfind(|i| self.slots[*i].lock.load(Relaxed) == packed)?;
        let told = self.slots[index].told.load(Relaxed);
        let mut context = match index {
            0 => seed,
            _ => self.slots[index - 1].context.load(Relaxed),
        };
        for i in index..depth - 1 {
            let (to, from) = (&self.slots[i], &self.slots[i + 1]);
            let lock = from.lock.load(Relaxed);
            context = mix(context, lock);
            to.lock.store(lock, Relaxed);
            to.type_name.store(from.type_name.load(Relaxed), Relaxed);
            to.created.store(from.created.load(Relaxed), Relaxed);
            to.site.store(from.site.load(Relaxed), Relaxed);
            to.told.store(from.told.load(Relaxed), Relaxed);
            to.context.store(context, Relaxed);
        }
        self.depth.store(depth as u32 - 1, Relaxed);
        Some(told)
    }

    /// The locks held now, in the order of acquisition.
    pub(super) fn held(&self) -> impl Iterator<Item = HeldLock> + '_ {
        (0..self.depth()).filter_map(|index| self.slots[index].read(index))
    }

    /// The detector now knows of the held lock at `index` from the thread itself.
    pub(super) fn set_told(&self, index: usize) {
        self.slots[index].told.store(true, Relaxed);
    }

    /// Ends the thread's present or next [`Record::sleep`].
    pub(super) fn wake(&self, woken: Woken) {
        *self.parker.lock().unwrap_or_else(PoisonError::into_inner) = Some(woken);
        self.unparked.notify_one();
    }

    /// Sleeps until [`Record::wake`]; `None` if the deadline came first.
    pub(super) fn sleep(&self, deadline: Option<Instant>) -> Option<Woken> {
        let mut parker = self.parker.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(woken) = parker.take() {
                return Some(woken);
            }
            parker = match deadline {
                None => self.unparked.wait(parker).unwrap_or_else(PoisonError::into_inner),
                Some(deadline) => {
                    let left = deadline.checked_duration_since(Instant::now())?;
                    let wait = self.unparked.wait_timeout(parker, left);
                    wait.unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
    }

    /// Takes back a [`Record::wake`] that came after the deadline.
    pub(super) fn take_late_wake(&self) -> Option<Woken> {
        self.parker.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl Slot {
    /// What is held here. `None` if the thread that owns the slot is just filling it for the first
    /// time.
    fn read(&self, index: usize) -> Option<HeldLock> {
        let packed = self.lock.load(Relaxed);
        let type_name = self.type_name.load(Relaxed);
        // SAFETY: only `push` stores there, and it stores `&'static Location`s.
        let (created, site) =
            unsafe { (self.created.load(Relaxed).as_ref()?, self.site.load(Relaxed).as_ref()?) };
        if type_name.is_null() {
            return None;
        }
        // SAFETY: only `push` stores there, and what it stores is a function of this type.
        let type_name = unsafe { std::mem::transmute::<*mut (), fn() -> &'static str>(type_name) };
        let kind = if packed & RWLOCK == 0 { ObjectKind::Mutex } else { ObjectKind::RwLock };
        Some(HeldLock {
            index,
            object: ObjectId(packed >> 2),
            mode: if packed & SHARED == 0 { Mode::Exclusive } else { Mode::Shared },
            origin: Origin { kind, type_name, created },
            site: site.into(),
            told: self.told.load(Relaxed),
        })
    }
}

const SHARED: u64 = 1;
const RWLOCK: u64 = 2;

/// The id, four times, plus [`SHARED`] and [`RWLOCK`]: the only kinds that are held in slots are
/// mutexes and rwlocks.
#[inline]
fn pack(meta: &Meta, mode: Mode) -> u64 {
    let shared = if mode == Mode::Shared { SHARED } else { 0 };
    let rwlock = if meta.origin().kind == ObjectKind::RwLock { RWLOCK } else { 0 };
    (meta.id().0 << 2) | rwlock | shared
}

/// The context that holding one more lock makes of `context`.
#[inline]
pub(super) fn extend(context: u64, meta: &Meta, mode: Mode) -> u64 {
    mix(context, pack(meta, mode))
}

#[inline]
fn mix(context: u64, lock: u64) -> u64 {
    (context.rotate_left(23) ^ lock).wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hold_in_the_middle_can_end_first() {
        let record = Record::new(1, 0, ThreadId(0), None);
        let place = Location::caller();
        let locks = [(); 3].map(|()| Meta::of::<()>(ObjectKind::Mutex));
        let mut context = 9;
        for lock in &locks {
            context = extend(context, lock, Mode::Exclusive);
            record.push(lock, Mode::Exclusive, place, context, false);
        }
        assert_eq!(record.pop(&locks[1], Mode::Exclusive, 9), Some(false));
        let held: Vec<_> = record.held().map(|held| held.object).collect();
        assert_eq!(held, [locks[0].id(), locks[2].id()]);
        let first = extend(9, &locks[0], Mode::Exclusive);
        assert_eq!(record.context(9), extend(first, &locks[2], Mode::Exclusive));
        assert_eq!(record.pop(&locks[1], Mode::Exclusive, 9), None);
    }
}
