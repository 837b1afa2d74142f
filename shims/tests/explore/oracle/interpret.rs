//! The reference: programs are interpreted in all interleavings, with all choices. Nothing of
//! lockwise is used.

use std::collections::HashSet;

use super::{
    code::compile,
    machine::State,
    outcome::Outcome,
    program::{Program, RWLOCKS},
};

/// What a program can lead to.
#[derive(Default, Debug)]
pub(super) struct Possible {
    pub(super) complete: HashSet<Outcome>,
    /// Where nobody can go on, and not everybody has ended.
    pub(super) stuck: HashSet<Outcome>,
    /// How many complete executions differ in who saw what; 0 if that was not asked for.
    pub(super) traces: usize,
}

/// What is asked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ask {
    /// Whether readers of the lock may queue behind a writer that waits.
    pub(super) queues: [bool; RWLOCKS],
    /// Whether executions are to be told apart.
    pub(super) traced: bool,
    /// How many states may be looked at.
    pub(super) most: usize,
}

/// All that the program can lead to. None if that takes too many states.
pub(super) fn possible(program: &Program, ask: Ask) -> Option<Possible> {
    let code = compile(program);
    let mut result = Possible::default();
    let mut traces = HashSet::new();
    let first = State::new(code.len(), ask);
    let mut seen = HashSet::from([first.clone()]);
    let mut open = vec![first];
    let mut next = Vec::new();
    while let Some(state) = open.pop() {
        (0..code.len()).for_each(|thread| state.step(&code, thread, &mut next));
        if next.is_empty() {
            let over = state.is_over();
            let set = if over { &mut result.complete } else { &mut result.stuck };
            set.insert(state.outcome());
            traces.extend(state.into_trace().filter(|_| over));
        }
        open.extend(next.drain(..).filter(|state| seen.insert(state.clone())));
        if seen.len() > ask.most {
            return None;
        }
    }
    result.traces = traces.len();
    Some(result)
}
