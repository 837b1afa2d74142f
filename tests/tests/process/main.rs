//! Real processes, and how they end: what was found is never lost, nothing hangs, and bad input is
//! told in one clear error.
//!
//! The programs are in `src/bin`, by name; those that have to run under the test harness
//! are the ignored tests of [`suite`], run one by one by the tests beside them.
#![cfg(target_os = "linux")]

mod child;
mod config;
mod endings;
mod explored;
mod mixed;
mod stuck;
mod suite;
