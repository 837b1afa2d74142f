//! Strong components of a growing graph, by levels.
//!
//! [`Levels`] answers one question at every insertion of an arc, whatever the order in which arcs
//! come: do its two ends now lie on a common cycle? It is the sparse algorithm of Bender,
//! Fineman, Gilbert and Tarjan, "A New Approach to Incremental Cycle Detection and Related
//! Problems" (ACM Transactions on Algorithms 12(2), 2016): every arc runs from a level to the same
//! or a higher one; an arc that would run down, or along a level, is checked by a search
//! backwards among *peers* (predecessors on the same level) that gives up after `effort` arcs,
//! followed by a search forwards that only visits what it lifts. That is `O(min(√m, n^⅔))` for
//! each arc, amortised, in every order. (Pearce and Kelly's algorithm is shorter but visits the
//! whole affected region: quadratic when arcs come in random order.)
//!
//! Two things are our own. The common cheap case, an arc to a node that has no arcs out, is taken
//! first: it closes no cycle, so the node is lifted and nothing searched. And an arc that closes
//! a cycle does not end the matter: the nodes between its ends, which by then are all on one
//! level, are contracted into one by union-find. Levels stay an order of the condensation, and
//! cycles that run through several closing arcs are seen too.
//!
//! Only levels are kept, no numbering within a level: nobody asks for a topological order.

use std::mem;

/// A node or, if it is the `leader` of others, a contracted strong component.
#[derive(Debug)]
struct Component {
    /// The parent in the union-find forest; itself for a leader.
    leader: u32,
    level: u32,
    /// The last search that visited it.
    mark: u32,
    /// Heads of arcs out. Ones that have been contracted into this node drop out when next seen.
    outs: Vec<u32>,
    /// Tails of arcs in that come from the same level.
    peers: Vec<u32>,
}

/// How a search backwards ended.
#[derive(PartialEq, Eq)]
enum Backward {
    /// It reached the node that it looked for.
    Found,
    /// It ran dry: all peers that lead to its start are marked.
    Complete,
    /// It gave up.
    CutShort,
}

/// The strong components of a graph to which nodes and arcs are added. Nodes are numbered from 0.
#[derive(Debug, Default)]
pub(super) struct Levels {
    nodes: Vec<Component>,
    arcs: usize,
    /// How many arcs a search backwards may follow.
    effort: usize,
    stamp: u32,
}

impl Levels {
    /// Adds the next node.
    pub(super) fn add_node(&mut self) {
        let leader = u32::try_from(self.nodes.len()).expect("fewer than 2^32 locks at a time");
        let (outs, peers) = (Vec::new(), Vec::new());
        self.nodes.push(Component { leader, level: 0, mark: 0, outs, peers });
    }

    /// Whether a cycle runs through both nodes.
    pub(super) fn connected(&mut self, a: usize, b: usize) -> bool {
        self.leader(a as u32) == self.leader(b as u32)
    }

    /// Adds an arc. Amortised cheap if no arc is added twice.
    pub(super) fn add_arc(&mut self, from: usize, to: usize) {
        let (from, to) = (self.leader(from as u32), self.leader(to as u32));
        if from == to {
            return;
        }
        self.arcs += 1;
        if self.arcs.is_power_of_two() {
            self.tune();
        }
        let closes = self.make_room(from, to);
        self.at(from).outs.push(to);
        if self.at(from).level == self.at(to).level {
            self.at(to).peers.push(from);
        }
        if closes {
            self.contract(from, to);
        }
    }

    /// Renumbers nodes: `places` says where each goes, or that it is dropped. A node that is
    /// dropped must be alone in its component.
    pub(super) fn compact(&mut self, places: &[Option<usize>]) {
        let renamed = |old: &u32| places[*old as usize].map(|new| new as u32);
        let nodes = mem::take(&mut self.nodes);
        for (mut node, _) in nodes.into_iter().zip(places).filter(|(_, place)| place.is_some()) {
            node.leader = renamed(&node.leader).expect("no member of a component is dropped");
            node.outs = node.outs.iter().filter_map(renamed).collect();
            node.peers = node.peers.iter().filter_map(renamed).collect();
            self.nodes.push(node);
        }
        self.arcs = self.nodes.iter().map(|node| node.outs.len()).sum();
        self.tune();
    }

