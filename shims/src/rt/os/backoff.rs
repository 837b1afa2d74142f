//! [`look_again`]: what to do before sleeping for something that is held for a moment.

use std::{hint, thread};

/// How often to look before others are let run, and how long to pause in between.
const LOOKS: u32 = 16;
const PAUSES: u32 = 4;

/// How often others are let run, since whoever holds it may be one that does not.
const YIELDS: u32 = 8;

/// Looks again for a few microseconds, until `look` has an answer: falling asleep and being woken
/// takes far longer.
pub(super) fn look_again<T>(mut look: impl FnMut() -> Option<T>) -> Option<T> {
    for attempt in 0..LOOKS + YIELDS {
        let answer = look();
        if answer.is_some() {
            return answer;
        }
        if attempt < LOOKS {
            (0..PAUSES).for_each(|_| hint::spin_loop());
        } else {
            thread::yield_now();
        }
    }
    None
}
