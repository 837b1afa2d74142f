//! The lock graph: which lock was acquired under which, and how.
//!
//! Nodes are locks (instances), edges keep their [`Nestings`]. The class level (locks of one kind
//! made at one place) is a view of the same graph: each node knows its [`ClassId`], and a search
//! that stays within a class sees the class's own graph of instances.
//!
//! A destroyed lock keeps its edges while a cycle could still come to run through it. One that
//! nothing was ever nested in, or that was never nested itself, gets no edge any more and so never
//! will be on a cycle; nor will its neighbours for its sake. Such locks are swept out together
//! once they may make up a fifth of the graph: constant amortised work for each death, and a
//! million short-lived locks under a global one take the room of a few dozen.

use petgraph::{
    Direction,
    graph::{DiGraph, EdgeIndex, NodeIndex},
    visit::EdgeRef,
};

use super::{
    levels::Levels,
    nesting::{Nesting, Nestings, Probe},
};
use crate::{Context, ObjectId, Site, ThreadId, context::Held, hash::IdMap, op::ObjectKind};

/// The locks of one kind that were made at one place.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) struct ClassId(pub(super) usize);

/// A node.
#[derive(Debug)]
pub(super) struct Lock {
    pub(super) object: ObjectId,
    pub(super) class: ClassId,
    owner_releases: bool,
    /// The first thread that acquired it.
    owner: Option<ThreadId>,
    /// Whether a second thread has acquired it.
    pub(super) shared: bool,
    alive: bool,
}

/// Locks, how they nest, and which of them are on common cycles.
#[derive(Default, Debug)]
pub(super) struct LockGraph {
    graph: DiGraph<Lock, Nestings>,
    nodes: IdMap<ObjectId, NodeIndex>,
    edges: IdMap<(ObjectId, ObjectId), EdgeIndex>,
    levels: Levels,
    classes: IdMap<(Site, ObjectKind), ClassId>,
    /// Locks destroyed since the last sweep.
    deaths: usize,
}

impl LockGraph {
    /// Notes that `thread` acquired `object`. Returns the lock if that makes it a shared one.
    pub(super) fn touch(
        &mut self,
        context: &Context,
        thread: ThreadId,
        object: ObjectId,
    ) -> Option<NodeIndex> {
        let node = self.node(context, object);
        let lock = &mut self.graph[node];
        let owner = *lock.owner.get_or_insert(thread);
        let becomes_shared = owner != thread && !lock.shared;
        lock.shared |= becomes_shared;
        becomes_shared.then_some(node)
    }

    /// Whether nobody but its owner can release `object`.
    pub(super) fn owner_releases(&self, object: ObjectId) -> bool {
        self.nodes.get(&object).is_some_and(|&node| self.graph[node].owner_releases)
    }

    /// Whether it is known that `outer` was held at an acquisition like `probe`'s of `inner`.
    pub(super) fn knows(&self, outer: &Held, inner: ObjectId, probe: &Probe<'_>) -> bool {
        let edge = self.edges.get(&(outer.object, inner));
        edge.is_some_and(|&edge| self.graph[edge].know(outer, probe))
    }

    /// Adds a way in which `inner` was nested in `outer`.
    pub(super) fn add(
        &mut self,
        context: &Context,
        (outer, inner): (ObjectId, ObjectId),
        nesting: Nesting,
    ) -> EdgeIndex {
        let edge = match self.edges.get(&(outer, inner)) {
            Some(&edge) => edge,
            None => {
                let (from, to) = (self.node(context, outer), self.node(context, inner));
                self.levels.add_arc(from.index(), to.index());
                let edge = self.graph.add_edge(from, to, Nestings::default());
                self.edges.insert((outer, inner), edge);
                edge
            }
        };
        self.graph[edge].add(nesting);
        edge
    }

    fn node(&mut self, context: &Context, object: ObjectId) -> NodeIndex {
        if let Some(&node) = self.nodes.get(&object) {
            return node;
        }
        let info = context.object(object);
        let class = if info.is_made_there() {
            let next = ClassId(self.classes.len());
            *self.classes.entry((info.created, info.kind)).or_insert(next)
        } else {
            // Of a class of its own.
            ClassId(usize::MAX - self.nodes.len())
        };
        let owner_releases = info.kind.owner_releases();
        let lock = Lock { object, class, owner_releases, owner: None, shared: false, alive: true };
        let node = self.graph.add_node(lock);
        self.levels.add_node();
        self.nodes.insert(object, node);
        node
    }

    /// Whether `edge` lies on any cycle, feasible or not.
    pub(super) fn is_cyclic(&mut self, edge: EdgeIndex) -> bool {
        let (from, to) = self.ends(edge);
        self.are_cyclic(from, to)
    }

    fn are_cyclic(&mut self, a: NodeIndex, b: NodeIndex) -> bool {
        self.levels.connected(a.index(), b.index())
    }

