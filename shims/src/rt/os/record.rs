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

use lockwise_detector::{Epoch, ObjectId, Site, ThreadId, Tick, op::Mode};

use crate::rt::world::Place;

/// How many locks a thread can hold and still be on the fast path.
const SLOTS: usize = 64;

/// One thread of the operating system, as the runtime sees it.
///
/// The thread itself writes the held slots and the tick, without synchronisation; others read
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
}

/// A lock that the thread holds.
struct Slot {
    /// The object's id, twice, plus one for a shared hold.
    lock: AtomicU64,
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
    pub(super) site: Site,
    pub(super) told: bool,
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
            tick: AtomicU64::new(1),
            depth: AtomicU32::new(0),
            slots: std::array::from_fn(|_| Slot {
                lock: AtomicU64::new(0),
                site: AtomicPtr::new(ptr::null_mut()),
                context: AtomicU64::new(0),
                told: AtomicBool::new(false),
            }),
            loose: AtomicU32::new(0),
            finished: AtomicBool::new(false),
            token: AtomicBool::new(false),
            parker: Mutex::new(None),
            unparked: Condvar::new(),
        }
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
    pub(super) fn push(
        &self,
        object: ObjectId,
        mode: Mode,
        place: Place,
        context: u64,
        told: bool,
    ) {
        let depth = self.depth();
        let slot = &self.slots[depth];
        slot.lock.store(pack(object, mode), Relaxed);
        slot.site.store(ptr::from_ref(place).cast_mut(), Relaxed);
        slot.context.store(context, Relaxed);
        slot.told.store(told, Relaxed);
        self.depth.store(depth as u32 + 1, Relaxed);
    }

    /// Removes a hold; returns whether the detector had been told of it by this thread.
    #[inline]
    pub(super) fn pop(&self, object: ObjectId, mode: Mode, seed: u64) -> Option<bool> {
        let depth = self.depth();
        let packed = pack(object, mode);
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
            to.site.store(from.site.load(Relaxed), Relaxed);
            to.told.store(from.told.load(Relaxed), Relaxed);
            to.context.store(context, Relaxed);
        }
        self.depth.store(depth as u32 - 1, Relaxed);
        Some(told)
    }

    /// The locks held now, in the order of acquisition.
    pub(super) fn held(&self) -> impl Iterator<Item = HeldLock> + '_ {
        (0..self.depth()).map(|index| {
            let slot = &self.slots[index];
            let (object, mode) = unpack(slot.lock.load(Relaxed));
            // SAFETY: only `push` stores there, and it stores a `&'static Location`.
            let site = unsafe { slot.site.load(Relaxed).as_ref() };
            HeldLock {
                index,
                object,
                mode,
                site: site.map_or(Site::UNKNOWN, Site::from),
                told: slot.told.load(Relaxed),
            }
        })
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

#[inline]
fn pack(object: ObjectId, mode: Mode) -> u64 {
    object.0 << 1 | u64::from(mode == Mode::Shared)
}

fn unpack(packed: u64) -> (ObjectId, Mode) {
    let mode = if packed & 1 == 1 { Mode::Shared } else { Mode::Exclusive };
    (ObjectId(packed >> 1), mode)
}

/// The context that holding one more lock makes of `context`.
#[inline]
pub(super) fn extend(context: u64, object: ObjectId, mode: Mode) -> u64 {
    mix(context, pack(object, mode))
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
        let record = Record::new(1, 1, 0, ThreadId(0), None);
        let place = Location::caller();
        let locks = [ObjectId(5), ObjectId(6), ObjectId(7)];
        let mut context = 9;
        for lock in locks {
            context = extend(context, lock, Mode::Exclusive);
            record.push(lock, Mode::Exclusive, place, context, false);
        }
        assert_eq!(record.pop(ObjectId(6), Mode::Exclusive, 9), Some(false));
        let held: Vec<_> = record.held().map(|held| held.object).collect();
        assert_eq!(held, [ObjectId(5), ObjectId(7)]);
        let direct = extend(extend(9, ObjectId(5), Mode::Exclusive), ObjectId(7), Mode::Exclusive);
        assert_eq!(record.context(9), direct);
        assert_eq!(record.pop(ObjectId(6), Mode::Exclusive, 9), None);
    }
}
