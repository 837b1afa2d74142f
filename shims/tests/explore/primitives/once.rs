//! `Once`, `OnceLock` and `LazyLock`.

use std::collections::BTreeSet;

use lockwise::{
    sync::{
        Arc, LazyLock, Once, OnceLock,
        atomic::{AtomicU32, Ordering::Relaxed},
    },
    thread,
};

use super::outcomes;

/// Three threads do the same, each with its number; returns what each returned.
fn three<S, T>(shared: S, f: impl Fn(&S, u32) -> T + Copy + Send + 'static) -> [T; 3]
where
    S: Send + Sync + 'static,
    T: Send + 'static,
{
    let shared = Arc::new(shared);
    let threads = [1, 2].map(|own| {
        let shared = Arc::clone(&shared);
        thread::spawn(move || f(&shared, own))
    });
    let mine = f(&shared, 0);
    let [a, b] = threads.map(|thread| thread.join().unwrap());
    [mine, a, b]
}

#[test]
fn any_one_runs_the_code_and_all_see_what_it_did() {
    let runners = outcomes(|| {
        let once = (Once::new(), AtomicU32::new(0), AtomicU32::new(9));
        let ran = three(once, |(once, runs, runner), own| {
            let mut ran = false;
            once.call_once(|| {
                ran = true;
                runs.fetch_add(1, Relaxed);
                runner.store(own, Relaxed);
            });
            assert!(once.is_completed());
            assert_eq!(runs.load(Relaxed), 1);
            (ran, runner.load(Relaxed))
        });
        let runner = ran.iter().position(|(ran, _)| *ran).unwrap();
        assert_eq!(ran.iter().filter(|(ran, _)| *ran).count(), 1);
        assert!(ran.iter().all(|(_, seen)| *seen as usize == runner));
        runner
    });
    assert_eq!(runners, BTreeSet::from([0, 1, 2]));
}

#[test]
fn code_that_panics_is_known_to_those_who_come_later() {
    let ends = outcomes(|| {
        let once = Arc::new(Once::new());
        let theirs = Arc::clone(&once);
        let other = thread::spawn(move || theirs.call_once(|| panic!("the first time")));
        let mut poisoned = None;
        once.call_once_force(|state| poisoned = Some(state.is_poisoned()));
        assert!(once.is_completed());
        (poisoned, other.join().is_ok())
    });
    // Main comes second, or first: then the other has nothing to do.
    assert_eq!(ends, BTreeSet::from([(Some(true), false), (Some(false), true)]));
}

#[test]
fn completion_can_be_waited_for() {
    let ends = outcomes(|| {
        let once = Arc::new((Once::new(), AtomicU32::new(0)));
        let theirs = Arc::clone(&once);
        let other = thread::spawn(move || theirs.0.call_once(|| theirs.1.store(1, Relaxed)));
        let early = once.0.is_completed();
        once.0.wait();
        assert_eq!(once.1.load(Relaxed), 1);
        other.join().unwrap();
        early
    });
    assert_eq!(ends, BTreeSet::from([false, true]));
}

#[test]
fn a_cell_is_set_once() {
    let winners = outcomes(|| {
        let set = three(OnceLock::new(), |cell, own| {
            let set = cell.set(own);
            assert_eq!(set.is_err(), cell.get() != Some(&own));
            set.is_ok()
        });
        assert_eq!(set.iter().filter(|set| **set).count(), 1);
        set
    });
    assert_eq!(winners.len(), 3);
}

#[test]
fn a_cell_is_initialised_by_one_for_all() {
    let values = outcomes(|| {
        let runs = AtomicU32::new(0);
        let values = three((OnceLock::new(), runs), |(cell, runs), own| {
            let value = *cell.get_or_init(|| {
                runs.fetch_add(1, Relaxed);
                own
            });
            assert_eq!(runs.load(Relaxed), 1);
            value
        });
        assert!(values.iter().all(|value| *value == values[0]));
        values[0]
    });
    assert_eq!(values, BTreeSet::from([0, 1, 2]));
}

#[test]
fn a_cell_is_empty_until_it_is_set() {
    let seen = outcomes(|| {
        let cell = Arc::new(OnceLock::new());
        let theirs = Arc::clone(&cell);
        let other = thread::spawn(move || theirs.set(7).unwrap());
        let seen = cell.get().copied();
        assert_eq!(*cell.wait(), 7);
        other.join().unwrap();
        seen
    });
    assert_eq!(seen, BTreeSet::from([None, Some(7)]));
}

#[test]
fn a_lazy_value_is_made_by_whoever_needs_it_first() {
    let makers = outcomes(|| {
        let lazy = LazyLock::new(|| thread::current().id());
        let makers = three(lazy, |lazy, _| **lazy == thread::current().id());
        assert_eq!(makers.iter().filter(|made| **made).count(), 1);
        makers
    });
    assert_eq!(makers.len(), 3);
}
