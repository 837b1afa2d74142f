//! `Barrier`.

use std::collections::BTreeSet;

use lockwise::{
    sync::{
        Arc, Barrier,
        atomic::{AtomicU32, Ordering::Relaxed},
    },
    thread,
};

use super::outcomes;

#[test]
fn each_thread_leads_in_some_execution_and_one_in_each() {
    let leaders = outcomes(|| {
        let shared = Arc::new((Barrier::new(3), AtomicU32::new(0)));
        let pass = |shared: &(Barrier, AtomicU32)| {
            shared.1.fetch_add(1, Relaxed);
            let leads = shared.0.wait().is_leader();
            // All have arrived, and what they did is seen.
            assert_eq!(shared.1.load(Relaxed), 3);
            leads
        };
        let threads = [1, 2].map(|_| {
            let shared = Arc::clone(&shared);
            thread::spawn(move || pass(&shared))
        });
        let mine = pass(&shared);
        let [a, b] = threads.map(|thread| thread.join().unwrap());
        [mine, a, b]
    });
    let one = [[true, false, false], [false, true, false], [false, false, true]];
    assert_eq!(leaders, BTreeSet::from(one));
}

#[test]
fn it_is_used_again_and_again() {
    let leaders = outcomes(|| {
        let barrier = Arc::new(Barrier::new(2));
        let rounds = |barrier: &Barrier| [0, 1].map(|_| barrier.wait().is_leader());
        let theirs = Arc::clone(&barrier);
        let other = thread::spawn(move || rounds(&theirs));
        let (mine, others) = (rounds(&barrier), other.join().unwrap());
        assert!(mine[0] != others[0] && mine[1] != others[1]);
        mine
    });
    assert_eq!(leaders.len(), 4);
}

#[test]
fn it_may_be_for_one() {
    let leaders = outcomes(|| {
        let barrier = Barrier::new(1);
        (barrier.wait().is_leader(), barrier.wait().is_leader())
    });
    assert_eq!(leaders, BTreeSet::from([(true, true)]));
}
