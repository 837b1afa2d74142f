//! The explorer, by its public interface.
#![cfg(feature = "observe")]

mod counts;
mod litmus;
mod oracle;
mod primitives;
