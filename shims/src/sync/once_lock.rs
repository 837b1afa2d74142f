//! [`OnceLock`].

use std::{
    fmt,
    panic::{RefUnwindSafe, UnwindSafe},
};

use lockwise_detector::op::ObjectKind;

use super::initialiser::{IfPoisoned, Initialiser};
use crate::rt::Contents;

/// A cell that is written once: [`std::sync::OnceLock`], observed.
pub struct OnceLock<T> {
    initialiser: Initialiser,
    /// Some exactly if the initialiser is complete. Until then only the thread whose turn it is
    /// touches it, and afterwards nobody writes.
    value: Contents<Option<T>>,
}

// SAFETY: threads share the value (`Sync`), and may drop one that another thread made (`Send`).
unsafe impl<T: Sync + Send> Sync for OnceLock<T> {}

impl<T: RefUnwindSafe + UnwindSafe> RefUnwindSafe for OnceLock<T> {}
impl<T: UnwindSafe> UnwindSafe for OnceLock<T> {}

impl<T> OnceLock<T> {
    /// Creates an empty cell. Reports name the place of this call.
    #[inline]
    #[must_use]
    #[track_caller]
    pub const fn new() -> Self {
        Self {
            initialiser: Initialiser::new::<Self>(ObjectKind::OnceLock),
            value: Contents::new(None),
        }
    }

    /// The value, if there is one. Never waits.
    #[inline]
    #[track_caller]
    pub fn get(&self) -> Option<&T> {
        if !self.initialiser.is_complete() {
            return None;
        }
        // SAFETY: the initialiser is complete, so nobody writes any more.
        unsafe { (*self.value.get()).as_ref() }
    }

    /// The value, if there is one, which nobody else can reach.
    #[inline]
    pub fn get_mut(&mut self) -> Option<&mut T> {
        self.value.get_mut().as_mut()
    }

    /// Waits until there is a value.
    ///
    /// # Panics
    ///
    /// If the wait could never end.
    #[inline]
    #[track_caller]
    pub fn wait(&self) -> &T {
        self.initialiser.wait(IfPoisoned::GoOn);
        self.initialised()
    }

    /// Makes `value` the value, unless there is one.
    ///
    /// # Errors
    ///
    /// There is one; the error contains `value`.
    #[inline]
    #[track_caller]
    pub fn set(&self, value: T) -> Result<(), T> {
        let mut value = Some(value);
        self.fill(|| value.take());
        value.map_or(Ok(()), Err)
    }

    /// The value; if there is none, that of `f`. Several threads may call this with different
    /// functions; one of them runs.
    ///
    /// # Panics
    ///
    /// If `f` panics, and the cell stays empty; or if the wait for another thread's `f`, or for
    /// `f` itself, could never end.
    #[inline]
    #[track_caller]
    pub fn get_or_init<F>(&self, f: F) -> &T
    where
        F: FnOnce() -> T,
    {
        self.fill(|| Some(f()));
        self.initialised()
    }

    /// Fills the cell with what `f` gives, which is not `None`, if it is empty.
    #[inline]
    #[track_caller]
    fn fill(&self, f: impl FnOnce() -> Option<T>) {
        self.initialiser.run(IfPoisoned::GoOn, |_| {
            let value = f();
            // SAFETY: it is this thread's turn, and nobody reads before the turn has ended.
            unsafe { *self.value.get() = value };
        });
    }

    fn initialised(&self) -> &T {
        // SAFETY: called after the initialiser was seen to be complete: nobody writes any more.
        let value = unsafe { (*self.value.get()).as_ref() };
        value.expect("an initialiser that is complete has left a value")
    }

    /// The value, taken out.
    #[inline]
    pub fn into_inner(self) -> Option<T> {
        self.value.into_inner()
    }

    /// The value, taken out of the cell, which is then as new.
    #[inline]
    #[track_caller]
    pub fn take(&mut self) -> Option<T> {
        let value = self.value.get_mut().take();
        if value.is_some() {
            self.initialiser = Initialiser::new::<Self>(ObjectKind::OnceLock);
        }
        value
    }
}

impl<T> Default for OnceLock<T> {
    #[track_caller]
    fn default() -> Self {
        Self::new()
    }
}

impl<T: fmt::Debug> fmt::Debug for OnceLock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_tuple("OnceLock");
        match self.get() {
            Some(value) => debug.field(value),
            None => debug.field(&format_args!("<uninit>")),
        };
        debug.finish()
    }
}

impl<T: Clone> Clone for OnceLock<T> {
    #[track_caller]
    fn clone(&self) -> Self {
        self.get().cloned().map_or_else(Self::new, Self::from)
    }
}

impl<T> From<T> for OnceLock<T> {
    #[track_caller]
    fn from(value: T) -> Self {
        Self {
            initialiser: Initialiser::completed::<Self>(ObjectKind::OnceLock),
            value: Contents::new(Some(value)),
        }
    }
}

impl<T: PartialEq> PartialEq for OnceLock<T> {
    #[track_caller]
    fn eq(&self, other: &Self) -> bool {
        self.get() == other.get()
    }
}

impl<T: Eq> Eq for OnceLock<T> {}
