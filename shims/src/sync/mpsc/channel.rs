//! [`Channel`]: the one implementation behind all channels.
//!
//! A queue in a [`Monitor`]. Its capacity may be unlimited, a number, or 0: then a sender leaves
//! its message in the queue and waits until it has been taken (a rendezvous).
//!
//! What happens before what, in the manner of Go's memory model: the sending of message k before
//! its receipt; the receipt of message k before the end of the sending of message k + capacity;
//! the end of one side before the other side's hearing of it. For the first, each
//! message has a token that the analyses are told. The other two are told of an object of their
//! own, by the messages' numbers: so whoever has published at the channel itself is one who has sent a message, and whoever
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

use crate::rt::{
    self, Meta, Monitor, MonitorGuard, RawCondvar, Until, World, dispatch,
    lane::{Arrival, Lane, Open},
};

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
    /// The receiver waits at the monitor itself; senders wait here, for room or for a receipt.
    state: Monitor<State<T>>,
    freed: RawCondvar,
    /// What takes the monitor's place in a world that has lanes.
    lane: Lane,
}

struct State<T> {
    /// The messages from number `received` to number `sent`.
    queue: VecDeque<Message<T>>,
    sent: u64,
    received: u64,
    senders: usize,
    /// Whether there is a receiver, and whether it waits.
    receiver: bool,
    receiving: bool,
}

struct Message<T> {
    /// `None` if its sender took it back, after the end of the receiver.
    content: Option<T>,
    /// By which analyses know that it was sent.
    token: u64,
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
            freed: RawCondvar::quiet(),
            lane: Lane::new(),
        }
    }

    /// Sends, waiting for room if it must; in a channel without capacity, for the receipt.
    #[track_caller]
    pub(super) fn send(&self, message: T, until: Until) -> Result<(), TrySendError<T>> {
        if let Some(lane) = self.lane(until != Until::Forever) {
            return self.send_by_lane(lane, message);
        }
        let mut state = self.state.enter();
        let to_send = (&self.messages, Purpose::Send);
        let ready = |state: &State<T>| !state.receiver || self.has_room(state, until);
        let ready = state.wait_at(&self.freed, to_send, until, ready);
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
            let settled = |state: &State<T>| state.received > number || !state.receiver;
            state.wait_at(&self.freed, to_send, until, settled);
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
        let token = self.publish_message(number);
        state.sent += 1;
        state.queue.push_back(Message { content: Some(message), token });
        state.notify_one();
        number
    }

    #[track_caller]
    fn publish_message(&self, number: u64) -> u64 {
        dispatch!(world => world.publish_message(&self.messages, number))
    }

    /// The message that was received.
    #[track_caller]
    fn open(&self, message: Message<T>) -> Result<T, RecvTimeoutError> {
        let Message { content, token } = message;
        dispatch!(world => world.observe_message(&self.messages, token));
        content.ok_or(RecvTimeoutError::Disconnected)
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
        if let Some(lane) = self.lane(until != Until::Forever) {
            return self.receive_by_lane(lane);
        }
        let mut state = self.state.enter();
        state.receiving = true;
        let on = Some(rt::wait_for(&self.messages, Purpose::Receive));
        state.wait_until(on, until, |state| !state.queue.is_empty() || state.senders == 0);
        state.receiving = false;
        if let Some(message) = state.queue.pop_front() {
            let number = state.received;
            state.received += 1;
            if self.capacity.is_some() {
                publish(&self.signals, number);
                // Each sender in a rendezvous waits for its own message; of the others any will do.
                self.freed.notify(self.capacity == Some(0));
            }
            drop(state);
            return self.open(message);
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
        if let Some(lane) = self.lane(false) {
            lane.add_sender();
            return self.alone(|state| state.senders += 1);
        }
        self.state.enter().senders += 1;
    }

    /// One sender less.
    pub(super) fn drop_sender(&self) {
        if let Some(lane) = self.lane(false) {
            publish(&self.signals, NO_SENDERS);
            lane.drop_sender();
            return self.alone(|state| state.senders -= 1);
        }
        let mut state = self.state.enter();
        if state.receiver {
            publish(&self.signals, NO_SENDERS);
        }
        state.senders -= 1;
        if state.senders == 0 {
            state.notify_one();
        }
    }

    /// The receiver is gone, and what nobody waits for in the queue goes with it.
    pub(super) fn drop_receiver(&self) {
        if let Some(lane) = self.lane(false) {
            publish(&self.signals, NO_RECEIVER);
            lane.drop_receiver();
            let orphans = self.alone(|state| {
                state.receiver = false;
                match self.capacity {
                    Some(0) => VecDeque::new(),
                    _ => mem::take(&mut state.queue),
                }
            });
            return drop(orphans);
        }
        let mut state = self.state.enter();
        if state.senders > 0 {
            publish(&self.signals, NO_RECEIVER);
        }
        state.receiver = false;
        let orphans = match self.capacity {
            Some(0) => VecDeque::new(),
            _ => mem::take(&mut state.queue),
        };
        self.freed.notify(true);
        drop(state);
        // What their destructors do may lead back here.
        drop(orphans);
    }
}

