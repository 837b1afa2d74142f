//! lockwise's explorer beside loom and shuttle: the same programs, each over the explorer's types.
//!
//! - [`programs`] are the programs, [`explorers`] what makes all their executions, [`strategies`]
//!   what makes random ones.
//! - [`rates`], [`bugs`] and [`memory`] measure, and hand out what they have measured as
//!   [`Measured`].
//!
//! lockwise explores on a thread of its own and the others on the caller's, so time is the whole
//! process's ([`cpu_time::of_process`](crate::cpu_time::of_process)). Nobody uses more than one
//! thread at a time.

pub mod bugs;
pub mod explorers;
pub mod memory;
mod programs;
pub mod rates;
pub mod strategies;

use serde::Serialize;

/// Something that was measured; one line of JSON each. `cargo xtask bench` reads them.
#[derive(Serialize, Debug)]
#[serde(tag = "measured", rename_all = "kebab-case")]
pub enum Measured {
    /// How fast executions are made.
    Rate {
        /// The program.
        program: &'static str,
        /// What explored it.
        explorer: &'static str,
        /// Executions per second of processor time.
        per_second: f64,
    },
    /// What an exploration costs that ends with its first execution.
    First {
        /// The program.
        program: &'static str,
        /// What explored it.
        explorer: &'static str,
        /// Its processor time.
        seconds: f64,
    },
    /// How many executions it takes to make them all.
    Exhausted {
        /// The program.
        program: &'static str,
        /// What explored it.
        explorer: &'static str,
        /// How many were made.
        executions: u64,
        /// Whether these were all.
        complete: bool,
        /// The processor time that it took.
        seconds: f64,
    },
    /// How many executions it takes to find a bug.
    Bug {
        /// The program.
        program: &'static str,
        /// How executions were chosen.
        strategy: &'static str,
        /// The median of all seeds, if half of them found it.
        median: Option<u64>,
        /// How many seeds there were.
        seeds: u64,
        /// How many of them found it.
        found: u64,
        /// How many executions each had.
        bound: u64,
    },
    /// How much memory it takes to make all executions.
    Memory {
        /// The program.
        program: &'static str,
        /// How many there were.
        executions: u64,
        /// Bytes at the most before the first.
        before: u64,
        /// Bytes at the most after the last.
        peak: u64,
    },
}
