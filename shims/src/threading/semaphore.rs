//! [`Semaphore`] and [`BoundedSemaphore`].
//!
//! Each release hands its permit to one later acquisition, in order, and with it all that came
//! before the release; permits that were there from the start hand nothing on.

use std::{collections::VecDeque, fmt, time::Duration};

use lockwise_detector::{
    Action,
    op::{Misuse, ObjectKind, Purpose},
};

use super::{OverRelease, ReleaseError, ZeroPermits};
use crate::rt::{self, Meta, Monitor, RawCondvar, Until};

/// A counter of permits, as CPython's [`threading.Semaphore`].
///
/// [`threading.Semaphore`]: https://docs.python.org/3.13/library/threading.html#semaphore-objects
///
/// # Examples
///
/// ```
/// use lockwise::threading::Semaphore;
///
/// static CONNECTIONS: Semaphore = Semaphore::new(2);
///
/// let _first = CONNECTIONS.hold();
/// let _second = CONNECTIONS.hold();
/// assert!(!CONNECTIONS.try_acquire());
/// ```
pub struct Semaphore {
    inner: Permits,
}

/// A [`Semaphore`] that never has more permits than at first, as CPython's
/// [`threading.BoundedSemaphore`].
///
/// [`threading.BoundedSemaphore`]: https://docs.python.org/3.13/library/threading.html#semaphore-objects
///
/// # Examples
///
/// ```
/// use lockwise::threading::BoundedSemaphore;
///
/// let seats = BoundedSemaphore::new(1);
/// seats.acquire();
/// seats.release()?;
/// # Ok::<(), lockwise::threading::OverRelease>(())
/// ```
pub struct BoundedSemaphore {
    inner: Permits,
}

struct Permits {
    meta: Meta,
    state: Monitor<State>,
    available: RawCondvar,
    /// How many permits there may be.
    limit: usize,
}

struct State {
    /// Permits that nobody has released so far.
    fresh: usize,
    /// Released permits.
    released: VecDeque<u64>,
    /// The number of the last release.
    releases: u64,
}

impl State {
    fn value(&self) -> usize {
        self.fresh + self.released.len()
    }
}

impl Permits {
    const fn new(meta: Meta, value: usize, limit: usize) -> Self {
        let state = State { fresh: value, released: VecDeque::new(), releases: 0 };
        Self { meta, state: Monitor::new(state), available: RawCondvar::quiet(), limit }
    }

    #[track_caller]
    fn acquire(&self, until: Until) -> bool {
        let mut state = self.state.enter();
        let at = (&self.meta, Purpose::Permit);
        if !state.wait_at(&self.available, at, until, |state| state.value() > 0) {
            return false;
        }
        if let Some(token) = state.released.pop_front() {
            rt::emit(&self.meta, Action::Observe { object: self.meta.id(), token });
        } else {
            state.fresh -= 1;
        }
        true
    }

    /// Adds `n` permits unless there would be too many.
    #[track_caller]
    fn release(&self, n: usize) -> Result<(), OverRelease> {
        let object = self.meta.id();
        let mut state = self.state.enter();
        if state.value().checked_add(n).is_none_or(|value| value > self.limit) {
            drop(state);
            let what = Misuse::OverRelease;
            rt::emit(&self.meta, Action::Misuse { object, what });
            return Err(OverRelease);
        }
        for _ in 0..n {
            state.releases += 1;
            let token = state.releases;
            rt::emit(&self.meta, Action::Publish { object, token });
            state.released.push_back(token);
            self.available.notify(false);
        }
        Ok(())
    }

    fn fmt(&self, name: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct(name).field("value", &self.state.enter().value()).finish_non_exhaustive()
    }
}

macro_rules! acquisition {
    ($name:ident, $value:ident, $limit:expr) => {
        impl $name {
            /// A semaphore with as many permits.
            #[must_use]
            #[track_caller]
            pub const fn new($value: usize) -> Self {
                let meta = Meta::of::<Self>(ObjectKind::$name);
                Self { inner: Permits::new(meta, $value, $limit) }
            }

            /// A semaphore with as many permits, which reports call `name`.
            #[must_use]
            #[track_caller]
            pub const fn named(name: &'static str, $value: usize) -> Self {
                let meta = Meta::of::<Self>(ObjectKind::$name).named(name);
                Self { inner: Permits::new(meta, $value, $limit) }
            }

            /// Takes a permit, and waits for one as long as it takes: `acquire()`.
            ///
            /// # Panics
            ///
            /// If it is found that nobody is left who could release one.
            #[track_caller]
            pub fn acquire(&self) {
                self.inner.acquire(Until::Forever);
            }

            /// Takes a permit if there is one: `acquire(blocking=False)`.
            #[must_use = "a permit was taken only if this is true"]
            #[track_caller]
            pub fn try_acquire(&self) -> bool {
                self.inner.acquire(Until::Now)
            }

            /// Takes a permit, and waits for one no longer than `timeout`: `acquire(timeout=...)`.
            #[must_use = "a permit was taken only if this is true"]
            #[track_caller]
            pub fn acquire_timeout(&self, timeout: Duration) -> bool {
                self.inner.acquire(Until::after(timeout))
            }

            /// Takes a permit until the guard is dropped: `with semaphore:`.
            ///
            /// # Panics
            ///
            /// As `acquire`.
            #[track_caller]
            pub fn hold(&self) -> HeldPermit<'_> {
                self.acquire();
                HeldPermit { permits: &self.inner }
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.inner.fmt(stringify!($name), f)
            }
        }
    };
}

acquisition!(Semaphore, value, usize::MAX);
acquisition!(BoundedSemaphore, value, value);

impl Semaphore {
    /// Gives a permit back, or adds one: `release()`.
    ///
    /// # Panics
    ///
    /// At more permits than a `usize` can count.
    #[track_caller]
    pub fn release(&self) {
        self.inner.release(1).expect("a usize can count the permits");
    }

    /// Gives or adds `n` permits: `release(n)`.
    ///
    /// # Errors
    ///
    /// `n` is 0.
    ///
    /// # Panics
    ///
    /// As [`Semaphore::release`].
    #[track_caller]
    pub fn release_many(&self, n: usize) -> Result<(), ZeroPermits> {
        if n == 0 {
            return Err(ZeroPermits);
        }
        self.inner.release(n).expect("a usize can count the permits");
        Ok(())
    }
}

impl BoundedSemaphore {
    /// Gives a permit back: `release()`.
    ///
    /// # Errors
    ///
    /// There would be more than at first. This is a finding, `semaphore-over-release`, too.
    #[track_caller]
    pub fn release(&self) -> Result<(), OverRelease> {
        self.inner.release(1)
    }

    /// Gives `n` permits back: `release(n)`.
    ///
    /// # Errors
    ///
    /// `n` is 0, or as [`BoundedSemaphore::release`]; then no permit is given back.
    #[track_caller]
    pub fn release_many(&self, n: usize) -> Result<(), ReleaseError> {
        if n == 0 {
            return Err(ReleaseError::ZeroPermits);
        }
        self.inner.release(n).map_err(|OverRelease| ReleaseError::OverRelease)
    }
}

/// A permit held until this is dropped.
#[must_use = "the permit is given back as soon as this is dropped"]
pub struct HeldPermit<'a> {
    permits: &'a Permits,
}

impl Drop for HeldPermit<'_> {
    fn drop(&mut self) {
        // One release too many, elsewhere: that has been reported, and `with` has nobody to tell.
        let _ = self.permits.release(1);
    }
}

impl fmt::Debug for HeldPermit<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.permits.fmt("HeldPermit", f)
    }
}
