//! [`Contents`]: what a primitive guards; and [`Flag`]: whether it is there yet.

use std::{
    cell::UnsafeCell,
    sync::atomic::{AtomicBool, AtomicU32, Ordering},
};

use super::current::{self, Kind};

/// An `UnsafeCell` whose value, in a static, is fresh in each execution of a model.
///
/// The value that a static was made with is const, so it owns no memory, and its bytes can be
/// copied. As long as the static is used in models only, they are what the first use in an
/// execution finds. They are kept, and when the execution is over its value is dropped (or
/// forgotten, if the execution did not end by itself) and they are put back.
///
/// A primitive that was made while the program ran may come to lie in a static too, as part of what
/// another holds. If the other is of this crate, it is that one's contents that are made fresh; if
/// not, it is told by what it owns: a const value has no pointer to anything but statics and code.
///
/// What lives elsewhere, and a static that was also used in no model, keep their values from one
/// execution to the next. A static that other threads use while a model does is used by both at
/// once: the model's locks are not the other threads'.
pub(crate) struct Contents<T: ?Sized> {
    /// The execution that it was last used in; 0 before, [`current::OUTSIDE`] once it was used in
    /// none.
    used_in: AtomicU32,
    value: UnsafeCell<T>,
}

impl<T> Contents<T> {
    pub(crate) const fn new(value: T) -> Self {
        Self { used_in: AtomicU32::new(0), value: UnsafeCell::new(value) }
    }

    pub(crate) fn into_inner(self) -> T {
        self.value.into_inner()
    }
}

impl<T: ?Sized> Contents<T> {
    /// The value. Whoever asks has the right to see it.
    #[inline]
    pub(crate) fn get(&self) -> *mut T {
        fresh::enter(&self.used_in, self.value.get());
        self.value.get()
    }

    pub(crate) fn get_mut(&mut self) -> &mut T {
        self.value.get_mut()
    }
}

/// A flag that says for good that something is complete: a release store, and acquire loads
/// without a lock. Analyses do not see it.
pub(crate) struct Flag(AtomicBool);

impl Flag {
    pub(crate) const fn new(set: bool) -> Self {
        Self(AtomicBool::new(set))
    }

    #[cfg_attr(feature = "facade", inline(never))]
    #[cfg_attr(not(feature = "facade"), inline)]
    pub(crate) fn is_set(&self) -> bool {
        match current::kind() {
            Kind::Os => self.0.load(Ordering::Acquire),
            #[cfg(feature = "loom")]
            Kind::Loom => super::loom::load_quietly(&self.0),
            Kind::Explore => super::explore::load_quietly(&self.0),
        }
    }

    pub(crate) fn set(&self) {
        match current::kind() {
            Kind::Os => self.0.store(true, Ordering::Release),
            #[cfg(feature = "loom")]
            Kind::Loom => super::loom::store_quietly(&self.0, true),
            Kind::Explore => super::explore::store_quietly(&self.0, true),
        }
    }

    pub(crate) fn get_mut(&mut self) -> &mut bool {
        self.0.get_mut()
    }
}

mod fresh {
    use std::{
        mem::MaybeUninit,
        ptr,
        sync::atomic::{AtomicU32, Ordering::Relaxed},
    };

    use crate::rt::{
        current::{self, Kind, OUTSIDE},
        explore,
        model::{self, Ending},
    };

    /// A value's bytes.
    struct Bytes(Box<[MaybeUninit<u8>]>);

    #[inline]
    pub(super) fn enter<T: ?Sized>(used_in: &AtomicU32, value: *mut T) {
        if !is_entered(used_in) {
            enter_anew(used_in, value);
        }
    }

    #[cfg_attr(feature = "facade", inline(never))]
    #[cfg_attr(not(feature = "facade"), inline)]
    fn is_entered(used_in: &AtomicU32) -> bool {
        used_in.load(Relaxed) == current::expected()
    }

    #[cold]
    fn enter_anew<T: ?Sized>(used_in: &AtomicU32, value: *mut T) {
        if let Some(execution) = model::execution() {
            return enter_in_model(execution, used_in, value);
        }
        let before = used_in.load(Relaxed);
        // A static is anybody's.
        if before != 0 && !model::is_static(value.cast::<u8>().addr()) {
            explore::refuse_strangers(before);
        }
        used_in.store(OUTSIDE, Relaxed);
    }

    fn enter_in_model<T: ?Sized>(execution: u32, used_in: &AtomicU32, value: *mut T) {
        let before = used_in.load(Relaxed);
        if before == execution {
            return;
        }
        if before != 0 && current::kind() == Kind::Explore {
            explore::need_to_be_alone();
        }
        if before == OUTSIDE {
            return;
        }
        used_in.store(execution, Relaxed);
        let address = value.cast::<u8>().addr();
        if !model::is_static(address) || model::is_restored(address) {
            return;
        }
        // SAFETY: the caller of `Contents::get` has the right to the value.
        let made_with = unsafe { Bytes::of(value) };
        if !model::points_elsewhere(&made_with.0) {
            let range = address..address + made_with.0.len();
            model::at_end(range, restore(value, made_with));
        }
    }

    /// What puts `made_with` back into a static.
    fn restore<T: ?Sized>(value: *mut T, made_with: Bytes) -> Box<dyn FnOnce(Ending)> {
        let restore = move |ending: Ending| {
            if ending == Ending::Whole {
                // SAFETY: the value is a static's, and the threads that used it have ended.
                unsafe { ptr::drop_in_place(value) };
            }
            // SAFETY: as above, and the value there is gone. A const value owns nothing, so it does
            // no harm that there was another one of the same bytes.
            unsafe { made_with.put(value) };
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
        /// `value` can be written, and is the one whose bytes these are.
        unsafe fn put<T: ?Sized>(&self, value: *mut T) {
            // SAFETY: the caller's promise; the bytes are a copy, elsewhere.
            unsafe { ptr::copy_nonoverlapping(self.0.as_ptr(), value.cast(), self.0.len()) };
        }
    }
}
