//! std's `sync`, observed.
//!
//! Each type has std's methods, signatures, traits and formats. [`Arc`], [`Weak`], the error types
//! and whatever else is not overridden here are std's own.

pub use ::std::sync::*;

pub mod atomic;
mod condvar;
mod mutex;
mod poisoning;
mod rwlock;

pub use self::{
    condvar::{Condvar, WaitTimeoutResult},
    mutex::{Mutex, MutexGuard},
    rwlock::{RwLock, RwLockReadGuard, RwLockWriteGuard},
};
