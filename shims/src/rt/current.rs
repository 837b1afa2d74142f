//! Which world the calling thread is in.

use std::cell::Cell;

/// The worlds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    /// Real threads; also wherever the runtime itself is at work.
    Os,
    /// A thread of a loom model.
    #[cfg(feature = "loom")]
    Loom,
    /// A thread of an explored program.
    Explore,
}

thread_local! {
    static CURRENT: Cell<Kind> = const { Cell::new(Kind::Os) };

    /// See [`expected`].
    static EXPECTED: Cell<u32> = const { Cell::new(OUTSIDE) };
}

/// What the serial number of an execution is where there is none.
pub(crate) const OUTSIDE: u32 = 1;

/// The serial number of the execution that this thread of the operating system makes, or
/// [`OUTSIDE`]: what is known to have been used there needs no closer look.
#[inline]
pub(crate) fn expected() -> u32 {
    EXPECTED.get()
}

/// From here on, this thread of the operating system makes this execution.
pub(crate) fn expect(execution: u32) {
    EXPECTED.set(execution);
}

/// The calling thread's world.
#[inline]
pub(crate) fn kind() -> Kind {
    CURRENT.get()
}

/// The calling thread is in this world from here on.
#[inline]
pub(crate) fn set(kind: Kind) {
    CURRENT.set(kind);
}

/// Has what follows happen in the os world, until the guard is dropped.
#[inline]
pub(crate) fn leave() -> Away {
    Away { before: CURRENT.replace(Kind::Os) }
}

/// See [`leave`].
pub(crate) struct Away {
    before: Kind,
}

impl Drop for Away {
    #[inline]
    fn drop(&mut self) {
        CURRENT.set(self.before);
    }
}
