//! The panics of explored programs: their messages and places, in place of what std would print of
//! each in every execution.

use std::sync::Once;

use lockwise_detector::Site;

use super::{
    aborts,
    state::{Panicked, on_state},
};
use crate::rt::{
    current::{self, Kind},
    model::{message_of, site_of},
};

/// Begins to watch the panics of explored programs, for their messages and places.
pub(super) fn note_panics() {
    static INSTALL: Once = Once::new();
    INSTALL.call_once(|| {
        let next = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if current::kind() != Kind::Explore {
                return next(info);
            }
            // What is kept of a panic is none of the program's memory.
            let _away = current::leave();
            let site = info.location().map_or(Site::UNKNOWN, site_of);
            let message = message_of(info.payload());
            let ends_process = aborts::ends_process(info);
            on_state(|state| {
                let thread = state.current;
                state.me().unwinds = true;
                state.panics.push(Panicked { thread, message, site });
                if ends_process {
                    aborts::tell(state);
                }
            });
        }));
    });
}
