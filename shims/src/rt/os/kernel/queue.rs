//! Queues of blocked threads, and what ends a wait: another thread, time, or the certainty that
//! nothing else will.

use std::{collections::VecDeque, sync::Arc, time::Instant};

use lockwise_detector::{Action, Site, op::Mode};

use super::{Entered, Kernel, Stuck};
use crate::rt::{
    Wake,
    os::{parker::Woken, record::Record},
};

/// A blocked thread in a queue.
pub(super) struct Waiter {
    pub(super) record: Arc<Record>,
    mode: Mode,
    /// Whether the wait has no deadline.
    forever: bool,
    /// Whether a `Block` told the detector of the wait.
    announced: bool,
    pub(super) cancel: Cancel,
}

/// Whether a wait that can never end may be unwound.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::rt::os) enum Cancel {
    Allowed,
    /// The wait guards borrowed data, or the thread is unwinding already.
    Forbidden,
}

impl Cancel {
    /// Not while the thread is unwinding.
    pub(in crate::rt::os) fn unless_panicking() -> Self {
        if std::thread::panicking() { Self::Forbidden } else { Self::Allowed }
    }
}

/// How to wait in a queue.
pub(in crate::rt::os) struct Wait {
    /// The queue: the address of what is waited for.
    pub(in crate::rt::os) key: usize,
    pub(in crate::rt::os) mode: Mode,
    pub(in crate::rt::os) deadline: Option<Instant>,
    pub(in crate::rt::os) announced: bool,
    pub(in crate::rt::os) cancel: Cancel,
}

impl Kernel {
    /// Ends the wait of one thread in `key`'s queue. Returns it.
    pub(in crate::rt::os) fn wake_one(&mut self, key: usize) -> Option<Arc<Record>> {
        let queue = self.queues.get_mut(&key)?;
        let waiter = queue.pop_front()?;
        if queue.is_empty() {
            self.queues.remove(&key);
        }
        Some(self.end_wait(waiter, Woken::Notified))
    }

    /// Ends the waits of the first thread in `key`'s queue, and if it waits for shared access,
    /// of all others that do.
    pub(in crate::rt::os) fn wake_compatible(&mut self, key: usize) {
        let first = self.queues.get(&key).and_then(|queue| queue.front());
        if first.is_none_or(|waiter| waiter.mode == Mode::Exclusive) {
            self.wake_one(key);
            return;
        }
        let queue = self.queues.remove(&key).unwrap_or_default();
        let (readers, rest): (VecDeque<_>, VecDeque<_>) =
            queue.into_iter().partition(|waiter| waiter.mode == Mode::Shared);
        if !rest.is_empty() {
            self.queues.insert(key, rest);
        }
        for waiter in readers {
            self.end_wait(waiter, Woken::Notified);
        }
    }

    fn end_wait(&mut self, waiter: Waiter, woken: Woken) -> Arc<Record> {
        if waiter.forever
            && let Some(session) = self.sessions.get_mut(&waiter.record.session)
        {
            session.asleep -= 1;
        }
        if waiter.announced {
            self.emit(&waiter.record, Site::UNKNOWN, Action::Unblock);
        }
        if waiter.record.parker.wake(woken) {
            self.asleep.push(Arc::clone(&waiter.record));
        }
        waiter.record
    }

    /// Whether any thread waits in `key`'s queue.
    pub(in crate::rt::os) fn has_waiters(&self, key: usize) -> bool {
        self.queues.contains_key(&key)
    }

    /// Whether a thread that wants exclusive access waits in `key`'s queue.
    pub(in crate::rt::os) fn has_writer(&self, key: usize) -> bool {
        let queue = self.queues.get(&key);
        queue.is_some_and(|q| q.iter().any(|waiter| waiter.mode == Mode::Exclusive))
    }

    /// Wakes the first waiter of every queue; each looks again whether it can go on.
    pub(super) fn wake_all_first(&mut self) {
        let keys: Vec<_> = self.queues.keys().copied().collect();
        for key in keys {
            self.wake_one(key);
        }
    }

    /// Ends the wait of thread `serial` in `key`'s queue: it can never end otherwise.
    pub(super) fn cancel(&mut self, key: usize, serial: u32) {
        if let Some(waiter) = self.take_out(key, serial) {
            self.end_wait(waiter, Woken::Cancelled);
        }
    }

    /// Takes a waiter out of `key`'s queue. Readers that waited behind a writer look again.
    fn take_out(&mut self, key: usize, serial: u32) -> Option<Waiter> {
        let queue = self.queues.get_mut(&key)?;
        let index = queue.iter().position(|waiter| waiter.record.serial == serial)?;
        let waiter = queue.remove(index)?;
        let readers_next = queue.front().is_some_and(|next| next.mode == Mode::Shared);
        if queue.is_empty() {
            self.queues.remove(&key);
        }
        if readers_next && waiter.mode == Mode::Exclusive {
            self.wake_compatible(key);
        }
        Some(waiter)
    }
}

impl Entered {
    /// Blocks in a queue until woken. The kernel is left meanwhile, and entered again.
    ///
    /// # Errors
    ///
    /// The wait can never end: no thread of the session can go on.
    pub(in crate::rt::os) fn block(
        self,
        record: &Arc<Record>,
        wait: Wait,
    ) -> (Self, Result<Wake, Stuck>) {
        let outcome = self.sleep(record, wait);
        (Kernel::enter(), outcome)
    }

    /// Leaves, and blocks in a queue until woken.
    ///
    /// # Errors
    ///
    /// As for [`Entered::block`].
    pub(in crate::rt::os) fn sleep(
        mut self,
        record: &Arc<Record>,
        wait: Wait,
    ) -> Result<Wake, Stuck> {
        let waiter = Waiter {
            record: Arc::clone(record),
            mode: wait.mode,
            forever: wait.deadline.is_none(),
            announced: wait.announced,
            cancel: wait.cancel,
        };
        self.queues.entry(wait.key).or_default().push_back(waiter);
        if wait.deadline.is_none() {
            let session = record.session;
            if let Some(session) = self.sessions.get_mut(&session) {
                session.asleep += 1;
            }
            self.break_stuck(session);
        }
        self.leave_quietly();
        let mut woken = record.parker.sleep(wait.deadline);
        // Whoever woke it may have had it learn something.
        record.knowledge.has_news();
        if woken.is_none() {
            let mut kernel = Kernel::enter();
            if kernel.take_out(wait.key, record.serial).is_some() {
                if wait.announced {
                    kernel.emit(record, Site::UNKNOWN, Action::Unblock);
                }
                kernel.leave_quietly();
                return Ok(Wake::TimedOut);
            }
            woken = record.parker.take();
        }
        match woken {
            Some(Woken::Cancelled) => Err(Kernel::enter().verdict(record)),
            _ => Ok(Wake::Notified),
        }
    }
}
