//! What threads do with each other, written once and compiled with std's types and lockwise's.
//!
//! Here threads block, so what is measured is the processor time of the process: of a wait, the
//! falling asleep and the waking count, and not the time in between.

use std::time::Duration;

use crate::cpu_time;

/// Something that is done `times` times; gives the time that it took.
pub type Deed = fn(times: u64) -> Duration;

/// A row: its name, what std's types take for it, and what lockwise's do.
pub type Row = (&'static str, Deed, Deed);

/// All rows.
pub const ROWS: &[Row] = &[
    ("atomic-load", std_types::load, lockwise_types::load),
    ("atomic-add", std_types::add, lockwise_types::add),
    ("message", std_types::message, lockwise_types::message),
    ("full-channel", std_types::full_channel, lockwise_types::full_channel),
    ("hand-over", std_types::hand_over, lockwise_types::hand_over),
    ("spawn", std_types::spawn, lockwise_types::spawn),
];

fn timed(deed: impl FnOnce()) -> Duration {
    let start = cpu_time::of_process();
    deed();
    cpu_time::of_process() - start
}

macro_rules! deeds {
    ($module:ident, $types:ident) => {
        mod $module {
            use std::{hint::black_box, sync::Arc, time::Duration};

            use ::$types::{
                sync::{
                    atomic::{
                        AtomicBool, AtomicU64,
                        Ordering::{Acquire, Relaxed, Release},
                    },
                    mpsc,
                },
                thread,
            };

            use super::timed;

            /// Loads of an atomic.
            pub(super) fn load(times: u64) -> Duration {
                let atomic = AtomicU64::new(1);
                timed(|| {
                    (0..times).for_each(|_| {
                        black_box(black_box(&atomic).load(Acquire));
                    })
                })
            }

            /// Increments of an atomic.
            pub(super) fn add(times: u64) -> Duration {
                let atomic = AtomicU64::new(1);
                timed(|| {
                    (0..times).for_each(|_| {
                        black_box(&atomic).fetch_add(1, Relaxed);
                    });
                })
            }

            /// Messages that one thread sends to another, which never waits for room.
            pub(super) fn message(times: u64) -> Duration {
                let (sender, receiver) = mpsc::channel();
                timed(|| {
                    let other = thread::spawn(move || {
                        (0..times).for_each(|number| sender.send(number).unwrap());
                    });
                    receiver.iter().for_each(|number| {
                        black_box(number);
                    });
                    other.join().unwrap();
                })
            }

            /// Messages of eight threads through a channel that has room for four.
            pub(super) fn full_channel(times: u64) -> Duration {
                let (sender, receiver) = mpsc::sync_channel(4);
                timed(|| {
                    let senders = (0..8).map(|first| {
                        let sender = sender.clone();
                        thread::spawn(move || {
                            (first..times).step_by(8).for_each(|n| sender.send(n).unwrap());
                        })
                    });
                    let senders: Vec<_> = senders.collect();
                    drop(sender);
                    receiver.iter().for_each(|number| {
                        black_box(number);
                    });
                    senders.into_iter().for_each(|sender| sender.join().unwrap());
                })
            }

            /// Round trips between two threads that park until it is their turn.
            pub(super) fn hand_over(times: u64) -> Duration {
                let turn = Arc::new(AtomicBool::new(false));
                let await_turn = |turn: &AtomicBool, mine| {
                    while turn.load(Acquire) != mine {
                        thread::park();
                    }
                };
                timed(|| {
                    let (first, theirs) = (thread::current(), Arc::clone(&turn));
                    let second = thread::spawn(move || {
                        for _ in 0..times {
                            await_turn(&theirs, true);
                            theirs.store(false, Release);
                            first.unpark();
                        }
                    });
                    for _ in 0..times {
                        turn.store(true, Release);
                        second.thread().unpark();
                        await_turn(&turn, false);
                    }
                    second.join().unwrap();
                })
            }

            /// Threads that do nothing, one after the other.
            pub(super) fn spawn(times: u64) -> Duration {
                timed(|| (0..times).for_each(|_| thread::spawn(|| ()).join().unwrap()))
            }
        }
    };
}

deeds!(std_types, std);
deeds!(lockwise_types, lockwise);
