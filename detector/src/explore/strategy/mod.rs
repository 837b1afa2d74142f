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

/// How random executions are chosen.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Strategy {
    /// All in turn.
    #[default]
    Portfolio,
}

impl Strategy {
    /// A scheduler.
    #[must_use]
    pub fn scheduler(self, seed: u64) -> Box<dyn Scheduler + Send> {
        Box::new(Stub(seed))
    }
}
struct Stub(u64);
impl Scheduler for Stub {
    fn begin(&mut self) {}
    fn pick(&mut self, ready: &[Candidate]) -> usize {
        self.choose(ready.len())
    }
    fn choose(&mut self, options: usize) -> usize {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (self.0 >> 33) as usize % options
    }
}
