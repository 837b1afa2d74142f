//! [`RawRwLock`]: reader-writer exclusion without data, in any world.

use std::sync::atomic::AtomicU64;

use lockwise_detector::op::Mode;

use super::{Meta, Until, World, dispatch, model::Slot};

/// A reader-writer lock without data.
pub(crate) struct RawRwLock {
    pub(super) meta: Meta,
    /// State in the os world: see `os::rwlock`.
    pub(super) word: AtomicU64,
    /// In the os world, the moment of the last exclusive release.
    pub(super) last_write: AtomicU64,
    /// In the os world, who has released a shared hold since the last exclusive one: a bit for
    /// each thread's serial number, modulo 64.
    pub(super) readers: AtomicU64,
    /// In the explore world, its place in the execution under way.
    pub(super) slot: Slot,
}

impl RawRwLock {
    pub(crate) const fn new(meta: Meta) -> Self {
        Self {
            meta,
            word: AtomicU64::new(0),
            last_write: AtomicU64::new(0),
            readers: AtomicU64::new(0),
            slot: Slot::new(),
        }
    }

    /// Acquires in `mode`; false if time ran out.
    #[cfg_attr(feature = "facade", inline(never))]
    #[cfg_attr(not(feature = "facade"), inline)]
    #[track_caller]
    pub(crate) fn lock(&self, mode: Mode, until: Until) -> bool {
        dispatch!(world => world.rwlock_lock(self, mode, until))
    }

    /// Releases a hold in `mode`.
    ///
    /// # Safety
    ///
    /// The calling thread acquired it in `mode` and has not released that hold.
    #[cfg_attr(feature = "facade", inline(never))]
    #[cfg_attr(not(feature = "facade"), inline)]
    #[track_caller]
    pub(crate) unsafe fn unlock(&self, mode: Mode) {
        // SAFETY: the caller's promise is the one asked for.
        dispatch!(world => unsafe { world.rwlock_unlock(self, mode) });
    }

    /// Turns an exclusive hold into a shared one, without letting a writer in between.
    ///
    /// # Safety
    ///
    /// The calling thread holds it exclusively.
    #[track_caller]
    pub(crate) unsafe fn downgrade(&self) {
        // SAFETY: the caller's promise is the one asked for.
        dispatch!(world => unsafe { world.rwlock_downgrade(self) });
    }
}
