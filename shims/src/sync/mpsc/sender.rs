//! [`Sender`] and [`SyncSender`].

use std::{
    fmt,
    sync::{
        Arc,
        mpsc::{SendError, TrySendError},
    },
};

use super::channel::Channel;
use crate::rt::Until;

/// One of the sending ends of a channel.
struct End<T>(Arc<Channel<T>>);

impl<T> End<T> {
    #[track_caller]
    fn send(&self, message: T) -> Result<(), SendError<T>> {
        self.0.send(message, Until::Forever).map_err(|error| match error {
            TrySendError::Full(message) | TrySendError::Disconnected(message) => SendError(message),
        })
    }
}

impl<T> Clone for End<T> {
    fn clone(&self) -> Self {
        self.0.add_sender();
        Self(Arc::clone(&self.0))
    }
}

impl<T> Drop for End<T> {
    fn drop(&mut self) {
        self.0.drop_sender();
    }
}

/// The sending end of a [`channel`](super::channel()): [`std::sync::mpsc::Sender`], observed.
pub struct Sender<T> {
    end: End<T>,
}

impl<T> Sender<T> {
    pub(super) fn new(channel: Arc<Channel<T>>) -> Self {
        Self { end: End(channel) }
    }

    /// Sends. Never waits.
    ///
    /// # Errors
    ///
    /// If the receiver is gone; the error contains the message.
    #[track_caller]
    pub fn send(&self, t: T) -> Result<(), SendError<T>> {
        self.end.send(t)
    }
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        Self { end: self.end.clone() }
    }
}

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender").finish_non_exhaustive()
    }
}

/// The sending end of a [`sync_channel`](super::sync_channel): [`std::sync::mpsc::SyncSender`],
/// observed.
pub struct SyncSender<T> {
    end: End<T>,
}

impl<T> SyncSender<T> {
    pub(super) fn new(channel: Arc<Channel<T>>) -> Self {
        Self { end: End(channel) }
    }

    /// Sends, after waiting for room; if the bound is 0, waits until the message is received.
    ///
    /// # Errors
    ///
    /// If the receiver is gone; the error contains the message.
    ///
    /// # Panics
    ///
    /// If the wait could never end.
    #[track_caller]
    pub fn send(&self, t: T) -> Result<(), SendError<T>> {
        self.end.send(t)
    }

    /// Sends if there is room at once; if the bound is 0, if the receiver waits.
    ///
    /// # Errors
    ///
    /// If there is no room, or the receiver is gone; the error contains the message.
    #[track_caller]
    pub fn try_send(&self, t: T) -> Result<(), TrySendError<T>> {
        self.end.0.send(t, Until::Now)
    }
}

impl<T> Clone for SyncSender<T> {
    fn clone(&self) -> Self {
        Self { end: self.end.clone() }
    }
}

impl<T> fmt::Debug for SyncSender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SyncSender").finish_non_exhaustive()
    }
}
