//! std's `thread`, observed.
pub use ::std::thread::*;
