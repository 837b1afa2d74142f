//! Which threads there are: `current_thread`, `main_thread`, `enumerate`, `active_count`.
//!
//! A program is a thread that nobody observed started, and all that descend from it (see
//! [`super`]). Each has its own list of threads, and its own numbers for default names.

use std::collections::BTreeMap;

use super::Thread;
use crate::rt::{Ledger, thread};

/// By the number of the thread that began it: in a model each execution is a program of its own.
static PROGRAMS: Ledger<BTreeMap<u64, Program>> = Ledger::new(BTreeMap::new());

/// With how many threads of a program it is first asked which of them have gone.
const FEW: usize = 32;

struct Program {
    main: Thread,
    /// Its other threads, as far as this module has seen them, by their numbers. Those that have
    /// ended stay until there are `most`.
    threads: BTreeMap<u64, Thread>,
    most: usize,
    /// How many threads have got a default name.
    unnamed: u64,
    /// How many threads that were not made here have got a name.
    dummies: u64,
}

impl Program {
    fn new() -> Self {
        let main = Thread::foreign("MainThread".to_owned(), false, None);
        Self { main, threads: BTreeMap::new(), most: FEW, unnamed: 0, dummies: 0 }
    }

    fn is_over(&self) -> bool {
        self.main.is_gone() && self.threads.values().all(Thread::is_gone)
    }

    /// The handle to the calling thread, `me`.
    fn current(&mut self, me: &thread::Thread) -> Thread {
        if me.number() == me.root() {
            return self.main.clone();
        }
        if let Some(thread) = self.threads.get(&me.number()) {
            return thread.clone();
        }
        let name = me.name().map(str::to_owned).unwrap_or_else(|| {
            self.dummies += 1;
            format!("Dummy-{}", self.dummies)
        });
        let thread = Thread::foreign(name, true, Some(me.clone()));
        self.insert(me.number(), thread.clone());
        thread
    }

    fn insert(&mut self, number: u64, thread: Thread) {
        self.threads.insert(number, thread);
        if self.threads.len() > self.most {
            self.threads.retain(|_, thread| !thread.is_gone());
            self.most = FEW.max(2 * self.threads.len());
        }
    }

    fn all(&self) -> Vec<Thread> {
        std::iter::once(&self.main).chain(self.threads.values()).cloned().collect()
    }
}

/// Hands `f` the program that the calling thread, `me`, belongs to.
fn with_program<R>(me: &thread::Thread, f: impl FnOnce(&mut Program) -> R) -> R {
    PROGRAMS.with(|programs| {
        if !programs.contains_key(&me.root()) {
            programs.retain(|_, program| !program.is_over());
        }
        let program = programs.entry(me.root()).or_insert_with(Program::new);
        if me.number() == me.root() {
            program.main.runs_as(me);
        }
        f(program)
    })
}

/// `running` runs `thread`. Told by both it and its starter, whoever comes first.
pub(super) fn add(thread: &Thread, running: &thread::Thread) {
    thread.runs_as(running);
    with_program(running, |program| program.insert(running.number(), thread.clone()));
}

/// The next `Thread-N`.
pub(super) fn default_name() -> String {
    with_program(&thread::Thread::current(), |program| {
        program.unnamed += 1;
        format!("Thread-{}", program.unnamed)
    })
}

/// Takes back what [`default_name`] has given, if it was the last.
pub(super) fn return_name(name: &str) {
    with_program(&thread::Thread::current(), |program| {
        if name == format!("Thread-{}", program.unnamed) {
            program.unnamed -= 1;
        }
    });
}

/// The handle to the calling thread. One that was not made by [`Thread::new`] goes by the name that
/// it was spawned with, or `Dummy-N`; the main thread is `MainThread`.
///
/// # Examples
///
/// ```
/// assert_eq!(lockwise::threading::current_thread().name(), "MainThread");
/// ```
#[must_use]
pub fn current_thread() -> Thread {
    let me = thread::Thread::current();
    with_program(&me, |program| program.current(&me))
}

/// The handle to the main thread of the program.
#[must_use]
pub fn main_thread() -> Thread {
    with_program(&thread::Thread::current(), |program| program.main.clone())
}

/// All threads of the program that are alive: the main thread, then the others in the order in
/// which they were started. Those that were not made by [`Thread::new`] are among them once they
/// have called [`current_thread`].
///
/// # Examples
///
/// ```
/// use lockwise::threading::{Thread, current_thread, enumerate};
///
/// for _ in 0..3 {
///     Thread::new(|| println!("Hello from thread!")).start()?;
/// }
/// let main_thread = current_thread();
/// for t in enumerate() {
///     if t != main_thread {
///         t.join()?;
///     }
/// }
/// assert_eq!(enumerate(), [main_thread]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn enumerate() -> Vec<Thread> {
    // Whether a thread is alive is the program's affair, and asked with the ledger closed.
    let mut threads = with_program(&thread::Thread::current(), |program| program.all());
    threads.retain(Thread::is_alive);
    threads
}

/// How many threads [`enumerate`] lists.
#[must_use]
pub fn active_count() -> usize {
    enumerate().len()
}

/// Joins the threads of the program that are no daemons, those too that are started meanwhile: what
/// Python does when the main thread has ended.
///
/// # Panics
///
/// As [`Thread::join`].
#[track_caller]
pub fn join_all() {
    let others = || {
        let me = current_thread();
        let mut all = enumerate().into_iter();
        all.find(|thread| !thread.daemon() && *thread != me && *thread != main_thread())
    };
    while let Some(thread) = others() {
        // It was started, and is another thread: there is no error to have.
        let _ = thread.join();
    }
}
