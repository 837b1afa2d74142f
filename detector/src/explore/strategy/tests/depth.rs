//! Probabilistic concurrency testing meets bugs of each depth as often as it promises.

use super::{
    model::{Program, Run},
    programs::{last, philosophers},
    runs,
};
use crate::explore::strategy::{pct::Pct, portfolio::Portfolio};

/// Asserts that of so many executions at least as many show the bug as the depth promises.
#[track_caller]
fn meets(program: &Program, depth: u32, executions: usize, bug: fn(&Run) -> bool) {
    let mut scheduler = Portfolio::only(Pct::new(depth as usize), 1);
    let runs = runs(program, &mut scheduler, executions);
    let steps = runs.iter().map(|run| run.trace.len()).max().unwrap_or_default();
    let promised = executions / (program.len() * steps.pow(depth - 1));
    assert!(promised >= 10, "too few executions to tell");
    let met = runs.iter().filter(|run| bug(run)).count();
    assert!(met >= promised, "{met} of {promised}");
}

#[test]
fn one_thread_only_after_another() {
    meets(&last(10), 1, 100, |run| run.memory[1] == 10);
}

#[test]
fn one_thread_between_two_steps_of_another() {
    meets(&last(10), 2, 1000, |run| run.memory[1] == 4);
}

/// Far behind what is guessed of the first execution.
#[test]
fn late_in_a_long_execution() {
    meets(&last(200), 2, 10_000, |run| run.memory[1] == 150);
}

#[test]
fn two_locks_in_opposite_orders() {
    meets(&philosophers(2), 2, 1000, |run| run.stuck);
}

#[test]
fn three_threads_that_wait_for_each_other() {
    meets(&philosophers(3), 3, 20_000, |run| run.stuck);
}
