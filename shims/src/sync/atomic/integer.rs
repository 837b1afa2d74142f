//! Atomic integers.

use std::{fmt, sync::atomic::Ordering};

use super::{common, rmws, seam, strongest_failure};
use crate::rt::{
    World as _,
    atomic::{Exchange, Rmw},
    dispatch,
};

macro_rules! integers {
    ($($Atomic:ident: $Value:ident;)*) => {$(
        #[doc = concat!("An atomic `", stringify!($Value), "`; see [`std::sync::atomic::", stringify!($Atomic), "`].")]
        #[repr(transparent)]
        #[derive(Default)]
        pub struct $Atomic(std::sync::atomic::$Atomic);

        common!($Atomic, std::sync::atomic::$Atomic, $Value);
        seam!($Atomic, $Value);

        impl $Atomic {
            rmws! { $Value:
                /// Adds `value`, wrapping around, and returns the value before.
                fetch_add = Add;
                /// Subtracts `value`, wrapping around, and returns the value before.
                fetch_sub = Sub;
                /// Keeps the bits that `value` has too, and returns the value before.
                fetch_and = And;
                /// Keeps the bits that `value` has too, inverts all, and returns the value before.
                fetch_nand = Nand;
                /// Adds the bits of `value`, and returns the value before.
                fetch_or = Or;
                /// Inverts the bits that `value` has, and returns the value before.
                fetch_xor = Xor;
                /// Stores `value` if that is larger, and returns the value before.
                fetch_max = Max;
                /// Stores `value` if that is smaller, and returns the value before.
                fetch_min = Min;
            }
        }
    )*};
}

integers! {
    AtomicU8: u8;
    AtomicU16: u16;
    AtomicU32: u32;
    AtomicU64: u64;
    AtomicUsize: usize;
    AtomicI8: i8;
    AtomicI16: i16;
    AtomicI32: i32;
    AtomicI64: i64;
    AtomicIsize: isize;
}
