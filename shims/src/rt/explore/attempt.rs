//! Waiting loops.
//!
//! A thread that looks, finds that it has to wait, says so by `yield_now`, `spin_loop` or a sleep,
//! and looks again at the same place, waits: until there is something else to see, nothing that it
//! does makes a difference. What it did since it looked for the first time is its *attempt*, which
//! has failed. An attempt changes nothing: it loads, and locks and unlocks what it leaves as it was.
//!
//! Whether a thread looks again is only known when it does: so the pause itself is no step, and the
//! operation after it shows what the pause was. Who looks at one place very often without a pause is
//! taken to wait too.

use super::state::on_state;

/// Where an operation is in the code, what kind it is, and what it is done to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Look {
    pub(super) place: usize,
    pub(super) object: u64,
}

/// How many different looks an attempt can have.
const MOST: usize = 32;

/// How often a thread may look at the same place in a row before it is taken to wait.
const PATIENCE: u32 = 24;

/// What a thread has seen since it last changed anything.
#[derive(Default, Debug)]
pub(super) struct Attempt {
    /// Each look, and how many events the thread had had before.
    looks: Vec<(Look, usize)>,
    paused: bool,
    /// How often in a row a look was none that is new.
    repeats: u32,
}

impl Attempt {
    pub(super) fn clear(&mut self) {
        self.looks.clear();
        self.paused = false;
        self.repeats = 0;
    }

    /// The thread is about to look, after so many events of its own. Returns how many of them were
    /// an attempt, if it is one that failed.
    pub(super) fn look(&mut self, look: Look, events: usize) -> Option<usize> {
        let known = self.looks.iter().find(|(known, _)| *known == look).map(|(_, since)| *since);
        let paused = std::mem::take(&mut self.paused);
        let Some(since) = known else {
            self.repeats = 0;
            if self.looks.len() < MOST {
                self.looks.push((look, events));
            }
            return None;
        };
        self.repeats += 1;
        if !paused && self.repeats < PATIENCE * u32::try_from(self.looks.len()).unwrap_or(1) {
            return None;
        }
        self.clear();
        self.looks.push((look, events));
        Some(events - since)
    }
}

/// The thread pauses, because it has to wait for another.
pub(super) fn failed() {
    on_state(|state| state.me().attempt.paused = true);
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
        let first = (0..100).find(|events| attempt.look(look(1), *events).is_some());
        assert_eq!(first, Some(PATIENCE as usize));
    }
}
