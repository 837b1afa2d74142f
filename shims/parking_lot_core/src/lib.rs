//! `parking_lot_core` where lockwise stands in for std.
//!
//! Takes the place of that crate's own source, beside the manifest of whichever version a project
//! uses, so it has the public interface of all of them and compiles in every edition. Here `std` is
//! lockwise, whose hidden module does the work; what each item promises is in the documentation of
//! `parking_lot_core`.

#![allow(clippy::missing_safety_doc, missing_docs)]

pub mod deadlock;
mod spinwait;
mod tokens;

pub use crate::spinwait::SpinWait;
pub use crate::tokens::{
    FilterOp, ParkResult, ParkToken, RequeueOp, UnparkResult, UnparkToken, DEFAULT_PARK_TOKEN,
    DEFAULT_UNPARK_TOKEN,
};

use std::__parking as parking;
use std::time::Instant;

/// Parks the thread in the queue of `key`.
#[track_caller]
pub unsafe fn park(
    key: usize,
    validate: impl FnOnce() -> bool,
    before_sleep: impl FnOnce(),
    timed_out: impl FnOnce(usize, bool),
    park_token: ParkToken,
    timeout: Option<Instant>,
) -> ParkResult {
    match parking::park(key, validate, before_sleep, timed_out, park_token.0, timeout) {
        parking::Parked::Unparked(token) => ParkResult::Unparked(UnparkToken(token)),
        parking::Parked::Invalid => ParkResult::Invalid,
        parking::Parked::TimedOut => ParkResult::TimedOut,
    }
}

/// Wakes the first thread in the queue of `key`.
#[track_caller]
pub unsafe fn unpark_one(
    key: usize,
    callback: impl FnOnce(UnparkResult) -> UnparkToken,
) -> UnparkResult {
    UnparkResult::of(parking::unpark_one(key, |result| callback(UnparkResult::of(result)).0))
}

/// Wakes all threads in the queue of `key`.
#[track_caller]
pub unsafe fn unpark_all(key: usize, unpark_token: UnparkToken) -> usize {
    parking::unpark_all(key, unpark_token.0)
}

/// Wakes those threads in the queue of `key` that `filter` chooses.
#[track_caller]
pub unsafe fn unpark_filter(
    key: usize,
    mut filter: impl FnMut(ParkToken) -> FilterOp,
    callback: impl FnOnce(UnparkResult) -> UnparkToken,
) -> UnparkResult {
    let choose = |token| match filter(ParkToken(token)) {
        FilterOp::Unpark => Some(true),
        FilterOp::Skip => Some(false),
        FilterOp::Stop => None,
    };
    let callback = |result| callback(UnparkResult::of(result)).0;
    UnparkResult::of(parking::unpark_filter(key, choose, callback))
}

/// Wakes a thread in the queue of `key_from`, and moves others to that of `key_to`.
#[track_caller]
pub unsafe fn unpark_requeue(
    key_from: usize,
    key_to: usize,
    validate: impl FnOnce() -> RequeueOp,
    callback: impl FnOnce(RequeueOp, UnparkResult) -> UnparkToken,
) -> UnparkResult {
    // `validate` is called first, and `callback` only if it did not say `Abort`.
    let op = std::cell::Cell::new(RequeueOp::Abort);
    let validate = || {
        op.set(validate());
        op.get().threads()
    };
    let callback = |result| callback(op.get(), UnparkResult::of(result)).0;
    UnparkResult::of(parking::unpark_requeue(key_from, key_to, validate, callback))
}
