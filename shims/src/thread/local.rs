//! [`LocalKey`] and `thread_local!`.
//!
//! On real threads a key is one of std's, so values are made, found and destroyed exactly as std
//! does it. Beside it the key keeps the initialiser and has an address of its own: all that a world
//! needs in which several threads of the program share one of the operating system's.

use std::{
    cell::{Cell, RefCell},
    error::Error,
    fmt,
};

use crate::rt::model;

/// What stands behind a key. Made by `thread_local!`, once per declaration: its address tells keys
/// apart, as that of a constant would not.
#[doc(hidden)]
pub struct Storage<T: 'static> {
    key: std::thread::LocalKey<T>,
    init: fn() -> T,
}

impl<T> Storage<T> {
    #[doc(hidden)]
    pub const fn new(key: std::thread::LocalKey<T>, init: fn() -> T) -> Self {
        Self { key, init }
    }
}

/// A value that each thread has for itself; see [`std::thread::LocalKey`].
///
/// # Examples
///
/// ```
/// use std::cell::Cell;
///
/// lockwise::thread_local! {
///     static DEPTH: Cell<u32> = const { Cell::new(0) };
/// }
///
/// DEPTH.set(3);
/// let elsewhere = lockwise::thread::spawn(|| DEPTH.get()).join().unwrap();
/// assert_eq!((DEPTH.get(), elsewhere), (3, 0));
/// ```
pub struct LocalKey<T: 'static> {
    storage: &'static Storage<T>,
}

impl<T> LocalKey<T> {
    #[doc(hidden)]
    pub const fn __new(storage: &'static Storage<T>) -> Self {
        Self { storage }
    }

