//! SC and RC11 as they are written down: relations between the operations, as bit matrices.

use std::sync::atomic::Ordering::{self, AcqRel, Acquire, Release, SeqCst};

use super::{
    enumerate::State,
    graphs::Id,
    relation::{Relation, acyclic},
};
use crate::{dsl::failure_of, straight::Do};

/// The operations of a graph and the relations that it is made of.
struct Axioms<'s, 'p> {
    state: &'s State<'p>,
    events: Vec<Id>,
    po: Relation,
    rf: Relation,
    mo: Relation,
    /// From an unlock to the next lock.
    handed: Relation,
}

impl<'s, 'p> Axioms<'s, 'p> {
    fn new(state: &'s State<'p>) -> Self {
        let threads = state.graph.threads.iter().enumerate();
        let events: Vec<Id> =
            threads.flat_map(|(thread, done)| (0..done.len()).map(move |n| (thread, n))).collect();
        let n = events.len();
        let at = |id: Id| events.iter().position(|other| *other == id).expect("an event");
        let source = |b: usize| state.graph.threads[events[b].0][events[b].1].flatten();
        let po = Relation::new(n, |a, b| events[a].0 == events[b].0 && events[a].1 < events[b].1);
        let rf = Relation::new(n, |a, b| source(b) == Some(events[a]));
        let mut mo = Relation::new(n, |_, _| false);
        for order in &state.graph.orders {
            for (place, from) in order.iter().enumerate() {
                order[place + 1..].iter().for_each(|to| mo.add(at(*from), at(*to)));
            }
        }
        let mut handed = Relation::new(n, |_, _| false);
        for (lock, order) in state.graph.locks.iter().enumerate() {
            for pair in order.windows(2) {
                let (thread, number) = pair[0];
                let rest = &state.program[thread][number..];
                let unlock = rest.iter().position(|op| *op == Do::Unlock(lock)).expect("released");
                handed.add(at((thread, number + unlock)), at(pair[1]));
            }
        }
        Self { state, events, po, rf, mo, handed }
    }

    /// `rf⁻¹ ; mo`, where the initial value comes before every write.
    fn fr(&self) -> Relation {
        let rest = Relation::new(self.events.len(), |a, b| {
            self.reads_initial(a) && self.writes(b) && self.location(a) == self.location(b)
        });
        self.rf.inverse().then(&self.mo).or(&rest).and(|a, b| a != b)
    }

    fn reads_initial(&self, a: usize) -> bool {
        let (thread, number) = self.events[a];
        self.state.graph.threads[thread][number] == Some(None)
    }

    fn reads(&self, a: usize) -> bool {
        let (thread, number) = self.events[a];
        self.state.values[thread][number].read.is_some()
    }

    fn writes(&self, a: usize) -> bool {
        let (thread, number) = self.events[a];
        self.state.values[thread][number].wrote.is_some()
    }

    fn is_fence(&self, a: usize) -> bool {
        matches!(self.state.operation(self.events[a]), Do::F(_))
    }

    /// Mutexes are locations of their own, fences have none.
    fn location(&self, a: usize) -> Option<usize> {
        match self.state.operation(self.events[a]) {
            Do::W(location, ..)
            | Do::Next(location, _)
            | Do::R(location, _)
            | Do::Swap(location, ..)
            | Do::Add(location, ..)
            | Do::Cas(location, ..)
            | Do::Wait(location, ..) => Some(location),
            Do::Lock(lock) | Do::Unlock(lock) => Some(1_000 + lock),
            Do::F(_) => None,
        }
    }

    fn ordering(&self, a: usize) -> Option<Ordering> {
        match self.state.operation(self.events[a]) {
            Do::Cas(_, _, _, ordering) if !self.writes(a) => Some(failure_of(ordering)),
            Do::W(_, _, ordering)
            | Do::Next(_, ordering)
            | Do::R(_, ordering)
            | Do::Swap(_, _, ordering)
            | Do::Add(_, _, ordering)
            | Do::Cas(_, _, _, ordering)
            | Do::Wait(_, _, ordering)
            | Do::F(ordering) => Some(ordering),
            Do::Lock(_) | Do::Unlock(_) => None,
        }
    }

    fn releases(&self, a: usize) -> bool {
        matches!(self.ordering(a), Some(Release | AcqRel | SeqCst))
    }

    fn acquires(&self, a: usize) -> bool {
        matches!(self.ordering(a), Some(Acquire | AcqRel | SeqCst))
    }

    fn is_strong(&self, a: usize) -> bool {
        self.ordering(a) == Some(SeqCst)
    }

    /// Synchronises-with, with C++20's release sequences `[W] ; (rf ; [RMW])*`.
    fn sw(&self) -> Relation {
        let n = self.events.len();
        let id = |set: &dyn Fn(usize) -> bool| Relation::new(n, |a, b| a == b && set(a));
        let sequence = self.rf.and(|_, b| self.writes(b)).closure().reflexive();
        let from_fence = self.po.and(|a, b| self.is_fence(a) && self.releases(a) && self.writes(b));
        let release = id(&|a| self.writes(a) && self.releases(a)).or(&from_fence).then(&sequence);
        let to_fence = self.po.and(|a, b| self.reads(a) && self.is_fence(b) && self.acquires(b));
        let acquire = id(&|a| self.reads(a) && self.acquires(a)).or(&to_fence);
        release.then(&self.rf).then(&acquire).or(&self.handed)
    }

    /// Updates read the write right before their own: nothing comes between, and what they read
    /// is before. (The second follows from coherence where an update is two events.)
    fn is_atomic(&self) -> bool {
        self.fr().then(&self.mo).is_irreflexive() && self.rf.then(&self.mo).is_irreflexive()
    }

    fn is_rc11(&self) -> bool {
        let fr = self.fr();
        let hb = self.po.or(&self.sw()).closure();
        let eco = self.rf.or(&self.mo).or(&fr).closure();
        hb.then(&eco.reflexive()).is_irreflexive() && acyclic(&self.psc(&fr, &hb, &eco))
    }

    fn psc(&self, fr: &Relation, hb: &Relation, eco: &Relation) -> Relation {
        let n = self.events.len();
        let same = |a, b| self.location(a).is_some() && self.location(a) == self.location(b);
        let apart = self.po.and(|a, b| !same(a, b));
        let around = apart.then(hb).then(&apart);
        let scb = self.po.or(&around).or(&hb.and(same)).or(&self.mo).or(fr);
        let maybe = hb.reflexive();
        let fence = |a: usize| self.is_fence(a) && self.is_strong(a);
        let strong = Relation::new(n, |a, b| a == b && self.is_strong(a));
        let left = strong.or(&maybe.and(|a, _| fence(a)));
        let right = strong.or(&maybe.and(|_, b| fence(b)));
        let fences = hb.or(&hb.then(eco).then(hb)).and(|a, b| fence(a) && fence(b));
        left.then(&scb).then(&right).or(&fences)
    }

    fn is_sc(&self) -> bool {
        acyclic(&self.po.or(&self.rf).or(&self.mo).or(&self.fr()).or(&self.handed))
    }
}

pub(super) fn allows_sc(state: &State<'_>) -> bool {
    let axioms = Axioms::new(state);
    axioms.is_atomic() && axioms.is_sc()
}

pub(super) fn allows_rc11(state: &State<'_>) -> bool {
    let axioms = Axioms::new(state);
    axioms.is_atomic() && axioms.is_rc11()
}
