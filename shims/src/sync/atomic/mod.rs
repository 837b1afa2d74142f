//! std's [`atomic`](std::sync::atomic), observed.
//!
//! Each type has the size and the bytes of std's, so that it can stand in memory that was made for
//! it ([`AtomicU8::from_ptr`]). What is known of an atomic is kept elsewhere, by its address.

mod boolean;
mod integer;
mod pointer;

pub use std::sync::atomic::{Ordering, compiler_fence};

pub use self::{
    boolean::AtomicBool,
    integer::{
        AtomicI8, AtomicI16, AtomicI32, AtomicI64, AtomicIsize, AtomicU8, AtomicU16, AtomicU32,
        AtomicU64, AtomicUsize,
    },
    pointer::AtomicPtr,
};

use crate::rt::{World as _, dispatch};

/// A fence; see [`std::sync::atomic::fence`].
///
/// # Panics
///
/// If `order` is [`Relaxed`](Ordering::Relaxed).
#[track_caller]
pub fn fence(order: Ordering) {
    dispatch!(world => world.fence(order));
}

/// Says that the caller waits in a loop for another thread.
#[deprecated(note = "use hint::spin_loop instead")]
pub fn spin_loop_hint() {
    crate::hint::spin_loop();
}

macro_rules! initial_values {
    ($($name:ident: $Atomic:ident = $value:expr;)*) => {$(
        #[doc = concat!("An [`", stringify!($Atomic), "`] that starts out as `", stringify!($value), "`.")]
        #[deprecated(note = "the `new` function is now preferred")]
        #[allow(clippy::declare_interior_mutable_const, reason = "std's, from before const fn")]
        pub const $name: $Atomic = $Atomic::new($value);
    )*};
}

initial_values! {
    ATOMIC_BOOL_INIT: AtomicBool = false;
    ATOMIC_ISIZE_INIT: AtomicIsize = 0;
    ATOMIC_USIZE_INIT: AtomicUsize = 0;
}

/// The failure ordering that goes with the one ordering of `compare_and_swap`.
const fn strongest_failure(order: Ordering) -> Ordering {
    match order {
        Ordering::Release => Ordering::Relaxed,
        Ordering::AcqRel => Ordering::Acquire,
        other => other,
    }
}

