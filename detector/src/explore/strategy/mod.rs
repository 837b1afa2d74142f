//! Strategies.

/// What a thread that could go on would do next.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Candidate {
    /// The thread.
    pub thread: usize,
    /// What it would touch.
    pub access: Access,
}

/// What an operation touches, as far as it can depend on the operations of others.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Access {
    /// Nothing.
    None,
    /// Reads this object.
    Read(u32),
    /// Changes this object.
    Write(u32),
}

/// Decides an execution that is made one step after the other.
pub trait Scheduler {
    /// A new execution begins.
    fn begin(&mut self);
    /// Which of the threads that can go on does so: an index into `ready`, never empty.
    fn pick(&mut self, ready: &[Candidate]) -> usize;
    /// One of `options` (at least 1) ways that one thread's operation can go, by index.
    fn choose(&mut self, options: usize) -> usize;
    /// The execution has ended.
    fn end(&mut self) {}
}
