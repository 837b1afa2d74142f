//! Channels and barriers at work, on real threads.
#![cfg(feature = "observe")]

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    time::{Duration, Instant},
};

use lockwise::{
    cell::Shared,
    record::record,
    sync::{
        Arc, Barrier, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
        mpsc::{self, RecvError, RecvTimeoutError, SendError, TryRecvError, TrySendError},
    },
    thread,
};

const MOMENT: Duration = Duration::from_millis(20);

#[test]
fn messages_of_one_sender_come_in_order_and_the_last_sender_ends_the_iteration() {
    let (tx, rx) = mpsc::channel();
    let other = tx.clone();
    let first = thread::spawn(move || (0..1000).for_each(|i| tx.send((0, i)).unwrap()));
    let second = thread::spawn(move || (0..1000).for_each(|i| other.send((1, i)).unwrap()));
    let mut next = [0, 0];
    for (sender, number) in rx {
        assert_eq!(number, next[sender]);
        next[sender] += 1;
    }
    assert_eq!(next, [1000, 1000]);
    first.join().unwrap();
    second.join().unwrap();
}

#[test]
fn a_disconnected_channel_gives_what_is_left_and_then_says_so() {
    let (tx, rx) = mpsc::channel();
    tx.send(1).unwrap();
    assert_eq!(rx.try_recv(), Ok(1));
    assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
    assert_eq!(rx.recv_timeout(MOMENT), Err(RecvTimeoutError::Timeout));
    tx.send(2).unwrap();
    drop(tx);
    assert_eq!(rx.recv(), Ok(2));
    assert_eq!(rx.recv(), Err(RecvError));
    assert_eq!(rx.try_recv(), Err(TryRecvError::Disconnected));
    assert_eq!(rx.recv_timeout(MOMENT), Err(RecvTimeoutError::Disconnected));
}

#[test]
fn a_receiver_takes_its_messages_with_it() {
    let (tx, rx) = mpsc::channel();
    let message = Arc::new(());
    tx.send(Arc::clone(&message)).unwrap();
    drop(rx);
    assert_eq!(Arc::strong_count(&message), 1);
    assert_eq!(tx.send(message), Err(SendError(Arc::new(()))));
}

#[test]
fn a_full_channel_holds_its_sender_back() {
    let (tx, rx) = mpsc::sync_channel(2);
    tx.send(0).unwrap();
    tx.try_send(1).unwrap();
    assert_eq!(tx.try_send(2), Err(TrySendError::Full(2)));
    let sent = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&sent);
    let sender = thread::spawn(move || {
        tx.send(2).unwrap();
        flag.store(true, Ordering::SeqCst);
        tx
    });
    thread::sleep(MOMENT);
    assert!(!sent.load(Ordering::SeqCst));
    assert_eq!(rx.recv(), Ok(0));
    let tx = sender.join().unwrap();
    assert!(sent.load(Ordering::SeqCst));
    drop(rx);
    assert_eq!(tx.try_send(3), Err(TrySendError::Disconnected(3)));
}

#[test]
fn a_rendezvous_ends_with_the_receipt() {
    let (tx, rx) = mpsc::sync_channel(0);
    assert_eq!(tx.try_send(0), Err(TrySendError::Full(0)));
    assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
    let returned = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&returned);
    let sender = thread::spawn(move || {
        tx.send(1).unwrap();
        flag.store(true, Ordering::SeqCst);
        // Nobody receives this one.
        assert_eq!(tx.send(2), Err(SendError(2)));
    });
    thread::sleep(MOMENT);
    assert!(!returned.load(Ordering::SeqCst));
    assert_eq!(rx.recv(), Ok(1));
    thread::sleep(MOMENT);
    assert!(returned.load(Ordering::SeqCst));
    drop(rx);
    sender.join().unwrap();
}

