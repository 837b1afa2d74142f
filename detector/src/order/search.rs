//! The search for cycles through an edge that has just been seen in a new context.
//!
//! Iterative deepening from the new nesting: ways back to its outer lock, shortest first, each
//! step a lock and one of the contexts in which it was nested. A step must fit all those before
//! it, so that most ways end after one or two; distances to the goal, by a breadth-first search
//! within the strong component, cut the others. All cycles of the first length that has any are
//! returned, one for each set of locks; sets that contain a reported set are not looked at.
//!
//! Left out on purpose: longer cycles through the same nesting that share no reported set, and
//! whatever lies beyond [`STEPS`] steps (the problem is NP-hard: a cycle must visit distinct
//! threads). Cycles of two and three locks are far within that bound in any graph where a lock
//! has fewer than a hundred neighbours on cycles.

use petgraph::graph::{EdgeIndex, NodeIndex};

use super::{
    graph::{ClassId, Lock, LockGraph},
    nesting::Nesting,
    reported::Reported,
};
use crate::{ObjectId, hash::IdMap};

/// How many steps a search may try.
const STEPS: usize = 20_000;

/// What makes a cycle.
#[derive(Clone, Copy)]
pub(super) enum Level {
    /// Threads that could wait for each other in a run like this one.
    Instance,
    /// Instances of one class that more than one thread has used; that this run's threads could
    /// not overlap, or were one, does not matter.
    Class(ClassId),
}

impl Level {
    fn admits(self, lock: &Lock) -> bool {
        match self {
            Self::Instance => true,
            Self::Class(class) => lock.shared && lock.class == class,
        }
    }

    fn fit(self, a: &Nesting, b: &Nesting) -> bool {
        match self {
            Self::Instance => a.overlaps(b),
            Self::Class(_) => a.ungated(b),
        }
    }
}

/// One edge of a cycle.
#[derive(Clone, Debug)]
pub(super) struct Link {
    pub(super) outer: ObjectId,
    pub(super) inner: ObjectId,
    pub(super) nesting: Nesting,
}

/// Edges of which each waits for the outer lock of the next, and the last for that of the first.
pub(super) type Cycle = Vec<Link>;

/// The locks of a cycle, sorted.
pub(super) fn locks_of(cycle: &[Link]) -> Vec<ObjectId> {
    let mut locks: Vec<_> = cycle.iter().map(|link| link.outer).collect();
    locks.sort_unstable();
    locks
}

/// The shortest cycles through one nesting of an edge that `confirm` finds possible.
pub(super) fn shortest_cycles(
    graph: &mut LockGraph,
    level: Level,
    (edge, nesting): (EdgeIndex, Nesting),
    reported: &Reported,
    confirm: &mut dyn FnMut(&[Link]) -> bool,
) -> Vec<Cycle> {
    let (outer, inner) = graph.ends(edge);
    let admitted = [outer, inner].into_iter().all(|node| level.admits(graph.lock(node)));
    let distances = graph.distances(outer, |lock| level.admits(lock));
    let graph = &*graph;
    let Some(&shortest) = distances.get(&inner) else { return Vec::new() };
    let (from, to) = (graph.lock(outer).object, graph.lock(inner).object);
    if !admitted || reported.covers(&[from, to]) {
        return Vec::new();
    }
    let start = Link { outer: from, inner: to, nesting };
    let mut search = Search {
        graph,
        level,
        goal: outer,
        reported,
        confirm,
        limit: shortest + 1,
        steps: STEPS,
        cut: true,
        path: vec![start],
        locks: vec![from, to],
        found: Vec::new(),
        distances,
    };
    while search.cut && search.found.is_empty() && search.limit <= search.distances.len() {
        search.cut = false;
        search.extend(inner);
        search.limit += 1;
    }
    search.found
}

struct Search<'a> {
    graph: &'a LockGraph,
    level: Level,
    goal: NodeIndex,
    distances: IdMap<NodeIndex, usize>,
    reported: &'a Reported,
    confirm: &'a mut dyn FnMut(&[Link]) -> bool,
    /// How many edges a cycle may have.
    limit: usize,
    /// How many steps may still be tried.
    steps: usize,
    /// Whether a way was left for being too long.
    cut: bool,
    path: Vec<Link>,
    /// The locks on the path, its end included.
    locks: Vec<ObjectId>,
    found: Vec<Cycle>,
}

impl Search<'_> {
    /// Tries all ways on from `node`, the end of the path.
    fn extend(&mut self, node: NodeIndex) {
        let graph = self.graph;
        for (next, nestings) in graph.edges(node) {
            let Some(&distance) = self.distances.get(&next) else { continue };
            if self.path.len() + 1 + distance > self.limit {
                self.cut = true;
                continue;
            }
            let (outer, inner) = (graph.lock(node).object, graph.lock(next).object);
            if next != self.goal && !self.enter(inner) {
                continue;
            }
            for nesting in nestings.iter() {
                if self.steps == 0 || (next == self.goal && self.is_found()) {
                    break;
                }
                self.steps -= 1;
                if self.fits(nesting, next) {
                    self.path.push(Link { outer, inner, nesting: nesting.clone() });
                    self.arrive(next);
                    self.path.pop();
                }
            }
            if next != self.goal {
                self.locks.pop();
            }
        }
    }

    fn arrive(&mut self, node: NodeIndex) {
        if node != self.goal {
            self.extend(node);
        } else if (self.confirm)(&self.path) {
            self.found.push(self.path.clone());
        }
    }

    /// Goes on to a lock, unless the path has it or holds a reported cycle with it.
    fn enter(&mut self, lock: ObjectId) -> bool {
        if self.locks.contains(&lock) {
            return false;
        }
        self.locks.push(lock);
        let news = !self.reported.covers(&self.locks);
        if !news {
            self.locks.pop();
        }
        news
    }

    /// Whether a cycle through the locks of the path has been found.
    fn is_found(&self) -> bool {
        let mut locks = self.locks.clone();
        locks.sort_unstable();
        self.found.iter().any(|cycle| locks_of(cycle) == locks)
    }

    fn fits(&self, nesting: &Nesting, next: NodeIndex) -> bool {
        let last = &self.path[self.path.len() - 1].nesting;
        last.waits_for(nesting)
            && (next != self.goal || nesting.waits_for(&self.path[0].nesting))
            && self.path.iter().all(|link| self.level.fit(&link.nesting, nesting))
    }
}
