//! [`Shared`]: a global variable that threads may race on without harm.
//!
//! To the analyses each access is a plain read or write. In memory it is more: a copy under a tiny
//! spin lock that nobody sees. So a race is reported, but a value is never torn and the behaviour
//! never undefined. The lock is held for one copy of a `Copy` value, which runs no code of the
//! user's.

use std::{
    fmt,
    panic::{RefUnwindSafe, UnwindSafe},
    sync::atomic::{AtomicBool, Ordering},
};

#[cfg(feature = "observe")]
use crate::rt::{Contents, Meta, World as _, dispatch};

/// Without observation there is one world only, and nothing to keep fresh in it.
#[cfg(not(feature = "observe"))]
type Contents<T> = std::cell::UnsafeCell<T>;

/// A variable that several threads read and write, as a plain global variable would be in another
/// language.
///
/// It is safe, and never tears a value; but a [`get`](Self::get) and a [`set`](Self::set) by
/// different threads, with nothing that orders them, are reported as the data race that they would
/// be for a plain variable, and a `get` followed by a `set` can lose what another thread wrote in
/// between.
///
/// # Examples
///
/// ```
/// use lockwise::{cell::Shared, sync::Mutex, thread};
///
/// static COUNTER: Shared<i32> = Shared::new(0);
/// static LOCK: Mutex<()> = Mutex::new(());
///
/// thread::scope(|s| {
///     for _ in 0..3 {
///         s.spawn(|| {
///             let _held = LOCK.lock();
///             COUNTER.update(|count| count + 1);
///         });
///     }
/// });
/// assert_eq!(COUNTER.get(), 3);
/// ```
pub struct Shared<T> {
    #[cfg(feature = "observe")]
    meta: Meta,
    locked: AtomicBool,
    value: Contents<T>,
}

// SAFETY: the value is reached only under the spin lock, and only as a copy of a `Send` value.
unsafe impl<T: Copy + Send> Sync for Shared<T> {}

// A panic cannot come between the halves of a change.
impl<T> UnwindSafe for Shared<T> {}
impl<T> RefUnwindSafe for Shared<T> {}

impl<T: Copy> Shared<T> {
    /// A variable that starts out as `value`.
    #[track_caller]
    pub const fn new(value: T) -> Self {
        Self {
            #[cfg(feature = "observe")]
            meta: Meta::of::<Self>(lockwise_detector::op::ObjectKind::Shared),
            locked: AtomicBool::new(false),
            value: Contents::new(value),
        }
    }

    /// The present value. This is a read at this line.
    #[track_caller]
    pub fn get(&self) -> T {
        #[cfg(feature = "observe")]
        dispatch!(world => world.cell(&self.meta, false));
        // SAFETY: `exclusively` gives the value to one thread at a time.
        self.exclusively(|value| unsafe { *value })
    }

    /// Sets the value. This is a write at this line.
    #[track_caller]
    pub fn set(&self, value: T) {
        #[cfg(feature = "observe")]
        dispatch!(world => world.cell(&self.meta, true));
        // SAFETY: as for `get`.
        self.exclusively(|place| unsafe { *place = value });
    }

    /// Sets the value to what `f` makes of the present one: a [`get`](Self::get) and then a
    /// [`set`](Self::set), between which another thread may set the value too.
    #[track_caller]
    pub fn update(&self, f: impl FnOnce(T) -> T) {
        let value = f(self.get());
        self.set(value);
    }

    /// Runs `access`, which does not panic, while no other thread runs one on this value.
    fn exclusively<R>(&self, access: impl FnOnce(*mut T) -> R) -> R {
        while self.locked.swap(true, Ordering::Acquire) {
            // The other thread is within one copy: it is as good as done, unless it was preempted.
            std::thread::yield_now();
        }
        let result = access(self.value.get());
        self.locked.store(false, Ordering::Release);
        result
    }
}

impl<T: Copy + Default> Default for Shared<T> {
    #[track_caller]
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T: Copy> From<T> for Shared<T> {
    #[track_caller]
    fn from(value: T) -> Self {
        Self::new(value)
    }
}

impl<T: Copy + fmt::Debug> fmt::Debug for Shared<T> {
    #[track_caller]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Shared").field(&self.get()).finish()
    }
}
