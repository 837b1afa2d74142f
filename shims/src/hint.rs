//! std's `hint`, observed.
pub use ::std::hint::*;
