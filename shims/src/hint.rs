//! std's [`hint`](std::hint), with an observed [`spin_loop`].

pub use std::hint::*;

use crate::rt::{World as _, dispatch};

/// Says that the caller waits in a loop for another thread; see [`std::hint::spin_loop`].
#[inline]
pub fn spin_loop() {
    dispatch!(world => world.spin_loop());
}