    /// Sets the effort that balances the two searches at the present size.
    fn tune(&mut self) {
        let by_nodes = (self.nodes.len() as f64).cbrt().powi(2) as usize;
        self.effort = self.arcs.isqrt().min(by_nodes).max(4);
    }

    /// Lifts `to`, and what follows it, so that an arc from `from` runs upwards or level. Returns
    /// whether that arc closes a cycle; all nodes of such cycles are on one level then.
    fn make_room(&mut self, from: u32, to: u32) -> bool {
        let level = self.at(from).level;
        if level < self.at(to).level {
            return false;
        }
        if self.at(to).outs.is_empty() {
            self.lift(to, level);
            return false;
        }
        match self.mark_peers(from, Some(to), self.effort) {
            Backward::Found => true,
            Backward::Complete if self.at(to).level == level => false,
            Backward::Complete => self.lift_from(to, level),
            Backward::CutShort => {
                let stamp = self.next_stamp();
                self.at(from).mark = stamp;
                self.lift_from(to, level + 1)
            }
        }
    }

    /// Marks `start` and all nodes of its level that lead to it.
    fn mark_peers(&mut self, start: u32, goal: Option<u32>, effort: usize) -> Backward {
        let stamp = self.next_stamp();
        self.at(start).mark = stamp;
        let mut rest = effort;
        let mut stack = vec![start];
        while let Some(node) = stack.pop() {
            let mut peers = mem::take(&mut self.at(node).peers);
            let mut end = None;
            peers.retain(|peer| {
                if end.is_some() {
                    return true;
                }
                let peer = self.leader(*peer);
                if Some(peer) == goal {
                    end = Some(Backward::Found);
                } else if rest == 0 {
                    end = Some(Backward::CutShort);
                } else if self.at(peer).mark != stamp {
                    self.at(peer).mark = stamp;
                    stack.push(peer);
                }
                rest = rest.saturating_sub(1);
                peer != node
            });
            self.at(node).peers = peers;
            if let Some(end) = end {
                return end;
            }
        }
        Backward::Complete
    }

    fn lift(&mut self, node: u32, level: u32) {
        let node = self.at(node);
        if node.level < level {
            node.level = level;
            node.peers.clear();
        }
    }

    /// Lifts `start` and what follows it to `level`. Returns whether it met a marked node.
    fn lift_from(&mut self, start: u32, level: u32) -> bool {
        let stamp = self.stamp;
        let mut met = false;
        self.lift(start, level);
        let mut stack = vec![start];
        while let Some(node) = stack.pop() {
            let mut outs = mem::take(&mut self.at(node).outs);
            outs.retain(|next| {
                let next = self.leader(*next);
                if next == node {
                    return false;
                }
                met |= self.at(next).mark == stamp;
                if self.at(next).level < level {
                    self.lift(next, level);
                    stack.push(next);
                }
                if self.at(next).level == level {
                    self.at(next).peers.push(node);
                }
                true
            });
            self.at(node).outs = outs;
        }
        met
    }

    /// Makes one node of all that lie between `to` and `from`, which an arc back has just closed.
    fn contract(&mut self, from: u32, to: u32) {
        self.mark_peers(from, None, usize::MAX);
        let (before, between) = (self.stamp, self.next_stamp());
        self.at(to).mark = between;
        let mut members = vec![to];
        let mut next = 0;
        while let Some(&node) = members.get(next) {
            next += 1;
            let outs = mem::take(&mut self.at(node).outs);
            for &out in &outs {
                let out = self.leader(out);
                if self.at(out).mark == before {
                    self.at(out).mark = between;
                    members.push(out);
                }
            }
            self.at(node).outs = outs;
        }
        self.merge(&members);
    }

