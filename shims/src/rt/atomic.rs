//! Atomics in any world: what the std-shaped types of `sync::atomic` are made of.

use std::sync::atomic::{
    AtomicBool, AtomicI8, AtomicI16, AtomicI32, AtomicI64, AtomicIsize, AtomicPtr, AtomicU8,
    AtomicU16, AtomicU32, AtomicU64, AtomicUsize, Ordering,
};

/// What a read-modify-write does to the value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Rmw {
    Swap,
    /// Wrapping; of a pointer, in bytes.
    Add,
    Sub,
    And,
    Nand,
    Or,
    Xor,
    Max,
    Min,
}

/// A compare-exchange.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Exchange<V> {
    pub(crate) current: V,
    pub(crate) new: V,
    pub(crate) success: Ordering,
    pub(crate) failure: Ordering,
    /// Whether it may fail for no reason.
    pub(crate) weak: bool,
}

/// One of std's atomics. Its methods do the real thing.
pub(crate) trait Primitive: Sized {
    type Value: Copy + PartialEq;

    /// The value's bytes, zero-extended.
    fn to_bits(value: Self::Value) -> u64;
    /// The value that has these bytes. Not a pointer that can be followed, unless its address was
    /// exposed.
    fn from_bits(bits: u64) -> Self::Value;
    fn load(&self, ordering: Ordering) -> Self::Value;
    fn store(&self, value: Self::Value, ordering: Ordering);
    fn rmw(&self, rmw: Rmw, operand: Self::Value, ordering: Ordering) -> Self::Value;
    fn exchange(&self, exchange: Exchange<Self::Value>) -> Result<Self::Value, Self::Value>;
    /// What `rmw` makes of `old`.
    fn apply(rmw: Rmw, old: Self::Value, operand: Self::Value) -> Self::Value;
}

macro_rules! common {
    ($bits:expr, $value:expr) => {
        fn to_bits(value: Self::Value) -> u64 {
            #[allow(clippy::redundant_closure_call, reason = "one macro for three shapes of value")]
            ($bits)(value)
        }

        fn from_bits(bits: u64) -> Self::Value {
            #[allow(clippy::redundant_closure_call, reason = "one macro for three shapes of value")]
            ($value)(bits)
        }

        fn load(&self, ordering: Ordering) -> Self::Value {
            self.load(ordering)
        }

        fn store(&self, value: Self::Value, ordering: Ordering) {
            self.store(value, ordering);
        }

        fn exchange(&self, exchange: Exchange<Self::Value>) -> Result<Self::Value, Self::Value> {
            let Exchange { current, new, success, failure, weak } = exchange;
            if weak {
                self.compare_exchange_weak(current, new, success, failure)
            } else {
                self.compare_exchange(current, new, success, failure)
            }
        }
    };
}

macro_rules! integers {
    ($($atomic:ident: $value:ident as $unsigned:ident;)*) => {$(
        impl Primitive for $atomic {
            type Value = $value;

            common!(|value: $value| value.cast_unsigned_bits(), |bits: u64| bits as $value);

            fn rmw(&self, rmw: Rmw, operand: $value, ordering: Ordering) -> $value {
                match rmw {
                    Rmw::Swap => self.swap(operand, ordering),
                    Rmw::Add => self.fetch_add(operand, ordering),
                    Rmw::Sub => self.fetch_sub(operand, ordering),
                    Rmw::And => self.fetch_and(operand, ordering),
                    Rmw::Nand => self.fetch_nand(operand, ordering),
                    Rmw::Or => self.fetch_or(operand, ordering),
                    Rmw::Xor => self.fetch_xor(operand, ordering),
                    Rmw::Max => self.fetch_max(operand, ordering),
                    Rmw::Min => self.fetch_min(operand, ordering),
                }
            }

            fn apply(rmw: Rmw, old: $value, operand: $value) -> $value {
                match rmw {
                    Rmw::Swap => operand,
                    Rmw::Add => old.wrapping_add(operand),
                    Rmw::Sub => old.wrapping_sub(operand),
                    Rmw::And => old & operand,
                    Rmw::Nand => !(old & operand),
                    Rmw::Or => old | operand,
                    Rmw::Xor => old ^ operand,
                    Rmw::Max => old.max(operand),
                    Rmw::Min => old.min(operand),
                }
            }
        }

        impl Bits for $value {
            #[allow(clippy::cast_lossless, clippy::cast_sign_loss, reason = "one macro for all widths")]
            fn cast_unsigned_bits(self) -> u64 {
                self as $unsigned as u64
            }
        }
    )*};
}

