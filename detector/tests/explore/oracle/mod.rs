//! The explorer against brute force, on random small programs: the graphs that it visits, complete
//! and blocked, are those that the model allows, and none comes twice.
//!
//! SC is what all interleavings make ([`enumerate`]), and what its axiom allows of all graphs;
//! RC11 is what its axioms allow ([`axioms`]). Nothing of the explorer's is used but its results.

mod axioms;
mod enumerate;
mod graphs;
mod relation;

use std::{
    collections::BTreeSet,
    ops::ControlFlow,
    sync::atomic::Ordering::{self, AcqRel, Acquire, Relaxed, Release, SeqCst},
};

use lockwise_detector::explore::{Explorer, MemoryModel};
use proptest::prelude::*;

pub(crate) use self::{
    enumerate::{LOCATIONS, LOCKS},
    graphs::of_execution,
};
use self::{
    enumerate::{State, ends},
    graphs::Graph,
};
use crate::{
    dsl::Bodies,
    straight::{Do, straight},
};

/// A graph, and whether it is complete.
type Set = BTreeSet<(Graph, bool)>;

fn explored(model: MemoryModel, program: &[Vec<Do>]) -> Set {
    let mut set = Set::new();
    let mut bodies = Bodies::spawned(program.iter().cloned().map(straight).collect());
    let result = Explorer::new(model).run(&mut bodies, |execution| {
        let graph = of_execution(execution, program, LOCATIONS, LOCKS);
        assert!(set.insert((graph.clone(), !execution.is_blocked())), "twice: {graph:#?}");
        ControlFlow::Continue(())
    });
    assert!(result.is_complete(), "{result:?}");
    set
}

fn enumerated(program: &[Vec<Do>], sc: bool, allows: impl Fn(&State<'_>) -> bool) -> Set {
    let mut set = Set::new();
    ends(program, sc, &allows, &mut |state| {
        if !state.is_artefact() {
            set.insert((state.graph.clone(), state.is_complete()));
        }
    });
    set
}

fn assert_same(explored: &Set, expected: &Set) {
    let missed: Vec<_> = expected.difference(explored).collect();
    let forbidden: Vec<_> = explored.difference(expected).collect();
    assert!(
        missed.is_empty() && forbidden.is_empty(),
        "{missed:#?} missed, {forbidden:#?} forbidden"
    );
}

fn any_of(orderings: &'static [Ordering]) -> impl Strategy<Value = Ordering> {
    prop::sample::select(orderings)
}

fn access() -> impl Strategy<Value = Do> {
    let load = || any_of(&[Relaxed, Acquire, SeqCst]);
    let store = || any_of(&[Relaxed, Release, SeqCst]);
    let both = || any_of(&[Relaxed, Acquire, Release, AcqRel, SeqCst]);
    let at = || 0..LOCATIONS;
    prop_oneof![
        4 => (at(), load()).prop_map(|(at, ordering)| Do::R(at, ordering)),
        3 => (at(), 1..3u64, store()).prop_map(|(at, value, ordering)| Do::W(at, value, ordering)),
        1 => (at(), store()).prop_map(|(at, ordering)| Do::Next(at, ordering)),
        1 => (at(), 1..3u64, both()).prop_map(|(at, value, ordering)| Do::Swap(at, value, ordering)),
        1 => (at(), both()).prop_map(|(at, ordering)| Do::Add(at, 1, ordering)),
        1 => (at(), 0..3u64, 1..3u64, both())
            .prop_map(|(at, expected, new, ordering)| Do::Cas(at, expected, new, ordering)),
        1 => (at(), 1..3u64, load())
            .prop_map(|(at, value, ordering)| Do::Wait(at, value, ordering)),
        2 => any_of(&[Acquire, Release, AcqRel, SeqCst]).prop_map(Do::F),
    ]
}

/// Loads, stores and fences of which most are SeqCst: what RC11's axiom for these is about.
fn strong_access() -> impl Strategy<Value = Do> {
    let at = || 0..LOCATIONS;
    prop_oneof![
        4 => (at(), any_of(&[Relaxed, Acquire, SeqCst, SeqCst])).prop_map(|(at, o)| Do::R(at, o)),
        4 => (at(), 1..3u64, any_of(&[Relaxed, Release, SeqCst, SeqCst]))
            .prop_map(|(at, value, o)| Do::W(at, value, o)),
        1 => (at(), any_of(&[Relaxed, SeqCst])).prop_map(|(at, o)| Do::Add(at, 1, o)),
        3 => Just(Do::F(SeqCst)),
    ]
}

/// One operation, or a critical section around up to two, nested or not.
fn block() -> impl Strategy<Value = Vec<Do>> {
    let leaf = access().prop_map(|access| vec![access]);
    leaf.prop_recursive(2, 4, 2, |inner| {
        (0..LOCKS, prop::collection::vec(inner, 0..2)).prop_map(|(lock, inner)| {
            let (first, last) = ([Do::Lock(lock)], [Do::Unlock(lock)]);
            [&first, inner.concat().as_slice(), &last].concat()
        })
    })
}

/// Blocks, as many as fit into a length that can be enumerated.
fn thread(length: usize) -> impl Strategy<Value = Vec<Do>> {
    prop::collection::vec(block(), 2..=length).prop_map(move |blocks| {
        let mut thread = Vec::new();
        for block in blocks {
            if thread.len() + block.len() <= length + 1 {
                thread.extend(block);
            }
        }
        thread
    })
}

/// Two threads of up to seven operations, or three of up to five.
pub(crate) fn program() -> impl Strategy<Value = Vec<Vec<Do>>> {
    let strong = |length| prop::collection::vec(strong_access(), 2..=length);
    prop_oneof![
        prop::collection::vec(thread(6), 2),
        prop::collection::vec(thread(4), 3),
        prop::collection::vec(strong(6), 2),
        prop::collection::vec(strong(4), 3),
    ]
}

pub(crate) fn cases() -> ProptestConfig {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok());
    ProptestConfig::with_cases(cases.unwrap_or(4_500))
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn sc_is_all_interleavings(program in program()) {
        assert_same(&explored(MemoryModel::Sc, &program), &enumerated(&program, true, |_| true));
    }

    #[test]
    fn both_models_are_their_axioms(program in program()) {
        let allowed = enumerated(&program, false, axioms::allows_sc);
        assert_same(&explored(MemoryModel::Sc, &program), &allowed);
        let allowed = enumerated(&program, false, axioms::allows_rc11);
        assert_same(&explored(MemoryModel::Rc11, &program), &allowed);
    }
}
