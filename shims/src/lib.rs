//! std's primitives, observed.
//!
//! The crate is shaped like std: `use lockwise::{sync, thread}` in place of `use std::{sync,
//! thread}` is all that a program changes.

// Everything that is not observed is std's own.
/// For `thread_local!`, where `::std` may be this crate.
#[cfg(feature = "observe")]
#[doc(hidden)]
pub use ::std::thread_local as __std_thread_local;
pub use ::std::*;

#[cfg(feature = "observe")]
mod config;
#[cfg(feature = "observe")]
mod report;
#[cfg(feature = "observe")]
#[allow(hidden_glob_reexports, reason = "`std::rt` is not for users")]
mod rt;

pub mod cell;
#[cfg(feature = "observe")]
pub mod futures;
#[cfg(feature = "observe")]
pub mod hint;
#[cfg(feature = "observe")]
pub mod queue;
#[cfg(feature = "observe")]
pub mod record;
#[cfg(feature = "observe")]
pub mod sync;
#[cfg(feature = "observe")]
pub mod thread;
#[cfg(feature = "observe")]
pub mod threading;
#[cfg(feature = "observe")]
pub mod time;
