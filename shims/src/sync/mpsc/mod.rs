//! std's `sync::mpsc`, observed.

pub use ::std::sync::mpsc::*;

mod channel;
mod receiver;
mod sender;

pub use self::{
    receiver::{IntoIter, Iter, Receiver, TryIter},
    sender::{Sender, SyncSender},
};

use self::channel::Channel;
use super::Arc;

/// A channel whose sender never waits. Reports name the place of this call.
#[must_use]
#[track_caller]
pub fn channel<T>() -> (Sender<T>, Receiver<T>) {
    let channel = Arc::new(Channel::new::<Receiver<T>>(None));
    (Sender::new(Arc::clone(&channel)), Receiver::new(channel))
}

/// A channel that holds at most `bound` messages: a sender waits for room. With a bound of 0 it
/// waits for the receipt itself. Reports name the place of this call.
#[must_use]
#[track_caller]
pub fn sync_channel<T>(bound: usize) -> (SyncSender<T>, Receiver<T>) {
    let channel = Arc::new(Channel::new::<Receiver<T>>(Some(bound)));
    (SyncSender::new(Arc::clone(&channel)), Receiver::new(channel))
}
