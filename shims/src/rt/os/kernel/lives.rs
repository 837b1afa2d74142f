//! Beginnings and ends of threads and sessions.

use std::sync::{Arc, atomic::Ordering};

use lockwise_detector::{Action, Site};

use super::{Kernel, PROCESS, session::Session, strangers};
use crate::{
    report::Destination,
    rt::{os::record::Record, world::Place},
};

/// A thread that no observed thread spawned is seen for the first time.
pub(in crate::rt::os) fn begin_root(name: Option<Arc<str>>) -> Arc<Record> {
    let mut kernel = Kernel::enter();
    let record = kernel.add_thread(PROCESS, None, name.clone());
    kernel.emit(&record, Site::UNKNOWN, Action::Begin { name });
    kernel.leave_quietly();
    record
}

/// `parent` is about to start a thread.
pub(in crate::rt::os) fn begin_spawned(
    parent: &Record,
    name: Option<Arc<str>>,
    place: Place,
) -> Arc<Record> {
    let mut kernel = Kernel::enter();
    let record = kernel.add_thread(parent.session, Some(parent), name.clone());
    let action = Action::Spawn { child: record.id, name };
    kernel.emit(parent, place.into(), action);
    kernel.leave_quietly();
    record
}

/// The thread's work has ended: it releases nothing any more.
pub(in crate::rt::os) fn thread_ends(record: &Arc<Record>) {
    let mut kernel = Kernel::enter();
    kernel.tell_held(record);
    kernel.emit(record, Site::UNKNOWN, Action::Exit);
    record.finished.store(true, Ordering::Release);
    kernel.records.remove(&record.serial);
    kernel.remember_ended(record);
    if let Some(session) = kernel.sessions.get_mut(&record.session) {
        session.live -= 1;
    }
    let key = Arc::as_ptr(record) as usize;
    while kernel.wake_one(key).is_some() {}
    kernel.break_stuck(record.session);
    kernel.leave_quietly();
}

/// Starts a session whose findings go to `destination`; the caller, who was `host` until now if it
/// was observed, is its first thread.
pub(in crate::rt::os) fn begin_session(
    destination: Destination,
    name: Option<Arc<str>>,
    host: Option<Arc<Record>>,
) -> Arc<Record> {
    let mut kernel = Kernel::enter();
    let session = kernel.next_session;
    kernel.next_session += 1;
    let before = strangers::tasks().unwrap_or_default();
    kernel.sessions.insert(session, Session { host, before, ..Session::new(destination) });
    let record = kernel.add_thread(session, None, name.clone());
    kernel.emit(&record, Site::UNKNOWN, Action::Begin { name });
    kernel.leave_quietly();
    record
}

/// Ends the session of `record`, its first thread. Threads of it that still run are not observed
/// any more. Returns whether threads of it were found to be stuck for good.
pub(in crate::rt::os) fn end_session(record: &Arc<Record>) -> bool {
    thread_ends(record);
    let mut kernel = Kernel::enter();
    let session = kernel.sessions.remove(&record.session);
    kernel.shadows.forget(record.session);
    kernel.ended.retain(|ended| ended.session != record.session);
    kernel.leave_quietly();
    session.is_some_and(|session| session.verdict.is_some())
}
