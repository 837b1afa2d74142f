//! std's `cell`, observed.
pub use ::std::cell::*;
