//! faern/oneshot#87: a receiver that has been polled, and goes away while its sender takes the waker,
//! takes its own word that the channel is disconnected for the sender's. It frees the channel, which
//! the sender goes on to use, and nobody drops the message. Not mended in 0.1.12.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    task::{Context, Waker},
    thread,
};

use known_bugs::drive;
use lockwise::explore::Explorer;

struct Message(Arc<AtomicUsize>);

impl Drop for Message {
    fn drop(&mut self) {
        self.0.fetch_add(1, Relaxed);
    }
}

#[test]
fn a_message_is_dropped_once() {
    drive(Explorer::exhaustive(), || {
        let drops = Arc::new(AtomicUsize::new(0));
        let (sender, mut receiver) = oneshot::channel();
        assert!(Pin::new(&mut receiver).poll(&mut Context::from_waker(Waker::noop())).is_pending());
        let message = Message(Arc::clone(&drops));
        let other = thread::spawn(move || drop(sender.send(message)));
        drop(receiver);
        other.join().unwrap();
        assert_eq!(drops.load(Relaxed), 1, "a message is not dropped just once");
    });
}
