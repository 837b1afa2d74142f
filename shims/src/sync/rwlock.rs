//! [`RwLock`] and its guards.

use std::{
    fmt,
    marker::PhantomData,
    mem,
    ops::{Deref, DerefMut},
    panic::{RefUnwindSafe, UnwindSafe},
    ptr::NonNull,
    sync::{LockResult, TryLockResult},
};

use lockwise_detector::op::{Mode, ObjectKind};

use super::poisoning::{self, Held, Poison};
use crate::rt::{Contents, Meta, RawRwLock, Until};

/// A reader-writer lock: [`std::sync::RwLock`], observed.
pub struct RwLock<T: ?Sized> {
    raw: RawRwLock,
    poison: Poison,
    data: Contents<T>,
}

// SAFETY: the lock may be moved with its data.
unsafe impl<T: ?Sized + Send> Send for RwLock<T> {}
// SAFETY: a writer has the data alone, and may be any thread (`Send`); readers share it (`Sync`).
unsafe impl<T: ?Sized + Send + Sync> Sync for RwLock<T> {}

// Broken invariants of the data are announced by poisoning.
impl<T: ?Sized> UnwindSafe for RwLock<T> {}
impl<T: ?Sized> RefUnwindSafe for RwLock<T> {}

impl<T> RwLock<T> {
    /// Creates an unlocked lock. Reports name the place of this call.
    #[inline]
    #[track_caller]
    pub const fn new(t: T) -> Self {
        let raw = RawRwLock::new(Meta::of::<Self>(ObjectKind::RwLock));
        Self { raw, poison: Poison::new(), data: Contents::new(t) }
    }
}

impl<T: ?Sized> RwLock<T> {
    /// Waits until nobody writes, and takes shared access.
    ///
    /// # Errors
    ///
    /// If a writer panicked while it held the lock; the error contains the guard.
    ///
    /// # Panics
    ///
    /// If the wait could never end, or if this acquisition shows a fault that is to fail the test.
    #[inline]
    #[track_caller]
    pub fn read(&self) -> LockResult<RwLockReadGuard<'_, T>> {
        self.raw.lock(Mode::Shared, Until::Forever);
        self.poison.check(self.read_guard())
    }

    /// Takes shared access if that is possible at once.
    ///
    /// # Errors
    ///
    /// If it is not, or if the lock is poisoned as for [`RwLock::read`].
    #[inline]
    #[track_caller]
    pub fn try_read(&self) -> TryLockResult<RwLockReadGuard<'_, T>> {
        let acquired = self.raw.lock(Mode::Shared, Until::Now);
        self.poison.check_try(acquired.then(|| self.read_guard()))
    }

    /// Waits until nobody reads or writes, and takes exclusive access.
    ///
    /// # Errors
    ///
    /// As for [`RwLock::read`].
    ///
    /// # Panics
    ///
    /// As for [`RwLock::read`].
    #[inline]
    #[track_caller]
    pub fn write(&self) -> LockResult<RwLockWriteGuard<'_, T>> {
        self.raw.lock(Mode::Exclusive, Until::Forever);
        self.poison.check(self.write_guard())
    }

    /// Takes exclusive access if that is possible at once.
    ///
    /// # Errors
    ///
    /// If it is not, or if the lock is poisoned as for [`RwLock::read`].
    #[inline]
    #[track_caller]
    pub fn try_write(&self) -> TryLockResult<RwLockWriteGuard<'_, T>> {
        let acquired = self.raw.lock(Mode::Exclusive, Until::Now);
        self.poison.check_try(acquired.then(|| self.write_guard()))
    }

    /// The guard for a shared hold that this thread has.
    #[inline]
    fn read_guard(&self) -> RwLockReadGuard<'_, T> {
        // SAFETY: the pointer of `Contents` is never null.
        let data = unsafe { NonNull::new_unchecked(self.data.get()) };
        RwLockReadGuard { data, raw: &self.raw }
    }

    /// The guard for an exclusive hold that this thread has.
    #[inline]
    fn write_guard(&self) -> RwLockWriteGuard<'_, T> {
        RwLockWriteGuard { lock: self, held: Held::new(), _not_send: PhantomData }
    }

    /// Whether the lock is poisoned; another thread may change that at any time.
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
    /// If the lock is poisoned; the error contains the data.
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
    /// If the lock is poisoned; the error contains the reference.
    pub fn get_mut(&mut self) -> LockResult<&mut T> {
        self.poison.check(self.data.get_mut())
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for RwLock<T> {
    #[track_caller]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        poisoning::fmt_lock(f, "RwLock", self.try_read(), &format_args!("<locked>"), &self.poison)
    }
}

