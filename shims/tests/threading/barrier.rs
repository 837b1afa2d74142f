//! `Barrier`.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
        mpsc,
    },
};

use lockwise::threading::{Barrier, BrokenBarrier, Thread};

use crate::{SHORT, rules, start};

/// Starts threads that wait at `barrier`, and says what they got.
fn waiters(
    n: usize,
    barrier: &Arc<Barrier>,
) -> (Vec<Thread>, mpsc::Receiver<Result<usize, BrokenBarrier>>) {
    let (send, receive) = mpsc::channel();
    let waiter = || {
        let (barrier, send) = (barrier.clone(), send.clone());
        start(move || send.send(barrier.wait()).unwrap())
    };
    ((0..n).map(|_| waiter()).collect(), receive)
}

fn until_waiting(barrier: &Barrier, n: usize) {
    while barrier.n_waiting() != n {
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
}

#[test]
fn all_parties_pass_together_with_an_index_each_again_and_again() {
    let actions = Arc::new(AtomicUsize::new(0));
    let a = actions.clone();
    let barrier = Arc::new(Barrier::with_action(3, move || _ = a.fetch_add(1, SeqCst)));
    assert_eq!(barrier.parties(), 3);
    for round in 1..=3 {
        let (threads, receive) = waiters(2, &barrier);
        let mut indices = vec![barrier.wait().unwrap()];
        threads.iter().for_each(|thread| thread.join().unwrap());
        indices.extend(receive.try_iter().map(Result::unwrap));
        indices.sort_unstable();
        assert_eq!(indices, [0, 1, 2]);
        assert_eq!(actions.load(SeqCst), round);
        assert_eq!(barrier.n_waiting(), 0);
    }
}

#[test]
fn abort_breaks_it_for_those_who_wait_and_those_who_come() {
    let barrier = Arc::new(Barrier::new(3));
    let (threads, receive) = waiters(2, &barrier);
    until_waiting(&barrier, 2);
    barrier.abort();
    threads.iter().for_each(|thread| thread.join().unwrap());
    assert_eq!(receive.try_iter().collect::<Vec<_>>(), [Err(BrokenBarrier); 2]);
    assert!(barrier.broken());
    assert_eq!(barrier.wait(), Err(BrokenBarrier));
    barrier.reset();
    assert!(!barrier.broken());
}

#[test]
fn reset_breaks_it_for_those_who_wait_only() {
    let barrier = Arc::new(Barrier::new(2));
    let (threads, receive) = waiters(1, &barrier);
    until_waiting(&barrier, 1);
    barrier.reset();
    threads[0].join().unwrap();
    assert_eq!(receive.recv(), Ok(Err(BrokenBarrier)));
    assert!(!barrier.broken());
    let (threads, receive) = waiters(1, &barrier);
    assert!(barrier.wait().is_ok());
    threads[0].join().unwrap();
    assert!(receive.recv().unwrap().is_ok());
}

#[test]
fn time_that_runs_out_breaks_it() {
    let barrier = Barrier::new(2);
    assert_eq!(barrier.wait_timeout(SHORT), Err(BrokenBarrier));
    assert!(barrier.broken());
}

#[test]
fn an_action_that_panics_breaks_it_for_the_others() {
    let barrier = Arc::new(Barrier::with_action(2, || panic!("an exception")));
    let (threads, receive) = waiters(1, &barrier);
    until_waiting(&barrier, 1);
    let outcome = catch_unwind(AssertUnwindSafe(|| barrier.wait()));
    assert_eq!(*outcome.unwrap_err().downcast_ref::<&str>().unwrap(), "an exception");
    threads[0].join().unwrap();
    assert_eq!(receive.recv(), Ok(Err(BrokenBarrier)));
    assert!(barrier.broken());
}

#[test]
fn a_party_that_never_comes_is_a_hang() {
    assert_eq!(rules(|| _ = Barrier::new(2).wait()), ["hang"]);
}

#[test]
#[should_panic(expected = "parties must be >= 1")]
fn a_barrier_has_parties() {
    let _ = Barrier::new(0);
}
