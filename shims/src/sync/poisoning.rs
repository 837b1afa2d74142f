//! Poisoning, as std has it: a lock that a thread held exclusively when it began to panic says so
//! to whoever takes it next.

use std::{
    fmt,
    sync::{
        LockResult, PoisonError, TryLockError, TryLockResult,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
};

use crate::rt::{Contents, thread::panicking};

/// Whether a lock is poisoned.
///
/// Relaxed accesses are enough: the lock itself orders them.
pub(super) struct Poison(Contents<AtomicBool>);

/// What an exclusive guard remembers: whether its thread was panicking already when it was made, and
/// whether what it guards may have been changed since. In one byte, so that a guard is two words.
#[derive(Clone, Copy)]
pub(super) struct Held(u8);

const PANICKING: u8 = 1;
const CHANGED: u8 = 2;

impl Held {
    #[cfg_attr(feature = "facade", inline(never))]
    #[cfg_attr(not(feature = "facade"), inline)]
    pub(super) fn new() -> Self {
        Self(if panicking() { PANICKING } else { 0 })
    }

    #[inline]
    pub(super) fn change(&mut self) {
        self.0 |= CHANGED;
    }

    /// The same, where others could see what was changed meanwhile.
    pub(super) fn unchanged(self) -> Self {
        Self(self.0 & !CHANGED)
    }

    #[inline]
    pub(super) fn has_changed(self) -> bool {
        self.0 & CHANGED != 0
    }
}

impl Poison {
    pub(super) const fn new() -> Self {
        Self(Contents::new(AtomicBool::new(false)))
    }

    #[inline]
    fn flag(&self) -> &AtomicBool {
        // SAFETY: an atomic may be shared, and only shared references to it are ever made.
        unsafe { &*self.0.get() }
    }

    #[cfg_attr(feature = "facade", inline(never))]
    #[cfg_attr(not(feature = "facade"), inline)]
    pub(super) fn is_set(&self) -> bool {
        self.flag().load(Relaxed)
    }

    pub(super) fn clear(&self) {
        self.flag().store(false, Relaxed);
    }

    /// At the end of an exclusive hold: poisons if a panic began during it.
    #[cfg_attr(feature = "facade", inline(never))]
    #[cfg_attr(not(feature = "facade"), inline)]
    pub(super) fn release(&self, held: Held) {
        if held.0 & PANICKING == 0 && panicking() {
            self.flag().store(true, Relaxed);
        }
    }

    /// `value`, as an error if the lock is poisoned.
    #[inline]
    pub(super) fn check<V>(&self, value: V) -> LockResult<V> {
        if self.is_set() { Err(PoisonError::new(value)) } else { Ok(value) }
    }

    /// The same for an attempt that may have failed.
    #[inline]
    pub(super) fn check_try<V>(&self, value: Option<V>) -> TryLockResult<V> {
        match value {
            Some(value) => Ok(self.check(value)?),
            None => Err(TryLockError::WouldBlock),
        }
    }
}

/// Applies `f` to what a lock result carries, poisoned or not.
pub(super) fn map<V, W>(result: LockResult<V>, f: impl FnOnce(V) -> W) -> LockResult<W> {
    match result {
        Ok(value) => Ok(f(value)),
        Err(error) => Err(PoisonError::new(f(error.into_inner()))),
    }
}

/// Formats a lock as std does, given an attempt to look into it. `locked` stands for the data of a
/// lock that is taken.
pub(super) fn fmt_lock<G: std::ops::Deref<Target: fmt::Debug>>(
    f: &mut fmt::Formatter<'_>,
    name: &str,
    attempt: TryLockResult<G>,
    locked: &dyn fmt::Debug,
    poison: &Poison,
) -> fmt::Result {
    let mut debug = f.debug_struct(name);
    match &attempt {
        Ok(guard) => debug.field("data", &&**guard),
        Err(TryLockError::Poisoned(error)) => debug.field("data", &&**error.get_ref()),
        Err(TryLockError::WouldBlock) => debug.field("data", locked),
    };
    debug.field("poisoned", &poison.is_set()).finish_non_exhaustive()
}
