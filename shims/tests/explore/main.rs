//! The explorer, by its public interface.
#![cfg(feature = "observe")]

mod bounds;
mod counts;
mod litmus;
mod oracle;
mod primitives;
