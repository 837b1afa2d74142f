//! How much memory it takes to make all executions.
//!
//! That is the most that the process ever had, so nothing else may be measured in it. It is read
//! from Linux's `/proc`, because what `getrusage` tells of a new process begins with the peak of the
//! one that started it.

use std::{fs, time::Duration};

use super::{
    Measured,
    explorers::{Bound, EXPLORERS},
};

/// The program that is measured thoroughly, and the one that is measured quickly.
pub const PROGRAMS: [&str; 2] = ["counter-2x11", "counter-2x8"];

/// Exhausts a program with lockwise. Nothing where the system does not tell.
#[must_use]
pub fn measure(program: &'static str) -> Option<Measured> {
    let before = peak()?;
    let bound = Bound { executions: u64::MAX, time: Duration::MAX };
    let [lockwise, ..] = EXPLORERS;
    let executions = lockwise.explore(program, bound).executions;
    Some(Measured::Memory { program, executions, before, peak: peak()? })
}

/// The most that the process has had in memory, in bytes.
fn peak() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}
