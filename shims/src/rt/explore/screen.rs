//! [`Screen`]: which executions are looked at.
//!
//! To tell the detector everything takes longer than to make an execution, so most are only
//! screened. Looked at is one that shows a fault which no other has shown; and one in which a thread
//! did what no thread had done in those that were looked at, for whatever the detector may see in
//! that.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    ptr,
};

use lockwise_detector::{explore::Execution, hash::IdSet};

use super::state::State;

/// How many executions are looked at because of what a thread did.
const CURIOSITY: usize = 256;

/// What the executions of an exploration have shown so far.
#[derive(Default)]
pub(super) struct Screen {
    faults: IdSet<u64>,
    paths: IdSet<u64>,
    looks: usize,
}

impl Screen {
    /// Whether an execution that has ended is to be looked at.
    pub(super) fn wants(
        &mut self,
        execution: &Execution<'_>,
        state: &State,
        blocked: bool,
    ) -> bool {
        let fault = fault(execution, state, blocked);
        if fault.is_some_and(|fault| self.faults.insert(fault)) {
            return true;
        }
        if self.looks >= CURIOSITY {
            return false;
        }
        let mut new = false;
        for thread in &state.threads {
            new |= self.paths.insert(thread.path);
        }
        self.looks += usize::from(new);
        new
    }
}

/// What is wrong with an execution, whatever its schedule: the same for two that show the same.
pub(super) fn fault(execution: &Execution<'_>, state: &State, blocked: bool) -> Option<u64> {
    let mut hasher = DefaultHasher::new();
    if let Some(panicked) = panicked(state) {
        (1, panicked).hash(&mut hasher);
        for panic in &state.panics {
            (&panic.message, panic.site.line).hash(&mut hasher);
        }
    } else if blocked {
        2.hash(&mut hasher);
        for thread in state.threads.iter().filter(|thread| !thread.record.is_gone()) {
            let place = thread.place.map_or(0, |place| ptr::from_ref(place).addr());
            (thread.identity, place).hash(&mut hasher);
        }
    } else if let Some((a, b)) = execution.race(&state.accesses) {
        let place = |access: usize| ptr::from_ref(state.access_places[access]).addr();
        let (a, b) = (place(a), place(b));
        (3, a.min(b), a.max(b)).hash(&mut hasher);
    } else if let Some(place) = state.stale {
        (4, ptr::from_ref(place).addr()).hash(&mut hasher);
    } else if let Some(store) = execution.lost_update() {
        (5, store).hash(&mut hasher);
    } else {
        return None;
    }
    Some(hasher.finish())
}

/// The thread whose panic nobody has taken note of.
pub(super) fn panicked(state: &State) -> Option<usize> {
    let mut threads = (0..).zip(&state.threads);
    threads
        .find(|(key, thread)| thread.panicked && (*key == 0 || !thread.joined))
        .map(|(key, _)| key)
}
