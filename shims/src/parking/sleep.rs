//! [`park`]: how a thread waits in the [`lot`](super::lot).
//!
//! What a report says that it waits for depends on what was called. At a lock it is a request,
//! since the lock's owner is known; elsewhere it waits for a signal, and what woke it comes before
//! what it does next.
//!
//! # Waits that never end
//!
//! The thread is unwound, like any other. Its place in the queue is given up as if its time had
//! been over, which keeps the lock's word true to the queue. A condition variable has released a
//! mutex by then that its caller will release again while it unwinds; so its wait ends as if in
//! time, and the thread is unwound as soon as it has the mutex. The writer of an rwlock that waits
//! for readers keeps new ones out for good, as there is no way to tell it that it does not wait.

use std::{any::Any, mem, panic, sync::Arc};

use lockwise_detector::op::ObjectKind;

use super::{
    caller::Call,
    hooks,
    lot::{Bell, LOT, tell},
    until,
};
use crate::{
    report,
    rt::{
        self, Stop, Until, Wake,
        foreign::{Deed, Foreign},
        thread::Thread,
    },
    time::Instant,
};

/// How parking ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Parked {
    /// Somebody woke the thread and gave it this.
    Unparked(usize),
    /// It was not to park.
    Invalid,
    /// Its time was over.
    TimedOut,
}

/// What a thread parks at.
pub(super) enum Sort {
    /// A lock.
    Lock(Foreign),
    /// Something that somebody signals.
    Signal(Foreign),
}

impl Sort {
    fn of(call: Call, key: usize, until: Until) -> Self {
        let kind = call.kind.unwrap_or(ObjectKind::Event);
        let Call { mode, site, address, .. } = call;
        let lock = Foreign { key, kind, mode, patience: until.patience(), site, address };
        match kind {
            // A writer waits for readers at the second key of the lock.
            ObjectKind::RwLock => Self::Lock(Foreign { key: key & !1, ..lock }),
            ObjectKind::Mutex => Self::Lock(lock),
            _ => Self::Signal(lock),
        }
    }

    pub(super) fn signal(&self) -> Option<Foreign> {
        match self {
            Self::Lock(_) => None,
            Self::Signal(signal) => Some(*signal),
        }
    }

    /// Says what the wait is for, if a request has not.
    fn announce(&self, released: Option<Foreign>) -> Result<(), Stop> {
        let Self::Signal(signal) = self else { return Ok(()) };
        let Some(mutex) = released.filter(|_| signal.kind == ObjectKind::Condvar) else {
            return rt::foreign::tell(signal, Deed::Block(None));
        };
        // `parking_lot` sees to it that threads wait there with one mutex at a time; with another it
        // is taken for another, as it is where memory is used again.
        let key = signal.key ^ mutex.key.rotate_left(usize::BITS / 2) | 1;
        rt::foreign::tell(&Foreign { key, ..*signal }, Deed::Block(Some(&mutex)))
    }
}

/// Parks the thread at `key` with a `token` that others can go by.
///
/// `validate` says whether to, `before_sleep` runs when others can wake the thread already, and
/// `timed_out` hears at which key the thread was when its time was over, and whether it was the
/// last there.
#[track_caller]
pub fn park(
    key: usize,
    validate: impl FnOnce() -> bool,
    before_sleep: impl FnOnce(),
    timed_out: impl FnOnce(usize, bool),
    token: usize,
    timeout: Option<Instant>,
) -> Parked {
    let until = until(timeout);
    let sort = Sort::of(Call::here(), key, until);
    let bell = Arc::new(Bell::new());
    let mut lot = LOT.enter();
    if !validate() {
        return Parked::Invalid;
    }
    let ticket = lot.add(key, token, &bell, &sort);
    let sleep = Sleep { ticket, bell, sort, until };
    // The owner has to come here to release the lock, so what is said of the wait is true.
    if let Sort::Lock(lock) = &sleep.sort
        && let Err(stop) = rt::foreign::tell(lock, Deed::Request)
    {
        if let Some((key, last)) = lot.remove(ticket) {
            timed_out(key, last);
        }
        drop(lot);
        stop.raise();
    }
    drop(lot);
    hooks::forget_released();
    before_sleep();
    sleep.until_woken(hooks::released_last(), timed_out)
}

/// A thread that parks.
struct Sleep {
    ticket: u64,
    bell: Arc<Bell>,
    sort: Sort,
    until: Until,
}

impl Sleep {
    #[track_caller]
    fn until_woken(
        &self,
        released: Option<Foreign>,
        timed_out: impl FnOnce(usize, bool),
    ) -> Parked {
        match self.wait(released) {
            Ok(Some(token)) => {
                if let Sort::Signal(signal) = &self.sort {
                    tell(signal, Deed::Observe(Thread::current().number()));
                }
                Parked::Unparked(token)
            }
            Ok(None) => self.give_up(timed_out),
            Err(payload) if !report::is_stop(&*payload) => panic::resume_unwind(payload),
            Err(payload) => {
                if released.is_some() || matches!(self.sort, Sort::Lock(_)) {
                    self.give_up(timed_out);
                } else {
                    // Others have nothing to do when time is over, unless they have set one.
                    self.give_up(|_, _| {});
                }
                if released.is_none() {
                    panic::resume_unwind(payload);
                }
                hooks::stop_later(payload);
                Parked::TimedOut
            }
        }
    }

    /// Waits for somebody to wake it; `None` if time ran out. An error is a panic.
    #[track_caller]
    fn wait(&self, released: Option<Foreign>) -> Result<Option<usize>, Box<dyn Any + Send>> {
        let mut announced = false;
        loop {
            let mut lot = LOT.enter();
            if let Some(token) = self.bell.token() {
                return Ok(Some(token));
            }
            // Whoever would wake the thread has to come here, and says that the wait is over.
            let wait = panic::AssertUnwindSafe(|| {
                if !mem::replace(&mut announced, true) {
                    lot.set_blocked(self.ticket);
                    self.sort.announce(released).unwrap_or_else(|stop| stop.raise());
                }
                self.bell.wait(lot, self.until)
            });
            let wake = panic::catch_unwind(wait)?;
            let token = self.bell.token();
            if token.is_some() || wake == Wake::TimedOut {
                return Ok(token);
            }
        }
    }

    /// Leaves the queue, unless somebody has just woken it.
    #[track_caller]
    fn give_up(&self, timed_out: impl FnOnce(usize, bool)) -> Parked {
        let mut lot = LOT.enter();
        if let Some(token) = self.bell.token() {
            return Parked::Unparked(token);
        }
        if let Some((key, last)) = lot.remove(self.ticket) {
            timed_out(key, last);
        }
        drop(lot);
        match &self.sort {
            Sort::Lock(lock) => tell(lock, Deed::Withdraw),
            Sort::Signal(signal) => tell(signal, Deed::Unblock),
        }
        Parked::TimedOut
    }
}
