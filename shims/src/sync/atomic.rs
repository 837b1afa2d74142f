//! std's atomics, observed.
pub use ::std::sync::atomic::*;
