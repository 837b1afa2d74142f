//! [`AtomicPtr`].

use std::{fmt, ptr, sync::atomic::Ordering};

use super::{common, seam, strongest_failure};
use crate::rt::{
    World as _,
    atomic::{Exchange, Rmw},
    dispatch,
};

/// An atomic pointer; see [`std::sync::atomic::AtomicPtr`].
#[repr(transparent)]
pub struct AtomicPtr<T>(std::sync::atomic::AtomicPtr<T>);

common!(AtomicPtr<T>, std::sync::atomic::AtomicPtr<T>, *mut T);

/// An atomic pointer to anything: in place of all [`AtomicPtr`]s, for the sake of [`seam`].
#[repr(transparent)]
struct Untyped(std::sync::atomic::AtomicPtr<()>);

seam!(Untyped, *mut ());

impl<T> AtomicPtr<T> {
    fn untyped(&self) -> &Untyped {
        // SAFETY: all atomic pointers to sized types have one layout, which `Untyped` has too, and
        // the values are only ever used as pointers to `T`.
        unsafe { &*ptr::from_ref(self).cast() }
    }

    #[track_caller]
    fn read(&self, order: Ordering) -> *mut T {
        self.untyped().read(order).cast()
    }

    #[track_caller]
    fn write(&self, value: *mut T, order: Ordering) {
        self.untyped().write(value.cast(), order);
    }

    #[track_caller]
    fn rmw(&self, rmw: Rmw, operand: *mut T, order: Ordering) -> *mut T {
        self.untyped().rmw(rmw, operand.cast(), order).cast()
    }

    #[track_caller]
    fn exchange(&self, exchange: Exchange<*mut T>) -> Result<*mut T, *mut T> {
        let Exchange { current, new, success, failure, weak } = exchange;
        let (current, new) = (current.cast(), new.cast());
        let result = self.untyped().exchange(Exchange { current, new, success, failure, weak });
        result.map(<*mut ()>::cast).map_err(<*mut ()>::cast)
    }
}

impl<T> AtomicPtr<T> {
    /// Moves the pointer `value` elements on, wrapping around, and returns the one before.
    #[track_caller]
    pub fn fetch_ptr_add(&self, value: usize, order: Ordering) -> *mut T {
        self.fetch_byte_add(value.wrapping_mul(size_of::<T>()), order)
    }

    /// Moves the pointer `value` elements back, wrapping around, and returns the one before.
    #[track_caller]
    pub fn fetch_ptr_sub(&self, value: usize, order: Ordering) -> *mut T {
        self.fetch_byte_sub(value.wrapping_mul(size_of::<T>()), order)
    }

    /// Moves the pointer `value` bytes on, wrapping around, and returns the one before.
    #[track_caller]
    pub fn fetch_byte_add(&self, value: usize, order: Ordering) -> *mut T {
        self.rmw(Rmw::Add, ptr::without_provenance_mut(value), order)
    }

    /// Moves the pointer `value` bytes back, wrapping around, and returns the one before.
    #[track_caller]
    pub fn fetch_byte_sub(&self, value: usize, order: Ordering) -> *mut T {
        self.rmw(Rmw::Sub, ptr::without_provenance_mut(value), order)
    }

    /// Adds the bits of `value` to the address, and returns the pointer before.
    #[track_caller]
    pub fn fetch_or(&self, value: usize, order: Ordering) -> *mut T {
        self.rmw(Rmw::Or, ptr::without_provenance_mut(value), order)
    }

    /// Keeps the bits of the address that `value` has too, and returns the pointer before.
    #[track_caller]
    pub fn fetch_and(&self, value: usize, order: Ordering) -> *mut T {
        self.rmw(Rmw::And, ptr::without_provenance_mut(value), order)
    }

    /// Inverts the bits of the address that `value` has, and returns the pointer before.
    #[track_caller]
    pub fn fetch_xor(&self, value: usize, order: Ordering) -> *mut T {
        self.rmw(Rmw::Xor, ptr::without_provenance_mut(value), order)
    }
}

impl<T> Default for AtomicPtr<T> {
    fn default() -> Self {
        Self::new(ptr::null_mut())
    }
}

impl<T> fmt::Pointer for AtomicPtr<T> {
    #[track_caller]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Pointer::fmt(&self.load(Ordering::Relaxed), f)
    }
}
