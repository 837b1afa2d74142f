//! Panics that end the process: in a destructor that runs because of a panic, or because the
//! execution is over; or in a function that must not unwind. std ends the process then, with only
//! its own last word. What the explored program said would be lost.

use std::{fmt::Write, panic::PanicHookInfo};

use super::{overflow::Who, state::State};
use crate::report;

/// Whether std ends the process after this panic.
pub(super) fn ends_process(info: &PanicHookInfo<'_>) -> bool {
    // There is no other way to ask it.
    format!("{info:?}").contains("can_unwind: false")
}

/// Says what leads to the end of the process.
pub(super) fn tell(state: &State) {
    report::write_raw(&text(state));
}

fn text(state: &State) -> String {
    let who = who(state, state.current);
    let mut text = format!(
        "\nlockwise: error: {who} of the explored program panics where it cannot be unwound, which \
         ends the process\n"
    );
    for panicked in state.panics.iter().filter(|panicked| panicked.thread == state.current) {
        let _ = writeln!(text, "  at {}: {}", panicked.site, panicked.message);
    }
    if state.over.is_some() {
        let _ = writeln!(
            text,
            "It was being unwound because its execution had come to an end without it. The threads \
             that had not ended were"
        );
        for (key, thread) in state.threads.iter().enumerate() {
            if let Some(place) = thread.place.filter(|_| !thread.record.is_gone()) {
                let _ = writeln!(text, "  at {place}: {}", self::who(state, key));
            }
        }
    }
    text
}

fn who(state: &State, key: usize) -> Who<'_> {
    let number = u32::try_from(key).unwrap_or(u32::MAX);
    Who { number, name: state.threads[key].record.name() }
}
