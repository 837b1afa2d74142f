//! std's `time`, observed.
pub use ::std::time::*;
