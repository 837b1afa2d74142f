//! [`Ledger`]: notes about a program that are no part of how it synchronises.

use std::sync::{Mutex, PoisonError};

/// What is noted beside what the program does: which threads there are, and what they are called.
///
/// It belongs to no world: to look into it sends no Op, is no point at which a model switches
/// threads, and puts no thread's deeds before another's as far as any analysis knows. So it can
/// tell nobody what another thread has *done*; ask the [`World`](super::World) that.
///
/// In a model a switch with the ledger open would block the thread of the operating system that
/// carries all of the model's. There is none: what is done to an open ledger happens in the os
/// world, an allocation say. Values that a user's destructor drops are to be taken out first.
pub(crate) struct Ledger<T>(Mutex<T>);

impl<T> Ledger<T> {
    pub(crate) const fn new(notes: T) -> Self {
        Self(Mutex::new(notes))
    }

    /// Opens it for the moment that `f` takes.
    pub(crate) fn with<R>(&self, f: impl FnOnce(&mut T) -> R) -> R {
        let _away = super::current::leave();
        f(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