/// In a world that has lanes.
impl<T> Channel<T> {
    #[track_caller]
    fn lane(&self, asks: bool) -> Option<Open<'_>> {
        // Who is the first to come here finds it as it was made, with one sender.
        self.lane.open(1, self.messages.origin().created, asks)
    }

    /// Does something to the state, between two steps of the world.
    fn alone<R>(&self, f: impl FnOnce(&mut State<T>) -> R) -> R {
        // SAFETY: where there are lanes one thread runs at a time, and `f` asks for nothing.
        f(unsafe { self.state.unentered() })
    }

    #[track_caller]
    fn send_by_lane(&self, lane: Open<'_>, message: T) -> Result<(), TrySendError<T>> {
        let on = rt::wait_for(&self.messages, Purpose::Send);
        let mut message = Some(message);
        let mut number = 0;
        let sends = lane.send(|| {
            number = self.alone(|state| state.sent);
            let before = self.capacity.filter(|most| *most > 0);
            let before = before.and_then(|most| number.checked_sub(most as u64));
            let on = |before| self.alone(|state| state.received <= before).then_some(on);
            if before.is_some_and(|before| lane.await_received(before, on(before)) == Arrival::Gone)
            {
                return false;
            }
            let token = self.publish_message(number);
            let content = message.take();
            self.alone(|state| {
                state.sent += 1;
                state.queue.push_back(Message { content, token });
            });
            lane.sent(number);
            true
        });
        let meets = sends && self.capacity == Some(0);
        if meets && lane.await_received(number, Some(on)) == Arrival::Gone {
            message = self.alone(|state| state.take_back(number));
        }
        if let Some(message) = message {
            observe(&self.signals, NO_RECEIVER);
            return Err(TrySendError::Disconnected(message));
        }
        if let Some(freed) = self.capacity.and_then(|most| number.checked_sub(most as u64)) {
            observe(&self.signals, freed);
        }
        Ok(())
    }

    #[track_caller]
    fn receive_by_lane(&self, lane: Open<'_>) -> Result<T, RecvTimeoutError> {
        let on = rt::wait_for(&self.messages, Purpose::Receive);
        let (number, waits) =
            self.alone(|state| (state.received, state.sent == state.received && state.senders > 0));
        if lane.await_sent(number, waits.then_some(on)) == Arrival::Gone {
            observe(&self.signals, NO_SENDERS);
            return Err(RecvTimeoutError::Disconnected);
        }
        let message = self.alone(|state| {
            state.received += 1;
            state.queue.pop_front()
        });
        if self.capacity.is_some() {
            publish(&self.signals, number);
            lane.received(number);
        }
        self.open(message.ok_or(RecvTimeoutError::Disconnected)?)
    }
}

impl<T> State<T> {
    /// The message of that number, if it has not been received.
    fn take_back(&mut self, number: u64) -> Option<T> {
        let index = number.checked_sub(self.received)?;
        self.queue.get_mut(usize::try_from(index).ok()?)?.content.take()
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
