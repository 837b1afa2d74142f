//! [`Known`]: what is known of the lock of another crate at an address.
//!
//! It takes the part of what a lock of ours keeps in itself: whom it belongs to, and when it was
//! last released. Only who holds the lock writes there, so that the lock itself orders the
//! accesses: a hook is called after the acquisition and before the release.
//!
//! It is made when the address is first seen, and stays for good, so that a thread can find it
//! without a common lock: each remembers the last ones that it has met.

use std::{
    cell::Cell,
    collections::HashMap,
    ptr,
    sync::atomic::{
        AtomicBool, AtomicPtr, AtomicU32, AtomicU64,
        Ordering::{Relaxed, Release},
    },
};

use lockwise_detector::{
    Epoch, ObjectId, Site,
    op::{Mode, ObjectInfo, ObjectKind},
};

use super::{
    held::Hold,
    local::{Local, draw_object_id},
    record::Record,
};
use crate::rt::foreign::{self, Foreign};

/// What is known of a lock.
pub(super) struct Known {
    key: usize,
    /// The lock that is there now. Changed in the kernel, as is what it is.
    object: AtomicU64,
    is_rwlock: AtomicBool,
    first_use: AtomicPtr<Site>,
    /// The serial number of the thread that has it for itself, or 0.
    owner: AtomicU32,
    /// How many threads share it.
    sharers: AtomicU32,
    /// The last release by one that had it for itself.
    last_release: AtomicU64,
    /// Who shared it since: see `rwlock`.
    readers: AtomicU64,
}

impl Known {
    fn new(lock: &Foreign) -> Self {
        let known = Self {
            key: lock.key,
            object: AtomicU64::new(0),
            is_rwlock: AtomicBool::new(false),
            first_use: AtomicPtr::new(ptr::null_mut()),
            owner: AtomicU32::new(0),
            sharers: AtomicU32::new(0),
            last_release: AtomicU64::new(0),
            readers: AtomicU64::new(0),
        };
        known.renew(lock);
        known
    }

    /// The lock is another one from here on, which nobody has. Of what its memory was before, the
    /// releases count on: more is then ordered than is true, never less.
    fn renew(&self, lock: &Foreign) {
        self.is_rwlock.store(lock.kind == ObjectKind::RwLock, Relaxed);
        self.first_use.store(ptr::from_ref(lock.site).cast_mut(), Relaxed);
        self.owner.store(0, Relaxed);
        self.sharers.store(0, Relaxed);
        self.object.store(draw_object_id(), Release);
    }

    #[inline]
    pub(super) fn object(&self) -> ObjectId {
        ObjectId(self.object.load(Relaxed))
    }

    #[inline]
    pub(super) fn hold(&self, mode: Mode) -> Hold {
        Hold::of_foreign(self.object(), self.is_rwlock.load(Relaxed), mode)
    }

    /// What a detector is told of it, if threads hold it.
    pub(super) fn info(&self) -> ObjectInfo {
        let kind =
            if self.is_rwlock.load(Relaxed) { ObjectKind::RwLock } else { ObjectKind::Mutex };
        // SAFETY: only `renew` stores there, and it stores a `&'static Site`.
        let site = unsafe { self.first_use.load(Relaxed).as_ref() };
        foreign::info(kind, *site.unwrap_or(&Site::UNKNOWN))
    }

    /// Who has it for itself, by serial number.
    pub(super) fn owner(&self) -> Option<u32> {
        Some(self.owner.load(Relaxed)).filter(|owner| *owner != 0)
    }

    /// How a thread has it that does: what a writer has become a reader of, it shares.
    #[inline]
    pub(super) fn mode_of(&self, serial: u32) -> Mode {
        let shared = self.is_rwlock.load(Relaxed) && self.owner.load(Relaxed) != serial;
        if shared { Mode::Shared } else { Mode::Exclusive }
    }

    /// Whether what is said to have it does not keep `lock` from being acquired as it was.
    #[inline]
    pub(super) fn admits(&self, lock: &Foreign) -> bool {
        let is_it = match lock.kind {
            ObjectKind::Mutex => !self.is_rwlock.load(Relaxed),
            ObjectKind::RwLock => self.is_rwlock.load(Relaxed),
            _ => false,
        };
        is_it
            && self.owner.load(Relaxed) == 0
            && (lock.mode == Mode::Shared || self.sharers.load(Relaxed) == 0)
    }

    /// A thread has it from here on.
    #[inline]
    pub(super) fn take(&self, mode: Mode, record: &Record) {
        match mode {
            Mode::Exclusive => self.owner.store(record.serial, Relaxed),
            Mode::Shared => {
                self.sharers.fetch_add(1, Relaxed);
            }
        }
    }

    /// The thread `record` has released it: it or another one had it.
    #[inline]
    pub(super) fn let_go(&self, record: &Record) {
        if !self.is_rwlock.load(Relaxed) || self.owner.load(Relaxed) != 0 {
            self.owner.store(0, Relaxed);
            self.last_release.store(record.release_epoch(), Relaxed);
            return;
        }
        // One that nobody saw acquire it is not among them.
        let _ = self.sharers.fetch_update(Relaxed, Relaxed, |sharers| sharers.checked_sub(1));
        if self.readers.load(Relaxed) & bit(record) == 0 {
            self.readers.fetch_or(bit(record), Relaxed);
        }
    }

    /// Its writer has become a reader. Returns who that was.
    pub(super) fn downgrade(&self) -> Option<u32> {
        let owner = self.owner()?;
        self.owner.store(0, Relaxed);
        self.sharers.fetch_add(1, Relaxed);
        Some(owner)
    }

