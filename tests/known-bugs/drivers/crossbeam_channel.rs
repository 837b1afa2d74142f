//! RUSTSEC-2025-0024: the first block of an unbounded channel of crossbeam-channel 0.5.14 is freed
//! twice, if the last receiver goes away while a sender installs it and another has sent.

use std::thread;

use crossbeam_channel::unbounded;
use known_bugs::drive;
use lockwise::explore::{Explorer, Strategy, double_frees};

#[test]
fn a_block_is_freed_once() {
    drive(Explorer::random(1).strategy(Strategy::Walk), || {
        let (sender, receiver) = unbounded();
        let senders = [sender.clone(), sender].map(|sender| {
            thread::spawn(move || {
                let _ = sender.send(1);
            })
        });
        drop(receiver);
        for sender in senders {
            sender.join().unwrap();
        }
        assert_eq!(double_frees(), 0, "a block was freed twice");
    });
}
