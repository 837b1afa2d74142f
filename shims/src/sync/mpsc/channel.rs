//! [`Channel`]: the one implementation behind all channels.
//!
//! A queue in a [`Monitor`]. Its capacity may be unlimited, a number, or 0: then a sender leaves
//! its message in the queue and waits until it has been taken (a rendezvous).
//!
//! What happens before what, in the manner of Go's memory model: the sending of message k before
//! its receipt; the receipt of message k before the end of the sending of message k + capacity;
//! the end of one side before the other side's hearing of it. For the first, the numbers of the
//! messages are the tokens that the analyses are told. The other two are told of an object of their
//! own: so whoever has published at the channel itself is one who has sent a message, and whoever
//! has observed there is one who has received one, which is what a report of a hang looks for.

use std::{
    collections::VecDeque,
    mem,
    sync::mpsc::{RecvTimeoutError, TrySendError},
};

use lockwise_detector::{
    Action,
    op::{ObjectKind, Purpose},
};

use crate::rt::{self, Meta, Monitor, MonitorGuard, Until};

/// The tokens of `Channel::signals` that are no numbers of messages.
const NO_SENDERS: u64 = u64::MAX;
const NO_RECEIVER: u64 = u64::MAX - 1;

/// Messages on their way from any number of senders to one receiver.
pub(super) struct Channel<T> {
    /// The channel as reports show it. Its values are the messages.
    messages: Meta,
    /// Its values are the receipts of messages in a bounded channel, and the ends of the two sides.
    signals: Meta,
    capacity: Option<usize>,
    state: Monitor<State<T>>,
}

struct State<T> {
    /// The messages from number `received` to number `sent`. One is `None` if its sender took it
    /// back, after the end of the receiver.
    queue: VecDeque<Option<T>>,
    sent: u64,
    received: u64,
    senders: usize,
    /// Whether there is a receiver, and whether it waits.
    receiver: bool,
    receiving: bool,
}

impl<T> Channel<T> {
    /// A channel with one sender and one receiver. `E` is the end by which reports name it.
    #[track_caller]
    pub(super) fn new<E>(capacity: Option<usize>) -> Self {
        Self {
            messages: Meta::of::<E>(ObjectKind::Channel),
            signals: Meta::of::<E>(ObjectKind::Channel),
            capacity,
            state: Monitor::new(State {
                queue: VecDeque::new(),
                sent: 0,
                received: 0,
                senders: 1,
                receiver: true,
                receiving: false,
            }),
        }
    }

    /// Sends, waiting for room if it must; in a channel without capacity, for the receipt.
    #[track_caller]
    pub(super) fn send(&self, message: T, until: Until) -> Result<(), TrySendError<T>> {
        let mut state = self.state.enter();
        let on = Some(rt::wait_for(&self.messages, Purpose::Send));
        let ready = |state: &mut State<T>| !state.receiver || self.has_room(state, until);
        let ready = state.wait_until(on, until, ready);
        if !state.receiver {
            return Err(self.disconnected(state, message));
        }
        if !ready {
            return Err(TrySendError::Full(message));
        }
        let number = self.put(&mut state, message);
        if self.capacity == Some(0) {
            if until == Until::Now {
                // The receiver waits for it: that it has taken it is a matter of time.
                return Ok(());
            }
            let settled = |state: &mut State<T>| state.received > number || !state.receiver;
            state.wait_until(on, until, settled);
            if let Some(message) = state.take_back(number) {
                return Err(self.disconnected(state, message));
            }
        }
        drop(state);
        if let Some(freed) = self.capacity.and_then(|most| number.checked_sub(most as u64)) {
            observe(&self.signals, freed);
        }
        Ok(())
    }

    fn has_room(&self, state: &State<T>, until: Until) -> bool {
        match self.capacity {
            None => true,
            Some(0) => until != Until::Now || (state.receiving && state.queue.is_empty()),
            Some(most) => state.queue.len() < most,
        }
    }

    /// Puts a message into the queue; returns its number.
    #[track_caller]
    fn put(&self, state: &mut MonitorGuard<'_, State<T>>, message: T) -> u64 {
        let number = state.sent;
        publish(&self.messages, number);
        state.sent += 1;
        state.queue.push_back(Some(message));
        if self.capacity.is_none() {
            // Nobody waits but the receiver.
            state.notify_one();
        } else {
            state.notify_all();
        }
        number
    }

    #[track_caller]
    fn disconnected(&self, state: MonitorGuard<'_, State<T>>, message: T) -> TrySendError<T> {
        drop(state);
        observe(&self.signals, NO_RECEIVER);
        TrySendError::Disconnected(message)
    }

    /// Receives, waiting for a message if it must.
    #[track_caller]
    pub(super) fn receive(&self, until: Until) -> Result<T, RecvTimeoutError> {
        let mut state = self.state.enter();
        state.receiving = true;
        let on = Some(rt::wait_for(&self.messages, Purpose::Receive));
        state.wait_until(on, until, |state| !state.queue.is_empty() || state.senders == 0);
        state.receiving = false;
        if let Some(message) = state.queue.pop_front().flatten() {
            let number = state.received;
            state.received += 1;
            if self.capacity.is_some() {
                publish(&self.signals, number);
                state.notify_all();
            }
            drop(state);
            observe(&self.messages, number);
            return Ok(message);
        }
        let disconnected = state.senders == 0;
        drop(state);
        if disconnected {
            observe(&self.signals, NO_SENDERS);
            return Err(RecvTimeoutError::Disconnected);
        }
        Err(RecvTimeoutError::Timeout)
    }

    /// One more sender.
    pub(super) fn add_sender(&self) {
        self.state.enter().senders += 1;
    }

    /// One sender less.
    pub(super) fn drop_sender(&self) {
        let mut state = self.state.enter();
        if state.receiver {
            publish(&self.signals, NO_SENDERS);
        }
        state.senders -= 1;
        if state.senders == 0 {
            state.notify_all();
        }
    }

    /// The receiver is gone, and what nobody waits for in the queue goes with it.
    pub(super) fn drop_receiver(&self) {
        let mut state = self.state.enter();
        if state.senders > 0 {
            publish(&self.signals, NO_RECEIVER);
        }
        state.receiver = false;
        let orphans = match self.capacity {
            Some(0) => VecDeque::new(),
            _ => mem::take(&mut state.queue),
        };
        state.notify_all();
        drop(state);
        // What their destructors do may lead back here.
        drop(orphans);
    }
}

impl<T> State<T> {
    /// The message of that number, if it has not been received.
    fn take_back(&mut self, number: u64) -> Option<T> {
        let index = number.checked_sub(self.received)?;
        self.queue.get_mut(usize::try_from(index).ok()?)?.take()
    }
}

#[track_caller]
fn publish(meta: &Meta, token: u64) {
    rt::emit(meta, Action::Publish { object: meta.id(), token });
}

#[track_caller]
fn observe(meta: &Meta, token: u64) {
    rt::emit(meta, Action::Observe { object: meta.id(), token });
}
