//! [`Condition`]: `threading.Condition`.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use lockwise_detector::{
    Action,
    op::{Misuse, ObjectKind, WaitFor},
};

use super::{
    Lock, NotOwned, RLock,
    ownership::{Held, Hold, Ownership},
};
use crate::rt::{self, Meta, MonitorGuard, RawCondvar, Until, Wake};

/// A condition variable together with its lock, as CPython's [`threading.Condition`].
///
/// Waiters are woken in the order in which they began to wait, as CPython does without promising it:
/// where every interleaving is explored, in any order. A wait gives the lock up altogether,
/// however often its owner has acquired it, and restores that afterwards.
///
/// [`threading.Condition`]: https://docs.python.org/3.13/library/threading.html#condition-objects
///
/// # Examples
///
/// Two chat bots who take turns:
///
/// ```
/// use lockwise::{sync::Arc, threading::{Condition, Event, Thread}};
///
/// let cond = Arc::new(Condition::new());
/// let listening = Arc::new(Event::new());
/// let (c, l) = (cond.clone(), listening.clone());
/// let xiaoai = Thread::new(move || {
///     let _held = c.hold();
///     l.set();
///     c.wait().unwrap();
///     println!("小爱 : 在");
///     c.notify(1).unwrap();
/// });
/// xiaoai.start()?;
/// listening.wait();
/// let held = cond.hold();
/// println!("天猫 : 小爱同学");
/// cond.notify(1)?;
/// cond.wait()?;
/// drop(held);
/// xiaoai.join()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Condition {
    base: Base,
    signal: RawCondvar,
    /// How many threads wait. Changed with the lock's state entered.
    waiting: AtomicUsize,
}

#[allow(clippy::large_enum_variant, reason = "in place, `Condition::new` can be const")]
enum Base {
    Own(Ownership),
    Lock(Arc<Lock>),
    RLock(Arc<RLock>),
}

/// The lock of a [`Condition`], where it is shared with others.
pub struct ConditionLock(Base);

impl From<Arc<Lock>> for ConditionLock {
    fn from(lock: Arc<Lock>) -> Self {
        Self(Base::Lock(lock))
    }
}

impl From<Arc<RLock>> for ConditionLock {
    fn from(lock: Arc<RLock>) -> Self {
        Self(Base::RLock(lock))
    }
}

impl Condition {
    /// A condition with an [`RLock`] of its own: `Condition()`.
    #[must_use]
    #[track_caller]
    pub const fn new() -> Self {
        let meta = Meta::of::<Self>(ObjectKind::Condition);
        Self::over(Base::Own(Ownership::new(Meta::of::<RLock>(ObjectKind::RLock))), meta)
    }

    /// A condition over a lock that others use too: `Condition(lock)`.
    #[must_use]
    #[track_caller]
    pub fn with_lock(lock: impl Into<ConditionLock>) -> Self {
        Self::over(lock.into().0, Meta::of::<Self>(ObjectKind::Condition))
    }

    const fn over(base: Base, meta: Meta) -> Self {
        Self { base, signal: RawCondvar::new(meta), waiting: AtomicUsize::new(0) }
    }

    fn lock(&self) -> &Ownership {
        match &self.base {
            Base::Own(lock) => lock,
            Base::Lock(lock) => &lock.inner,
            Base::RLock(lock) => &lock.inner,
        }
    }

    /// Acquires the lock: `acquire()`.
    ///
    /// # Panics
    ///
    /// As [`Lock::acquire`].
    #[track_caller]
    pub fn acquire(&self) {
        self.lock().acquire(Until::Forever);
    }

    /// Acquires the lock if that is possible without waiting: `acquire(blocking=False)`.
    #[must_use = "the lock is held only if this is true"]
    #[track_caller]
    pub fn try_acquire(&self) -> bool {
        self.lock().acquire(Until::Now)
    }

    /// Acquires the lock, and waits for it no longer than `timeout`: `acquire(timeout=...)`.
    #[must_use = "the lock is held only if this is true"]
    #[track_caller]
    pub fn acquire_timeout(&self, timeout: Duration) -> bool {
        self.lock().acquire(Until::after(timeout))
    }

    /// Releases the lock.
    ///
    /// # Errors
    ///
    /// As [`Lock::release`] and [`RLock::release`].
    #[track_caller]
    pub fn release(&self) -> Result<(), NotOwned> {
        self.lock().release().map_err(|_| NotOwned)
    }

