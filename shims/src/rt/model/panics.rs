//! What a panic hook is told, as findings keep it.

use std::{
    any::Any,
    collections::BTreeSet,
    panic::Location,
    sync::{Mutex, PoisonError},
};

use lockwise_detector::Site;

/// A place as the panic hook gives it: not for ever, so its file is kept once.
pub(crate) fn site_of(location: &Location<'_>) -> Site {
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
pub(crate) fn message_of(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| payload.downcast_ref::<String>().cloned());
    text.unwrap_or_else(|| "a panic without a message".to_owned())
}
