//! The explorer, by its public interface.
#![cfg(feature = "observe")]

mod counts;
mod findings;
mod litmus;
mod oracle;
mod primitives;
