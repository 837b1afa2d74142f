//! The one seam between primitives and the worlds they run in.
//!
//! A primitive (`sync`, `thread`, `threading`, ...) is written once, over the raw objects of this
//! module: [`RawMutex`], [`RawRwLock`], [`RawCondvar`], [`Monitor`], [`atomic`], [`thread`]. Each
//! raw operation asks which world the calling thread is in and hands over to it:
//!
//! - [`os`]: real threads, real blocking; Ops that no analysis needs are left out.
//! - [`explore`]: a thread of a program that is explored, in every interleaving or at random.
//! - `loom` (feature `loom`): a thread inside `lockwise::loom::model`.
//!
//! What a primitive guards is kept in [`Contents`], so that a static's is as good as new in each
//! execution of a model. What is only noted, names of threads say, is kept in a [`Ledger`].
//!
//! What is on the way of an uncontended operation is inlined, except where the crate stands in for
//! std (feature `facade`): users' crates are then seldom optimised, and what is inlined into them
//! is not either.
//!
//! [`World`] states what a world must do. Nothing outside `rt` names a world.

pub(crate) mod atomic;
mod condvar;
mod contents;
pub(crate) mod current;
pub(crate) mod explore;
pub(crate) mod foreign;
pub(crate) mod lane;
mod ledger;
#[cfg(feature = "loom")]
pub(crate) mod loom;
pub(crate) mod model;
mod monitor;
mod mutex;
mod object;
pub(crate) mod os;
mod rwlock;
mod tasks;
pub(crate) mod thread;
mod world;

pub(crate) use self::{
    condvar::RawCondvar,
    contents::{Contents, Flag},
    ledger::Ledger,
    monitor::{Monitor, MonitorGuard},
    mutex::RawMutex,
    object::{Meta, Origin},
    rwlock::RawRwLock,
    world::{Stop, Until, Wake, World, dispatch},
};

use lockwise_detector::{
    Action, ObjectId,
    op::{Purpose, WaitFor},
};

/// Tells the analyses what this thread did to an object that is built of quieter parts.
#[track_caller]
pub(crate) fn emit(meta: &Meta, action: Action) {
    dispatch!(world => world.emit(meta, action));
}

/// This thread will wait to own the object.
///
/// # Errors
///
/// It must not wait: raise the [`Stop`].
#[track_caller]
pub(crate) fn request(meta: &Meta, until: Until) -> Result<(), Stop> {
    dispatch!(world => world.request(meta, until))
}

/// This thread owns the object from here on: a lock, or an initialiser that it runs.
///
/// # Errors
///
/// It must not keep it: [`disown`] it and raise the [`Stop`].
#[track_caller]
pub(crate) fn own(meta: &Meta, until: Until) -> Result<(), Stop> {
    dispatch!(world => world.own(meta, until))
}

/// Nobody owns the object any more. `owner` is who did.
#[track_caller]
pub(crate) fn disown(meta: &Meta, owner: &thread::Thread) {
    dispatch!(world => world.disown(meta, owner));
}

/// This thread sees what `meta` published once and for all (its token 0), perhaps not for the first
/// time: cheap from the second time on.
#[cfg_attr(feature = "facade", inline(never))]
#[cfg_attr(not(feature = "facade"), inline)]
#[track_caller]
pub(crate) fn observe_lasting(meta: &Meta) {
    dispatch!(world => world.observe_lasting(meta));
}

/// What a thread waits for that waits at `meta` to `purpose`. A report can name it from here on.
#[inline]
pub(crate) fn wait_for(meta: &Meta, purpose: Purpose) -> WaitFor {
    dispatch!(world => world.introduce(meta));
    WaitFor::Object { object: meta.id(), purpose }
}

fn object_gone(object: ObjectId) {
    dispatch!(world => world.object_gone(object));
}