    /// Unites `members`; the one with most arcs takes those of the others.
    fn merge(&mut self, members: &[u32]) {
        let size = |node: &Component| node.outs.len() + node.peers.len();
        let leader = members.iter().copied().max_by_key(|&node| size(&self.nodes[node as usize]));
        let Some(leader) = leader else { return };
        for &member in members.iter().filter(|&&member| member != leader) {
            let mut outs = mem::take(&mut self.at(member).outs);
            let mut peers = mem::take(&mut self.at(member).peers);
            self.at(member).leader = leader;
            self.at(leader).outs.append(&mut outs);
            self.at(leader).peers.append(&mut peers);
        }
    }

    /// The leader of `node`'s component, by path halving.
    fn leader(&mut self, mut node: u32) -> u32 {
        loop {
            let parent = self.at(node).leader;
            if parent == node {
                return node;
            }
            let above = self.at(parent).leader;
            self.at(node).leader = above;
            node = above;
        }
    }

    fn next_stamp(&mut self) -> u32 {
        if self.stamp == u32::MAX {
            self.nodes.iter_mut().for_each(|node| node.mark = 0);
            self.stamp = 0;
        }
        self.stamp += 1;
        self.stamp
    }

    fn at(&mut self, node: u32) -> &mut Component {
        &mut self.nodes[node as usize]
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use petgraph::{algo::tarjan_scc, graph::DiGraph};
    use proptest::prelude::*;

    use super::*;

    fn check_levels(levels: &mut Levels) {
        for node in 0..levels.nodes.len() as u32 {
            let leader = levels.leader(node);
            for out in levels.nodes[leader as usize].outs.clone() {
                let out = levels.leader(out);
                let (from, to) = (&levels.nodes[leader as usize], &levels.nodes[out as usize]);
                assert!(from.level <= to.level, "an arc runs down");
                let peers: Vec<u32> = to.peers.clone();
                if leader != out && from.level == to.level {
                    assert!(peers.iter().any(|&peer| levels.leader(peer) == leader));
                }
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        /// After each arc, with contractions and compactions in between, the components are those
        /// that Tarjan's algorithm finds from scratch.
        #[test]
        fn components_are_those_of_tarjan(
            n in 2usize..14,
            arcs in prop::collection::vec((0usize..14, 0usize..14), 1..60),
            effort in prop::option::of(0usize..3),
        ) {
            let mut levels = Levels::default();
            let mut graph = DiGraph::<(), ()>::new();
            for _ in 0..n {
                levels.add_node();
                graph.add_node(());
            }
            let mut seen = HashSet::new();
            for (a, b) in arcs.into_iter().map(|(a, b)| (a % n, b % n)) {
                if a == b || !seen.insert((a, b)) {
                    continue;
                }
                // A small effort makes searches give up, which small graphs would never do.
                levels.effort = effort.unwrap_or(levels.effort);
                levels.add_arc(a, b);
                graph.add_edge((a as u32).into(), (b as u32).into(), ());
                check_levels(&mut levels);
                let sccs = tarjan_scc(&graph);
                let scc = |x: usize| sccs.iter().position(|c| c.contains(&(x as u32).into()));
                for (x, y) in (0..n).flat_map(|x| (0..n).map(move |y| (x, y))) {
                    prop_assert_eq!(levels.connected(x, y), scc(x) == scc(y));
                }
            }
        }
    }

    #[test]
    fn dropping_nodes_keeps_the_rest() {
        let mut levels = Levels::default();
        (0..5).for_each(|_| levels.add_node());
        for (from, to) in [(0, 1), (1, 2), (2, 3), (3, 1), (3, 4)] {
            levels.add_arc(from, to);
        }
        assert!(levels.connected(1, 3) && !levels.connected(0, 1));
        levels.compact(&[None, Some(0), Some(1), Some(2), Some(3)]);
        assert!(levels.connected(0, 2) && !levels.connected(2, 3));
        levels.add_arc(3, 1);
        assert!(levels.connected(0, 3));
    }
}