/// What all atomics have, for the type `$Atomic` over std's `$Std` with values of type `$Value`.
/// `$($T)?` is the parameter of `AtomicPtr`.
macro_rules! common {
    ($Atomic:ident $(<$T:ident>)?, $Std:ty, $Value:ty) => {
        impl $(<$T>)? $Atomic $(<$T>)? {
            /// An atomic that starts out as `value`.
            #[must_use]
            pub const fn new(value: $Value) -> Self {
                Self(<$Std>::new(value))
            }

            /// The atomic in the memory at `ptr`.
            ///
            /// # Safety
            ///
            #[doc = concat!("As for std's [`from_ptr`](std::sync::atomic::", stringify!($Atomic), "::from_ptr).")]
            #[must_use]
            pub const unsafe fn from_ptr<'a>(ptr: *mut $Value) -> &'a Self {
                // SAFETY: this type has the layout of std's, so the caller's promise to std's
                // function is what is needed here.
                unsafe { &*ptr.cast::<Self>() }
            }

            /// A pointer to the value. What is done through it is not observed.
            pub const fn as_ptr(&self) -> *mut $Value {
                self.0.as_ptr()
            }

            /// The value, which nobody else can reach meanwhile.
            pub fn get_mut(&mut self) -> &mut $Value {
                self.0.get_mut()
            }

            /// Takes the value out.
            #[must_use]
            pub const fn into_inner(self) -> $Value {
                self.0.into_inner()
            }

            /// Loads the value.
            ///
            /// # Panics
            ///
            /// If `order` is `Release` or `AcqRel`.
            #[track_caller]
            pub fn load(&self, order: Ordering) -> $Value {
                self.read(order)
            }

            /// Stores `value`.
            ///
            /// # Panics
            ///
            /// If `order` is `Acquire` or `AcqRel`.
            #[track_caller]
            pub fn store(&self, value: $Value, order: Ordering) {
                self.write(value, order);
            }

            /// Stores `value` and returns the value before.
            #[track_caller]
            pub fn swap(&self, value: $Value, order: Ordering) -> $Value {
                self.rmw(Rmw::Swap, value, order)
            }

            /// Stores `new` if the value is `current`, and returns the value before.
            #[deprecated(note = "Use `compare_exchange` or `compare_exchange_weak` instead")]
            #[track_caller]
            pub fn compare_and_swap(
                &self,
                current: $Value,
                new: $Value,
                order: Ordering,
            ) -> $Value {
                match self.compare_exchange(current, new, order, strongest_failure(order)) {
                    Ok(before) | Err(before) => before,
                }
            }

            /// Stores `new` if the value is `current`; the value before is the result.
            ///
            /// # Errors
            ///
            /// The value, if it is not `current`.
            ///
            /// # Panics
            ///
            /// If `failure` is `Release` or `AcqRel`.
            #[track_caller]
            pub fn compare_exchange(
                &self,
                current: $Value,
                new: $Value,
                success: Ordering,
                failure: Ordering,
            ) -> Result<$Value, $Value> {
                let exchange = Exchange { current, new, success, failure, weak: false };
                self.exchange(exchange)
            }

            /// The same, but may fail for no reason.
            ///
            /// # Errors
            ///
            /// The value, which may be `current`.
            ///
            /// # Panics
            ///
            /// If `failure` is `Release` or `AcqRel`.
            #[track_caller]
            pub fn compare_exchange_weak(
                &self,
                current: $Value,
                new: $Value,
                success: Ordering,
                failure: Ordering,
            ) -> Result<$Value, $Value> {
                let exchange = Exchange { current, new, success, failure, weak: true };
                self.exchange(exchange)
            }

            /// Stores what `f` makes of the value, calling it again if the value changed
            /// meanwhile; the value before is the result.
            ///
            /// # Errors
            ///
            /// The value of which `f` made `None`.
            ///
            /// # Panics
            ///
            /// If `fetch_order` is `Release` or `AcqRel`.
            #[track_caller]
            pub fn fetch_update<F>(
                &self,
                set_order: Ordering,
                fetch_order: Ordering,
                f: F,
            ) -> Result<$Value, $Value>
            where
                F: FnMut($Value) -> Option<$Value>,
            {
                self.try_update(set_order, fetch_order, f)
            }

            /// The same as [`fetch_update`](Self::fetch_update).
            ///
            /// # Errors
            ///
            /// The value of which `f` made `None`.
            ///
            /// # Panics
            ///
            /// If `fetch_order` is `Release` or `AcqRel`.
            #[track_caller]
            pub fn try_update(
                &self,
                set_order: Ordering,
                fetch_order: Ordering,
                mut f: impl FnMut($Value) -> Option<$Value>,
            ) -> Result<$Value, $Value> {
                let mut before = self.load(fetch_order);
                while let Some(next) = f(before) {
                    match self.compare_exchange_weak(before, next, set_order, fetch_order) {
                        Err(changed) => before = changed,
                        done => return done,
                    }
                }
                Err(before)
            }

            /// Stores what `f` makes of the value, calling it again if the value changed
            /// meanwhile, and returns the value before.
            ///
            /// # Panics
            ///
            /// If `fetch_order` is `Release` or `AcqRel`.
            #[track_caller]
            pub fn update(
                &self,
                set_order: Ordering,
                fetch_order: Ordering,
                mut f: impl FnMut($Value) -> $Value,
            ) -> $Value {
                let mut before = self.load(fetch_order);
                loop {
                    let next = f(before);
                    match self.compare_exchange_weak(before, next, set_order, fetch_order) {
                        Ok(before) => return before,
                        Err(changed) => before = changed,
                    }
                }
            }
        }

        impl $(<$T>)? From<$Value> for $Atomic $(<$T>)? {
            fn from(value: $Value) -> Self {
                Self::new(value)
            }
        }

        impl $(<$T>)? fmt::Debug for $Atomic $(<$T>)? {
            #[track_caller]
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.load(Ordering::Relaxed), f)
            }
        }
    };
}
use common;

/// What [`common`] is made of, for a type that has no parameter. It is compiled here and nowhere
/// else: what is generic, or inlined, is as slow as the user's own crate where that is not
/// optimised.
macro_rules! seam {
    ($Atomic:ident, $Value:ty) => {
        impl $Atomic {
            #[inline(never)]
            #[track_caller]
            fn read(&self, order: Ordering) -> $Value {
                dispatch!(world => world.atomic_load(&self.0, order))
            }

            #[inline(never)]
            #[track_caller]
            fn write(&self, value: $Value, order: Ordering) {
                dispatch!(world => world.atomic_store(&self.0, value, order));
            }

            #[inline(never)]
            #[track_caller]
            fn rmw(&self, rmw: Rmw, operand: $Value, order: Ordering) -> $Value {
                dispatch!(world => world.atomic_rmw(&self.0, rmw, operand, order))
            }

            #[inline(never)]
            #[track_caller]
            fn exchange(&self, exchange: Exchange<$Value>) -> Result<$Value, $Value> {
                dispatch!(world => world.atomic_exchange(&self.0, exchange))
            }
        }
    };
}
use seam;

/// Methods that are one read-modify-write each.
macro_rules! rmws {
    ($Value:ty: $($(#[$doc:meta])* $name:ident = $rmw:ident;)*) => {$(
        $(#[$doc])*
        #[track_caller]
        pub fn $name(&self, value: $Value, order: Ordering) -> $Value {
            self.rmw(Rmw::$rmw, value, order)
        }
    )*};
}
use rmws;
