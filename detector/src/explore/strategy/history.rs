//! What executions teach: how many steps each thread makes, on what, and who spawns whom.
//!
//! Strategies that look ahead need numbers that nobody gives them. A program does much the same
//! whenever it runs, so what it did last time is taken for what it will do. A wrong number costs a
//! strategy its distribution, and no interleaving.
//!
//! A thread's parent is the one whose step came last before it could go on for the first time,
//! which is its spawn unless its first operation waits.

use super::{Access, Candidate};
use crate::hash::{IdMap, IdSet};

/// The execution under way, and those that have ended.
#[derive(Default)]
pub(super) struct History {
    /// Threads, in the order in which they were first seen: parents before children.
    threads: Vec<usize>,
    /// By thread: whether it is among `threads`.
    seen: Vec<bool>,
    /// By thread.
    parents: Vec<Option<usize>>,
    /// Who made the last step of this execution.
    last: Option<usize>,
    steps: Counts,
    objects: IdMap<u32, Object>,
    contended: Vec<u32>,
    choices: usize,
    most_choices: Option<usize>,
}

/// Steps of each thread.
#[derive(Default)]
struct Counts {
    /// In this execution.
    now: Vec<u64>,
    /// In the last that has ended.
    before: Vec<u64>,
}

/// What threads do to an object.
#[derive(Default)]
struct Object {
    steps: Counts,
    /// Who touched it first.
    user: Option<usize>,
    /// Whether another did.
    shared: bool,
    written: bool,
    contended: bool,
}

impl History {
    /// An execution begins. If the one before has not ended, its counts are forgotten.
    pub(super) fn begin(&mut self) {
        self.last = None;
        self.choices = 0;
        self.steps.now.clear();
        self.objects.values_mut().for_each(|object| object.steps.now.clear());
    }

    /// One of those that were ready makes its step.
    pub(super) fn step(&mut self, ready: &[Candidate], step: Candidate) {
        ready.iter().for_each(|candidate| self.see(candidate.thread));
        self.last = Some(step.thread);
        self.choices += usize::from(ready.len() > 1);
        self.steps.add(step.thread);
        if let Some(object) = step.access.object()
            && self.objects.entry(object).or_default().becomes_contended(step)
        {
            self.contended.push(object);
        }
    }

    fn see(&mut self, thread: usize) {
        if !std::mem::replace(slot(&mut self.seen, thread), true) {
            self.threads.push(thread);
            *slot(&mut self.parents, thread) = self.last;
        }
    }

    /// The execution has ended, and is the one to learn from.
    pub(super) fn end(&mut self) {
        self.most_choices = self.most_choices.max(Some(self.choices.max(1)));
        self.steps.learn();
        self.objects.values_mut().for_each(|object| object.steps.learn());
    }

    /// The most steps, of any execution that has ended, at which more than one thread could go on;
    /// at least 1.
    pub(super) fn most_choices(&self) -> Option<usize> {
        self.most_choices
    }

    /// The objects that two threads touch, one of them writing, in any execution so far.
    pub(super) fn contended(&self) -> &[u32] {
        &self.contended
    }

    /// Who spawns a thread, if that is known.
    pub(super) fn parent(&self, thread: usize) -> Option<usize> {
        self.parents.get(thread).copied().flatten()
    }

    /// How many steps each thread will make, with those of all threads that it spawns.
    pub(super) fn expected(&self) -> Vec<u64> {
        self.with_children(self.steps.before.clone())
    }

    /// The same, of steps on these objects.
    pub(super) fn expected_on(&self, objects: &IdSet<u32>) -> Vec<u64> {
        let mut steps = Vec::new();
        for object in objects.iter().filter_map(|object| self.objects.get(object)) {
            for (thread, count) in object.steps.before.iter().enumerate() {
                *slot(&mut steps, thread) += count;
            }
        }
        self.with_children(steps)
    }

    fn with_children(&self, mut steps: Vec<u64>) -> Vec<u64> {
        for thread in self.threads.iter().rev() {
            let own = *slot(&mut steps, *thread);
            if let Some(parent) = self.parents[*thread] {
                *slot(&mut steps, parent) += own;
            }
        }
        steps
    }
}

impl Object {
    /// Counts a step; whether it is the one that makes the object contended.
    fn becomes_contended(&mut self, step: Candidate) -> bool {
        self.steps.add(step.thread);
        self.written |= matches!(step.access, Access::Write(_));
        self.shared |= *self.user.get_or_insert(step.thread) != step.thread;
        let contended = self.written && self.shared;
        contended && !std::mem::replace(&mut self.contended, contended)
    }
}

impl Counts {
    fn add(&mut self, thread: usize) {
        *slot(&mut self.now, thread) += 1;
    }

    fn learn(&mut self) {
        std::mem::swap(&mut self.before, &mut self.now);
        self.now.clear();
    }
}

/// An entry of a list that is as long as it needs to be.
pub(super) fn slot<T: Clone + Default>(list: &mut Vec<T>, index: usize) -> &mut T {
    if list.len() <= index {
        list.resize(index + 1, T::default());
    }
    &mut list[index]
}
