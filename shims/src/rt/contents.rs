//! [`Contents`]: what a primitive guards.

use std::cell::UnsafeCell;
#[cfg(feature = "loom")]
use std::sync::atomic::AtomicU32;

/// An `UnsafeCell` whose value, in a static, is made fresh for each execution of a model.
///
/// The value that a static was made with is const, so it owns no memory, and its bytes can be
/// copied. They are kept when the static is first used, if that is in a model: then nothing can
/// have changed them. In each execution the value so far is moved out and a copy of those bytes
/// put in; when the execution is over its value is dropped (or forgotten, if the execution did not
/// end by itself) and the moved one put back. A model so leaves a static as it found it.
///
/// What lives elsewhere, and statics whose first use was in no model, keep their values from one
/// execution to the next. A static that other threads use while a model does is used by both at
/// once; the model's locks are not the other threads'.
#[derive(Default)]
pub(crate) struct Contents<T: ?Sized> {
    /// [`NEW`], [`OLD`], or the execution that it was last used in.
    #[cfg(feature = "loom")]
    used_in: AtomicU32,
    value: UnsafeCell<T>,
}

impl<T> Contents<T> {
    pub(crate) const fn new(value: T) -> Self {
        Self {
            #[cfg(feature = "loom")]
            used_in: AtomicU32::new(fresh::NEW),
            value: UnsafeCell::new(value),
        }
    }

    pub(crate) fn into_inner(self) -> T {
        self.value.into_inner()
    }
}

impl<T: ?Sized> Contents<T> {
    /// The value. Whoever asks has the right to see it.
    #[inline]
    pub(crate) fn get(&self) -> *mut T {
        #[cfg(feature = "loom")]
        fresh::enter(&self.used_in, self.value.get());
        self.value.get()
    }

    pub(crate) fn get_mut(&mut self) -> &mut T {
        self.value.get_mut()
    }
}

#[cfg(feature = "loom")]
mod fresh {
    use std::{
        collections::HashMap,
        mem::MaybeUninit,
        ptr,
        sync::{
            Mutex, PoisonError,
            atomic::{AtomicU32, Ordering::Relaxed},
        },
    };

    use crate::rt::loom::{self, Ending};

    /// Never used.
    pub(super) const NEW: u32 = 0;
    /// First used outside any model, so that nobody knows what it was made with.
    const OLD: u32 = 1;

    /// A value's bytes.
    #[derive(Clone)]
    struct Bytes(Box<[MaybeUninit<u8>]>);

    // SAFETY: a thread that puts the bytes back has the right to the value that they are of.
    unsafe impl Send for Bytes {}

    /// What statics were made with, by address.
    static MADE_WITH: Mutex<Option<HashMap<usize, Bytes>>> = Mutex::new(None);

    #[inline]
    pub(super) fn enter<T: ?Sized>(used_in: &AtomicU32, value: *mut T) {
        if loom::is_current() {
            enter_in_model(used_in, value);
        } else if used_in.load(Relaxed) == NEW {
            used_in.store(OLD, Relaxed);
        }
    }

    #[cold]
    fn enter_in_model<T: ?Sized>(used_in: &AtomicU32, value: *mut T) {
        let execution = loom::execution_serial();
        let before = used_in.load(Relaxed);
        if before == execution || before == OLD {
            return;
        }
        used_in.store(execution, Relaxed);
        if loom::is_static(value.cast::<u8>().addr()) {
            make_fresh(before == NEW, value);
        }
    }

    /// Puts into `value` what it was made with, until the execution is over.
    fn make_fresh<T: ?Sized>(is_new: bool, value: *mut T) {
        let address = value.cast::<u8>().addr();
        // SAFETY: the caller of `Contents::get` has the right to the value.
        let found = unsafe { Bytes::of(value) };
        let mut made_with = MADE_WITH.lock().unwrap_or_else(PoisonError::into_inner);
        let made_with = made_with.get_or_insert_default();
        if is_new {
            made_with.insert(address, found.clone());
        }
        let Some(fresh) = made_with.get(&address) else { return };
        // SAFETY: as above. A const value owns nothing, so there may be many copies; the one found
        // here is in `found` from now on.
        unsafe { fresh.put(value) };
        let restore = restore(value, found);
        loom::at_end(restore);
    }

    fn restore<T: ?Sized>(value: *mut T, found: Bytes) -> Box<dyn FnOnce(Ending)> {
        let restore = move |ending: Ending| {
            if ending == Ending::Whole {
                // SAFETY: the value is a static's, and the threads that used it have ended.
                unsafe { ptr::drop_in_place(value) };
            }
            // SAFETY: as above; the value there is gone, and what is put back was moved out.
            unsafe { found.put(value) };
        };
        let restore: Box<dyn FnOnce(Ending) + '_> = Box::new(restore);
        // SAFETY: only the lifetime changes. The value is a static's, so it is of a type that
        // lives for ever.
        unsafe { std::mem::transmute(restore) }
    }

    impl Bytes {
        /// # Safety
        ///
        /// `value` can be read.
        unsafe fn of<T: ?Sized>(value: *mut T) -> Self {
            // SAFETY: the caller's promise.
            let size = size_of_val(unsafe { &*value });
            let mut bytes = vec![MaybeUninit::uninit(); size].into_boxed_slice();
            // SAFETY: that many bytes are there on both sides, which do not overlap.
            unsafe { ptr::copy_nonoverlapping(value.cast(), bytes.as_mut_ptr(), size) };
            Self(bytes)
        }

        /// # Safety
        ///
        /// `value` can be written, and is of the type whose bytes these are.
        unsafe fn put<T: ?Sized>(&self, value: *mut T) {
            // SAFETY: the caller's promise; the bytes are a copy, elsewhere.
            unsafe { ptr::copy_nonoverlapping(self.0.as_ptr(), value.cast(), self.0.len()) };
        }
    }
}
