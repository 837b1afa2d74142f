//! Waiting loops.
//!
//! A thread that looks, finds that it has to wait, says so by `yield_now`, `spin_loop` or a sleep,
//! and looks again at the same place, waits: until there is something else to see, nothing that it
//! does makes a difference. What it did since it looked for the first time is its *attempt*, which
//! has failed. An attempt changes nothing: it loads, and locks and unlocks what it leaves as it was.
//!
//! Whether a thread looks again is only known when it does: so the pause itself is no step, and the
//! operation after it shows what the pause was. Who sees the same at one place very often without a
//! pause is taken to wait too, and so is who lets the time of a wait run out again and again.

use super::state::on_state;

/// Where an operation is in the code, what kind it is, and what it is done to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Look {
    pub(super) place: usize,
    pub(super) object: u64,
}

/// How many different looks an attempt can have.
const MOST: usize = 32;

/// How often a thread may see the same at the same place in a row, without a pause, before it is
/// taken to wait.
const PATIENCE: u32 = 24;

/// How often in a row the time of a wait may run out before the thread is taken to wait for as long
/// as it takes: who tries a few times and gives up is seen to give up.
const TIMEOUTS: u32 = 8;

/// What a thread has seen since it last changed anything.
#[derive(Default, Debug)]
pub(super) struct Attempt {
    looks: Vec<Seen>,
    paused: bool,
    /// How often in a row a look showed what the one before at its place had shown.
    repeats: u32,
    /// How often in a row the time of a wait has run out.
    timeouts: u32,
}

/// A look, how many events the thread had had before, and what it saw.
#[derive(Debug)]
struct Seen {
    look: Look,
    since: usize,
    value: Option<u64>,
}

impl Attempt {
    pub(super) fn clear(&mut self) {
        self.restart();
        self.timeouts = 0;
    }

    /// What comes is a new attempt.
    fn restart(&mut self) {
        self.looks.clear();
        self.paused = false;
        self.repeats = 0;
    }

    /// The thread is about to look, after so many events of its own. Returns how many of them were
    /// an attempt, if it is one that failed.
    pub(super) fn look(&mut self, look: Look, events: usize) -> Option<usize> {
        let paused = std::mem::take(&mut self.paused);
        let patience = PATIENCE * u32::try_from(self.looks.len()).unwrap_or(1);
        let Some(known) = self.looks.iter_mut().find(|seen| seen.look == look) else {
            self.repeats = 0;
            if self.looks.len() < MOST {
                self.looks.push(Seen { look, since: events, value: None });
            }
            return None;
        };
        let since = std::mem::replace(&mut known.since, events);
        self.repeats += 1;
        if !paused && self.repeats < patience {
            return None;
        }
        let value = known.value;
        self.restart();
        self.looks.push(Seen { look, since: events, value });
        Some(events - since)
    }

    /// Whether its last look was none that is new.
    pub(super) fn repeats(&self) -> bool {
        self.repeats > 0
    }

    /// The thread saw this at its last look there.
    pub(super) fn saw(&mut self, look: Look, value: u64) {
        if let Some(seen) = self.looks.iter_mut().find(|seen| seen.look == look) {
            if seen.value.is_some_and(|before| before != value) {
                self.repeats = 0;
            }
            seen.value = Some(value);
        }
    }

    fn time_ran_out(&mut self) {
        self.timeouts += 1;
        if self.timeouts > TIMEOUTS {
            self.paused = true;
        } else {
            self.restart();
        }
    }
}

/// The thread pauses, because it has to wait for another.
pub(super) fn failed() {
    on_state(|state| state.me().attempt.paused = true);
}

/// The thread has waited as long as it would.
pub(super) fn timed_out() {
    on_state(|state| state.me().attempt.time_ran_out());
}

/// The thread changes something, or may have: what it saw before was no attempt.
pub(super) fn changed() {
    on_state(|state| state.me().attempt.clear());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(place: usize) -> Look {
        Look { place, object: 0 }
    }

    #[test]
    fn a_look_again_after_a_pause_is_an_attempt_that_failed() {
        let mut attempt = Attempt::default();
        assert_eq!(attempt.look(look(1), 3), None);
        assert_eq!(attempt.look(look(2), 4), None);
        attempt.paused = true;
        assert_eq!(attempt.look(look(1), 5), Some(2));
        attempt.paused = true;
        assert_eq!(attempt.look(look(1), 6), Some(1));
    }

    #[test]
    fn a_pause_before_something_else_is_none() {
        let mut attempt = Attempt::default();
        assert_eq!(attempt.look(look(1), 3), None);
        attempt.paused = true;
        assert_eq!(attempt.look(look(2), 4), None);
        assert_eq!(attempt.look(look(1), 5), None);
    }

    #[test]
    fn a_loop_without_a_pause_is_seen_after_a_while() {
        let mut attempt = Attempt::default();
        let mut failed = (0..100).filter_map(|events| {
            let failed = attempt.look(look(1), events);
            attempt.saw(look(1), 0);
            failed.map(|length| (events, length))
        });
        // The last round is the attempt.
        assert_eq!(failed.next(), Some((PATIENCE as usize, 1)));
    }

    #[test]
    fn a_loop_that_sees_something_new_goes_on() {
        let mut attempt = Attempt::default();
        for events in 0..200 {
            assert_eq!(attempt.look(look(1), events), None);
            attempt.saw(look(1), events as u64 / 10);
        }
    }

    #[test]
    fn who_tries_some_times_may_give_up() {
        let mut attempt = Attempt::default();
        let failed: Vec<_> = (0..12)
            .filter(|round| {
                let failed = attempt.look(look(1), *round).is_some();
                attempt.time_ran_out();
                failed
            })
            .collect();
        assert_eq!(failed, [9, 10, 11]);
    }
}
