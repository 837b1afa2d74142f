//! `lockwise::threading`, method by method. Each test names the behaviour of CPython that it holds
//! the module to; where a call is a misuse, the test runs it in a recording, which does not panic.
#![cfg(feature = "observe")]

mod barrier;
mod condition;
mod event;
mod local;
mod locks;
mod semaphore;
mod thread;
mod timer;

use std::{sync::mpsc, time::Duration};

use lockwise::{
    record::{Finding, record},
    threading::Thread,
};

const SHORT: Duration = Duration::from_millis(20);
const LONG: Duration = Duration::from_secs(60);

/// Starts a thread that runs `f`.
fn start(f: impl FnOnce() + Send + 'static) -> Thread {
    let thread = Thread::new(f);
    thread.start().unwrap();
    thread
}

/// Runs `f` in a thread of its own and returns what it returned.
fn elsewhere<T: Send + 'static>(f: impl FnOnce() -> T + Send + 'static) -> T {
    let (send, receive) = mpsc::channel();
    start(move || send.send(f()).unwrap()).join().unwrap();
    receive.recv().unwrap()
}

/// The rules of what is found in `f`, except notes.
fn rules(f: impl FnOnce()) -> Vec<&'static str> {
    let recording = record(f);
    let errors =
        recording.findings().iter().filter(|f| f.severity() > lockwise::record::Severity::Note);
    errors.map(Finding::rule).collect()
}
