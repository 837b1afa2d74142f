//! What the binary `explore` prints, line by line.

use serde::Deserialize;

/// Something that was measured; `tests/peers/src/explore/mod.rs` says what it means.
#[derive(Deserialize, PartialEq, Debug)]
#[serde(tag = "measured", rename_all = "kebab-case")]
pub(super) enum Measured {
    Rate {
        program: String,
        explorer: String,
        per_second: f64,
    },
    First {
        program: String,
        explorer: String,
        seconds: f64,
    },
    Exhausted {
        program: String,
        explorer: String,
        executions: u64,
        complete: bool,
        seconds: f64,
    },
    Bug {
        program: String,
        strategy: String,
        median: Option<u64>,
        seeds: u64,
        found: u64,
        bound: u64,
    },
    Memory {
        program: String,
        executions: u64,
        before: u64,
        peak: u64,
    },
}
