//! Threads without branches: a list of operations.

use std::sync::atomic::Ordering;

use lockwise_detector::explore::{Step, Update};

use crate::dsl::{Body, body, failure_of};

/// One operation of a straight-line thread.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum Do {
    /// Stores a value.
    W(usize, u64, Ordering),
    /// Stores one more than what the thread read last.
    Next(usize, Ordering),
    R(usize, Ordering),
    Swap(usize, u64, Ordering),
    Add(usize, u64, Ordering),
    Cas(usize, u64, u64, Ordering),
    F(Ordering),
    Lock(usize),
    Unlock(usize),
    /// Waits for a value.
    Wait(usize, u64, Ordering),
}

impl Do {
    /// As a step of a thread that read `last` last.
    fn step(self, last: u64) -> Step {
        let update = |location, update, ordering| Step::Update {
            location,
            update,
            success: ordering,
            failure: failure_of(ordering),
        };
        match self {
            Self::W(location, value, ordering) => Step::Store { location, value, ordering },
            Self::Next(location, ordering) => Step::Store { location, value: last + 1, ordering },
            Self::R(location, ordering) | Self::Wait(location, _, ordering) => {
                Step::Load { location, ordering }
            }
            Self::Swap(location, value, ordering) => {
                update(location, Update::swap(value), ordering)
            }
            Self::Add(location, value, ordering) => update(location, Update::add(value), ordering),
            Self::Cas(location, expected, new, ordering) => {
                update(location, Update::compare_exchange(expected, new), ordering)
            }
            Self::F(ordering) => Step::Fence(ordering),
            Self::Lock(lock) => Step::Lock(lock),
            Self::Unlock(lock) => Step::Unlock(lock),
        }
    }

    pub(crate) fn reads(self) -> bool {
        matches!(
            self,
            Self::R(..) | Self::Swap(..) | Self::Add(..) | Self::Cas(..) | Self::Wait(..)
        )
    }
}

pub(crate) fn straight(operations: Vec<Do>) -> Body {
    body(move |t| {
        let mut last = 0;
        for operation in &operations {
            let value = t.step(operation.step(last))?;
            if operation.reads() {
                last = value;
            }
            if matches!(*operation, Do::Wait(_, expected, _) if expected != value) {
                t.step(Step::Stuck { events: 1, again: true })?;
                return Err(Step::Never);
            }
        }
        Ok(())
    })
}
