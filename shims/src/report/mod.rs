//! From a finding to whoever has to know: files, standard error, a panic.
//!
//! A finding is written before the thread that caused it goes on, straight to standard error (past
//! the test harness's capture) or as a line of JSON, so that neither a crash nor an abort nor an
//! early exit can lose it.

mod exit;
mod resolve;
pub(crate) mod told;
mod unwritten;

use std::{
    any::Any,
    cell::RefCell,
    fs::File,
    io::Write,
    panic::Location,
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

use lockwise_detector::{
    Finding, Rule, Severity, Stack,
    render::{self, Style},
};

pub(crate) use self::exit::{FAILED_TEST, expect_stuck_threads, watch};
use self::resolve::ProcessResolver;
pub(crate) use self::resolve::{calls_at, is_own_source, root};
pub(crate) use self::unwritten::{Unwritten, await_written};
use crate::config::{Config, OnFinding};

/// How deep a captured stack goes.
const MAX_FRAMES: usize = 40;

/// What begins the message of each panic of ours.
const STOP_PREFIX: &str = "lockwise: ";

/// Where the findings of a session go.
#[derive(Clone)]
pub(crate) enum Destination {
    /// To standard error or a file, as the environment says.
    Process,
    /// To the `Recording` that a call of `record` will return.
    Recording(Arc<Mutex<Vec<Finding>>>),
}

impl Destination {
    /// Where findings go that no recording asks for.
    pub(crate) fn of_process() -> Self {
        // A wrong configuration ends the process here, before anything could be lost.
        Config::get();
        Self::Process
    }
}

thread_local! {
    /// What this thread has to panic with as soon as it can.
    static STOP: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// The test that runs in this process, as far as nobody else has named it.
static TEST: OnceLock<&'static str> = OnceLock::new();

/// Findings are of this test, unless the environment names another. The first name counts: only
/// where each test has a process of its own is it right for all.
#[cfg(feature = "facade")]
pub(crate) fn name_test(name: &'static str) {
    let _ = TEST.set(name);
}

/// Writes findings to where they belong. Those that have to fail a test leave a message for
/// [`take_stop`].
pub(crate) fn publish(findings: Vec<(Finding, Destination)>) {
    let mut resolver = ProcessResolver::new();
    for (mut finding, destination) in findings {
        finding.resolve(&mut resolver);
        match destination {
            Destination::Recording(recording) => {
                recording.lock().unwrap_or_else(PoisonError::into_inner).push(finding);
            }
            Destination::Process => publish_in_process(finding, Config::get()),
        }
    }
}

fn publish_in_process(mut finding: Finding, config: &Config) {
    if let Some(test) = config.test.as_deref().or(TEST.get().copied()) {
        finding.set_test(test);
    }
    let written = match config.output.as_ref() {
        Some(output) => write_line(output, &finding),
        None => false,
    };
    if !written || config.on_finding == OnFinding::Panic {
        write_raw(&format!("\n{}\n", render::text(&finding, &Style::plain())));
    }
    if config.on_finding == OnFinding::Panic && fails_test(&finding) {
        exit::expect_failure();
        let message = format!("{}: {}", finding.rule(), finding.message());
        let _ = STOP.try_with(|stop| stop.borrow_mut().get_or_insert(message).len());
    }
}

/// Writes a finding as a line of JSON. Returns whether that went well.
fn write_line(mut output: &File, finding: &Finding) -> bool {
    let line = format!("{}\n", render::line(finding));
    let outcome = output.write_all(line.as_bytes());
    if let Err(error) = &outcome {
        write_raw(&format!("lockwise: error: cannot write a finding: {error}\n"));
        exit::expect_failure_to_write();
    }
    outcome.is_ok()
}

/// Whether a finding by itself fails the test that causes it. A refused call does not: its caller
/// gets the refusal as an `Err`, and decides.
fn fails_test(finding: &Finding) -> bool {
    let refused = matches!(finding.kind(), Rule::ReleaseUnowned | Rule::SemaphoreOverRelease);
    finding.severity() > Severity::Note && !refused
}

/// Writes to standard error itself: a test harness does not get to hold it back, and neither does
/// a thread that has locked std's handle and is stuck.
pub(crate) fn write_raw(text: &str) {
    #[cfg(unix)]
    let mut to = {
        use std::os::fd::FromRawFd;
        // SAFETY: the descriptor is only borrowed: `ManuallyDrop` does not close it. Should the
        // program have closed it, or have another file there, that gets what its errors do.
        std::mem::ManuallyDrop::new(unsafe { File::from_raw_fd(2) })
    };
    #[cfg(not(unix))]
    let mut to = std::io::stderr();
    // Nothing can be done about an error on standard error.
    let _ = to.write_all(text.as_bytes());
}

/// A fault of ours. The program under observation is left alone.
pub(crate) fn internal_error(what: &str) {
    write_raw(&format!("lockwise: internal error: {what}\n"));
}

/// What this thread has to panic with, unless it is unwinding already. Asked for where a panic
/// does no harm.
pub(crate) fn take_stop() -> Option<String> {
    if std::thread::panicking() {
        return None;
    }
    STOP.try_with(|stop| stop.borrow_mut().take()).ok().flatten()
}

/// Unwinds this thread because of a finding that has been reported.
#[track_caller]
pub(crate) fn stop(message: &str) -> ! {
    panic!("{}", stop_text(message))
}

/// Whether a panic is one of [`stop`]'s.
pub(crate) fn is_stop(payload: &(dyn Any + Send)) -> bool {
    payload.downcast_ref::<String>().is_some_and(|message| message.starts_with(STOP_PREFIX))
}

/// A panic of [`stop`]'s that has ended the work of a thread, or has yet to, and is now for whoever
/// waits for that thread.
#[derive(Clone, Debug)]
pub(crate) struct Stopped(String);

impl Stopped {
    /// What ended a piece of work, if it was a stop. Asked by the thread that did the work.
    pub(crate) fn of<T>(outcome: &std::thread::Result<T>) -> Option<Self> {
        let raised = outcome.as_ref().err().filter(|payload| is_stop(&***payload));
        let raised = raised.and_then(|payload| payload.downcast_ref::<String>()).cloned();
        raised.or_else(|| take_stop().map(|message| stop_text(&message))).map(Self)
    }

    /// Unwinds this thread too; not while it is unwinding already.
    #[track_caller]
    pub(crate) fn pass_on(&self) {
        if !std::thread::panicking() {
            panic!("{}", self.0)
        }
    }
}

fn stop_text(message: &str) -> String {
    format!("{STOP_PREFIX}{message} (see the report on standard error)")
}

/// Ends the process: threads are blocked for good, and none of them can be unwound.
pub(crate) fn end_process(why: &str) -> ! {
    write_raw(&format!("lockwise: {why}; the process ends here (the report is above)\n"));
    exit::end_in_failure()
}

/// Ends the process because of what no finding says: threads cannot go on, nor be unwound.
pub(crate) fn end_with_error(error: &str) -> ! {
    write_raw(&format!("\nlockwise: error: {error}\n"));
    exit::end_in_failure()
}

/// The stack of the caller, unresolved.
pub(crate) fn capture() -> Option<Stack> {
    capture_from(0)
}

/// The same from the frame on that returns to `address`, if there is one.
pub(crate) fn capture_from(address: usize) -> Option<Stack> {
    let mut addresses = Vec::with_capacity(MAX_FRAMES);
    backtrace::trace(|frame| {
        if frame.ip().addr() == address {
            addresses.clear();
        }
        addresses.push(frame.ip().addr());
        addresses.len() < MAX_FRAMES
    });
    Some(Stack::raw(addresses.into()))
}

/// The stack of the caller the first time that this thread comes by `place`.
pub(crate) fn capture_if_new(place: &'static Location<'static>) -> Option<Stack> {
    if crate::rt::os::local::is_new_place(place) { capture() } else { None }
}
