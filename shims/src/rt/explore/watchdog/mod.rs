//! The end of an exploration that the explorer cannot end: a thread of the model blocks outside its
//! view, or runs on and on.
//!
//! All threads of a model share one thread of the operating system, the worker. One that waits for
//! a lock of std's own, a channel, input or real time has all of them wait; if another of them was
//! to end the wait, it never ends. One that loops without an operation of ours never returns. Then
//! nobody can unwind it, and the process ends with a message.
//!
//! The worker counts its steps. A thread beside it looks from time to time, and once the count has
//! not moved for long it asks the operating system what the worker does. To be slow is no fault:
//!
//! - Time is counted in looks. While the process is stopped there are none.
//! - The worker *is blocked* if it slept in a system call at each look of the whole time; not if
//!   the call writes to the standard output or error, for whoever reads that may take his time.
//! - It *loops* if it was given most of that time by the processor.
//!
//! One that sleeps and runs by turns without end, in a loop that polls, is caught by either.
//!
//! Linux tells all this. Elsewhere there is no watchdog.

mod doing;
mod period;
#[cfg(all(test, target_os = "linux"))]
mod tests;

use std::{
    fmt::{self, Display, Formatter},
    sync::{
        Arc, Condvar, Mutex, PoisonError,
        atomic::{AtomicU32, AtomicU64, Ordering::Relaxed},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use self::{
    doing::Doing,
    period::{Period, Verdict},
};
use super::overflow::Who;
use crate::{
    report,
    rt::tasks::{self, Task},
};

/// How long a model may go without a step, if nothing else is said.
pub(crate) const LIMIT: Duration = Duration::from_secs(10);

/// How often the watchdog looks. With a small limit it looks more often.
const LOOK: Duration = Duration::from_millis(250);

/// How many times it looks at least before it speaks.
const LOOKS: u32 = 4;

/// No thread of the model runs: the worker itself does.
const NOBODY: u32 = u32::MAX;

/// Watches over the calling thread, the worker, until it is dropped.
pub(super) struct Watchdog {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    /// Counts the steps. Only the worker writes it.
    beats: AtomicU64,
    /// Which thread of the model runs, or `NOBODY`.
    runs: AtomicU32,
    over: Mutex<bool>,
    ended: Condvar,
}

impl Watchdog {
    /// Begins to watch. Nothing is said of a model that makes a step in each `limit`.
    pub(super) fn start(limit: Duration) -> Self {
        let shared = Arc::new(Shared {
            beats: AtomicU64::new(0),
            runs: AtomicU32::new(NOBODY),
            over: Mutex::new(false),
            ended: Condvar::new(),
        });
        let thread = tasks::this_task().and_then(|worker| {
            let shared = Arc::clone(&shared);
            let watchdog = thread::Builder::new().name("lockwise-watchdog".to_owned());
            watchdog.spawn(move || shared.watch(worker, limit)).ok()
        });
        Self { shared, thread }
    }

    /// The worker makes a step. Costs about a nanosecond.
    #[inline]
    pub(super) fn beat(&self) {
        // Nobody else writes it, so that nothing is lost.
        self.shared.beats.store(self.shared.beats.load(Relaxed).wrapping_add(1), Relaxed);
    }

    /// The worker resumes a thread of the model.
    #[inline]
    pub(super) fn runs(&self, number: u32) {
        self.shared.runs.store(number, Relaxed);
    }

    /// The worker itself is at work, or waits for others: that is no fault of the model's.
    #[inline]
    pub(super) fn rests(&self) {
        self.runs(NOBODY);
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        *self.shared.over.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.shared.ended.notify_one();
        if let Some(thread) = self.thread.take() {
            // It has nothing to say.
            let _ = thread.join();
        }
    }
}

impl Shared {
    fn watch(&self, worker: Task, limit: Duration) {
        let every = LOOK.min(limit / LOOKS).max(Duration::from_millis(1));
        let mut period = Period::new(every, limit);
        let mut over = self.over.lock().unwrap_or_else(PoisonError::into_inner);
        while !*over {
            let waited = self.ended.wait_timeout(over, every);
            let (guard, elapsed) = waited.unwrap_or_else(PoisonError::into_inner);
            over = guard;
            if *over || !elapsed.timed_out() {
                continue;
            }
            let (beats, number) = (self.beats.load(Relaxed), self.runs.load(Relaxed));
            let Some(verdict) = period.look((beats, number), || Doing::of(worker)) else {
                continue;
            };
            // What it did meanwhile came in time.
            if (beats, number) == (self.beats.load(Relaxed), self.runs.load(Relaxed)) {
                let who = Who { number, name: None };
                report::end_with_error(&verdict.told_of(who, limit).to_string());
            }
        }
    }
}

impl Verdict {
    fn told_of(self, who: Who<'_>, limit: Duration) -> impl Display {
        Message { verdict: self, who, limit }
    }
}

/// What a verdict is to whoever reads it.
struct Message<'a> {
    verdict: Verdict,
    who: Who<'a>,
    limit: Duration,
}

impl Display for Message<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let who = self.who;
        match self.verdict {
            Verdict::Blocked => write!(
                f,
                "{who} of the explored program is blocked by an operation outside the explorer's \
                 view (a lock, channel or sleep of std's own, or input): use lockwise's types, or \
                 keep it out of what is explored"
            ),
            Verdict::Runs => write!(
                f,
                "{who} of the explored program has run for {} s without an operation that the \
                 explorer sees: an endless loop, or a computation that is too long to be explored",
                self.limit.as_secs_f64()
            ),
        }
    }
}
