//! How many executions each strategy needs to find each bug.

use super::{
    model::run,
    programs::{Buggy, all},
};
use crate::explore::strategy::{
    pct::Pct, portfolio::Portfolio, pos::Pos, surw::Surw, urw::Urw, walk::Walk,
};

/// Sought with so many seeds each.
const SEEDS: u64 = 1000;

/// Given up after so many executions.
const PATIENCE: u64 = 2000;

type Make = fn(u64) -> Portfolio;

const STRATEGIES: [(&str, Make); 7] = [
    ("walk", |seed| Portfolio::only(Walk, seed)),
    ("urw", |seed| Portfolio::only(Urw::default(), seed)),
    ("surw", |seed| Portfolio::only(Surw::default(), seed)),
    ("pos", |seed| Portfolio::only(Pos::default(), seed)),
    ("pct 2", |seed| Portfolio::only(Pct::new(2), seed)),
    ("pct 3", |seed| Portfolio::only(Pct::new(3), seed)),
    ("portfolio", Portfolio::all),
];

/// The median number of executions to the first that shows the bug, as a cell of a table.
fn median(buggy: &Buggy, make: Make) -> String {
    let sought = |seed| {
        let mut scheduler = make(seed);
        (1..=PATIENCE).find(|_| (buggy.bug)(&run(&buggy.program, &mut scheduler)))
    };
    let mut found: Vec<_> = (0..SEEDS).map(|seed| sought(seed).unwrap_or(u64::MAX)).collect();
    found.sort_unstable();
    match found[found.len() / 2] {
        u64::MAX => format!("> {PATIENCE}"),
        median => median.to_string(),
    }
}

#[test]
#[ignore = "prints figures, asserts nothing: run by hand"]
fn figures() {
    let row = |name: &str, cells: Vec<String>| println!("| {name} | {} |", cells.join(" | "));
    row("", STRATEGIES.iter().map(|(name, _)| (*name).to_owned()).collect());
    row("---", vec!["---".to_owned(); STRATEGIES.len()]);
    for buggy in all() {
        row(buggy.name, STRATEGIES.iter().map(|(_, make)| median(&buggy, *make)).collect());
    }
}
