//! What the engine asks of a program, and what it can do with the answers.

use std::sync::atomic::Ordering;

/// A deterministic program whose threads the engine runs, one step at a time.
///
/// The engine holds no state of a thread: each execution begins with [`Program::restart`] and
/// calls [`Program::step`] until no thread can go on. Steps of different threads come in an order
/// in which every step follows what it depends on (the write that it read, the critical section
/// before its own, the spawn, the end of the thread that it joined), so that data guarded by the
/// program's own synchronisation may live in ordinary memory: a coroutine per thread, resumed by
/// `step` and suspended at its next operation, is a program.
///
/// What a thread does must depend on nothing but the answers that its steps got. Threads,
/// locations, locks, signals and groups have *keys*: small numbers, used as indices, which the
/// program gives them as it comes to them, anew in each execution. Two executions need not agree:
/// which object is which follows from what the threads do (see `machine`). Thread 0 is the first.
pub trait Program {
    /// Puts every thread back to its beginning.
    fn restart(&mut self);

    /// Runs `thread` up to the next operation it asks for. `answer` is what its previous operation
    /// returned.
    ///
    /// An operation is asked for once; it is done when the thread is called the next time.
    fn step(&mut self, thread: usize, answer: Answer) -> Step;

    /// What a location holds before anything is written to it.
    fn initial(&self, location: usize) -> u64 {
        let _ = location;
        0
    }

    /// Whether some thread [is urgent](Program::is_urgent).
    fn hurries(&self) -> bool {
        false
    }

    /// Whether the thread is to go on before any other, if it can: it would not do to leave it
    /// where it is.
    fn is_urgent(&self, thread: usize) -> bool {
        let _ = thread;
        false
    }

    /// Whether the thread would not wait for ever for what it asks for now. An execution in which
    /// it does is none: the program has one in which it gives up.
    fn gives_up(&self, thread: usize) -> bool {
        let _ = thread;
        false
    }

    /// Whether no thread can enter the group any more, and all have left it.
    fn is_closed(&self, group: usize) -> bool {
        let _ = group;
        false
    }
}

/// What an operation returned.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Answer {
    /// What a load or an update read; the option that was chosen; 1 for [`Step::AwaitOr`] whose
    /// group has closed; 0 for everything else and at the beginning.
    pub value: u64,
    /// For what wrote to a location: whether nothing later in modification order has been done in
    /// this execution, so that a copy of the location's value is to be this one.
    pub newest: bool,
    /// How many events the thread has had so far.
    pub events: usize,
}

/// An operation of a thread.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Step {
    /// Reads a location.
    Load {
        /// Which.
        location: usize,
        /// As given to the load.
        ordering: Ordering,
    },
    /// Writes a location.
    Store {
        /// Which.
        location: usize,
        /// What is written.
        value: u64,
        /// As given to the store.
        ordering: Ordering,
    },
    /// Reads a location and, unless the update fails, writes it at once.
    Update {
        /// Which.
        location: usize,
        /// What is written, given what was read.
        update: Update,
        /// Ordering of an update that writes.
        success: Ordering,
        /// Ordering of one that fails and so is a load.
        failure: Ordering,
    },
    /// A memory fence.
    Fence(Ordering),
    /// Takes a mutex, and waits until it is free.
    Lock(usize),
    /// Enters the queue of a mutex, and does not wait: [`Step::Take`] does.
    Enter(usize),
    /// Waits until a mutex is free whose queue this thread has entered, and takes it.
    Take(usize),
    /// Gives back a mutex that this thread has taken.
    Unlock(usize),
    /// Starts a thread, whose key is new.
    Spawn(usize),
    /// Waits until a thread has ended.
    Join(usize),
    /// One of so many (at least one) ways to go on, each of which is explored.
    Choose(u32),
    /// Sends a signal, which is sent once.
    Signal(usize),
    /// Waits for a signal.
    Await(usize),
    /// Leaves a group. How often, and in which order threads do, is for the program to know.
    Leave(usize),
    /// Waits for a signal, or until the group has [closed](Program::is_closed) without it.
    AwaitOr {
        /// Which signal.
        signal: usize,
        /// Which group.
        group: usize,
    },
    /// The failed attempt of a waiting loop: what the last so many events of this thread saw makes
    /// it wait until there is something else to see. Nothing that it could do before would change
    /// anything. It goes on, to see the same again, only if nobody else can.
    Stuck {
        /// How many events the attempt had.
        events: usize,
        /// Whether it goes on if nobody else can. What only ever waits does not.
        again: bool,
    },
    /// Nothing can make the thread go on.
    Never,
    /// The thread has ended.
    End,
}

impl Step {
    /// What sort of operation it is, without what it is done to.
    #[must_use]
    pub fn sort(&self) -> u8 {
        match self {
            Self::Load { .. } => 1,
            Self::Store { .. } => 2,
            Self::Update { .. } => 3,
            Self::Fence(_) => 4,
            Self::Lock(_) | Self::Take(_) => 5,
            Self::Unlock(_) => 6,
            Self::Spawn(_) => 7,
            Self::Join(_) => 8,
            Self::Choose(_) => 9,
            Self::Signal(_) => 10,
            Self::Await(_) | Self::AwaitOr { .. } => 11,
            Self::Leave(_) => 12,
            Self::Stuck { .. } => 14,
            Self::Never => 15,
            Self::End => 16,
            Self::Enter(_) => 17,
        }
    }
}

/// The function of an atomic update: what to write, given what was read; `None` where it fails.
///
/// A function pointer and its operands rather than a closure: updates are copied with the graph
/// that they are part of, and evaluated for values that the thread will meet in other executions.
#[derive(Clone, Copy, Debug)]
pub struct Update {
    function: fn(u64, [u64; 2]) -> Option<u64>,
    operands: [u64; 2],
}

impl Update {
    /// An update by any function of the value read and two operands.
    #[must_use]
    pub fn new(function: fn(u64, [u64; 2]) -> Option<u64>, operands: [u64; 2]) -> Self {
        Self { function, operands }
    }

    /// Writes `value` whatever was read.
    #[must_use]
    pub fn swap(value: u64) -> Self {
        Self::new(|_, [value, _]| Some(value), [value, 0])
    }

    /// Adds `value`, wrapping around.
    #[must_use]
    pub fn add(value: u64) -> Self {
        Self::new(|old, [value, _]| Some(old.wrapping_add(value)), [value, 0])
    }

    /// Writes `new` if `expected` was read, else fails.
    #[must_use]
    pub fn compare_exchange(expected: u64, new: u64) -> Self {
        Self::new(|old, [expected, new]| (old == expected).then_some(new), [expected, new])
    }

    /// What it writes, given what it read; none if it fails.
    #[must_use]
    pub fn apply(self, old: u64) -> Option<u64> {
        (self.function)(old, self.operands)
    }
}

/// By the operands alone: two copies of one function may differ in address. This is how a program
/// that is not deterministic is noticed, where a difference overlooked is no harm.
impl PartialEq for Update {
    fn eq(&self, other: &Self) -> bool {
        self.operands == other.operands
    }
}
