//! [`look_again`]: what to do before sleeping for something that is held for a moment.

use std::hint;

/// How often to look, and how long to pause in between.
const LOOKS: u32 = 32;
const PAUSES: u32 = 4;

/// Looks again for a few microseconds, until `look` has an answer: falling asleep and being woken
/// takes longer. Nobody else is let run meanwhile: where threads run that never wait, whoever yields
/// to them has its turn milliseconds later, while one that is woken has it at once.
pub(super) fn look_again<T>(mut look: impl FnMut() -> Option<T>) -> Option<T> {
    for _ in 0..LOOKS {
        let answer = look();
        if answer.is_some() {
            return answer;
        }
        (0..PAUSES).for_each(|_| hint::spin_loop());
    }
    None
}