    /// The edges out of `node` that lie on cycles.
    pub(super) fn cyclic_edges(&mut self, node: NodeIndex) -> Vec<EdgeIndex> {
        let edges: Vec<_> = self.graph.edges(node).map(|edge| (edge.id(), edge.target())).collect();
        let cyclic = edges.into_iter().filter(|&(_, to)| self.are_cyclic(node, to));
        cyclic.map(|(edge, _)| edge).collect()
    }

    /// The distance to `goal`, in edges, of each node from which a way that `admits` all its nodes
    /// leads there without leaving the cycles that run through `goal`.
    pub(super) fn distances(
        &mut self,
        goal: NodeIndex,
        admits: impl Fn(&Lock) -> bool,
    ) -> IdMap<NodeIndex, usize> {
        let mut distances = IdMap::default();
        distances.insert(goal, 0);
        let mut queue = vec![goal];
        let mut next = 0;
        while let Some(&node) = queue.get(next) {
            next += 1;
            let distance = distances[&node] + 1;
            for before in self.graph.neighbors_directed(node, Direction::Incoming) {
                if !distances.contains_key(&before)
                    && admits(&self.graph[before])
                    && self.levels.connected(before.index(), goal.index())
                {
                    distances.insert(before, distance);
                    queue.push(before);
                }
            }
        }
        distances
    }

    /// The edges out of `node`, by what they lead to.
    pub(super) fn edges(&self, node: NodeIndex) -> impl Iterator<Item = (NodeIndex, &Nestings)> {
        self.graph.edges(node).map(|edge| (edge.target(), edge.weight()))
    }

    /// The ends of an edge: outer and inner lock.
    pub(super) fn ends(&self, edge: EdgeIndex) -> (NodeIndex, NodeIndex) {
        self.graph.edge_endpoints(edge).expect("edges leave the graph only in a sweep")
    }

    /// A node.
    pub(super) fn lock(&self, node: NodeIndex) -> &Lock {
        &self.graph[node]
    }

    /// The class that all of `locks` belong to, if it is one.
    pub(super) fn common_class(&self, locks: &[ObjectId]) -> Option<ClassId> {
        let mut classes = locks.iter().map(|lock| self.graph[self.nodes[lock]].class);
        let first = classes.next()?;
        classes.all(|class| class == first).then_some(first)
    }

    /// The contexts of an edge.
    pub(super) fn nestings(&self, edge: EdgeIndex) -> &Nestings {
        &self.graph[edge]
    }

    /// Notes that `object` is gone.
    pub(super) fn destroy(&mut self, object: ObjectId) {
        let Some(node) = self.nodes.get(&object) else { return };
        self.graph[*node].alive = false;
        self.deaths += 1;
        if self.deaths >= 32 + (self.graph.node_count() + self.graph.edge_count()) / 4 {
            self.sweep();
        }
    }

    /// Drops every lock that can never be on a cycle any more. All indices change.
    fn sweep(&mut self) {
        self.deaths = 0;
        let stays = self.survivors();
        let (locks, edges) = std::mem::take(&mut self.graph).into_nodes_edges();
        let mut places = Vec::with_capacity(locks.len());
        self.nodes.clear();
        self.edges.clear();
        for (lock, stays) in locks.into_iter().zip(stays) {
            let object = lock.weight.object;
            let place = stays.then(|| self.graph.add_node(lock.weight));
            if let Some(node) = place {
                self.nodes.insert(object, node);
            }
            places.push(place);
        }
        for edge in edges {
            let ends = (places[edge.source().index()], places[edge.target().index()]);
            if let (Some(from), Some(to)) = ends {
                let objects = (self.graph[from].object, self.graph[to].object);
                self.edges.insert(objects, self.graph.add_edge(from, to, edge.weight));
            }
        }
        let places: Vec<_> = places.iter().map(|place| place.map(NodeIndex::index)).collect();
        self.levels.compact(&places);
    }

    /// For each node, whether a cycle may still come to run through it.
    fn survivors(&self) -> Vec<bool> {
        let mut stays = vec![true; self.graph.node_count()];
        let sides = [Direction::Outgoing, Direction::Incoming];
        let doomed = |stays: &[bool], node: NodeIndex| {
            let is_end =
                |side| !self.graph.neighbors_directed(node, side).any(|n| stays[n.index()]);
            !self.graph[node].alive && sides.into_iter().any(is_end)
        };
        let mut queue: Vec<_> = self.graph.node_indices().collect();
        while let Some(node) = queue.pop() {
            if stays[node.index()] && doomed(&stays, node) {
                stays[node.index()] = false;
                let neighbours = sides.map(|side| self.graph.neighbors_directed(node, side));
                queue.extend(neighbours.into_iter().flatten().filter(|n| stays[n.index()]));
            }
        }
        stays
    }

    /// How many locks and edges are kept.
    #[cfg(test)]
    pub(super) fn size(&self) -> (usize, usize) {
        (self.graph.node_count(), self.graph.edge_count())
    }
}
