//! The explorer, by its public interface.
#![cfg(feature = "observe")]

mod bounds;
mod counts;
mod findings;
mod litmus;
mod oracle;
mod primitives;
