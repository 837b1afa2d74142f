//! std's `sync`, observed.
//!
//! Each type has std's methods, signatures, traits and formats. [`Arc`], [`Weak`], the error types
//! and whatever else is not overridden here are std's own.

pub use ::std::sync::*;

pub mod atomic;
mod barrier;
mod condvar;
mod initialiser;
mod lazy_lock;
pub mod mpsc;
mod mutex;
mod once;
mod once_lock;
mod poisoning;
mod rwlock;

#[allow(deprecated, reason = "std exports it too")]
pub use self::once::ONCE_INIT;
pub use self::{
    barrier::{Barrier, BarrierWaitResult},
    condvar::{Condvar, WaitTimeoutResult},
    lazy_lock::LazyLock,
    mutex::{Mutex, MutexGuard},
    once::{Once, OnceState},
    once_lock::OnceLock,
    rwlock::{RwLock, RwLockReadGuard, RwLockWriteGuard},
};
