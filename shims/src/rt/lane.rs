//! [`Lane`]: a way from many senders to one receiver, whose two sides do not meet.
//!
//! In a [`Monitor`](super::Monitor) every section is ordered with every other. That a message is
//! sent before or after another is received makes no difference to anybody who only waits for it,
//! so an explorer that ordered the two would make many executions where one will do. A lane orders
//! senders among themselves, and each receipt after the sending of that message; and what makes
//! room after the receipt that made it. Whoever asks without waiting sees more than that, and so a
//! channel that is ever asked in this way is none.
//!
//! Only the explore world has lanes. What is sent is kept by whoever uses the lane.

use lockwise_detector::op::WaitFor;

use super::{
    RawCondvar, RawMutex, Until, Wake,
    current::{self, Kind},
    explore::{self, lane},
    model::Slot,
    world::Place,
};

/// What a channel has to be a lane by.
pub(crate) struct Lane(pub(super) Slot);

/// How a wait at a lane ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Arrival {
    /// What was waited for is there.
    Arrived,
    /// The other side is gone, and it will never be.
    Gone,
}

impl Lane {
    pub(crate) const fn new() -> Self {
        Self(Slot::new())
    }

    /// The lane, where it is one: there are so many senders now. `made` is where the channel was
    /// made, and `asks` whether the caller asks without waiting.
    #[track_caller]
    pub(crate) fn open(&self, senders: usize, made: Place, asks: bool) -> Option<Open<'_>> {
        let open = is_only_waited_for(made, asks);
        if open {
            lane::open(&self.0, senders);
        }
        open.then_some(Open(self))
    }
}

/// Whether the world wants to know of what was made there if threads only ever wait for it: then
/// fewer executions will do. `asks` says that the caller does more than that.
pub(crate) fn is_only_waited_for(made: Place, asks: bool) -> bool {
    current::kind() == Kind::Explore && explore::is_only_waited_for(made, asks)
}

/// Releases `mutex`, which is of a lock that [`is_only_waited_for`], waits for a notification, and
/// has `again` acquire it again.
///
/// # Safety
///
/// The calling thread holds `mutex`.
#[track_caller]
pub(crate) unsafe fn wait_and(
    condvar: &RawCondvar,
    mutex: &RawMutex,
    on: Option<WaitFor>,
    until: Until,
    again: impl FnOnce(),
) -> Wake {
    explore::wait_and(condvar, (mutex, false), on, until, again)
}

/// A lane that is one.
#[derive(Clone, Copy)]
pub(crate) struct Open<'a>(&'a Lane);

impl Open<'_> {
    /// Runs `send` in the order of senders. False if the receiver is gone: then it is not run.
    #[track_caller]
    pub(crate) fn send(self, send: impl FnOnce() -> bool) -> bool {
        lane::send(&self.0.0, send)
    }

    /// Message `number` has been sent.
    #[track_caller]
    pub(crate) fn sent(self, number: u64) {
        lane::sent(&self.0.0, number);
    }

    /// Waits for message `number`, or until there are no senders. `on` is what a report says that the
    /// thread waits for; none if it is there already.
    #[track_caller]
    pub(crate) fn await_sent(self, number: u64, on: Option<WaitFor>) -> Arrival {
        lane::await_sent(&self.0.0, number, on)
    }

    /// Message `number` has been received.
    #[track_caller]
    pub(crate) fn received(self, number: u64) {
        lane::received(&self.0.0, number);
    }

    /// Waits for the receipt of message `number`, or until there is no receiver.
    #[track_caller]
    pub(crate) fn await_received(self, number: u64, on: Option<WaitFor>) -> Arrival {
        lane::await_received(&self.0.0, number, on)
    }

    /// There is one more sender.
    pub(crate) fn add_sender(self) {
        lane::add_sender(&self.0.0);
    }

    /// There is one sender less.
    #[track_caller]
    pub(crate) fn drop_sender(self) {
        lane::drop_sender(&self.0.0);
    }

    /// There is no receiver any more.
    #[track_caller]
    pub(crate) fn drop_receiver(self) {
        lane::drop_receiver(&self.0.0);
    }
}
