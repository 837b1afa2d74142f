//! [`Mutex`] and [`MutexGuard`].

use std::{
    fmt,
    marker::PhantomData,
    mem,
    ops::{Deref, DerefMut},
    panic::{RefUnwindSafe, UnwindSafe},
    sync::{LockResult, TryLockResult},
};

use lockwise_detector::op::ObjectKind;

use super::poisoning::{self, Held, Poison};
use crate::rt::{Contents, Meta, RawCondvar, RawMutex, Until, Wake};

/// A mutual exclusion primitive: [`std::sync::Mutex`], observed.
pub struct Mutex<T: ?Sized> {
    raw: RawMutex,
    poison: Poison,
    data: Contents<T>,
}

// SAFETY: the lock gives the data to one thread at a time; that thread may move it out.
unsafe impl<T: ?Sized + Send> Send for Mutex<T> {}
// SAFETY: as above, and a shared reference gives the data only through the lock.
unsafe impl<T: ?Sized + Send> Sync for Mutex<T> {}

// Broken invariants of the data are announced by poisoning.
impl<T: ?Sized> UnwindSafe for Mutex<T> {}
impl<T: ?Sized> RefUnwindSafe for Mutex<T> {}

impl<T> Mutex<T> {
    /// Creates a mutex in an unlocked state. Reports name the place of this call.
    #[inline]
    #[track_caller]
    pub const fn new(t: T) -> Self {
        let raw = RawMutex::new(Meta::of::<Self>(ObjectKind::Mutex));
        Self { raw, poison: Poison::new(), data: Contents::new(t) }
    }
}

impl<T: ?Sized> Mutex<T> {
    /// Waits until the mutex is free, and takes it.
    ///
    /// # Errors
    ///
    /// If another thread panicked while it held the mutex; the error contains the guard.
    ///
    /// # Panics
    ///
    /// If the wait could never end, or if this acquisition shows a fault that is to fail the test.
    #[inline(always)]
    #[track_caller]
    pub fn lock(&self) -> LockResult<MutexGuard<'_, T>> {
        self.raw.lock(Until::Forever);
        self.poison.check(self.guard(Held::new()))
    }

    /// Takes the mutex if it is free.
    ///
    /// # Errors
    ///
    /// If it is not free, or poisoned as for [`Mutex::lock`].
    #[inline]
    #[track_caller]
    pub fn try_lock(&self) -> TryLockResult<MutexGuard<'_, T>> {
        let acquired = self.raw.lock(Until::Now);
        self.poison.check_try(acquired.then(|| self.guard(Held::new())))
    }

    /// The guard for a hold that this thread has.
    #[inline]
    fn guard(&self, held: Held) -> MutexGuard<'_, T> {
        MutexGuard { lock: self, held, _not_send: PhantomData }
    }

    /// Whether the mutex is poisoned; another thread may change that at any time.
    #[inline]
    pub fn is_poisoned(&self) -> bool {
        self.poison.is_set()
    }

    /// Clears the poisoned state.
    #[inline]
    pub fn clear_poison(&self) {
        self.poison.clear();
    }

    /// The data, taken out.
    ///
    /// # Errors
    ///
    /// If the mutex is poisoned; the error contains the data.
    pub fn into_inner(self) -> LockResult<T>
    where
        T: Sized,
    {
        self.poison.check(self.data.into_inner())
    }

    /// The data, which nobody else can reach.
    ///
    /// # Errors
    ///
    /// If the mutex is poisoned; the error contains the reference.
    pub fn get_mut(&mut self) -> LockResult<&mut T> {
        self.poison.check(self.data.get_mut())
    }
}

impl<T> From<T> for Mutex<T> {
    #[track_caller]
    fn from(t: T) -> Self {
        Self::new(t)
    }
}

impl<T: Default> Default for Mutex<T> {
    #[track_caller]
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for Mutex<T> {
    #[track_caller]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // In quotes, as std has it here and not for `RwLock`.
        poisoning::fmt_lock(f, "Mutex", self.try_lock(), &"<locked>", &self.poison)
    }
}

/// Holds a [`Mutex`] until it is dropped, and gives access to the data.
#[must_use = "if unused the Mutex will immediately unlock"]
#[clippy::has_significant_drop]
pub struct MutexGuard<'a, T: ?Sized> {
    lock: &'a Mutex<T>,
    held: Held,
    /// The thread that acquires is the one that releases.
    _not_send: PhantomData<*const ()>,
}

// SAFETY: a shared guard gives no more than `&T`.
unsafe impl<T: ?Sized + Sync> Sync for MutexGuard<'_, T> {}

impl<T: ?Sized> MutexGuard<'_, T> {
    /// Releases the mutex, waits at `condvar`, and acquires it again.
    #[track_caller]
    pub(super) fn wait(self, condvar: &RawCondvar, until: Until) -> LockResult<(Self, Wake)> {
        let (lock, held) = (self.lock, self.held);
        // If the wait panics, the mutex is not held, and no guard must release it.
        mem::forget(self);
        // SAFETY: the guard that was just forgotten stood for this thread's hold.
        let wake = unsafe { condvar.wait_seen(&lock.raw, until, held.has_changed()) };
        lock.poison.check((lock.guard(held.unchanged()), wake))
    }
}

impl<T: ?Sized> Deref for MutexGuard<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: this thread holds the mutex for as long as the guard exists.
        unsafe { &*self.lock.data.get() }
    }
}

impl<T: ?Sized> DerefMut for MutexGuard<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        self.held.change();
        // SAFETY: as for `deref`, and the guard is borrowed mutably.
        unsafe { &mut *self.lock.data.get() }
    }
}

impl<T: ?Sized> Drop for MutexGuard<'_, T> {
    #[inline(always)]
    fn drop(&mut self) {
        self.lock.poison.release(self.held);
        // SAFETY: the guard stands for this thread's hold, and ends here.
        unsafe { self.lock.raw.unlock(self.held.has_changed()) };
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for MutexGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized + fmt::Display> fmt::Display for MutexGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