#[test]
fn a_rendezvous_is_tried_with_success_only_if_the_other_side_waits() {
    let (tx, rx) = mpsc::sync_channel(0);
    let receiver = thread::spawn(move || {
        let got = rx.recv();
        assert_eq!(rx.recv_timeout(MOMENT), Err(RecvTimeoutError::Timeout));
        got
    });
    let deadline = Instant::now() + Duration::from_secs(60);
    while tx.try_send(1).is_err() {
        assert!(Instant::now() < deadline);
        thread::yield_now();
    }
    assert_eq!(receiver.join().unwrap(), Ok(1));

    let (tx, rx) = mpsc::sync_channel(0);
    let sender = thread::spawn(move || tx.send(1));
    let got = loop {
        match rx.try_recv() {
            Err(TryRecvError::Empty) => thread::yield_now(),
            got => break got,
        }
    };
    assert_eq!(got, Ok(1));
    sender.join().unwrap().unwrap();
}

#[test]
fn many_senders_through_every_bound() {
    for bound in 0..4 {
        let (tx, rx) = mpsc::sync_channel(bound);
        let senders: Vec<_> = (0..8)
            .map(|_| {
                let tx = tx.clone();
                thread::spawn(move || (1..=50).for_each(|i| tx.send(i).unwrap()))
            })
            .collect();
        drop(tx);
        assert_eq!(rx.iter().sum::<usize>(), 8 * (1..=50).sum::<usize>(), "bound {bound}");
        senders.into_iter().for_each(|sender| sender.join().unwrap());
    }
}

