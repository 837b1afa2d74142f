//! Nothing that can happen is beyond a strategy.

use std::collections::BTreeSet;

use super::{
    ALL,
    model::{
        Op::{Do, Lock, Notify, Read, Spawn, SpinUntil, Unlock, WaitUntil, Write},
        Program, every,
    },
    programs::main_and,
    runs,
};
use crate::explore::strategy::Strategy;

/// Those that no depth bounds.
const UNBOUNDED: [Strategy; 4] =
    [Strategy::Walk, Strategy::Pos, Strategy::Surw, Strategy::Portfolio];

/// Asserts that there are so many executions, and that each strategy makes them all.
#[track_caller]
fn all_come(program: &Program, expected: usize, strategies: &[Strategy]) {
    let every = every(program);
    assert_eq!(every.len(), expected);
    for strategy in strategies {
        let runs = runs(program, &mut *strategy.scheduler(1), 20_000);
        let made: BTreeSet<_> = runs.into_iter().map(|run| run.trace).collect();
        let missed: Vec<_> = every.difference(&made).collect();
        assert!(missed.is_empty(), "{strategy:?}: {missed:?}");
    }
}

/// Two falls of priority are as many as there is use for.
#[test]
fn orders_of_accesses() {
    let program = vec![vec![Spawn(1), Write(0), Write(1)], vec![Read(0), Write(1)]];
    all_come(&program, 6, &ALL);
}

#[test]
fn threads_that_spawn_threads() {
    let program = vec![vec![Spawn(1), Write(0)], vec![Spawn(2), Write(0)], vec![Read(0)]];
    all_come(&program, 8, &ALL);
}

#[test]
fn orders_of_sections() {
    let body = vec![Lock(0), Write(1), Unlock(0)];
    all_come(&main_and([body.clone(), body]), 17, &UNBOUNDED);
}

/// Which of two that sleep is woken is a choice.
#[test]
fn wakeups() {
    let so = |memory: &[u64; 4]| memory[0] > 0;
    let sleeper = vec![Lock(0), WaitUntil { condvar: 1, lock: 0, so }, Unlock(0)];
    let notifier =
        vec![Spawn(1), Spawn(2), Lock(0), Do(|memory| memory[0] = 1), Notify(1), Unlock(0)];
    let program = vec![notifier, sleeper.clone(), sleeper];
    all_come(&program, 18, &UNBOUNDED);
}

/// Whoever is to write next may be spinning until one that is held has written.
#[test]
fn a_thread_is_not_held_for_ever() {
    let writer = vec![Write(0), Do(|memory| memory[0] = 1)];
    let spinner = vec![SpinUntil(|memory| memory[0] == 1), Write(0)];
    let program = main_and([writer, spinner]);
    for seed in 0..10 {
        let runs = runs(&program, &mut *Strategy::Surw.scheduler(seed), 20);
        let longest = runs.iter().map(|run| run.trace.len()).max();
        assert!((100..150).contains(&longest.unwrap()), "{longest:?}");
    }
}
