//! [`Once`] and [`OnceState`].

use std::{
    cell::Cell,
    fmt,
    marker::PhantomData,
    panic::{RefUnwindSafe, UnwindSafe},
};

use lockwise_detector::op::ObjectKind;

use super::initialiser::{IfPoisoned, Initialiser};

const POISONED: IfPoisoned = IfPoisoned::Panic("Once instance has previously been poisoned");

/// Code that runs once: [`std::sync::Once`], observed.
pub struct Once {
    initialiser: Initialiser,
}

impl UnwindSafe for Once {}
impl RefUnwindSafe for Once {}

/// The former way to make a [`Once`].
#[deprecated(since = "1.38.0", note = "the `Once::new()` function is now preferred")]
#[allow(clippy::declare_interior_mutable_const, reason = "std has it")]
pub const ONCE_INIT: Once = Once::new();

impl Once {
    /// Creates a new `Once`. Reports name the place of this call.
    #[inline]
    #[must_use]
    #[track_caller]
    #[allow(clippy::new_without_default, reason = "std's has no default")]
    pub const fn new() -> Self {
        Self { initialiser: Initialiser::new::<Self>(ObjectKind::Once) }
    }

    /// Runs `f` if no closure has run here; if another thread's is running, waits for its end.
    ///
    /// # Panics
    ///
    /// If a closure has panicked here, or if the wait could never end.
    #[inline]
    #[track_caller]
    pub fn call_once<F>(&self, f: F)
    where
        F: FnOnce(),
    {
        self.initialiser.run(POISONED, |_| f());
    }

    /// The same, but also after a closure has panicked.
    ///
    /// # Panics
    ///
    /// If the wait could never end.
    #[inline]
    #[track_caller]
    pub fn call_once_force<F>(&self, f: F)
    where
        F: FnOnce(&OnceState),
    {
        self.initialiser.run(IfPoisoned::GoOn, |poisoned| {
            f(&OnceState { poisoned, _not_sync: PhantomData });
        });
    }

    /// Whether a closure has run to its end.
    #[inline]
    #[track_caller]
    pub fn is_completed(&self) -> bool {
        self.initialiser.is_complete()
    }

    /// Waits until a closure has run to its end.
    ///
    /// # Panics
    ///
    /// If a closure panicked, or if the wait could never end.
    #[track_caller]
    pub fn wait(&self) {
        self.initialiser.wait(POISONED);
    }

    /// The same; a closure that panicked does not count.
    ///
    /// # Panics
    ///
    /// If the wait could never end.
    #[track_caller]
    pub fn wait_force(&self) {
        self.initialiser.wait(IfPoisoned::GoOn);
    }
}

impl fmt::Debug for Once {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Once").finish_non_exhaustive()
    }
}

/// What [`Once::call_once_force`] tells its closure.
pub struct OnceState {
    poisoned: bool,
    /// Shared with no other thread, as in std.
    _not_sync: PhantomData<Cell<()>>,
}

impl OnceState {
    /// Whether a closure panicked before.
    #[inline]
    pub fn is_poisoned(&self) -> bool {
        self.poisoned
    }
}

impl fmt::Debug for OnceState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OnceState").field("poisoned", &self.is_poisoned()).finish()
    }
}
