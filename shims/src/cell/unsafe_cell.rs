//! [`UnsafeCell`]: shared mutable memory whose accesses can be judged.

use std::fmt;

use lockwise_detector::op::ObjectKind;

use crate::rt::{Meta, World as _, dispatch};

/// std's [`UnsafeCell`](std::cell::UnsafeCell), with accesses that are observed:
/// [`with`](Self::with) and [`with_mut`](Self::with_mut). What is done through
/// [`get`](Self::get)'s pointer cannot be seen.
///
/// It is larger than its value, so there is no `from_mut`, `into_inner` is not `const`, and
/// `raw_get` wants a sized type.
///
/// # Examples
///
/// ```
/// use lockwise::cell::UnsafeCell;
///
/// let cell = UnsafeCell::new(1);
/// // SAFETY: no other thread knows of the cell.
/// cell.with_mut(|value| unsafe { *value += 1 });
/// assert_eq!(cell.with(|value| unsafe { *value }), 2);
/// ```
pub struct UnsafeCell<T: ?Sized> {
    meta: Meta,
    value: std::cell::UnsafeCell<T>,
}

impl<T> UnsafeCell<T> {
    /// A cell with `value` in it.
    #[track_caller]
    pub const fn new(value: T) -> Self {
        let meta = Meta::of::<Self>(ObjectKind::UnsafeCell);
        Self { meta, value: std::cell::UnsafeCell::new(value) }
    }

    /// Takes the value out.
    pub fn into_inner(self) -> T {
        self.value.into_inner()
    }

    /// The same as [`get`](Self::get) of a cell that is only pointed to, and need not exist yet.
    pub const fn raw_get(this: *const Self) -> *mut T {
        // Wrapping, because nothing says that the pointer leads anywhere.
        this.wrapping_byte_add(std::mem::offset_of!(Self, value)).cast::<T>().cast_mut()
    }
}

impl<T: ?Sized> UnsafeCell<T> {
    /// A pointer to the value. What is done through it is not observed.
    pub const fn get(&self) -> *mut T {
        self.value.get()
    }

    /// The value, which nobody else can reach meanwhile.
    pub const fn get_mut(&mut self) -> &mut T {
        self.value.get_mut()
    }

    /// Gives `f` the value to read. This is a read of the whole value at this line.
    #[track_caller]
    pub fn with<F, R>(&self, f: F) -> R
    where
        F: FnOnce(*const T) -> R,
    {
        dispatch!(world => world.cell(&self.meta, false));
        f(self.value.get())
    }

    /// Gives `f` the value to change. This is a write of the whole value at this line.
    #[track_caller]
    pub fn with_mut<F, R>(&self, f: F) -> R
    where
        F: FnOnce(*mut T) -> R,
    {
        dispatch!(world => world.cell(&self.meta, true));
        f(self.value.get())
    }
}

impl<T: Default> Default for UnsafeCell<T> {
    #[track_caller]
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T> From<T> for UnsafeCell<T> {
    #[track_caller]
    fn from(value: T) -> Self {
        Self::new(value)
    }
}

impl<T: ?Sized> fmt::Debug for UnsafeCell<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UnsafeCell").finish_non_exhaustive()
    }
}
