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
/// What a thread does must depend on nothing but the values that its steps returned. Names of
/// threads, locations and locks are small numbers, used as indices; the same object must have the
/// same number in every execution.
pub trait Program {
    /// Puts every thread back to its beginning.
    fn restart(&mut self);

    /// Runs `thread` up to the next operation it asks for. `value` is what its previous operation
    /// returned: what a load or an update read; 0 for everything else and at the beginning.
    ///
    /// An operation is asked for once; it is done when the thread is called the next time.
    fn step(&mut self, thread: usize, value: u64) -> Step;

    /// What a location holds before anything is written to it.
    fn initial(&self, location: usize) -> u64 {
        let _ = location;
        0
    }
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
    /// Gives back a mutex that this thread has taken.
    Unlock(usize),
    /// Starts a thread, which no other step starts.
    Spawn(usize),
    /// Waits until a thread has ended.
    Join(usize),
    /// What this thread read last makes it wait for another write: nothing that it could do before
    /// reading something else would change anything. The failed attempt of a waiting loop.
    Stuck,
    /// The thread has ended.
    End,
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

    pub(super) fn apply(self, old: u64) -> Option<u64> {
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