    /// Gives `f` this thread's value, made now if this is its first use.
    ///
    /// # Panics
    ///
    /// If this thread's value has been destroyed.
    #[track_caller]
    pub fn with<F, R>(&'static self, f: F) -> R
    where
        F: FnOnce(&T) -> R,
    {
        if !model::is_current() {
            return self.storage.key.with(f);
        }
        match self.with_in_model(self.storage.init, f) {
            Ok(result) => result,
            Err(error) => destroyed(error),
        }
    }

    /// Gives `f` this thread's value, made now if this is its first use.
    ///
    /// # Errors
    ///
    /// This thread's value has been destroyed.
    pub fn try_with<F, R>(&'static self, f: F) -> Result<R, AccessError>
    where
        F: FnOnce(&T) -> R,
    {
        if model::is_current() {
            return self.with_in_model(self.storage.init, f);
        }
        self.storage.key.try_with(f).map_err(|_| AccessError)
    }

    /// Gives `f` the value of this thread of a model, made by `init` if this is its first use.
    fn with_in_model<R>(
        &'static self,
        init: impl FnOnce() -> T,
        f: impl FnOnce(&T) -> R,
    ) -> Result<R, AccessError> {
        let key = std::ptr::from_ref(self.storage).addr();
        model::with_local(key, init, f).ok_or(AccessError)
    }

    /// Makes the value of this thread of a model from `value`, or sets it to that.
    #[track_caller]
    fn set_in_model<V>(
        &'static self,
        value: V,
        make: impl FnOnce(V) -> T,
        set: impl FnOnce(&T, V),
    ) {
        let value = Cell::new(Some(value));
        let given = || value.take().expect("it is taken by the initialiser or after it");
        let done = self.with_in_model(
            || make(given()),
            |local| {
                if let Some(value) = value.take() {
                    set(local, value);
                }
            },
        );
        done.unwrap_or_else(|error| destroyed(error));
    }
}

#[cold]
#[track_caller]
fn destroyed(error: AccessError) -> ! {
    panic!("cannot access a Thread Local Storage value during or after destruction: {error:?}")
}

impl<T> LocalKey<Cell<T>> {
    /// Sets this thread's value, without making an initial one.
    ///
    /// # Panics
    ///
    /// As for [`LocalKey::with`].
    #[track_caller]
    pub fn set(&'static self, value: T) {
        if model::is_current() {
            return self.set_in_model(value, Cell::new, Cell::set);
        }
        self.storage.key.set(value);
    }

    /// A copy of this thread's value.
    ///
    /// # Panics
    ///
    /// As for [`LocalKey::with`].
    #[track_caller]
    pub fn get(&'static self) -> T
    where
        T: Copy,
    {
        self.with(Cell::get)
    }

    /// Takes this thread's value and leaves the default.
    ///
    /// # Panics
    ///
    /// As for [`LocalKey::with`].
    #[track_caller]
    pub fn take(&'static self) -> T
    where
        T: Default,
    {
        self.with(Cell::take)
    }

    /// Replaces this thread's value and returns the old one.
    ///
    /// # Panics
    ///
    /// As for [`LocalKey::with`].
    #[track_caller]
    pub fn replace(&'static self, value: T) -> T {
        self.with(|cell| cell.replace(value))
    }
}

impl<T> LocalKey<RefCell<T>> {
    /// Gives `f` this thread's value, borrowed.
    ///
    /// # Panics
    ///
    /// If the value is borrowed mutably, and as for [`LocalKey::with`].
    #[track_caller]
    pub fn with_borrow<F, R>(&'static self, f: F) -> R
    where
        F: FnOnce(&T) -> R,
    {
        self.with(|cell| f(&cell.borrow()))
    }

    /// Gives `f` this thread's value, borrowed mutably.
    ///
    /// # Panics
    ///
    /// If the value is borrowed, and as for [`LocalKey::with`].
    #[track_caller]
    pub fn with_borrow_mut<F, R>(&'static self, f: F) -> R
    where
        F: FnOnce(&mut T) -> R,
    {
        self.with(|cell| f(&mut cell.borrow_mut()))
    }

    /// Sets this thread's value, without making an initial one.
    ///
    /// # Panics
    ///
    /// If the value is borrowed, and as for [`LocalKey::with`].
    #[track_caller]
    pub fn set(&'static self, value: T) {
        if model::is_current() {
            return self
                .set_in_model(value, RefCell::new, |cell, value| *cell.borrow_mut() = value);
        }
        self.storage.key.set(value);
    }

    /// Takes this thread's value and leaves the default.
    ///
    /// # Panics
    ///
    /// If the value is borrowed, and as for [`LocalKey::with`].
    #[track_caller]
    pub fn take(&'static self) -> T
    where
        T: Default,
    {
        self.with(RefCell::take)
    }

    /// Replaces this thread's value and returns the old one.
    ///
    /// # Panics
    ///
    /// If the value is borrowed, and as for [`LocalKey::with`].
    #[track_caller]
    pub fn replace(&'static self, value: T) -> T {
        self.with(|cell| cell.replace(value))
    }
}

impl<T> fmt::Debug for LocalKey<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalKey").finish_non_exhaustive()
    }
}

/// This thread's value of a [`LocalKey`] has been destroyed; see [`std::thread::AccessError`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct AccessError;

impl fmt::Display for AccessError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("already destroyed")
    }
}

impl Error for AccessError {}

/// Declares [`LocalKey`](crate::thread::LocalKey)s; see [`std::thread_local!`].
#[macro_export]
macro_rules! thread_local {
    () => {};
    ($(#[$attr:meta])* $vis:vis static $name:ident: $t:ty = const $init:block; $($rest:tt)*) => {
        $crate::__thread_local_key!($(#[$attr])* $vis $name, $t, const $init);
        $crate::thread_local!($($rest)*);
    };
    ($(#[$attr:meta])* $vis:vis static $name:ident: $t:ty = const $init:block) => {
        $crate::__thread_local_key!($(#[$attr])* $vis $name, $t, const $init);
    };
    ($(#[$attr:meta])* $vis:vis static $name:ident: $t:ty = $init:expr; $($rest:tt)*) => {
        $crate::__thread_local_key!($(#[$attr])* $vis $name, $t, $init);
        $crate::thread_local!($($rest)*);
    };
    ($(#[$attr:meta])* $vis:vis static $name:ident: $t:ty = $init:expr) => {
        $crate::__thread_local_key!($(#[$attr])* $vis $name, $t, $init);
    };
}

/// One declaration of `thread_local!`. The names inside are such that no initialiser means them.
#[doc(hidden)]
#[macro_export]
macro_rules! __thread_local_key {
    ($(#[$attr:meta])* $vis:vis $name:ident, $t:ty, const $init:block) => {
        $(#[$attr])*
        $vis const $name: $crate::thread::LocalKey<$t> = {
            #[allow(clippy::declare_interior_mutable_const, reason = "copied for each thread")]
            const __LOCKWISE_INIT: $t = $init;
            $crate::__std_thread_local! {
                static __LOCKWISE_KEY: $t = const { __LOCKWISE_INIT };
            }
            static __LOCKWISE_STORAGE: $crate::thread::__Storage<$t> =
                $crate::thread::__Storage::new(__LOCKWISE_KEY, || __LOCKWISE_INIT);
            $crate::thread::LocalKey::__new(&__LOCKWISE_STORAGE)
        };
    };
    ($(#[$attr:meta])* $vis:vis $name:ident, $t:ty, $init:expr) => {
        $(#[$attr])*
        $vis const $name: $crate::thread::LocalKey<$t> = {
            fn __lockwise_init() -> $t {
                $init
            }
            $crate::__std_thread_local! {
                static __LOCKWISE_KEY: $t = __lockwise_init();
            }
            static __LOCKWISE_STORAGE: $crate::thread::__Storage<$t> =
                $crate::thread::__Storage::new(__LOCKWISE_KEY, __lockwise_init);
            $crate::thread::LocalKey::__new(&__LOCKWISE_STORAGE)
        };
    };
}
