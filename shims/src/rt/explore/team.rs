//! [`Team`]: the workers of one exploration, and what is left for them to do.
//!
//! Parts of an exploration are independent. A worker has one part at a time, and gives away the
//! largest piece of it when another has nothing to do. So the executions are the same, however many
//! workers there are; only their order is not.

use std::sync::{
    Condvar, Mutex, PoisonError,
    atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed},
};

use lockwise_detector::explore::Work;

use super::{driver::Stopped, state::Failure};

/// What the workers share.
pub(super) struct Team {
    pool: Mutex<Pool>,
    changed: Condvar,
    /// How many workers wait for work.
    hungry: AtomicUsize,
    over: AtomicBool,
    /// How many executions have been counted, and how many may be.
    made: AtomicU64,
    most: u64,
}

struct Pool {
    work: Vec<Work>,
    workers: usize,
    waiting: usize,
    explored: f64,
    stopped: Option<Stopped>,
    failure: Option<Failure>,
}

impl Team {
    /// A team of one, which has everything to do, and may count so many executions.
    pub(super) fn new(most: Option<u64>) -> Self {
        let pool = Pool {
            work: vec![Work::all()],
            workers: 1,
            waiting: 0,
            explored: 0.0,
            stopped: None,
            failure: None,
        };
        Self {
            pool: Mutex::new(pool),
            changed: Condvar::new(),
            hungry: AtomicUsize::new(0),
            over: AtomicBool::new(false),
            made: AtomicU64::new(0),
            most: most.unwrap_or(u64::MAX),
        }
    }

    fn pool(&self) -> std::sync::MutexGuard<'_, Pool> {
        self.pool.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One more worker joins in.
    pub(super) fn join(&self) {
        self.pool().workers += 1;
    }

    /// A worker is gone that has no work.
    pub(super) fn leave(&self) {
        self.pool().workers -= 1;
    }

    /// The next part, after a wait if it must be; none if there is nothing left to do.
    pub(super) fn take(&self) -> Option<Work> {
        let mut pool = self.pool();
        loop {
            if self.is_over() {
                return None;
            }
            if let Some(work) = pool.work.pop() {
                return Some(work);
            }
            pool.waiting += 1;
            if pool.waiting == pool.workers {
                self.over.store(true, Relaxed);
                self.changed.notify_all();
                return None;
            }
            self.hungry.fetch_add(1, Relaxed);
            pool = self.changed.wait(pool).unwrap_or_else(PoisonError::into_inner);
            self.hungry.fetch_sub(1, Relaxed);
            pool.waiting -= 1;
        }
    }

    /// Whether somebody has nothing to do.
    pub(super) fn is_hungry(&self) -> bool {
        self.hungry.load(Relaxed) > 0
    }

    pub(super) fn give(&self, work: Work) {
        self.pool().work.push(work);
        self.changed.notify_one();
    }

    /// A part has been explored, which was such a share of all.
    pub(super) fn add_explored(&self, share: f64) {
        self.pool().explored += share;
    }

    /// Counts one more execution; false if there may be none.
    pub(super) fn count(&self) -> bool {
        let counted = self.made.fetch_add(1, Relaxed) < self.most;
        if !counted {
            self.made.fetch_sub(1, Relaxed);
        }
        counted
    }

    /// How many executions have been counted.
    pub(super) fn made(&self) -> u64 {
        self.made.load(Relaxed)
    }

    /// The exploration is over before everything is done.
    pub(super) fn stop(&self, stopped: Stopped) {
        self.pool().stopped.get_or_insert(stopped);
        self.end();
    }

    /// The exploration cannot go on.
    pub(super) fn fail(&self, failure: Failure) {
        self.pool().failure.get_or_insert(failure);
        self.end();
    }

    fn end(&self) {
        self.over.store(true, Relaxed);
        // Who is about to wait holds the pool, and sees it after that.
        drop(self.pool());
        self.changed.notify_all();
    }

    pub(super) fn is_over(&self) -> bool {
        self.over.load(Relaxed)
    }

    /// How it ended: why before everything was done, and which share was.
    ///
    /// # Errors
    ///
    /// It could not go on.
    pub(super) fn result(&self) -> Result<(Option<Stopped>, f64), Failure> {
        let mut pool = self.pool();
        match pool.failure.take() {
            Some(failure) => Err(failure),
            None => Ok((pool.stopped, pool.explored)),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU32;

    use super::*;

    #[test]
    fn what_is_given_is_done_once_and_then_all_end() {
        let (team, done) = (Team::new(None), AtomicU32::new(0));
        let work = || {
            while team.take().is_some() {
                if done.fetch_add(1, Relaxed) < 50 {
                    team.give(Work::all());
                    team.give(Work::all());
                }
            }
        };
        std::thread::scope(|scope| {
            for _ in 0..3 {
                team.join();
                scope.spawn(work);
            }
            work();
        });
        assert_eq!(done.into_inner(), 1 + 2 * 50);
        assert!(team.result().is_ok());
    }

    #[test]
    fn no_more_is_counted_than_may_be() {
        let team = Team::new(Some(3));
        let counted = (0..5).filter(|_| team.count()).count();
        assert_eq!((counted, team.made()), (3, 3));
    }

    #[test]
    fn who_waits_hears_of_a_failure() {
        let team = Team::new(None);
        team.join();
        let _all = team.take();
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| team.take().is_none());
            team.fail(Failure::Replan);
            assert!(waiting.join().unwrap());
        });
        assert!(matches!(team.result(), Err(Failure::Replan)));
    }
}
