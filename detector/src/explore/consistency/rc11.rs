//! RC11 (Lahav, Vafeiadis, Kang, Hur, Dreyer: "Repairing Sequential Consistency in C/C++11", PLDI
//! 2017), with C++20's release sequences.
//!
//! Coherence here; its axiom for SeqCst accesses and fences in [`psc`](super::psc). Where every
//! access is SeqCst the two together are sequential consistency, which is checked faster.
//! Left out: non-atomic accesses, whose races are findings and not behaviours.

use std::sync::atomic::Ordering;

use super::{order::HappensBefore, psc, sc};
use crate::explore::graph::{EventId, Graph, Kind, Location};

pub(super) fn is_consistent(graph: &Graph) -> bool {
    if is_all_seq_cst(graph) {
        return sc::is_consistent(graph);
    }
    let order = HappensBefore::of(graph);
    graph.locations.iter().all(|location| is_coherent(graph, location, &order))
        && psc::is_acyclic(graph, &order)
}

fn is_all_seq_cst(graph: &Graph) -> bool {
    graph.threads.iter().flatten().all(|event| match event.kind {
        Kind::Read { ordering, .. } | Kind::Write { ordering, .. } => ordering == Ordering::SeqCst,
        _ => true,
    })
}

/// Whether no access sees what happened before it undone: `hb ; eco` is irreflexive.
fn is_coherent(graph: &Graph, location: &Location, order: &HappensBefore) -> bool {
    let accesses = accesses(graph, location);
    accesses.iter().all(|later| {
        accesses.iter().all(|earlier| {
            !order.before(earlier.event, later.event) || !later.comes_before(earlier)
        })
    })
}

/// A read or write and its place in the modification order: its own, or that of what it reads.
#[derive(Clone, Copy)]
pub(super) struct Access {
    pub(super) event: EventId,
    pub(super) writes: bool,
    pub(super) place: usize,
}

impl Access {
    /// `eco`: reads-from, modification order, from-read, and what they compose to.
    pub(super) fn comes_before(&self, other: &Self) -> bool {
        self.place < other.place || self.writes && !other.writes && self.place == other.place
    }

    /// `mo` or `fr`.
    pub(super) fn is_overwritten_by(&self, other: &Self) -> bool {
        other.writes && self.place < other.place
    }
}

/// All accesses of a location.
pub(super) fn accesses(graph: &Graph, location: &Location) -> Vec<Access> {
    let place_of = |write: Option<EventId>| {
        write.map_or(0, |write| {
            1 + location.writes.iter().take_while(|other| **other != write).count()
        })
    };
    let writes = location.writes.iter().enumerate();
    let writes =
        writes.map(|(place, write)| Access { event: *write, writes: true, place: place + 1 });
    let reads = location.reads.iter().map(|read| Access {
        event: *read,
        writes: false,
        place: place_of(graph.origin(*read)),
    });
    writes.chain(reads).collect()
}
