//! Finds deadlocks and data races in the threads of a Rust program.
//!
//! The crate has the shape of std: [`sync`], [`thread`], [`cell`], [`time`] and [`hint`] have std's
//! paths, names and signatures, and everything else *is* std's. What is different is that they
//! watch. Which locks are taken in which order, who waits for whom, which accesses to shared
//! variables nothing orders: as soon as that shows a fault, also one that this run was lucky to
//! escape, the test that shows it fails with a report of who does what, where, and what would mend
//! it.
//!
//! # Three ways to use it
//!
//! 1. **On an unchanged project**: `cargo lockwise check` runs the project's own tests under
//!    observation and judges them by its exit code.
//! 2. **In place of std**: write `use lockwise::{sync, thread}` where there was `use std::{sync,
//!    thread}`, and run `cargo test` as ever. `threading`, `queue` and `futures` offer the same in
//!    the shape of Python's modules of these names. `record::record` returns what is found instead
//!    of failing the test.
//! 3. **In every interleaving**: `explore::explore` runs a closure in every execution that differs,
//!    and `#[lockwise::test]` a test; `explore::Explorer` has bounds and random strategies. With the
//!    feature `loom`, the same types run under `lockwise::loom::model` as well.
//!
//! # Example
//!
//! Two threads count without a lock. Whatever the outcome of this run, they race:
//!
//! ```
//! # #[cfg(feature = "observe")] {
//! use lockwise::{cell::Shared, record::record, thread};
//!
//! static COUNTER: Shared<u32> = Shared::new(0);
//!
//! let recording = record(|| {
//!     thread::scope(|s| {
//!         s.spawn(|| COUNTER.set(COUNTER.get() + 1));
//!         s.spawn(|| COUNTER.set(COUNTER.get() + 1));
//!     });
//! });
//! let rules: Vec<_> = recording.findings().iter().map(|finding| finding.rule()).collect();
//! assert!(rules.contains(&"data-race"), "{rules:?}");
//! # }
//! ```
//!
//! # Features
//!
//! | feature | default | effect |
//! |---|---|---|
//! | `observe` | yes | The types watch. Without it the std-shaped ones are std's own types, at no cost, and `record`, `threading`, `queue` and `futures` do not exist. |
//! | `loom` | no | The types run under `lockwise::loom::model` too. |
//!
//! So that only tests are observed, depend on the crate with `default-features = false`, and
//! again, with default features, as a dev-dependency.
//!
//! One thing is there with `observe` alone: the closures of [`cell::UnsafeCell`] (`with` and
//! `with_mut`), since std's type has none. [`cell::Shared`] is there always.
//!
//! # Environment
//!
//! `LOCKWISE_ON_FINDING=collect` writes findings down and lets the program go on, where `panic`
//! (the default) fails the test; `LOCKWISE_OUTPUT` names a file that gets each finding as a line of
//! JSON; `LOCKWISE_REPLAY` is a token, of which what is explored makes the execution;
//! `LOCKWISE_TEST` names the test in the findings; `LOCKWISE_TOLD` names a file that gets the number
//! of operations that the analyses were told of.

// Everything that is not observed is std's own.
/// For `thread_local!`, where `::std` may be this crate.
#[cfg(feature = "observe")]
#[doc(hidden)]
pub use ::std::thread_local as __std_thread_local;
pub use ::std::*;
// In std's place a glob import of this crate must bring no other `test` than std's does.
#[cfg(all(feature = "observe", not(feature = "facade")))]
pub use lockwise_macros::test;

#[cfg(feature = "facade")]
#[doc(hidden)]
pub use facade::{prelude, private as __lockwise};

#[cfg(feature = "observe")]
mod config;
#[cfg(feature = "observe")]
mod report;
#[cfg(feature = "observe")]
#[allow(hidden_glob_reexports, reason = "`std::rt` is not for users")]
mod rt;

#[cfg(feature = "observe")]
#[doc(hidden)]
#[path = "parking/mod.rs"]
pub mod __parking;
pub mod cell;
#[cfg(feature = "observe")]
pub mod explore;
#[cfg(feature = "facade")]
mod facade;
#[cfg(feature = "observe")]
pub mod futures;
#[cfg(feature = "observe")]
pub mod hint;
#[cfg(feature = "loom")]
pub mod loom;
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
