//! Brute force: all graphs that a program could have, by doing its operations in all orders.
//!
//! Under SC an operation reads what was written last and writes last, so that the orders are the
//! interleavings. Without a model a read may read any write that was done before, and a write may
//! come anywhere in its location's order; what a model forbids is sorted out afterwards.

use std::collections::HashSet;

use super::graphs::{Graph, Id};
use crate::straight::Do;

pub(crate) const LOCATIONS: usize = 2;
pub(crate) const LOCKS: usize = 2;

/// What an operation read and wrote.
#[derive(Clone, Copy, Default, Debug)]
pub(super) struct Values {
    pub(super) read: Option<u64>,
    pub(super) wrote: Option<u64>,
}

/// A graph on its way, with what follows from it.
#[derive(Clone)]
pub(super) struct State<'a> {
    pub(super) program: &'a [Vec<Do>],
    pub(super) graph: Graph,
    pub(super) values: Vec<Vec<Values>>,
}

impl<'a> State<'a> {
    fn new(program: &'a [Vec<Do>]) -> Self {
        let graph = Graph {
            threads: vec![Vec::new(); program.len()],
            orders: vec![Vec::new(); LOCATIONS],
            locks: vec![Vec::new(); LOCKS],
        };
        Self { program, graph, values: vec![Vec::new(); program.len()] }
    }

    pub(super) fn operation(&self, (thread, number): Id) -> Do {
        self.program[thread][number]
    }

    /// Whether every thread has done everything.
    pub(super) fn is_complete(&self) -> bool {
        let done = self.graph.threads.iter().map(Vec::len);
        done.eq(self.program.iter().map(Vec::len))
            && (0..self.program.len()).all(|t| !self.waits(t))
    }

    /// Whether the thread's last attempt to go on failed.
    fn waits(&self, thread: usize) -> bool {
        let Some(last) = self.values[thread].last() else { return false };
        let operation = self.program[thread][self.values[thread].len() - 1];
        matches!(operation, Do::Wait(_, expected, _) if last.read != Some(expected))
    }

    /// Whether a thread that waits would see something else if it looked again: this is no end.
    pub(super) fn is_artefact(&self) -> bool {
        (0..self.program.len()).filter(|thread| self.waits(*thread)).any(|thread| {
            let number = self.values[thread].len() - 1;
            let Do::Wait(location, ..) = self.program[thread][number] else { return false };
            self.graph.threads[thread][number] != Some(self.graph.orders[location].last().copied())
        })
    }

    fn holder(&self, lock: usize) -> Option<usize> {
        let &(thread, number) = self.graph.locks[lock].last()?;
        let later = &self.program[thread][number + 1..self.values[thread].len()];
        (!later.contains(&Do::Unlock(lock))).then_some(thread)
    }

    fn value(&self, write: Option<Id>) -> u64 {
        write.and_then(|(thread, number)| self.values[thread][number].wrote).unwrap_or(0)
    }

    fn last_read(&self, thread: usize) -> u64 {
        self.values[thread].iter().rev().find_map(|values| values.read).unwrap_or(0)
    }

    /// The states after the next operation of a thread.
    fn after(&self, thread: usize, sc: bool) -> Vec<Self> {
        let number = self.values[thread].len();
        let Some(&operation) = self.program[thread].get(number) else { return Vec::new() };
        if self.waits(thread) {
            return Vec::new();
        }
        match operation {
            Do::Lock(lock) if self.holder(lock).is_some() => Vec::new(),
            Do::Lock(lock) => {
                let mut next = self.done(thread, None, None);
                next.graph.locks[lock].push((thread, number));
                vec![next]
            }
            Do::Unlock(_) | Do::F(_) => vec![self.done(thread, None, None)],
            Do::W(location, value, _) => self.written(thread, location, None, value, sc),
            Do::Next(location, _) => {
                self.written(thread, location, None, self.last_read(thread) + 1, sc)
            }
            Do::R(location, _) | Do::Wait(location, ..) => {
                self.read(thread, location, sc, |_| None)
            }
            Do::Swap(location, value, _) => self.read(thread, location, sc, |_| Some(value)),
            Do::Add(location, value, _) => self.read(thread, location, sc, |old| Some(old + value)),
            Do::Cas(location, expected, new, _) => {
                self.read(thread, location, sc, |old| (old == expected).then_some(new))
            }
        }
    }

    fn done(&self, thread: usize, source: Option<Option<Id>>, wrote: Option<u64>) -> Self {
        let mut next = self.clone();
        next.graph.threads[thread].push(source);
        next.values[thread].push(Values { read: source.map(|write| self.value(write)), wrote });
        next
    }

    fn read(
        &self,
        thread: usize,
        location: usize,
        sc: bool,
        update: impl Fn(u64) -> Option<u64>,
    ) -> Vec<Self> {
        let order = &self.graph.orders[location];
        let writes = std::iter::once(None).chain(order.iter().copied().map(Some));
        let skipped = if sc { order.len() } else { 0 };
        let after = writes.skip(skipped).flat_map(|source| match update(self.value(source)) {
            Some(value) => self.written(thread, location, Some(source), value, sc),
            None => vec![self.done(thread, Some(source), None)],
        });
        after.collect()
    }

    fn written(
        &self,
        thread: usize,
        location: usize,
        source: Option<Option<Id>>,
        value: u64,
        sc: bool,
    ) -> Vec<Self> {
        let last = self.graph.orders[location].len();
        let places = if sc { last } else { 0 }..=last;
        let after = places.map(|place| {
            let mut next = self.done(thread, source, Some(value));
            next.graph.orders[location].insert(place, (thread, self.values[thread].len()));
            next
        });
        after.collect()
    }
}

/// Calls `end` for each graph of the program in which nobody can go on, once. Graphs that are not
/// allowed are given up at once: a model that forbids a graph forbids all that continue it.
pub(super) fn ends<'a>(
    program: &'a [Vec<Do>],
    sc: bool,
    allows: &dyn Fn(&State<'a>) -> bool,
    end: &mut dyn FnMut(&State<'a>),
) {
    let mut seen = HashSet::new();
    let mut open = vec![State::new(program)];
    while let Some(state) = open.pop() {
        let next = (0..program.len()).flat_map(|thread| state.after(thread, sc));
        let next: Vec<_> = next.collect();
        if next.is_empty() {
            end(&state);
        }
        let new = next.into_iter().filter(|next| seen.insert(next.graph.clone()) && allows(next));
        open.extend(new);
    }
}
