//! The explorer, by its public interface.
#![cfg(feature = "observe")]

mod counts;
