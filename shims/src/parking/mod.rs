//! What a stand-in for `parking_lot_core` is made of. Not for users.
//!
//! `parking_lot`, and whatever else is built on that crate, can be observed unmodified: a build in
//! which this crate stands in for std takes `shims/parking_lot_core` for it, whose functions are
//! those of this module. They do what its documentation says, with one queue of parked threads in
//! place of a table of them, in any world.
//!
//! - `lot` is that queue, `sleep` how a thread waits in it and how the wait can fail.
//! - `hooks` hears of locks that are acquired and released without a wait: `parking_lot` says so
//!   in every build, for its own deadlock detection. From 0.13 on it says so only with its feature
//!   `deadlock_detection`: without, only waits are seen.
//! - `caller` finds out from the stack what was called, and where; `frames` reads the stack, and
//!   `memo` is what earlier processes have found out.

mod caller;
mod frames;
mod hooks;
mod lot;
mod memo;
mod sleep;

pub use self::{
    hooks::{acquired, released},
    lot::{Requeue, Requeued, Unparked, unpark_all, unpark_filter, unpark_one, unpark_requeue},
    sleep::{Parked, park},
};

use crate::{
    rt::{
        Until,
        current::{self, Kind},
    },
    time::Instant,
};

/// Whether a thread may look again a few times before it parks. In a model, where others run only
/// when this one waits, that leads nowhere.
#[must_use]
pub fn may_spin() -> bool {
    current::kind() == Kind::Os
}

/// When a wait ends by itself.
fn until(timeout: Option<Instant>) -> Until {
    timeout.map_or(Until::Forever, |deadline| Until::Deadline(deadline.into()))
}
