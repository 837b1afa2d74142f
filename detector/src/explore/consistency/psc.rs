//! RC11's axiom for SeqCst: `psc_base ∪ psc_F` is acyclic, where
//!
//! ```text
//! scb      = po ∪ po|≠loc ; hb ; po|≠loc ∪ hb|loc ∪ mo ∪ fr
//! psc_base = ([Esc] ∪ [Fsc] ; hb?) ; scb ; ([Esc] ∪ hb? ; [Fsc])
//! psc_F    = [Fsc] ; (hb ∪ hb ; eco ; hb) ; [Fsc]
//! ```
//!
//! Computed as a matrix over the SeqCst events, by going through all pairs of events that `scb`
//! or `eco` could relate.

use std::sync::atomic::Ordering::SeqCst;

use super::{
    order::HappensBefore,
    rc11::{Access, accesses},
};
use crate::explore::graph::{EventId, Graph, Kind};

pub(super) fn is_acyclic(graph: &Graph, order: &HappensBefore) -> bool {
    let strong: Vec<EventId> = events(graph).filter(|id| is_strong(graph, *id)).collect();
    if strong.len() < 2 {
        return true;
    }
    let edges = vec![vec![false; strong.len()]; strong.len()];
    let mut relation = Relation { graph, order, strong, edges };
    relation.add_happens_before();
    for location in &graph.locations {
        relation.add_accesses(&accesses(graph, location));
    }
    relation.has_no_cycle()
}

fn events(graph: &Graph) -> impl Iterator<Item = EventId> + '_ {
    graph
        .threads
        .iter()
        .enumerate()
        .flat_map(|(thread, events)| (0..events.len()).map(move |index| EventId { thread, index }))
}

fn is_strong(graph: &Graph, id: EventId) -> bool {
    match graph.event(id).kind {
        Kind::Read { ordering, .. } | Kind::Write { ordering, .. } | Kind::Fence(ordering) => {
            ordering == SeqCst
        }
        _ => false,
    }
}

fn location_of(graph: &Graph, id: EventId) -> Option<usize> {
    match graph.event(id).kind {
        Kind::Read { location, .. } | Kind::Write { location, .. } => Some(location),
        _ => None,
    }
}

struct Relation<'a> {
    graph: &'a Graph,
    order: &'a HappensBefore,
    strong: Vec<EventId>,
    /// `edges[a][b]`, by places in `strong`.
    edges: Vec<Vec<bool>>,
}

impl Relation<'_> {
    /// `scb` without `mo` and `fr`, and the first half of `psc_F`.
    fn add_happens_before(&mut self) {
        for from in events(self.graph) {
            let sources = self.sources(from);
            if sources.is_empty() {
                continue;
            }
            for to in events(self.graph) {
                if self.order.before(from, to) && self.is_strong_step(from, to) {
                    self.add(&sources, &self.targets(to));
                }
            }
        }
        for (a, b) in self.fence_pairs() {
            self.edges[a][b] |= self.order.before(self.strong[a], self.strong[b]);
        }
    }

    /// `mo` and `fr` of one location, and the `eco` of `psc_F`.
    fn add_accesses(&mut self, accesses: &[Access]) {
        for from in accesses {
            for to in accesses {
                if from.is_overwritten_by(to) {
                    self.add(&self.sources(from.event), &self.targets(to.event));
                }
                if from.comes_before(to) {
                    let fences = |places: Vec<usize>| {
                        places.into_iter().filter(|place| self.is_fence(*place)).collect::<Vec<_>>()
                    };
                    let (sources, targets) =
                        (fences(self.sources(from.event)), fences(self.targets(to.event)));
                    self.add(&sources, &targets);
                }
            }
        }
    }

    /// Of two events of which the first happens before the other: whether `scb` relates them by
    /// `po`, `hb|loc` or `po|≠loc ; hb ; po|≠loc`.
    fn is_strong_step(&self, from: EventId, to: EventId) -> bool {
        let (here, there) = (location_of(self.graph, from), location_of(self.graph, to));
        let differs = |id: EventId, location: Option<usize>| {
            location.is_none() || location_of(self.graph, id) != location
        };
        let after = || {
            (from.index + 1..self.graph.thread(from.thread).len())
                .map(|index| EventId { index, ..from })
                .find(|id| differs(*id, here))
        };
        let before = || {
            (0..to.index).rev().map(|index| EventId { index, ..to }).find(|id| differs(*id, there))
        };
        from.thread == to.thread
            || here.is_some() && here == there
            || after().zip(before()).is_some_and(|(a, b)| self.order.before(a, b))
    }

    /// `[Esc] ∪ [Fsc] ; hb?`, backwards from an event.
    fn sources(&self, to: EventId) -> Vec<usize> {
        self.places(|place, event| {
            event == to || self.is_fence(place) && self.order.before(event, to)
        })
    }

    /// `[Esc] ∪ hb? ; [Fsc]`, from an event on.
    fn targets(&self, from: EventId) -> Vec<usize> {
        self.places(|place, event| {
            event == from || self.is_fence(place) && self.order.before(from, event)
        })
    }

    fn places(&self, fits: impl Fn(usize, EventId) -> bool) -> Vec<usize> {
        let places = self.strong.iter().enumerate();
        places.filter(|(place, event)| fits(*place, **event)).map(|(place, _)| place).collect()
    }

    fn fence_pairs(&self) -> Vec<(usize, usize)> {
        let fences = self.places(|place, _| self.is_fence(place));
        fences.iter().flat_map(|a| fences.iter().map(move |b| (*a, *b))).collect()
    }

    fn is_fence(&self, place: usize) -> bool {
        matches!(self.graph.event(self.strong[place]).kind, Kind::Fence(_))
    }

    fn add(&mut self, sources: &[usize], targets: &[usize]) {
        for a in sources {
            for b in targets {
                self.edges[*a][*b] = true;
            }
        }
    }

    /// Takes away what has no successor until nothing changes; what is left is on or before cycles.
    fn has_no_cycle(&self) -> bool {
        let mut left: Vec<usize> = (0..self.strong.len()).collect();
        loop {
            let count = left.len();
            let rest = left.clone();
            left.retain(|a| rest.iter().any(|b| self.edges[*a][*b]));
            if left.len() == count {
                return left.is_empty();
            }
        }
    }
}
