//! [`Thread`]: `threading.Thread`.

use std::{
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    time::Duration,
};

use super::{AlreadyStarted, JoinError, StartError, program};
use crate::{
    report::Stopped,
    rt::{
        Ledger, Until,
        thread::{self, Spawn},
    },
};

type Work = Box<dyn FnOnce() + Send>;

/// A thread of control, as CPython's [`threading.Thread`]: made, then started, then joined. A
/// clone is another handle to the same thread, and equal to it.
///
/// [`threading.Thread`]: https://docs.python.org/3.13/library/threading.html#thread-objects
///
/// # Examples
///
/// ```
/// use lockwise::threading::{Thread, current_thread};
///
/// let t = Thread::new(|| {
///     println!("thread {} is running...", current_thread().name());
/// })
/// .named("LoopThread");
/// t.start()?;
/// t.join()?;
/// assert_eq!(t.name(), "LoopThread");
/// assert_eq!(current_thread().name(), "MainThread");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Thread {
    shared: Arc<Ledger<State>>,
}

struct State {
    name: String,
    daemon: bool,
    /// What it will run; gone once it is started.
    work: Option<Work>,
    /// The thread that runs it, once there is one.
    running: Option<thread::Thread>,
    /// Whether it was running before anybody asked.
    foreign: bool,
    /// A finding that has stopped it: whoever joins it fails with it.
    stopped: Option<Stopped>,
}

impl Thread {
    /// A thread that will run `target`, with the name `Thread-N` and its maker's daemon status.
    pub fn new(target: impl FnOnce() + Send + 'static) -> Self {
        let daemon = program::current_thread().daemon();
        Self::with(State {
            name: program::default_name(),
            daemon,
            work: Some(Box::new(target)),
            running: None,
            foreign: false,
            stopped: None,
        })
    }

    /// A handle to a thread that was not made here.
    pub(super) fn foreign(name: String, daemon: bool, running: Option<thread::Thread>) -> Self {
        Self::with(State { name, daemon, work: None, running, foreign: true, stopped: None })
    }

    fn with(state: State) -> Self {
        Self { shared: Arc::new(Ledger::new(state)) }
    }

    /// The same thread, called `name`: `Thread(name=...)`.
    #[must_use]
    pub fn named(self, name: impl Into<String>) -> Self {
        // Python draws a default name only for a thread that is given none.
        program::return_name(&self.name());
        self.set_name(name);
        self
    }

    /// The same thread, as a daemon or not: `Thread(daemon=...)`. If it was started before, this
    /// changes nothing.
    #[must_use]
    pub fn daemonic(self, daemon: bool) -> Self {
        // Its daemon status is settled once it is started.
        let _ = self.set_daemon(daemon);
        self
    }

    /// Starts it.
    ///
    /// # Errors
    ///
    /// It was started before, or the operating system refuses.
    #[track_caller]
    pub fn start(&self) -> Result<(), StartError> {
        let (work, name) = self.shared.with(|state| (state.work.take(), state.name.clone()));
        let work = work.ok_or(StartError::AlreadyStarted)?;
        // The operating system does not know names with zeros in them.
        let name = name.replace('\0', "");
        let this = self.clone();
        let spawn =
            Spawn { name: Some(name), stack_size: None, body: Box::new(move || this.run(work)) };
        let running = thread::Thread::spawn(spawn).map_err(StartError::Refused)?;
        program::add(self, &running);
        Ok(())
    }

    fn run(self, work: Work) {
        program::add(&self, &thread::Thread::current());
        // Python prints an exception that ends a thread, and goes on; Rust has printed the panic.
        let stopped = Stopped::of(&catch_unwind(AssertUnwindSafe(work)));
        self.shared.with(|state| state.stopped = stopped);
    }

    /// Says by which thread it is run, unless that is known.
    pub(super) fn runs_as(&self, running: &thread::Thread) {
        self.shared.with(|state| _ = state.running.get_or_insert_with(|| running.clone()));
    }

    /// Waits until it has ended.
    ///
    /// # Errors
    ///
    /// It was not started, or is the calling thread.
    ///
    /// # Panics
    ///
    /// If a finding stopped it. (A panic of its own is its own affair, as an exception is in
    /// Python.)
    #[track_caller]
    pub fn join(&self) -> Result<(), JoinError> {
        self.join_until(Until::Forever).map(drop)
    }

    /// [`Thread::join`] no longer than `timeout`; false if it has not ended by then.
    ///
    /// # Errors
    ///
    /// As [`Thread::join`].
    ///
    /// # Panics
    ///
    /// As [`Thread::join`].
    #[track_caller]
    pub fn join_timeout(&self, timeout: Duration) -> Result<bool, JoinError> {
        self.join_until(Until::after(timeout))
    }

    #[track_caller]
    fn join_until(&self, until: Until) -> Result<bool, JoinError> {
        let running = self.running().ok_or(JoinError::NotStarted)?;
        if running.is_current() {
            return Err(JoinError::CurrentThread);
        }
        let ended = running.join(until);
        if ended && let Some(stopped) = self.shared.with(|state| state.stopped.clone()) {
            stopped.pass_on();
        }
        Ok(ended)
    }

    /// Whether it was started and has not ended.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        let (running, foreign) = self.shared.with(|state| (state.running.clone(), state.foreign));
        running.map_or(foreign, |running| !running.is_finished())
    }

    /// Whether it has ended, as far as can be told without taking part in the program.
    pub(super) fn is_gone(&self) -> bool {
        self.running().is_some_and(|running| running.is_gone())
    }

    /// The thread that runs it, if there is one.
    fn running(&self) -> Option<thread::Thread> {
        self.shared.with(|state| state.running.clone())
    }

    /// A number that tells it from all other threads, once it was started.
    #[must_use]
    pub fn ident(&self) -> Option<u64> {
        self.running().map(|running| running.number())
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> String {
        self.shared.with(|state| state.name.clone())
    }

    /// Gives it another name. Reports keep the one that it was started with.
    pub fn set_name(&self, name: impl Into<String>) {
        let name = name.into();
        self.shared.with(|state| state.name = name);
    }

    /// Whether [`join_all`](super::join_all) leaves it alone.
    #[must_use]
    pub fn daemon(&self) -> bool {
        self.shared.with(|state| state.daemon)
    }

    /// Makes it a daemon, or not.
    ///
    /// # Errors
    ///
    /// It was started before.
    pub fn set_daemon(&self, daemon: bool) -> Result<(), AlreadyStarted> {
        self.shared.with(|state| {
            if state.work.is_none() {
                return Err(AlreadyStarted);
            }
            state.daemon = daemon;
            Ok(())
        })
    }
}

impl PartialEq for Thread {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.shared, &other.shared)
    }
}

impl Eq for Thread {}

impl fmt::Debug for Thread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let status = match (self.ident(), self.is_alive()) {
            (_, true) => "started",
            (Some(_), false) => "stopped",
            (None, false) => "initial",
        };
        f.debug_struct("Thread")
            .field("name", &self.name())
            .field("status", &status)
            .field("ident", &self.ident())
            .field("daemon", &self.daemon())
            .finish()
    }
}
