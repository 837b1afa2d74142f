//! [`Lock`] and [`RLock`]: `threading.Lock` and `threading.RLock`.

use std::{fmt, time::Duration};

use lockwise_detector::op::ObjectKind;

use super::{
    NotOwned, ReleaseUnlocked,
    ownership::{Held, Ownership},
};
use crate::rt::{Meta, Until};

/// A lock that any thread may release, as CPython's [`threading.Lock`].
///
/// Threads share it by reference: in a `static`, an `Arc`, or a scope.
///
/// [`threading.Lock`]: https://docs.python.org/3.13/library/threading.html#lock-objects
///
/// # Examples
///
/// The counter that three threads increment:
///
/// ```
/// use lockwise::{sync::Arc, threading::{Lock, Thread}};
/// use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
///
/// static LOCK: Lock = Lock::new();
///
/// let counter = Arc::new(AtomicU32::new(0));
/// let threads: Vec<_> = (0..3)
///     .map(|_| {
///         let counter = counter.clone();
///         Thread::new(move || {
///             LOCK.acquire();
///             counter.store(counter.load(Relaxed) + 1, Relaxed);
///             LOCK.release().unwrap();
///         })
///     })
///     .collect();
/// threads.iter().for_each(|thread| thread.start().unwrap());
/// threads.iter().for_each(|thread| thread.join().unwrap());
/// assert_eq!(counter.load(Relaxed), 3);
/// ```
pub struct Lock {
    pub(super) inner: Ownership,
}

/// A lock that its owner can acquire again, as CPython's [`threading.RLock`]; it takes as many
/// releases, by the owner, as there were acquisitions.
///
/// [`threading.RLock`]: https://docs.python.org/3.13/library/threading.html#rlock-objects
///
/// # Examples
///
/// One lock under two names, with which the noodle eaters cannot deadlock:
///
/// ```
/// use lockwise::{sync::Arc, threading::{RLock, Thread}};
///
/// let noodle_lock = Arc::new(RLock::new());
/// let fork_lock = noodle_lock.clone();
/// let (noodle, fork) = (noodle_lock.clone(), fork_lock.clone());
/// let professor = Thread::new(move || {
///     let _noodle = noodle.hold();
///     let _fork = fork.hold();
/// });
/// professor.start()?;
/// {
///     let _fork = fork_lock.hold();
///     let _noodle = noodle_lock.hold();
/// }
/// professor.join()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct RLock {
    pub(super) inner: Ownership,
}

macro_rules! acquisition {
    ($name:ident, $kind:ident, $refused:ident, $again:literal, $release:literal) => {
        impl $name {
            /// An unlocked lock.
            #[must_use]
            #[track_caller]
            pub const fn new() -> Self {
                Self { inner: Ownership::new(Meta::of::<Self>(ObjectKind::$kind)) }
            }

            /// An unlocked lock that reports call `name`.
            #[must_use]
            #[track_caller]
            pub const fn named(name: &'static str) -> Self {
                Self { inner: Ownership::new(Meta::of::<Self>(ObjectKind::$kind).named(name)) }
            }

            /// Acquires, and waits for it as long as it takes: `acquire()`.
            ///
            #[doc = $again]
            ///
            /// # Panics
            ///
            /// If this is found to lead to a deadlock, with the lock given back.
            #[track_caller]
            pub fn acquire(&self) {
                self.inner.acquire(Until::Forever);
            }

            /// Acquires if that is possible without waiting: `acquire(blocking=False)`.
            #[must_use = "the lock is held only if this is true"]
            #[track_caller]
            pub fn try_acquire(&self) -> bool {
                self.inner.acquire(Until::Now)
            }

            /// Acquires, and waits for it no longer than `timeout`: `acquire(timeout=...)`.
            #[must_use = "the lock is held only if this is true"]
            #[track_caller]
            pub fn acquire_timeout(&self, timeout: Duration) -> bool {
                self.inner.acquire(Until::after(timeout))
            }

            #[doc = $release]
            #[track_caller]
            pub fn release(&self) -> Result<(), $refused> {
                self.inner.release().map_err(|_| $refused)
            }

            /// Acquires until the guard is dropped: `with lock:`.
            ///
            /// # Panics
            ///
            /// As `acquire`.
            #[track_caller]
            pub fn hold(&self) -> Held<'_> {
                Held::acquire(&self.inner)
            }
        }

        impl Default for $name {
            #[track_caller]
            fn default() -> Self {
                Self::new()
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.inner.fmt(stringify!($name), f)
            }
        }
    };
}

acquisition!(
    Lock,
    Lock,
    ReleaseUnlocked,
    "A thread that holds it already waits too, until another thread releases it.",
    "Releases it, whoever acquired it.

# Errors

Nobody holds it. This is a finding, `release-unowned`, too."
);
acquisition!(
    RLock,
    RLock,
    NotOwned,
    "Its owner acquires it once more, at once.",
    "Undoes one acquisition.

# Errors

The calling thread does not own it. This is a finding, `release-unowned`, too."
);

impl Lock {
    /// Whether anybody holds it.
    #[must_use]
    pub fn locked(&self) -> bool {
        self.inner.is_owned()
    }
}
