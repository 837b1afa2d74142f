//! [`Barrier`] and [`BarrierWaitResult`].

use std::fmt;

use lockwise_detector::{
    Action,
    op::{ObjectKind, Purpose},
};

use crate::rt::{self, Meta, Monitor, Until};

/// A place where threads meet: [`std::sync::Barrier`], observed.
///
/// What each thread did before it arrived happens before what any does after it left.
pub struct Barrier {
    meta: Meta,
    parties: usize,
    state: Monitor<State>,
}

struct State {
    /// How many wait now.
    arrived: usize,
    /// How often the barrier has opened.
    generation: u64,
}

impl Barrier {
    /// Creates a barrier for `n` threads; for 0 it is as for 1. Reports name the place of this
    /// call.
    #[inline]
    #[must_use]
    #[track_caller]
    pub const fn new(n: usize) -> Self {
        Self {
            meta: Meta::of::<Self>(ObjectKind::Barrier),
            parties: n,
            state: Monitor::new(State { arrived: 0, generation: 0 }),
        }
    }

    /// Waits until all have arrived. The last one is told that it is the leader.
    ///
    /// # Panics
    ///
    /// If the others can never arrive.
    #[track_caller]
    pub fn wait(&self) -> BarrierWaitResult {
        let object = self.meta.id();
        let mut state = self.state.enter();
        let generation = state.generation;
        rt::emit(&self.meta, Action::Publish { object, token: generation });
        state.arrived += 1;
        let leads = state.arrived >= self.parties;
        if leads {
            state.arrived = 0;
            state.generation += 1;
            state.notify_all();
        } else {
            let on = rt::wait_for(&self.meta, Purpose::Arrive);
            state.wait_until(Some(on), Until::Forever, |state| state.generation != generation);
        }
        drop(state);
        rt::emit(&self.meta, Action::Observe { object, token: generation });
        BarrierWaitResult(leads)
    }
}

impl fmt::Debug for Barrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Barrier").finish_non_exhaustive()
    }
}

/// What a thread is told when a [`Barrier`] opens.
pub struct BarrierWaitResult(bool);

impl BarrierWaitResult {
    /// Whether this is the one thread of its generation that leads.
    #[must_use]
    pub fn is_leader(&self) -> bool {
        self.0
    }
}

impl fmt::Debug for BarrierWaitResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BarrierWaitResult").field("is_leader", &self.is_leader()).finish()
    }
}
