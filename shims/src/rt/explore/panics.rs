//! The panics of explored programs: their messages and places, in place of what std would print of
//! each in every execution.

use std::{
    collections::BTreeSet,
    sync::{Mutex, Once, PoisonError},
};

use lockwise_detector::Site;

use super::{
    aborts,
    state::{Panicked, on_state},
};
use crate::rt::current::{self, Kind};

/// Begins to watch the panics of explored programs, for their messages and places.
pub(super) fn note_panics() {
    static INSTALL: Once = Once::new();
    INSTALL.call_once(|| {
        let next = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if current::kind() != Kind::Explore {
                return next(info);
            }
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

/// A place as the panic hook gives it: not for ever, so its file is kept once.
fn site_of(location: &std::panic::Location<'_>) -> Site {
    static FILES: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());
    let mut files = FILES.lock().unwrap_or_else(PoisonError::into_inner);
    let file = files.get(location.file()).copied().unwrap_or_else(|| {
        let kept: &'static str = Box::leak(location.file().to_owned().into_boxed_str());
        files.insert(kept);
        kept
    });
    Site { file, line: location.line(), column: location.column() }
}

/// What a panic says.
pub(super) fn message_of(payload: &(dyn std::any::Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| payload.downcast_ref::<String>().cloned());
    text.unwrap_or_else(|| "a panic without a message".to_owned())
}
