//! std's [`cell`](std::cell), with an observed [`UnsafeCell`], and [`Shared`].
//!
//! Accesses through `UnsafeCell::with` and `with_mut`, and all of a [`Shared`], are judged as plain
//! reads and writes: two of them that could happen at once, one a write, are a data race.
//!
//! Without the feature `observe`, `UnsafeCell` is std's own (and so has no `with`), and `Shared` is
//! as safe as with it, but nobody looks. In std's place (feature `facade`) `UnsafeCell` is std's too:
//! it is in everything, and only its owner knows what an access to it means.

mod shared;
#[cfg(all(feature = "observe", not(feature = "facade")))]
mod unsafe_cell;

pub use std::cell::*;

pub use self::shared::Shared;
#[cfg(all(feature = "observe", not(feature = "facade")))]
pub use self::unsafe_cell::UnsafeCell;
