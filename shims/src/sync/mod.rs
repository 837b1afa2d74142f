//! std's `sync`, observed.
pub use ::std::sync::*;
pub mod atomic;
