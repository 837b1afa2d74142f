//! Exploration: every execution of a program that differs, exactly once.
//!
//! Two executions differ if their *execution graphs* do: who read from which write, in which order
//! the writes of each location and the sections of each mutex came. The explorer goes through the
//! graphs that a memory model allows and makes one execution of each, by the algorithm of
//!
//! > Kokologiannakis, Marmanis, Gladstein, Vafeiadis: "Truly Stateless, Optimal Dynamic Partial
//! > Order Reduction" (TruSt), POPL 2022.
//!
//! It remembers no graph that it has been to, and needs not: each is reached on one path only
//! (`revisit`). Its memory is polynomial in the length of one execution.
//!
//! - `program`: what a program is to the engine;
//! - `graph`: execution graphs; how a mutex is an update and a wait;
//! - `consistency`: sequential consistency and RC11;
//! - `revisit`: when a later event may overturn an earlier choice;
//! - `search`, `machine`: executions, one after the other; `names`: which object is which.
//!
//! *Guaranteed*, for programs whose executions all end: each complete execution is made once, and
//! none that the model forbids. The tests compare with brute force.
//!
//! *Blocked executions* end with a thread that can never go on. What they have in common with
//! others is not hidden: a waiting loop that was left at a write since overwritten is one more of
//! them, as the search needs it to get on. Where requests for a mutex wait in vain, their order
//! is no difference, and one order is reported.
//!
//! *Abandoned executions* are counted as neither: an update that reads what another update has
//! read already has no place in modification order, and is run only for the revisits it makes.
//!
//! *Left out on purpose*: reader-writer locks. A writer that takes a mutex per reading thread,
//! behind one mutex for writers, and readers that take their own, have exactly the executions of
//! a reader-writer lock, so whoever drives the engine can make one of mutexes. Non-atomic memory
//! is not modelled either: its races are found beside the engine.

mod clocks;
mod consistency;
mod execution;
mod graph;
mod linear;
mod machine;
mod names;
mod program;
mod races;
mod revisit;
mod schedule;
mod search;
pub mod strategy;
mod walk;

use std::ops::ControlFlow;

pub use self::{
    execution::Execution,
    graph::{EventId, Exclusive, Kind},
    program::{Answer, Program, Step, Update},
    races::CellAccess,
    schedule::{Schedule, TokenError},
    search::{Search, Work},
    walk::{End, ReplayError, Walk},
};

/// What values a read may see.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum MemoryModel {
    /// Sequential consistency: orderings and fences mean nothing.
    Sc,
    /// RC11: C++20's model without `consume`, and without reads of values out of thin air.
    Rc11,
}

/// A bound that the explorer was given.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Limit {
    /// [`Explorer::max_executions`].
    Executions,
    /// [`Explorer::max_events`].
    Events,
}

/// Why an exploration ended before it was complete.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stop {
    /// It reached a bound.
    Limit(Limit),
    /// The visitor had seen enough.
    Visitor,
    /// The program is not deterministic: repeated, a thread did something else.
    Diverged {
        /// The thread.
        thread: usize,
        /// Its event, from 0, that is not what it was.
        index: usize,
    },
}

/// What was explored.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Exploration {
    executions: u64,
    blocked: u64,
    stop: Option<Stop>,
}

impl Exploration {
    /// How many executions in which every thread ended.
    #[must_use]
    pub fn executions(&self) -> u64 {
        self.executions
    }

    /// How many in which a thread could not go on.
    #[must_use]
    pub fn blocked(&self) -> u64 {
        self.blocked
    }

    /// Whether these are all there are.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.stop.is_none()
    }

    /// Why they are not all.
    #[must_use]
    pub fn stop(&self) -> Option<Stop> {
        self.stop
    }
}

/// Explores programs.
///
/// ```
/// use std::{ops::ControlFlow, sync::atomic::Ordering::Relaxed};
/// use lockwise_detector::explore::{Answer, Explorer, MemoryModel, Program, Step};
///
/// /// Thread 0 starts thread 1; then each writes its number to location 0.
/// #[derive(Default)]
/// struct Writers([usize; 2]);
///
/// impl Program for Writers {
///     fn restart(&mut self) {
///         *self = Self::default();
///     }
///
///     fn step(&mut self, thread: usize, _: Answer) -> Step {
///         self.0[thread] += 1;
///         let value = thread as u64;
///         match (thread, self.0[thread]) {
///             (0, 1) => Step::Spawn(1),
///             (0, 2) | (1, 1) => Step::Store { location: 0, value, ordering: Relaxed },
///             _ => Step::End,
///         }
///     }
/// }
///
/// let mut last = Vec::new();
/// let exploration = Explorer::new(MemoryModel::Rc11).run(&mut Writers::default(), |execution| {
///     last.push(execution.final_value(0));
///     ControlFlow::Continue(())
/// });
/// last.sort();
/// assert_eq!(last, [0, 1]);
/// assert!(exploration.is_complete());
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Explorer {
    model: MemoryModel,
    max_executions: u64,
    max_events: usize,
}

impl Explorer {
    /// An explorer without a bound on executions, and one of 10,000 events for each.
    #[must_use]
    pub fn new(model: MemoryModel) -> Self {
        Self { model, max_executions: u64::MAX, max_events: 10_000 }
    }

    /// Stops after this many executions, blocked ones included.
    #[must_use]
    pub fn max_executions(self, max_executions: u64) -> Self {
        Self { max_executions, ..self }
    }

    /// Stops at the first execution that would have more events than this.
    #[must_use]
    pub fn max_events(self, max_events: usize) -> Self {
        Self { max_events, ..self }
    }

    /// Explores a program and shows `visit` each execution, as soon as it has ended.
    pub fn run(
        &self,
        program: &mut dyn Program,
        mut visit: impl FnMut(&Execution<'_>) -> ControlFlow<()>,
    ) -> Exploration {
        let mut search = Search::new(self.model, self.max_events);
        let mut exploration = Exploration::default();
        exploration.stop = loop {
            let execution = match search.advance(program) {
                None => break None,
                Some(Err(stop)) => break Some(stop),
                Some(Ok(None)) => continue,
                Some(Ok(Some(execution))) => execution,
            };
            if exploration.executions + exploration.blocked == self.max_executions {
                break Some(Stop::Limit(Limit::Executions));
            }
            exploration.blocked += u64::from(execution.is_blocked());
            exploration.executions += u64::from(!execution.is_blocked());
            if visit(&execution).is_break() {
                break Some(Stop::Visitor);
            }
        };
        exploration
    }
}
