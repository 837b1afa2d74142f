//! Runs a process that may do anything: crash, hang, or print without end.
//!
//! The process leads a group of its own, so that what it starts ends with it, unless it has left
//! that group; then nobody waits for it, even if it holds the output's pipe. The output is
//! drained all the time, so that it never blocks on a full pipe, and of each stream only the end
//! is kept. The process is awaited by polling, because std has no wait with a time limit; the
//! pauses grow to 20 ms and stay small beside the cost of starting a process.

use std::{
    collections::VecDeque,
    fs::File,
    io::{self, Read},
    process::{Child, Command, ExitStatus, Output, Stdio},
    sync::{Arc, Mutex, PoisonError, mpsc},
    thread,
    time::{Duration, Instant},
};

use crate::interrupt::{Group, Manner};

/// How much of the end of each stream is kept.
pub const KEPT: usize = 64 * 1024;

/// How long pipes may stay open after the process has ended, held by what it started.
const GRACE: Duration = Duration::from_millis(500);

/// How a process ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ended {
    /// By itself, with a code.
    Code(i32),
    /// By a signal: 11 is a segmentation fault, 6 an abort.
    Signal(i32),
    /// It did not end in time, and was killed.
    TimedOut,
}

/// What came of a process.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// How it ended.
    pub ended: Ended,
    /// The end of what it printed to stdout.
    pub stdout: String,
    /// The end of what it printed to stderr.
    pub stderr: String,
    /// How long it ran.
    pub time: Duration,
}

/// Runs `command` to its end, or for `limit` at most.
///
/// # Errors
///
/// The process cannot be started or awaited.
pub fn run(command: &mut Command, limit: Duration) -> io::Result<Outcome> {
    command.stdout(Stdio::piped());
    run_to_end(command, limit)
}

/// The same, but all that it prints to stdout goes to `stdout`.
///
/// # Errors
///
/// As for [`run`].
pub fn run_into(command: &mut Command, stdout: File, limit: Duration) -> io::Result<Outcome> {
    command.stdout(stdout);
    run_to_end(command, limit)
}

fn run_to_end(command: &mut Command, limit: Duration) -> io::Result<Outcome> {
    command.stdin(Stdio::null()).stderr(Stdio::piped());
    let started = Instant::now();
    let (mut child, group) = start(command, Manner::Killed)?;
    let stdout = child.stdout.take().map(Drain::start);
    let stderr = child.stderr.take().map(Drain::start);
    let ended = wait(&mut child, &group, started + limit)?;
    let time = started.elapsed();
    let text = |drain: Option<Drain>| drain.map(Drain::text).unwrap_or_default();
    Ok(Outcome { ended, stdout: text(stdout), stderr: text(stderr), time })
}

/// Runs `command` to its end, however long that takes. What it prints to stdout is the result,
/// and what it prints to stderr too if it is piped.
///
/// # Errors
///
/// The process cannot be started or awaited.
pub fn complete(command: &mut Command) -> io::Result<Output> {
    command.stdin(Stdio::null()).stdout(Stdio::piped());
    let (child, _group) = start(command, Manner::Killed)?;
    child.wait_with_output()
}

/// Starts a process that leads a group, which ends with us in this manner.
pub(crate) fn start(command: &mut Command, manner: Manner) -> io::Result<(Child, Group)> {
    lead_a_group(command);
    let child = command.spawn()?;
    let group = Group::led_by(child.id(), manner);
    Ok((child, group))
}

fn wait(child: &mut Child, group: &Group, deadline: Instant) -> io::Result<Ended> {
    let mut pause = Duration::from_millis(1);
    loop {
        if has_ended(child)? {
            // Until it is collected nobody else can have its id, nor its group.
            group.kill();
            return Ok(ended(child.wait()?));
        }
        if Instant::now() >= deadline {
            group.kill();
            child.wait()?;
            return Ok(Ended::TimedOut);
        }
        thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(20));
    }
}

/// Whether it has ended. On Unix it is not collected yet.
#[cfg(unix)]
fn has_ended(child: &Child) -> io::Result<bool> {
    use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    loop {
        match waitid(WaitId::Pid(Pid::from_child(child)), options) {
            Ok(status) => return Ok(status.is_some()),
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

#[cfg(not(unix))]
fn has_ended(child: &mut Child) -> io::Result<bool> {
    Ok(child.try_wait()?.is_some())
}

#[cfg(unix)]
fn lead_a_group(command: &mut Command) {
    std::os::unix::process::CommandExt::process_group(command, 0);
}

#[cfg(not(unix))]
fn lead_a_group(_command: &mut Command) {}

#[cfg(unix)]
fn ended(status: ExitStatus) -> Ended {
    use std::os::unix::process::ExitStatusExt;
    match (status.code(), status.signal()) {
        (Some(code), _) => Ended::Code(code),
        (None, signal) => Ended::Signal(signal.unwrap_or_default()),
    }
}

#[cfg(not(unix))]
fn ended(status: ExitStatus) -> Ended {
    Ended::Code(status.code().unwrap_or_default())
}

/// Reads a stream to its end on a thread of its own and keeps the last of it.
struct Drain {
    tail: Arc<Mutex<VecDeque<u8>>>,
    done: mpsc::Receiver<()>,
}

impl Drain {
    fn start(mut stream: impl Read + Send + 'static) -> Self {
        let tail = Arc::new(Mutex::new(VecDeque::with_capacity(KEPT)));
        let (end, done) = mpsc::channel::<()>();
        let kept = Arc::clone(&tail);
        thread::spawn(move || {
            // Dropped at the end of the stream, which is what `is_done` waits for.
            let _end = end;
            let mut buffer = [0; 8192];
            while let Ok(length @ 1..) = stream.read(&mut buffer) {
                let mut tail = kept.lock().unwrap_or_else(PoisonError::into_inner);
                tail.extend(&buffer[..length]);
                let excess = tail.len().saturating_sub(KEPT);
                tail.drain(..excess);
            }
        });
        Self { tail, done }
    }

    /// Whether the stream ends within `patience`.
    fn is_done(&self, patience: Duration) -> bool {
        self.done.recv_timeout(patience) == Err(mpsc::RecvTimeoutError::Disconnected)
    }

    fn text(self) -> String {
        // After a kill, what is still in the pipe arrives at once or never.
        self.is_done(GRACE);
        let mut tail = self.tail.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(tail.make_contiguous()).into_owned()
    }
}
