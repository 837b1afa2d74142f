//! Strategies: which of the threads that can go on does so, where there are too many executions to
//! make each of them.
//!
//! A program that is too large to exhaust is sampled. A [`Scheduler`] decides its executions one
//! after the other, each step by step, at random but determined by a seed. What a bug needs tells
//! which strategy finds it soon, and nobody knows that beforehand; so the default is several in
//! turn.
//!
//! - `walk`: every thread alike;
//! - `pos`: every order of conflicting operations with a fair chance;
//! - `pct`: threads have priorities that seldom change;
//! - `urw`: every interleaving alike;
//! - `surw`: every interleaving of some objects' operations alike;
//! - `portfolio`: strategies in turn;
//! - `history`: what they learn from one execution for the next;
//! - `rng`: the random numbers.
//!
//! *Guaranteed*: with the same seed, the same program meets the same decisions, on every platform.
//!
//! *Left out on purpose*: memory of what was sampled before. The same execution may come twice.

mod history;
mod pct;
mod portfolio;
mod pos;
mod rng;
mod surw;
#[cfg(test)]
mod tests;
mod urw;
mod walk;

use self::{
    history::History, pct::Pct, portfolio::Portfolio, pos::Pos, rng::Rng, surw::Surw, walk::Walk,
};

/// What a thread that could go on would do next.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Candidate {
    /// The thread. Numbers are small and dense, and the same thread has the same number in every
    /// execution.
    pub thread: usize,
    /// What it would touch.
    pub access: Access,
}

/// What an operation touches, as far as it can depend on the operations of others.
///
/// Objects are numbers of any size. An object that has the same number in every execution lets
/// strategies learn what threads do to it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Access {
    /// Nothing that another thread could touch.
    None,
    /// An object, which stays as it is.
    Read(u32),
    /// An object, which may change. To take a lock or to give it back is a write.
    Write(u32),
}

impl Access {
    /// Whether the order of the two can matter: they touch one object, and one may change it.
    #[must_use]
    pub fn conflicts(self, other: Self) -> bool {
        let writes = matches!((self, other), (Self::Write(_), _) | (_, Self::Write(_)));
        writes && self.object().is_some() && self.object() == other.object()
    }

    /// What is touched.
    #[must_use]
    pub fn object(self) -> Option<u32> {
        match self {
            Self::None => None,
            Self::Read(object) | Self::Write(object) => Some(object),
        }
    }
}

/// Decides executions that are made one after the other, each step by step.
///
/// Calls come as `begin`, any number of `pick` and `choose`, `end`. An execution that was cut
/// short, as by a bound on its steps, is followed by the next `begin` without an `end`: how long it
/// was says nothing of others.
///
/// ```
/// use lockwise_detector::explore::strategy::{Access, Candidate, Strategy};
///
/// // Two threads, of two writes each.
/// let mut scheduler = Strategy::default().scheduler(1);
/// let mut orders = std::collections::BTreeSet::new();
/// for _ in 0..100 {
///     let mut left = [2, 2];
///     let mut order = Vec::new();
///     scheduler.begin();
///     while left != [0, 0] {
///         let threads = (0..2).filter(|thread| left[*thread] > 0);
///         let ready: Vec<_> =
///             threads.map(|thread| Candidate { thread, access: Access::Write(0) }).collect();
///         let thread = ready[scheduler.pick(&ready)].thread;
///         left[thread] -= 1;
///         order.push(thread);
///     }
///     scheduler.end();
///     orders.insert(order);
/// }
/// assert_eq!(orders.len(), 6);
/// ```
pub trait Scheduler {
    /// A new execution begins.
    fn begin(&mut self);

    /// Which of the threads that can go on does so: an index into `ready`.
    ///
    /// `ready` is never empty, and its order is the same whenever the execution so far is the
    /// same. A thread is in it from the step after the one that spawned it, if it can do anything
    /// at all. It is asked for every step, also where `ready` leaves no choice: strategies count.
    fn pick(&mut self, ready: &[Candidate]) -> usize;

    /// Which of `options` ways, at least 1, an operation of one thread goes: an index.
    fn choose(&mut self, options: usize) -> usize;

    /// The execution has ended: no thread can go on, and strategies learn how long it was.
    fn end(&mut self) {}
}

/// How executions are sampled.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, Debug)]
pub enum Strategy {
    /// Each thread that can go on is as likely as any other.
    Walk,
    /// Partial order sampling (CAV 2018).
    Pos,
    /// Probabilistic concurrency testing (ASPLOS 2010), for bugs of depth 3.
    Pct,
    /// The selectively uniform random walk (ASPLOS 2025).
    Surw,
    /// All of these in turn.
    #[default]
    Portfolio,
}

impl Strategy {
    /// What makes the decisions of this seed.
    #[must_use]
    pub fn scheduler(self, seed: u64) -> Box<dyn Scheduler + Send> {
        Box::new(match self {
            Self::Walk => Portfolio::only(Walk, seed),
            Self::Pos => Portfolio::only(Pos::default(), seed),
            Self::Pct => Portfolio::only(Pct::new(pct::DEPTH), seed),
            Self::Surw => Portfolio::only(Surw::default(), seed),
            Self::Portfolio => Portfolio::all(seed),
        })
    }
}

/// How one execution is decided: what a [`Portfolio`] takes turns with.
trait Policy {
    /// An execution begins that this policy decides.
    fn begin(&mut self, history: &History, rng: &mut Rng);

    /// As [`Scheduler::pick`].
    fn pick(&mut self, ready: &[Candidate], history: &History, rng: &mut Rng) -> usize;
}
