//! What threads that park and unpark say to each other.

use std::__parking::{Requeue, Requeued, Unparked};

/// How parking ended.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum ParkResult {
    Unparked(UnparkToken),
    Invalid,
    TimedOut,
}

impl ParkResult {
    /// Whether another thread ended it.
    #[inline]
    pub fn is_unparked(self) -> bool {
        matches!(self, ParkResult::Unparked(_))
    }
}

/// What came of unparking.
#[derive(Copy, Clone, Default, Eq, PartialEq, Debug)]
pub struct UnparkResult {
    pub unparked_threads: usize,
    pub requeued_threads: usize,
    pub have_more_threads: bool,
    pub be_fair: bool,
    _sealed: (),
}

impl UnparkResult {
    pub(crate) fn of(result: Unparked) -> Self {
        let Unparked { unparked, requeued, more, fair } = result;
        UnparkResult {
            unparked_threads: unparked,
            requeued_threads: requeued,
            have_more_threads: more,
            be_fair: fair,
            _sealed: (),
        }
    }
}

/// What `unpark_requeue` does.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum RequeueOp {
    Abort,
    UnparkOneRequeueRest,
    RequeueAll,
    UnparkOne,
    RequeueOne,
}

impl RequeueOp {
    pub(crate) fn threads(self) -> Option<Requeue> {
        let (unpark_one, requeue) = match self {
            RequeueOp::Abort => return None,
            RequeueOp::UnparkOneRequeueRest => (true, Requeued::All),
            RequeueOp::RequeueAll => (false, Requeued::All),
            RequeueOp::UnparkOne => (true, Requeued::None),
            RequeueOp::RequeueOne => (false, Requeued::One),
        };
        Some(Requeue { unpark_one, requeue })
    }
}

/// What `unpark_filter` does with a thread.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum FilterOp {
    Unpark,
    Skip,
    Stop,
}

/// What a thread is given that is unparked.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct UnparkToken(pub usize);

/// What a parked thread can be chosen by.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct ParkToken(pub usize);

pub const DEFAULT_UNPARK_TOKEN: UnparkToken = UnparkToken(0);
pub const DEFAULT_PARK_TOKEN: ParkToken = ParkToken(0);