trait Bits {
    fn cast_unsigned_bits(self) -> u64;
}

integers! {
    AtomicU8: u8 as u8;
    AtomicU16: u16 as u16;
    AtomicU32: u32 as u32;
    AtomicU64: u64 as u64;
    AtomicUsize: usize as usize;
    AtomicI8: i8 as u8;
    AtomicI16: i16 as u16;
    AtomicI32: i32 as u32;
    AtomicI64: i64 as u64;
    AtomicIsize: isize as usize;
}

impl Primitive for AtomicBool {
    type Value = bool;

    common!(u64::from, |bits: u64| bits != 0);

    fn rmw(&self, rmw: Rmw, operand: bool, ordering: Ordering) -> bool {
        match rmw {
            Rmw::Swap => self.swap(operand, ordering),
            Rmw::And | Rmw::Min => self.fetch_and(operand, ordering),
            Rmw::Nand => self.fetch_nand(operand, ordering),
            Rmw::Or | Rmw::Max => self.fetch_or(operand, ordering),
            Rmw::Xor | Rmw::Add | Rmw::Sub => self.fetch_xor(operand, ordering),
        }
    }

    fn apply(rmw: Rmw, old: bool, operand: bool) -> bool {
        match rmw {
            Rmw::Swap => operand,
            Rmw::And | Rmw::Min => old & operand,
            Rmw::Nand => !(old & operand),
            Rmw::Or | Rmw::Max => old | operand,
            Rmw::Xor | Rmw::Add | Rmw::Sub => old ^ operand,
        }
    }
}

impl<T> Primitive for AtomicPtr<T> {
    type Value = *mut T;

    common!(|value: *mut T| value.expose_provenance() as u64, |bits: u64| {
        std::ptr::with_exposed_provenance_mut(bits as usize)
    });

    /// The operand's address is the number of bytes, or the mask.
    fn rmw(&self, rmw: Rmw, operand: *mut T, ordering: Ordering) -> *mut T {
        match rmw {
            Rmw::Swap => self.swap(operand, ordering),
            Rmw::Add => self.fetch_byte_add(operand.addr(), ordering),
            Rmw::Sub => self.fetch_byte_sub(operand.addr(), ordering),
            Rmw::And => self.fetch_and(operand.addr(), ordering),
            Rmw::Or => self.fetch_or(operand.addr(), ordering),
            Rmw::Xor => self.fetch_xor(operand.addr(), ordering),
            Rmw::Nand | Rmw::Max | Rmw::Min => {
                unreachable!("std has no such operation on pointers")
            }
        }
    }

    fn apply(rmw: Rmw, old: *mut T, operand: *mut T) -> *mut T {
        match rmw {
            Rmw::Swap => operand,
            Rmw::Add => old.wrapping_byte_add(operand.addr()),
            Rmw::Sub => old.wrapping_byte_sub(operand.addr()),
            Rmw::And => old.map_addr(|addr| addr & operand.addr()),
            Rmw::Or => old.map_addr(|addr| addr | operand.addr()),
            Rmw::Xor => old.map_addr(|addr| addr ^ operand.addr()),
            Rmw::Nand | Rmw::Max | Rmw::Min => {
                unreachable!("std has no such operation on pointers")
            }
        }
    }
}