impl<T: Default> Default for RwLock<T> {
    #[track_caller]
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T> From<T> for RwLock<T> {
    #[track_caller]
    fn from(t: T) -> Self {
        Self::new(t)
    }
}

/// Holds an [`RwLock`] in shared mode until it is dropped, and gives access to the data.
#[must_use = "if unused the RwLock will immediately unlock"]
#[clippy::has_significant_drop]
pub struct RwLockReadGuard<'a, T: ?Sized> {
    // A pointer, and not `&'a RwLock<T>`, so that the guard is covariant in `T`; and not `&'a T`,
    // because while the guard is being dropped a writer may have the data already.
    data: NonNull<T>,
    raw: &'a RawRwLock,
}

// SAFETY: a shared guard gives no more than `&T`. (It is not `Send`, because of the pointer: the
// thread that acquires is the one that releases.)
unsafe impl<T: ?Sized + Sync> Sync for RwLockReadGuard<'_, T> {}

impl<T: ?Sized> Deref for RwLockReadGuard<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: nobody writes for as long as the guard exists.
        unsafe { self.data.as_ref() }
    }
}

impl<T: ?Sized> Drop for RwLockReadGuard<'_, T> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: the guard stands for this thread's shared hold, and ends here.
        unsafe { self.raw.unlock(Mode::Shared) };
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for RwLockReadGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized + fmt::Display> fmt::Display for RwLockReadGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

/// Holds an [`RwLock`] in exclusive mode until it is dropped, and gives access to the data.
#[must_use = "if unused the RwLock will immediately unlock"]
#[clippy::has_significant_drop]
pub struct RwLockWriteGuard<'a, T: ?Sized> {
    lock: &'a RwLock<T>,
    held: Held,
    /// The thread that acquires is the one that releases.
    _not_send: PhantomData<*const ()>,
}

// SAFETY: a shared guard gives no more than `&T`.
unsafe impl<T: ?Sized + Sync> Sync for RwLockWriteGuard<'_, T> {}

impl<'a, T: ?Sized> RwLockWriteGuard<'a, T> {
    /// Turns exclusive access into shared access, without letting another writer in between.
    #[track_caller]
    pub fn downgrade(s: Self) -> RwLockReadGuard<'a, T> {
        let lock = s.lock;
        lock.poison.release(s.held);
        // From here on there is one hold less to give back, and it is a shared one.
        mem::forget(s);
        // SAFETY: the guard that was just forgotten stood for this thread's exclusive hold.
        unsafe { lock.raw.downgrade() };
        lock.read_guard()
    }
}

impl<T: ?Sized> Deref for RwLockWriteGuard<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: this thread holds the lock alone for as long as the guard exists.
        unsafe { &*self.lock.data.get() }
    }
}

impl<T: ?Sized> DerefMut for RwLockWriteGuard<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: as for `deref`, and the guard is borrowed mutably.
        unsafe { &mut *self.lock.data.get() }
    }
}

impl<T: ?Sized> Drop for RwLockWriteGuard<'_, T> {
    #[inline]
    fn drop(&mut self) {
        self.lock.poison.release(self.held);
        // SAFETY: the guard stands for this thread's exclusive hold, and ends here.
        unsafe { self.lock.raw.unlock(Mode::Exclusive) };
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for RwLockWriteGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized + fmt::Display> fmt::Display for RwLockWriteGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