    /// Acquires the lock until the guard is dropped: `with condition:`.
    ///
    /// # Panics
    ///
    /// As [`Lock::acquire`].
    #[track_caller]
    pub fn hold(&self) -> Held<'_> {
        Held::acquire(self.lock())
    }

    /// Gives the lock up, waits for a notification, and takes the lock again.
    ///
    /// # Errors
    ///
    /// The calling thread does not hold the lock. This is a finding too.
    ///
    /// # Panics
    ///
    /// If it is found that nobody is left who could notify.
    #[track_caller]
    pub fn wait(&self) -> Result<(), NotOwned> {
        self.wait_until(Until::Forever).map(drop)
    }

    /// [`Condition::wait`] no longer than `timeout`; false if no notification came.
    ///
    /// # Errors
    ///
    /// As [`Condition::wait`].
    #[track_caller]
    pub fn wait_timeout(&self, timeout: Duration) -> Result<bool, NotOwned> {
        self.wait_until(Until::after(timeout))
    }

    /// Waits until `predicate`, which is asked first, and after each notification.
    ///
    /// # Errors
    ///
    /// As [`Condition::wait`]; as there, only if it has to wait.
    #[track_caller]
    pub fn wait_for(&self, mut predicate: impl FnMut() -> bool) -> Result<(), NotOwned> {
        while !predicate() {
            self.wait_until(Until::Forever)?;
        }
        Ok(())
    }

    /// [`Condition::wait_for`] no longer than `timeout`; returns what `predicate` said last.
    ///
    /// # Errors
    ///
    /// As [`Condition::wait_for`].
    #[track_caller]
    pub fn wait_for_timeout(
        &self,
        mut predicate: impl FnMut() -> bool,
        timeout: Duration,
    ) -> Result<bool, NotOwned> {
        let until = Until::after(timeout);
        loop {
            if predicate() {
                return Ok(true);
            }
            if !self.wait_until(until)? {
                return Ok(predicate());
            }
        }
    }

    #[track_caller]
    fn wait_until(&self, until: Until) -> Result<bool, NotOwned> {
        let lock = self.lock();
        let mut entered = self.enter()?;
        let depth = entered.as_mut().map(|state| lock.give_back(state));
        self.waiting.fetch_add(1, Relaxed);
        let waiting = Waiting(&self.waiting);
        let on = self
            .signal
            .meta()
            .map(|condition| WaitFor::Condvar { condvar: condition.id(), mutex: lock.id() });
        let wake = match &mut entered {
            Some(state) => state.wait_on(&self.signal, on, until),
            None => lock.wait_plainly(&self.signal, on, until),
        };
        if wake == Wake::Notified {
            // Whoever notified has counted it out.
            std::mem::forget(waiting);
        }
        if let Some((state, depth)) = entered.as_mut().zip(depth) {
            lock.take(state, depth, Until::Forever);
        }
        Ok(wake == Wake::Notified)
    }

    /// Makes sure that the calling thread holds the lock. Returns the lock's state, if it has one.
    #[track_caller]
    fn enter(&self) -> Result<Option<MonitorGuard<'_, Hold>>, NotOwned> {
        let lock = self.lock();
        if lock.is_held_plainly() {
            return Ok(None);
        }
        // No closure: it would be the caller that the finding names.
        match lock.enter_as_owner() {
            Some(state) => Ok(Some(state)),
            None => Err(self.refuse()),
        }
    }

    /// Wakes up to `n` of the threads that wait, those that have waited longest: `notify(n)`.
    ///
    /// # Errors
    ///
    /// The calling thread does not hold the lock. This is a finding too.
    #[track_caller]
    pub fn notify(&self, n: usize) -> Result<(), NotOwned> {
        let _entered = self.enter()?;
        let waiting = self.waiting.load(Relaxed);
        let woken = n.min(waiting);
        self.waiting.store(waiting - woken, Relaxed);
        for _ in 0..woken {
            self.signal.notify(false);
        }
        if waiting == 0 && n > 0 {
            self.notify_nobody(false);
        }
        Ok(())
    }

    /// Wakes the thread that has waited longest: `notify()`.
    ///
    /// # Errors
    ///
    /// As [`Condition::notify`].
    #[track_caller]
    pub fn notify_one(&self) -> Result<(), NotOwned> {
        self.notify(1)
    }

    /// Wakes all threads that wait: `notify_all()`.
    ///
    /// # Errors
    ///
    /// As [`Condition::notify`].
    #[track_caller]
    pub fn notify_all(&self) -> Result<(), NotOwned> {
        let _entered = self.enter()?;
        if self.waiting.swap(0, Relaxed) > 0 {
            self.signal.notify(true);
        } else {
            self.notify_nobody(true);
        }
        Ok(())
    }

    /// A notification that reaches nobody is one that somebody may miss later.
    #[track_caller]
    fn notify_nobody(&self, all: bool) {
        if let Some(meta) = self.signal.meta() {
            rt::emit(meta, Action::Notify { object: meta.id(), all, woken: Vec::new() });
        }
    }

    #[track_caller]
    fn refuse(&self) -> NotOwned {
        if let Some(meta) = self.signal.meta() {
            rt::emit(meta, Action::Misuse { object: meta.id(), what: Misuse::WithoutLock });
        }
        NotOwned
    }
}

/// Counts a waiter out that nobody notified: its time is over, or it is being unwound.
struct Waiting<'a>(&'a AtomicUsize);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        // When a wait is unwound, a notification may have counted it out meanwhile.
        let _ = self.0.fetch_update(Relaxed, Relaxed, |waiting| waiting.checked_sub(1));
    }
}

impl Default for Condition {
    #[track_caller]
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.lock().fmt("Condition", f)
    }
}
