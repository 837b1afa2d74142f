//! How many random executions it takes to find a bug.

use super::{Measured, strategies::CHOOSERS};

/// The programs, all of which can stall.
pub const PROGRAMS: [&str; 2] = ["deadlocking-philosophers-5", "bounded-queue-2x2"];

/// How many executions each seed has.
const BOUND: u64 = 20_000;

/// Measures one program with all choosers and so many seeds.
pub fn measure(program: &'static str, seeds: u64, tell: &mut dyn FnMut(Measured)) {
    for chooser in &CHOOSERS {
        let first = |seed| chooser.first_failure(program, seed, BOUND).unwrap_or(u64::MAX);
        let mut firsts: Vec<_> = (0..seeds).map(first).collect();
        firsts.sort_unstable();
        // The upper one of two in the middle: an even number of seeds flatters nobody.
        let median = firsts.get(firsts.len() / 2).copied().filter(|first| *first <= BOUND);
        tell(Measured::Bug {
            program,
            strategy: chooser.name,
            median,
            seeds,
            found: firsts.iter().filter(|first| **first <= BOUND).count() as u64,
            bound: BOUND,
        });
    }
}
