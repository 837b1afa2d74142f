//! The machine that programs run on, and the search of all its states.

use std::collections::{BTreeSet, HashSet};

use crate::{
    program::{LOCKS, Program, Step, THREADS},
    run::Run,
};

/// A state of a program. What was sent, spawned and ended follows from the counters, as no such
/// step is ever skipped.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(crate) struct State {
    /// The next step of each thread.
    pub(crate) pc: [u8; THREADS],
    /// For each thread and lock, one more than the step that acquired it, or 0.
    pub(crate) held: [[u8; LOCKS]; THREADS],
}

/// What a thread waits for: the step it is at and the steps that acquired what it holds.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Wait {
    pub(crate) thread: usize,
    pub(crate) pc: u8,
    pub(crate) held: [u8; LOCKS],
}

impl State {
    pub(crate) fn step(&self, program: &Program, thread: usize) -> Option<Step> {
        program.0[thread].get(usize::from(self.pc[thread])).copied()
    }

    /// How often `thread` has made `step`.
    pub(crate) fn passed(&self, program: &Program, thread: usize, step: Step) -> usize {
        let steps = &program.0[thread][..usize::from(self.pc[thread])];
        steps.iter().filter(|other| **other == step).count()
    }

    pub(crate) fn is_spawned(&self, program: &Program, thread: usize) -> bool {
        thread == 0 || self.passed(program, 0, Step::Spawn { child: thread }) > 0
    }

    /// The threads whose holds keep `thread` from `lock`.
    fn keepers(
        &self,
        program: &Program,
        thread: usize,
        (lock, shared): (usize, bool),
    ) -> impl Iterator<Item = usize> {
        let reads = move |other: usize| {
            let step = program.0[other][usize::from(self.held[other][lock]) - 1];
            matches!(step, Step::Lock { shared: true, .. } | Step::Try { shared: true, .. })
        };
        (0..THREADS).filter(move |&other| {
            other != thread && self.held[other][lock] > 0 && !(shared && reads(other))
        })
    }

    fn is_free(&self, program: &Program, thread: usize, lock: (usize, bool)) -> bool {
        self.keepers(program, thread, lock).next().is_none()
    }

    /// The state after the next step of `thread`, and whether that was a `try` that failed; none
    /// if the thread cannot go on.
    pub(crate) fn after(&self, program: &Program, thread: usize) -> Option<(Self, bool)> {
        if !self.is_spawned(program, thread) {
            return None;
        }
        let mut next = *self;
        let pc = self.pc[thread];
        next.pc[thread] += 1;
        let mut failed = false;
        match self.step(program, thread)? {
            Step::Lock { lock, shared } => {
                if !self.is_free(program, thread, (lock, shared)) {
                    return None;
                }
                next.held[thread][lock] = pc + 1;
            }
            Step::Try { lock, shared, otherwise } => {
                failed = !self.is_free(program, thread, (lock, shared));
                if failed {
                    next.pc[thread] = otherwise as u8;
                } else {
                    next.held[thread][lock] = pc + 1;
                }
            }
            Step::Unlock { lock } => next.held[thread][lock] = 0,
            Step::Recv { from } => {
                let sent = self.passed(program, from, Step::Send { to: thread });
                if sent <= self.passed(program, thread, Step::Recv { from }) {
                    return None;
                }
            }
            Step::Join { child } => {
                if self.step(program, child).is_some() {
                    return None;
                }
            }
            Step::Send { .. } | Step::Spawn { .. } => {}
        }
        Some((next, failed))
    }

    pub(crate) fn wait(&self, thread: usize) -> Wait {
        Wait { thread, pc: self.pc[thread], held: self.held[thread] }
    }

    /// Whom `thread` waits for at a lock.
    fn waits_for(&self, program: &Program, thread: usize) -> Vec<(usize, usize)> {
        match self.step(program, thread) {
            Some(Step::Lock { lock, shared }) if self.is_spawned(program, thread) => {
                let keepers = self.keepers(program, thread, (lock, shared));
                keepers.map(|keeper| (lock, keeper)).collect()
            }
            _ => Vec::new(),
        }
    }

    /// Whether any lock is held.
    pub(crate) fn holds_locks(&self) -> bool {
        self.held.iter().flatten().any(|&step| step > 0)
    }

    /// All cycles of threads that wait for each other at locks.
    pub(crate) fn cycles(&self, program: &Program, found: &mut HashSet<Deadlock>) {
        for first in 0..THREADS {
            self.follow(program, &mut vec![(first, 0)], found);
        }
    }

    /// Extends a path of threads, each with the lock that the one before waits for.
    fn follow(
        &self,
        program: &Program,
        path: &mut Vec<(usize, usize)>,
        found: &mut HashSet<Deadlock>,
    ) {
        let (first, last) = (path[0].0, path[path.len() - 1].0);
        for (lock, next) in self.waits_for(program, last) {
            if next == first {
                let locks = path[1..].iter().map(|(_, lock)| *lock).chain([lock]);
                let waits = path.iter().map(|(thread, _)| self.wait(*thread));
                found.insert(Deadlock { locks: locks.collect(), waits: waits.collect() });
            } else if next > first && path.iter().all(|(thread, _)| *thread != next) {
                path.push((next, lock));
                self.follow(program, path, found);
                path.pop();
            }
        }
    }
}

/// Threads that wait for each other.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Deadlock {
    locks: BTreeSet<usize>,
    waits: Vec<Wait>,
}

impl Deadlock {
    pub(crate) fn locks(&self) -> BTreeSet<usize> {
        self.locks.clone()
    }

    pub(crate) fn waits(&self) -> impl Iterator<Item = &Wait> {
        self.waits.iter()
    }
}

/// How each `try` may turn out.
#[derive(Clone, Copy)]
pub(crate) enum Tries<'a> {
    /// It succeeds if and only if the lock is free.
    AsFree,
    /// The same, and it may fail at will.
    MayFail,
    /// As with `AsFree`, but interleavings in which one turns out otherwise than in a run are left out.
    AsIn(&'a Run),
}

/// All deadlocks that any interleaving meets.
pub(crate) fn deadlocks(program: &Program, tries: Tries<'_>) -> HashSet<Deadlock> {
    let mut found = HashSet::new();
    let mut seen = HashSet::from([State::default()]);
    let mut stack = vec![State::default()];
    while let Some(state) = stack.pop() {
        state.cycles(program, &mut found);
        for thread in 0..THREADS {
            let Some((next, failed)) = state.after(program, thread) else { continue };
            if let (Tries::AsIn(run), Some(Step::Try { .. })) = (tries, state.step(program, thread))
                && run.outcome(thread, state.pc[thread]) != Some(!failed)
            {
                continue;
            }
            let mut goes_to = |next| {
                if seen.insert(next) {
                    stack.push(next);
                }
            };
            goes_to(next);
            if let (Tries::MayFail, Some(Step::Try { otherwise, .. })) =
                (tries, state.step(program, thread))
            {
                let mut next = state;
                next.pc[thread] = otherwise as u8;
                goes_to(next);
            }
        }
    }
    found
}
