//! `mpsc`.

use std::{collections::BTreeSet, time::Duration};

use lockwise::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering::SeqCst},
        mpsc::{
            RecvError, RecvTimeoutError, SendError, TryRecvError, TrySendError, channel,
            sync_channel,
        },
    },
    thread,
};

use super::outcomes;

const LIMIT: Duration = Duration::from_secs(1);

#[test]
fn messages_of_one_come_in_order_and_those_of_several_in_any() {
    let orders = outcomes(|| {
        let (tx, rx) = channel();
        let threads = [10, 20].map(|own| {
            let tx = tx.clone();
            thread::spawn(move || (1..=2).for_each(|number| tx.send(own + number).unwrap()))
        });
        drop(tx);
        let all: Vec<u32> = rx.into_iter().collect();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        all
    });
    assert_eq!(orders.len(), 6);
    let of = |all: &[u32], own| all.iter().copied().filter(|m| m / 10 == own).collect::<Vec<_>>();
    assert!(orders.iter().all(|all| of(all, 1) == [11, 12] && of(all, 2) == [21, 22]));
}

/// Whether a send ended before the receiver began to receive.
fn is_sent_early(bound: usize) -> BTreeSet<bool> {
    outcomes(move || {
        let (tx, rx) = sync_channel(bound);
        let begun = Arc::new(AtomicU32::new(0));
        let theirs = Arc::clone(&begun);
        let other = thread::spawn(move || {
            tx.send(()).unwrap();
            theirs.load(SeqCst) == 0
        });
        begun.store(1, SeqCst);
        rx.recv().unwrap();
        other.join().unwrap()
    })
}

#[test]
fn a_channel_without_room_is_a_meeting() {
    assert_eq!(is_sent_early(0), BTreeSet::from([false]));
    assert_eq!(is_sent_early(1), BTreeSet::from([false, true]));
}

/// How many of three messages get in while the receiver takes one.
fn room(bound: usize) -> BTreeSet<usize> {
    outcomes(move || {
        let (tx, rx) = sync_channel(bound);
        let other = thread::spawn(move || {
            let sent = (0..3).filter(|number| match tx.try_send(*number) {
                Ok(()) => true,
                Err(TrySendError::Full(back)) => {
                    assert_eq!(back, *number);
                    false
                }
                Err(TrySendError::Disconnected(_)) => unreachable!("the receiver is there"),
            });
            sent.count()
        });
        let _first = rx.recv_timeout(LIMIT);
        other.join().unwrap()
    })
}

#[test]
fn a_full_channel_takes_nothing() {
    assert_eq!(room(0), BTreeSet::from([0, 1]));
    assert_eq!(room(1), BTreeSet::from([1, 2]));
    assert_eq!(room(2), BTreeSet::from([2, 3]));
    assert_eq!(room(3), BTreeSet::from([3]));
}

#[test]
fn a_sender_waits_for_room() {
    for bound in [0, 1, 2] {
        let ends = outcomes(move || {
            let (tx, rx) = sync_channel(bound);
            let taken = Arc::new(AtomicU32::new(0));
            let theirs = Arc::clone(&taken);
            let other = thread::spawn(move || {
                (0..4).for_each(|number| tx.send(number).unwrap());
                theirs.load(SeqCst)
            });
            for number in 0..4 {
                assert_eq!(rx.recv(), Ok(number));
                taken.fetch_add(1, SeqCst);
            }
            assert_eq!(rx.recv(), Err(RecvError));
            other.join().unwrap()
        });
        // All but `bound` messages have been taken, and the last of those may not be counted yet.
        let least = 4 - u32::try_from(bound).unwrap() - 1;
        assert_eq!(ends, (least..=4).collect(), "{bound}");
    }
}

#[test]
fn each_end_hears_of_the_other_end() {
    let ends = outcomes(|| {
        let (tx, rx) = channel();
        let other = thread::spawn(move || tx.send(1));
        let received = rx.try_recv();
        drop(rx);
        let sent = other.join().unwrap();
        assert!(matches!(received, Ok(1) | Err(TryRecvError::Empty)));
        assert!(matches!(sent, Ok(()) | Err(SendError(1))));
        (received.is_ok(), sent.is_ok())
    });
    assert_eq!(ends, BTreeSet::from([(true, true), (false, true), (false, false)]));
}

#[test]
fn a_sender_that_waits_hears_that_nobody_receives() {
    for bound in [0, 1] {
        let ends = outcomes(move || {
            let (tx, rx) = sync_channel(bound);
            let other = thread::spawn(move || [0, 1].map(|number| tx.send(number).is_ok()));
            let first = rx.recv();
            drop(rx);
            assert_eq!(first, Ok(0));
            other.join().unwrap()
        });
        let expected = [Some([true, false]), (bound > 0).then_some([true, true])];
        assert_eq!(ends, expected.into_iter().flatten().collect(), "{bound}");
    }
}

#[test]
fn to_receive_with_a_limit_ends_both_ways() {
    let ends = outcomes(|| {
        let (tx, rx) = channel();
        let other = thread::spawn(move || tx.send(1).unwrap());
        let end = rx.recv_timeout(LIMIT);
        other.join().unwrap();
        end.map_err(|error| error == RecvTimeoutError::Timeout)
    });
    // Not disconnected: the message comes first.
    assert_eq!(ends, BTreeSet::from([Ok(1), Err(true)]));
}

#[test]
fn to_receive_with_a_limit_hears_that_nobody_sends() {
    let ends = outcomes(|| {
        let (tx, rx) = channel::<()>();
        let other = thread::spawn(move || drop(tx));
        let end = rx.recv_timeout(LIMIT);
        other.join().unwrap();
        end.map_err(|error| error == RecvTimeoutError::Timeout)
    });
    assert_eq!(ends, BTreeSet::from([Err(false), Err(true)]));
}

#[test]
fn what_is_there_is_received_and_no_more() {
    let counts = outcomes(|| {
        let (tx, rx) = channel();
        let other = thread::spawn(move || (0..2).for_each(|number| tx.send(number).unwrap()));
        let early = rx.try_iter().count();
        let late = rx.iter().count();
        other.join().unwrap();
        assert_eq!(early + late, 2);
        early
    });
    assert_eq!(counts, BTreeSet::from([0, 1, 2]));
}

#[test]
fn messages_that_nobody_receives_are_dropped() {
    struct Counted(Arc<AtomicU32>);
    impl Drop for Counted {
        fn drop(&mut self) {
            self.0.fetch_add(1, SeqCst);
        }
    }
    let dropped = outcomes(|| {
        let dropped = Arc::new(AtomicU32::new(0));
        let (tx, rx) = channel();
        let theirs = Arc::clone(&dropped);
        let other = thread::spawn(move || {
            for _ in 0..2 {
                drop(tx.send(Counted(Arc::clone(&theirs))));
            }
        });
        let received = rx.recv_timeout(LIMIT).is_ok();
        drop(rx);
        other.join().unwrap();
        (received, dropped.load(SeqCst))
    });
    assert_eq!(dropped, BTreeSet::from([(false, 2), (true, 2)]));
}