#[test]
fn a_barrier_opens_for_all_at_once_and_has_one_leader() {
    const THREADS: usize = 8;
    const ROUNDS: usize = 20;
    let barrier = Arc::new(Barrier::new(THREADS));
    let (arrived, leaders) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let threads: Vec<_> = (0..THREADS)
        .map(|_| {
            let (barrier, arrived, leaders) = (barrier.clone(), arrived.clone(), leaders.clone());
            thread::spawn(move || {
                for round in 1..=ROUNDS {
                    arrived.fetch_add(1, Ordering::SeqCst);
                    let leads = barrier.wait().is_leader();
                    assert!(arrived.load(Ordering::SeqCst) >= round * THREADS);
                    leaders.fetch_add(usize::from(leads), Ordering::SeqCst);
                    barrier.wait();
                }
            })
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    assert_eq!(leaders.load(Ordering::SeqCst), ROUNDS);
}

#[test]
fn opposite_lock_orders_with_a_message_in_between_are_no_fault() {
    let recording = record(|| {
        let (a, b) = (Arc::new(Mutex::new(())), Arc::new(Mutex::new(())));
        let (tx, rx) = mpsc::channel();
        let (first, second) = (Arc::clone(&a), Arc::clone(&b));
        let other = thread::spawn(move || {
            drop((first.lock().unwrap(), second.lock().unwrap()));
            tx.send(()).unwrap();
        });
        rx.recv().unwrap();
        drop((b.lock().unwrap(), a.lock().unwrap()));
        other.join().unwrap();
    });
    assert!(recording.findings().is_empty(), "{:?}", recording.findings());
}

#[test]
fn opposite_lock_orders_with_a_full_channel_in_between_are_no_fault() {
    let recording = record(|| {
        let (a, b) = (Arc::new(Mutex::new(())), Arc::new(Mutex::new(())));
        let (tx, rx) = mpsc::sync_channel(0);
        let (first, second) = (Arc::clone(&a), Arc::clone(&b));
        let receiver = thread::spawn(move || {
            drop((first.lock().unwrap(), second.lock().unwrap()));
            rx.recv().unwrap();
        });
        tx.send(()).unwrap();
        drop((b.lock().unwrap(), a.lock().unwrap()));
        receiver.join().unwrap();
    });
    assert!(recording.findings().is_empty(), "{:?}", recording.findings());
}

#[test]
fn a_receiver_that_keeps_a_sender_is_found_waiting_for_ever() {
    let recording = record(|| {
        let (tx, rx) = mpsc::channel::<u8>();
        // The panic that ends the wait is a report's.
        let stopped = catch_unwind(AssertUnwindSafe(|| rx.recv()));
        assert!(stopped.is_err());
        drop(tx);
    });
    let finding = &recording.findings()[0];
    assert_eq!(finding.rule(), "hang");
    assert!(finding.to_string().contains("Receiver<u8>"), "{finding}");
}

#[test]
fn a_barrier_short_of_a_party_is_found() {
    let recording = record(|| {
        Barrier::new(2).wait();
    });
    assert_eq!(recording.findings()[0].rule(), "hang");
    assert_eq!(recording.findings().len(), 1);
}

/// What is found if a thread sends messages that say nothing new, then `writes`; and the receiver
/// reads when it has them all.
fn found_after(writes: fn(&mpsc::Sender<u8>, &Shared<u8>)) -> Vec<&'static str> {
    let findings = record(|| {
        let x = Arc::new(Shared::new(0));
        let (tx, rx) = mpsc::channel();
        // Or the end of the last sender would hand on what it did.
        let _other = tx.clone();
        let (done, wait) = std::sync::mpsc::channel();
        let written = Arc::clone(&x);
        let sender = thread::spawn(move || {
            // The first write makes what follows matter.
            written.set(1);
            (0..100).for_each(|_| tx.send(0).unwrap());
            writes(&tx, &written);
            done.send(()).unwrap();
        });
        let receiver = thread::spawn(move || {
            wait.recv().unwrap();
            assert!((0..100).all(|_| rx.recv().is_ok()));
            while rx.try_recv().is_ok() {}
            x.get()
        });
        sender.join().unwrap();
        receiver.join().unwrap();
    });
    findings.findings().iter().map(lockwise::record::Finding::rule).collect()
}

#[test]
fn a_message_after_many_hands_on_what_is_new() {
    let sent_first = |tx: &mpsc::Sender<u8>, x: &Shared<u8>| {
        x.set(2);
        tx.send(0).unwrap();
    };
    assert_eq!(found_after(sent_first), [""; 0]);
    assert_eq!(found_after(|_, _| ()), [""; 0]);
}

#[test]
fn messages_that_say_the_same_tell_it_to_each_of_their_receivers() {
    let findings = record(|| {
        let (a, b) = (Arc::new(Mutex::new(())), Arc::new(Mutex::new(())));
        let (tx, rx) = mpsc::channel();
        let rx = Arc::new(Mutex::new(rx));
        let receive = |rx: &Mutex<mpsc::Receiver<()>>| rx.lock().unwrap().recv().unwrap();
        // The order of two critical sections is an accident; that of a message and its receipt is not.
        // Nobody observes these, which only see to it that the messages come to whom they should.
        let (warm, is_warm) = std::sync::mpsc::channel();
        let (sent, are_sent) = std::sync::mpsc::channel();
        let (done, wait) = std::sync::mpsc::channel();
        let (a2, b2) = (Arc::clone(&a), Arc::clone(&b));
        let sender = thread::spawn(move || {
            tx.send(()).unwrap();
            is_warm.recv().unwrap();
            drop((a2.lock().unwrap(), b2.lock().unwrap()));
            (0..2).for_each(|_| tx.send(()).unwrap());
            sent.send(()).unwrap();
        });
        let first_rx = Arc::clone(&rx);
        let first = thread::spawn(move || {
            are_sent.recv().unwrap();
            receive(&first_rx);
            done.send(()).unwrap();
        });
        let second = thread::spawn(move || {
            receive(&rx);
            warm.send(()).unwrap();
            wait.recv().unwrap();
            receive(&rx);
            drop((b.lock().unwrap(), a.lock().unwrap()));
        });
        for thread in [sender, first, second] {
            thread.join().unwrap();
        }
    });
    let rules = findings.findings().iter().filter(|finding| finding.rule() != "wait-holding-lock");
    assert_eq!(rules.count(), 0, "{:?}", findings.findings());
}

#[test]
fn what_is_done_after_the_last_message_is_not_handed_on() {
    let sent_before = |tx: &mpsc::Sender<u8>, x: &Shared<u8>| {
        tx.send(0).unwrap();
        x.set(2);
    };
    assert_eq!(found_after(sent_before), ["data-race"]);
}
