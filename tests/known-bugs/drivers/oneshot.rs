//! RUSTSEC-2026-0005: a receiver of oneshot 0.1.11 that has been polled tells its sender that it is
//! gone, and then drops the waker in the channel, which the sender may have freed by then.
//!
//! The channel's memory is plain, and not observed. A cell stands for it: whoever drops the waker in
//! the channel reads it, and the message, which is dropped last before the channel is freed, writes
//! it.

use std::{
    mem::ManuallyDrop,
    pin::Pin,
    sync::Arc,
    task::{Context, RawWaker, RawWakerVTable, Waker},
    thread,
};

use known_bugs::drive;
use lockwise::{cell::Shared, explore::Explorer};

type Memory = Arc<Shared<()>>;

struct Message(Memory);

impl Drop for Message {
    fn drop(&mut self) {
        self.0.set(());
    }
}

/// A waker that is made of its memory alone, and of which there is just one.
fn waker(memory: &Memory) -> ManuallyDrop<Waker> {
    let data = Arc::into_raw(Arc::clone(memory)).cast();
    // SAFETY: the functions keep a waker's contract, except that a clone is the waker itself: which
    // is left to whoever clones it.
    ManuallyDrop::new(unsafe { Waker::from_raw(RawWaker::new(data, &VTABLE)) })
}

/// # Safety
///
/// `data` is of a waker that is used for the last time.
unsafe fn memory(data: *const ()) -> Memory {
    // SAFETY: the waker was made of this.
    unsafe { Arc::from_raw(data.cast()) }
}

static VTABLE: RawWakerVTable = RawWakerVTable::new(
    |data| RawWaker::new(data, &VTABLE),
    // Who wakes it has taken it out of the channel.
    // SAFETY: nobody uses a waker after `wake`.
    |data| drop(unsafe { memory(data) }),
    |_| {},
    // SAFETY: nobody uses a waker after `drop`.
    |data| unsafe { memory(data) }.get(),
);

#[test]
fn a_waker_is_dropped_before_its_channel() {
    drive(Explorer::exhaustive(), || {
        let memory = Memory::new(Shared::new(()));
        let (sender, mut receiver) = oneshot::channel();
        let waker = waker(&memory);
        assert!(Pin::new(&mut receiver).poll(&mut Context::from_waker(&waker)).is_pending());
        let other = thread::spawn(move || drop(sender.send(Message(memory))));
        drop(receiver);
        other.join().unwrap();
    });
}