    /// When it was last released by one that had it for itself, as far as that is news to `record`.
    pub(super) fn news(&self, local: &Local, record: &Record) -> Option<u64> {
        Some(self.last_release.load(Relaxed)).filter(|released| !local.knows(record, *released))
    }

    /// Whose reading, as `Kernel::epochs_of` takes it, comes before an acquisition in `mode` from
    /// here on.
    pub(super) fn take_readers(&self, mode: Mode) -> u64 {
        if mode == Mode::Exclusive { self.readers.swap(0, Relaxed) } else { 0 }
    }

    /// Whether an acquisition in `mode` brings `record` no news.
    #[inline]
    pub(super) fn is_old(&self, mode: Mode, local: &Local, record: &Record) -> bool {
        let released = self.last_release.load(Relaxed);
        let read = mode == Mode::Exclusive && self.readers.load(Relaxed) & !bit(record) != 0;
        !read && (record.is_own(Epoch::from_bits(released)) || local.knows(record, released))
    }
}

#[inline]
fn bit(record: &Record) -> u64 {
    1 << (record.serial % 64)
}

/// What is known, by address, and as what it was used last.
#[derive(Default)]
pub(super) struct Table(HashMap<usize, (&'static Known, ObjectKind)>);

impl Table {
    pub(super) fn get(&self, key: usize) -> Option<&'static Known> {
        self.0.get(&key).map(|(known, _)| *known)
    }

    /// What is known of the lock, from now on if not before.
    pub(super) fn at(&mut self, lock: &Foreign) -> &'static Known {
        let fresh = || (&*Box::leak(Box::new(Known::new(lock))), lock.kind);
        self.0.entry(lock.key).or_insert_with(fresh).0
    }

    /// Replaces what was at the address and is shown by `lock`, which is `owned` by now or not, to
    /// be gone.
    pub(super) fn replace_gone(&mut self, lock: &Foreign, owned: bool) -> Option<ObjectId> {
        let (known, kind) = self.0.get_mut(&lock.key)?;
        let against = owned && lock.mode == Mode::Exclusive && !known.admits(lock);
        if *kind == lock.kind && !against {
            return None;
        }
        let gone = known.object();
        *kind = lock.kind;
        known.renew(lock);
        Some(gone)
    }
}

/// How many a thread remembers.
const NEAR: usize = 256;

thread_local! {
    /// The ones that the thread met last, each in a place that its address tells.
    static NEARBY: [Cell<Option<&'static Known>>; NEAR] =
        const { [const { Cell::new(None) }; NEAR] };
}

#[inline]
fn index(key: usize) -> usize {
    // Locks are aligned, and often as far from each other as they are large.
    ((key >> 2) ^ (key >> 10)) % NEAR
}

/// What is known of the lock at `key`, if the thread remembers.
#[inline]
pub(super) fn nearby(key: usize) -> Option<&'static Known> {
    NEARBY.with(|nearby| nearby[index(key)].get()).filter(|known| known.key == key)
}

/// The thread has met the lock.
pub(super) fn remember(known: &'static Known) {
    NEARBY.with(|nearby| nearby[index(known.key)].set(Some(known)));
}

#[cfg(test)]
mod tests {
    use lockwise_detector::{ThreadId, op::Patience};

    use super::*;

    fn lock(kind: ObjectKind, mode: Mode) -> Foreign {
        let (patience, site) = (Patience::Forever, &Site::UNKNOWN);
        Foreign { key: 8, kind, mode, patience, site, address: 0 }
    }

    fn record(serial: u32) -> Record {
        Record::new(serial, serial, 0, ThreadId(serial), None)
    }

    #[test]
    fn an_address_is_the_same_lock_until_something_shows_otherwise() {
        let mut table = Table::default();
        let mutex = lock(ObjectKind::Mutex, Mode::Exclusive);
        let known = table.at(&mutex);
        let first = known.object();
        assert!(known.admits(&mutex));
        known.take(Mode::Exclusive, &record(1));
        assert_eq!(table.replace_gone(&mutex, false), None);
        known.let_go(&record(1));
        assert_eq!(table.replace_gone(&mutex, true), None);
        assert_eq!(known.object(), first);

        known.take(Mode::Exclusive, &record(1));
        assert_eq!(table.replace_gone(&mutex, true), Some(first), "it was never released");
        let second = table.at(&mutex).object();
        assert!(second != first && known.owner().is_none());

        let rwlock = lock(ObjectKind::RwLock, Mode::Shared);
        assert!(!known.admits(&rwlock));
        assert_eq!(table.replace_gone(&rwlock, false), Some(second));
        assert_eq!(known.info().kind, ObjectKind::RwLock);
    }

    #[test]
    fn a_writer_can_become_a_reader() {
        let mut table = Table::default();
        let write = lock(ObjectKind::RwLock, Mode::Exclusive);
        let read = lock(ObjectKind::RwLock, Mode::Shared);
        let known = table.at(&write);
        known.take(Mode::Exclusive, &record(1));
        assert_eq!((known.admits(&read), known.mode_of(1)), (false, Mode::Exclusive));
        assert_eq!(known.downgrade(), Some(1));
        assert_eq!((known.admits(&read), known.mode_of(1)), (true, Mode::Shared));
        known.take(Mode::Shared, &record(2));
        known.let_go(&record(1));
        assert!(!known.admits(&write));
        known.let_go(&record(2));
        assert!(known.admits(&write));
        assert_eq!(known.take_readers(Mode::Shared), 0);
        assert_eq!(known.take_readers(Mode::Exclusive), 0b110);
    }
}
