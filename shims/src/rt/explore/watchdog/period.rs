//! When the worker is said to be stuck.

use std::time::Duration;

use super::{NOBODY, doing::Doing};

/// The time since the worker made its last step, as far as it was looked at.
pub(super) struct Period {
    every: Duration,
    limit: Duration,
    /// The count of steps, and who runs: the same at all looks.
    mark: (u64, u32),
    looks: u32,
    /// At how many looks in a row the worker has been asleep.
    asleep: u32,
    /// What it had used at the first.
    used: Duration,
}

/// Why nothing goes on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Verdict {
    Blocked,
    Runs,
}

impl Period {
    pub(super) fn new(every: Duration, limit: Duration) -> Self {
        let mark = (0, NOBODY);
        Self { every, limit, mark, looks: 0, asleep: 0, used: Duration::ZERO }
    }

    /// Looks at the worker: at its mark and, if that is the one of the last look, at what it does.
    pub(super) fn look(
        &mut self,
        mark: (u64, u32),
        doing: impl FnOnce() -> Option<Doing>,
    ) -> Option<Verdict> {
        if mark != self.mark || mark.1 == NOBODY {
            *self = Self { mark, ..Self::new(self.every, self.limit) };
            return None;
        }
        let Some(doing) = doing() else {
            (self.looks, self.asleep) = (0, 0);
            return None;
        };
        if self.looks == 0 {
            self.used = doing.used;
        }
        self.looks += 1;
        self.asleep = if doing.asleep { self.asleep + 1 } else { 0 };
        if self.time(self.asleep) >= self.limit {
            Some(Verdict::Blocked)
        } else if self.time(self.looks) >= self.limit
            && doing.used.saturating_sub(self.used) >= self.limit / 4 * 3
        {
            Some(Verdict::Runs)
        } else {
            None
        }
    }

    /// How long it is from the first of so many looks to the last.
    fn time(&self, looks: u32) -> Duration {
        self.every * looks.saturating_sub(1)
    }
}

#[cfg(test)]
mod tests {
    use std::iter::repeat_n;

    use super::{
        super::{LIMIT, LOOK},
        *,
    };

    const SECOND: Duration = Duration::from_secs(1);

    /// The verdict after each of the looks, as far as they bring one: what the worker did, and how
    /// much of the time since the last look it was given, in percent.
    fn judge(looks: impl IntoIterator<Item = (u64, bool, u32)>) -> Option<(usize, Verdict)> {
        let mut period = Period::new(LOOK, LIMIT);
        let mut used = SECOND;
        looks.into_iter().enumerate().find_map(|(look, (beats, asleep, percent))| {
            used += LOOK * percent / 100;
            let verdict = period.look((beats, 0), || Some(Doing { asleep, used }));
            verdict.map(|verdict| (look, verdict))
        })
    }

    #[test]
    fn who_sleeps_through_the_whole_time_is_blocked() {
        // One look for the step before, and one at either end of 40 times 250 ms.
        assert_eq!(judge(repeat_n((1, true, 0), 100)), Some((41, Verdict::Blocked)));
        assert_eq!(judge(repeat_n((1, true, 0), 41)), None);
    }

    #[test]
    fn who_was_awake_once_has_to_be_looked_at_from_there() {
        let once = repeat_n((1, true, 0), 20).chain([(1, false, 0)]);
        let looks = once.chain(repeat_n((1, true, 0), 100));
        assert_eq!(judge(looks), Some((61, Verdict::Blocked)));
    }

    #[test]
    fn who_runs_through_the_whole_time_loops() {
        assert_eq!(judge(repeat_n((1, false, 100), 100)), Some((41, Verdict::Runs)));
    }

    #[test]
    fn who_is_given_little_of_the_processor_is_given_more_time() {
        assert_eq!(judge(repeat_n((1, false, 0), 10_000)), None);
        assert_eq!(judge(repeat_n((1, false, 10), 1000)), Some((301, Verdict::Runs)));
    }

    #[test]
    fn who_makes_a_step_now_and_then_is_left_alone() {
        let steps = (0..10_000).map(|look| (look / 40, look % 3 == 0, 100));
        assert_eq!(judge(steps), None);
        let sleeps = (0..10_000).map(|look| (look / 40, true, 0));
        assert_eq!(judge(sleeps), None);
    }

    #[test]
    fn a_worker_that_runs_no_thread_is_left_alone() {
        let mut period = Period::new(LOOK, LIMIT);
        let asleep = Doing { asleep: true, used: SECOND };
        assert!((0..1000).all(|_| period.look((1, NOBODY), || Some(asleep)).is_none()));
        assert!((0..41).all(|_| period.look((1, 0), || Some(asleep)).is_none()));
        assert_eq!(period.look((1, 0), || Some(asleep)), Some(Verdict::Blocked));
    }

    #[test]
    fn nothing_is_concluded_where_the_system_does_not_tell() {
        let mut period = Period::new(LOOK, LIMIT);
        assert!((0..1000).all(|_| period.look((1, 0), || None).is_none()));
        let asleep = Doing { asleep: true, used: SECOND };
        assert!((0..40).all(|_| period.look((1, 0), || Some(asleep)).is_none()));
        assert!(period.look((1, 0), || None).is_none());
        assert!((0..40).all(|_| period.look((1, 0), || Some(asleep)).is_none()));
    }

    #[test]
    fn without_a_limit_nothing_is_concluded() {
        let mut period = Period::new(LOOK, Duration::MAX);
        let asleep = Doing { asleep: true, used: SECOND };
        assert!((0..1000).all(|_| period.look((1, 0), || Some(asleep)).is_none()));
    }
}
