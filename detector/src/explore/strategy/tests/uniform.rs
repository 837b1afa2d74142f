//! How likely each execution is.

use std::collections::BTreeMap;

use super::{
    model::{
        Op::{Spawn, Write},
        Program, Run, every,
    },
    runs,
};
use crate::explore::strategy::{Scheduler, Strategy, portfolio::Portfolio, urw::Urw};

/// How often each kind of execution came. The first execution, before which nothing was learnt, is
/// left out.
fn count<T: Ord>(
    program: &Program,
    scheduler: &mut dyn Scheduler,
    executions: usize,
    kind: impl Fn(Run) -> T,
) -> BTreeMap<T, usize> {
    let mut counts = BTreeMap::new();
    for run in runs(program, scheduler, executions + 1).into_iter().skip(1) {
        *counts.entry(kind(run)).or_default() += 1;
    }
    counts
}

/// Asserts that there are so many kinds, and that none is a quarter more or less likely than
/// others.
#[track_caller]
fn alike<T: Ord>(counts: &BTreeMap<T, usize>, kinds: usize) {
    assert_eq!(counts.len(), kinds);
    let mean = counts.values().sum::<usize>() / kinds;
    let counts: Vec<_> = counts.values().collect();
    assert!(counts.iter().all(|count| count.abs_diff(mean) < mean / 4), "{mean}: {counts:?}");
}

/// The first of three threads spawns the others between its own steps; they make 2 and 4.
fn uneven() -> Program {
    let spawner = vec![Spawn(1), Write(0), Spawn(2), Write(0), Write(0)];
    vec![spawner, vec![Write(0); 2], vec![Write(0); 4]]
}

#[test]
fn the_walk_goes_on_with_each_thread_alike() {
    let program = vec![vec![Spawn(1), Spawn(2), Write(0)], vec![Write(0); 9], vec![Write(0); 3]];
    let mut walk = Strategy::Walk.scheduler(1);
    let counts = count(&program, &mut *walk, 6000, |run| (run.trace[1], run.trace[2]));
    let after_spawns: BTreeMap<_, _> = counts.into_iter().filter(|((at, _), _)| *at == 0).collect();
    alike(&after_spawns, 3);
}

#[test]
fn the_walk_prefers_some_interleavings() {
    let mut walk = Strategy::Walk.scheduler(1);
    let all = every(&uneven()).len();
    let counts = count(&uneven(), &mut *walk, 100 * all, |run| run.trace);
    assert!(counts.values().any(|count| *count > 1000), "{counts:?}");
}

#[test]
fn the_uniform_walk_makes_each_interleaving_alike() {
    let mut urw = Portfolio::only(Urw::default(), 1);
    let all = every(&uneven()).len();
    alike(&count(&uneven(), &mut urw, 400 * all, |run| run.trace), all);
}

/// Two threads write a variable three times each; one does much else before.
#[test]
fn the_selective_walk_makes_each_order_alike_of_what_counts() {
    let busy = [[Write(1); 20].as_slice(), &[Write(0); 3]].concat();
    let program = vec![vec![Spawn(1), Spawn(2)], busy, vec![Write(0); 3]];
    let order = |run: Run| {
        let mut made = [0; 3];
        let counts = |thread: &usize| {
            made[*thread] += 1;
            *thread == 2 || (*thread == 1 && made[1] > 20)
        };
        run.trace.into_iter().filter(counts).collect::<Vec<_>>()
    };
    alike(&count(&program, &mut *Strategy::Surw.scheduler(1), 8000, order), 20);
    let mut urw = Portfolio::only(Urw::default(), 1);
    let rarest = count(&program, &mut urw, 8000, order).into_values().min();
    assert!(rarest < Some(100), "{rarest:?}");
}
