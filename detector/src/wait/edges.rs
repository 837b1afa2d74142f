//! Who waits for whom: the edges of the wait-for graph, computed from the state when asked.

use std::collections::{HashMap, VecDeque};

use super::{
    history::History,
    state::{Goal, Threads, Wait},
};
use crate::{
    Context, ObjectId, ThreadId,
    op::{Mode, ObjectKind, Purpose, WaitFor},
};

/// This moment, as the wait-for graph sees it.
#[derive(Clone, Copy)]
pub(super) struct Now<'a> {
    pub(super) threads: &'a Threads,
    pub(super) history: &'a History,
    pub(super) context: &'a Context,
}

impl Now<'_> {
    /// The threads whose hold on `object` keeps `thread` from acquiring it; `thread` itself is
    /// one of them where the lock is not re-entrant.
    pub(super) fn owners_against(
        &self,
        thread: ThreadId,
        object: ObjectId,
        mode: Mode,
    ) -> Vec<ThreadId> {
        let mut against = Vec::new();
        for (owner, held) in self.context.owners(object) {
            let shares = mode == Mode::Shared && held.mode == Mode::Shared;
            if !shares && !against.contains(&owner) {
                against.push(owner);
            }
        }
        if against.contains(&thread) && self.context.object(object).kind == ObjectKind::RLock {
            against.clear();
        }
        against
    }

    /// The threads without which `thread` can certainly not go on, whatever others do: each owner
    /// of a lock that only owners release, and a thread that is joined.
    pub(super) fn definite(&self, thread: ThreadId) -> Vec<ThreadId> {
        match self.threads.goal(thread) {
            Some(Goal::Lock { object, mode })
                if self.context.object(object).kind.owner_releases() =>
            {
                self.owners_against(thread, object, mode)
            }
            Some(Goal::Block(WaitFor::Join(child))) if self.context.is_alive(child) => vec![child],
            _ => Vec::new(),
        }
    }

    /// Whether `thread` cannot take its next step as things are now.
    pub(super) fn is_blocked(&self, thread: ThreadId) -> bool {
        match self.threads.goal(thread) {
            None => false,
            Some(Goal::Lock { object, mode }) => {
                !self.owners_against(thread, object, mode).is_empty()
                    || !self.writers_ahead(thread).is_empty()
            }
            Some(Goal::Block(WaitFor::Join(child))) => self.context.is_alive(child),
            Some(Goal::Block(WaitFor::Park)) => !self.threads.has_token(thread),
            // Its last worker's end lets it go on, and nothing else may tell so.
            Some(Goal::Block(WaitFor::Object { purpose: Purpose::Workers, .. })) => self
                .threads
                .all_waiting()
                .any(|(other, _)| other != thread && !self.context.is_root(other)),
            Some(Goal::Block(_)) => true,
        }
    }

    /// For a thread that waits to read: the writers that asked before it and wait for readers.
    /// `std` lets a queued writer hold new readers back.
    fn writers_ahead(&self, thread: ThreadId) -> Vec<ThreadId> {
        let Some(wait) = self.threads.waiting(thread) else { return Vec::new() };
        let Goal::Lock { object, mode: Mode::Shared } = wait.goal else { return Vec::new() };
        if self.context.owners(object).next().is_none() {
            return Vec::new();
        }
        let queued = Goal::Lock { object, mode: Mode::Exclusive };
        let ahead = |other: &Wait| other.goal == queued && other.number < wait.number;
        self.threads.all_waiting().filter(|(_, w)| ahead(w)).map(|(writer, _)| writer).collect()
    }

    /// The edges among `stuck`, when all live threads are: definite ones whatever the kind of
    /// lock, and from a thread that waits for a signal to each that wants a lock it holds, which
    /// is thereby kept from giving it.
    pub(super) fn held_edges(&self, stuck: &[ThreadId]) -> Edges {
        let mut edges = Edges::default();
        for &thread in stuck {
            match self.threads.goal(thread) {
                Some(Goal::Lock { object, mode }) => {
                    let mut owners = self.owners_against(thread, object, mode);
                    owners.extend(self.writers_ahead(thread));
                    for owner in owners {
                        edges.add(thread, owner);
                        if self.threads.goal(owner).is_some_and(Goal::is_signal) {
                            edges.add(owner, thread);
                        }
                    }
                }
                Some(Goal::Block(WaitFor::Join(child))) => edges.add(thread, child),
                _ => {}
            }
        }
        edges
    }

    /// Adds what the past suggests: from a thread that waits for a signal to each stuck thread
    /// that has given that signal before. Two that wait to receive from two channels into which
    /// nobody ever sent wait for each other.
    pub(super) fn add_evidence(&self, stuck: &[ThreadId], edges: &mut Edges) {
        let receives = |thread: ThreadId| match self.threads.goal(thread) {
            Some(Goal::Block(WaitFor::Object {
                object,
                purpose: Purpose::Receive | Purpose::Get,
            })) => Some(object),
            _ => None,
        };
        for &thread in stuck {
            let Some(goal) = self.threads.goal(thread).filter(|goal| goal.is_signal()) else {
                continue;
            };
            let never_fed = receives(thread).filter(|object| !self.history.was_fed(*object));
            for &other in stuck.iter().filter(|other| **other != thread) {
                let feeds = |own| receives(other).is_some_and(|theirs| theirs != own);
                if self.history.has_given(other, thread, goal) || never_fed.is_some_and(feeds) {
                    edges.add(thread, other);
                }
            }
        }
    }
}

/// A wait-for graph made for one verdict.
#[derive(Default, Debug)]
pub(super) struct Edges(HashMap<ThreadId, Vec<ThreadId>>);

impl Edges {
    fn add(&mut self, from: ThreadId, to: ThreadId) {
        let targets = self.0.entry(from).or_default();
        if !targets.contains(&to) {
            targets.push(to);
        }
    }

    /// The shortest cycle, and of several the one that starts first in `order`.
    pub(super) fn shortest_cycle(&self, order: &[ThreadId]) -> Option<Vec<ThreadId>> {
        let next = |thread| self.0.get(&thread).cloned().unwrap_or_default();
        let cycles = order.iter().filter_map(|start| shortest_cycle(*start, next));
        cycles.min_by_key(Vec::len)
    }
}

/// The shortest cycle through `start`, by breadth-first search: each thread waits for the next,
/// the last one for `start`.
pub(super) fn shortest_cycle(
    start: ThreadId,
    next: impl Fn(ThreadId) -> Vec<ThreadId>,
) -> Option<Vec<ThreadId>> {
    let mut came_from: HashMap<ThreadId, ThreadId> = HashMap::new();
    let mut queue = VecDeque::from([start]);
    while let Some(thread) = queue.pop_front() {
        for target in next(thread) {
            if target == start {
                let back = std::iter::successors(Some(thread), |at| came_from.get(at).copied());
                let mut cycle: Vec<_> = back.collect();
                cycle.reverse();
                return Some(cycle);
            }
            came_from.entry(target).or_insert_with(|| {
                queue.push_back(target);
                thread
            });
        }
    }
    None
}
