//! [`RawMutex`]: mutual exclusion without data, in any world.

use std::sync::atomic::{AtomicU32, AtomicU64};

use super::{Meta, Until, World, dispatch, model::Slot};

/// A mutex without data.
pub(crate) struct RawMutex {
    /// What analyses know it as; `None` for a part of something else, which they do not see.
    pub(super) meta: Option<Meta>,
    /// State in the os world: see `os::mutex`.
    pub(super) word: AtomicU32,
    /// In the os world, the moment of the last release, for whoever acquires next.
    pub(super) last_release: AtomicU64,
    /// In the explore world, how it is taken in the execution under way.
    pub(super) slot: Slot,
}

impl RawMutex {
    pub(crate) const fn new(meta: Meta) -> Self {
        Self::with(Some(meta))
    }

    /// A mutex that analyses do not see: a part of a primitive that sends Ops of its own.
    pub(crate) const fn quiet() -> Self {
        Self::with(None)
    }

    const fn with(meta: Option<Meta>) -> Self {
        Self { meta, word: AtomicU32::new(0), last_release: AtomicU64::new(0), slot: Slot::new() }
    }

    /// What analyses know it as.
    pub(crate) fn meta(&self) -> Option<&Meta> {
        self.meta.as_ref()
    }

    /// Acquires; false if time ran out.
    #[cfg_attr(feature = "facade", inline(never))]
    #[cfg_attr(not(feature = "facade"), inline)]
    #[track_caller]
    pub(crate) fn lock(&self, until: Until) -> bool {
        dispatch!(world => world.mutex_lock(self, until))
    }

    /// Releases. `changed` says whether what it guards was changed meanwhile, or may have been.
    ///
    /// # Safety
    ///
    /// The calling thread acquired it by [`RawMutex::lock`] and has not released it since.
    #[cfg_attr(feature = "facade", inline(never))]
    #[cfg_attr(not(feature = "facade"), inline)]
    #[track_caller]
    pub(crate) unsafe fn unlock(&self, changed: bool) {
        // SAFETY: the caller's promise is the one asked for.
        dispatch!(world => unsafe { world.mutex_unlock(self, changed) });
    }
}
