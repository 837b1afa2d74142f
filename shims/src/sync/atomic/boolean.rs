//! [`AtomicBool`].

use std::{fmt, sync::atomic::Ordering};

use super::{common, rmws, seam, strongest_failure};
use crate::rt::{
    World as _,
    atomic::{Exchange, Rmw},
    dispatch,
};

/// An atomic `bool`; see [`std::sync::atomic::AtomicBool`].
#[repr(transparent)]
#[derive(Default)]
pub struct AtomicBool(std::sync::atomic::AtomicBool);

common!(AtomicBool, std::sync::atomic::AtomicBool, bool);
seam!(AtomicBool, bool);

impl AtomicBool {
    rmws! { bool:
        /// Stores "both", and returns the value before.
        fetch_and = And;
        /// Stores "not both", and returns the value before.
        fetch_nand = Nand;
        /// Stores "either", and returns the value before.
        fetch_or = Or;
        /// Stores "one, but not both", and returns the value before.
        fetch_xor = Xor;
    }

    /// Inverts the value, and returns the value before.
    #[track_caller]
    pub fn fetch_not(&self, order: Ordering) -> bool {
        self.fetch_xor(true, order)
    }
}
