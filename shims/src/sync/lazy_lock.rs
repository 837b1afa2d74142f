//! [`LazyLock`].

use std::{
    fmt, mem,
    ops::{Deref, DerefMut},
    panic::{RefUnwindSafe, UnwindSafe},
};

use lockwise_detector::op::ObjectKind;

use super::initialiser::{IfPoisoned, Initialiser, Phase};
use crate::rt::Contents;

const POISONED: &str = "LazyLock instance has previously been poisoned";

/// A value that is made at its first use: [`std::sync::LazyLock`], observed.
pub struct LazyLock<T, F = fn() -> T> {
    initialiser: Initialiser,
    /// A value exactly if the initialiser is complete. Until then only the thread whose turn it is
    /// touches it, and afterwards nobody writes.
    content: Contents<Content<T, F>>,
}

enum Content<T, F> {
    Init(F),
    Value(T),
    /// The function is running, or has panicked.
    Nothing,
}

// SAFETY: threads share the value (`Sync`), and use or drop a value or function that another
// thread made (`Send`). The function is never shared.
unsafe impl<T: Sync + Send, F: Send> Sync for LazyLock<T, F> {}

impl<T: RefUnwindSafe + UnwindSafe, F: UnwindSafe> RefUnwindSafe for LazyLock<T, F> {}
impl<T: UnwindSafe, F: UnwindSafe> UnwindSafe for LazyLock<T, F> {}

impl<T, F: FnOnce() -> T> LazyLock<T, F> {
    /// Creates a value that `f` will make. Reports name the place of this call.
    #[inline]
    #[track_caller]
    pub const fn new(f: F) -> Self {
        Self {
            initialiser: Initialiser::new::<Self>(ObjectKind::LazyLock),
            content: Contents::new(Content::Init(f)),
        }
    }

    /// The value, made now if this is its first use, with nobody else in reach.
    ///
    /// # Panics
    ///
    /// If the function panics, or did so before.
    #[inline]
    pub fn force_mut(this: &mut Self) -> &mut T {
        let content = this.content.get_mut();
        if !matches!(content, Content::Value(_)) {
            let Content::Init(f) = mem::replace(content, Content::Nothing) else {
                panic!("{POISONED}");
            };
            this.initialiser.set(Phase::Poisoned);
            *content = Content::Value(f());
            this.initialiser.set(Phase::Complete);
        }
        content.value_mut().expect("a value was made")
    }

    /// The value, made now if this is its first use; if another thread is making it, waits for
    /// that.
    ///
    /// # Panics
    ///
    /// If the function panics, or did so before; or if the wait could never end.
    #[inline]
    #[track_caller]
    pub fn force(this: &Self) -> &T {
        this.initialiser.run(IfPoisoned::Panic(POISONED), |_| {
            let content = this.content.get();
            // SAFETY: it is this thread's turn, and the reference ends with the statement.
            let before = unsafe { mem::replace(&mut *content, Content::Nothing) };
            let Content::Init(f) = before else {
                unreachable!("a function that was taken out has completed or poisoned this");
            };
            let value = f();
            // SAFETY: as above.
            unsafe { *content = Content::Value(value) };
        });
        // SAFETY: the initialiser is complete, so nobody writes any more.
        let value = unsafe { (*this.content.get()).value() };
        value.expect("an initialiser that is complete has left a value")
    }
}

impl<T, F> LazyLock<T, F> {
    /// The value, if it has been made, with nobody else in reach.
    #[inline]
    pub fn get_mut(this: &mut Self) -> Option<&mut T> {
        this.content.get_mut().value_mut()
    }

    /// The value, if it has been made. Never waits.
    #[inline]
    #[track_caller]
    pub fn get(this: &Self) -> Option<&T> {
        if !this.initialiser.is_complete() {
            return None;
        }
        // SAFETY: the initialiser is complete, so nobody writes any more.
        unsafe { (*this.content.get()).value() }
    }
}

impl<T, F> Content<T, F> {
    fn value(&self) -> Option<&T> {
        if let Self::Value(value) = self { Some(value) } else { None }
    }

    fn value_mut(&mut self) -> Option<&mut T> {
        if let Self::Value(value) = self { Some(value) } else { None }
    }
}

impl<T, F: FnOnce() -> T> Deref for LazyLock<T, F> {
    type Target = T;

    #[inline]
    #[track_caller]
    fn deref(&self) -> &T {
        Self::force(self)
    }
}

impl<T, F: FnOnce() -> T> DerefMut for LazyLock<T, F> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        Self::force_mut(self)
    }
}

impl<T: Default> Default for LazyLock<T> {
    #[track_caller]
    fn default() -> Self {
        Self::new(T::default)
    }
}

impl<T: fmt::Debug, F> fmt::Debug for LazyLock<T, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_tuple("LazyLock");
        match Self::get(self) {
            Some(value) => debug.field(value),
            None => debug.field(&format_args!("<uninit>")),
        };
        debug.finish()
    }
}
