//! `park`, `unpark`, `sleep` and time.

use std::{collections::BTreeSet, time::Duration};

use lockwise::{
    explore::Explorer,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering::Relaxed},
    },
    thread,
    time::Instant,
};

use super::{outcomes, outcomes_of};

const LIMIT: Duration = Duration::from_secs(1);

#[test]
fn a_thread_that_was_unparked_goes_on_and_sees_what_came_before() {
    let seen = outcomes(|| {
        let value = Arc::new(AtomicU32::new(0));
        let theirs = Arc::clone(&value);
        let main = thread::current();
        let other = thread::spawn(move || {
            theirs.store(1, Relaxed);
            main.unpark();
        });
        thread::park();
        let seen = value.load(Relaxed);
        other.join().unwrap();
        seen
    });
    assert_eq!(seen, BTreeSet::from([1]));
}

#[test]
fn a_thread_has_one_token() {
    let (ends, exploration) = outcomes_of(&Explorer::exhaustive(), || {
        let main = thread::current();
        let other = thread::spawn(move || {
            main.unpark();
            main.unpark();
        });
        thread::park();
        thread::park();
        other.join().unwrap();
    });
    // The second one comes before the first is taken, or after that.
    assert_eq!(ends.len(), 1);
    assert!(exploration.is_complete() && exploration.blocked() > 0);
}

#[test]
fn to_park_with_a_limit_ends_both_ways() {
    let times = outcomes(|| {
        let main = thread::current();
        let other = thread::spawn(move || main.unpark());
        let begin = Instant::now();
        thread::park_timeout(LIMIT);
        let time = begin.elapsed();
        other.join().unwrap();
        time
    });
    assert_eq!(times, BTreeSet::from([Duration::ZERO, LIMIT]));
}

#[test]
fn a_token_that_comes_late_is_kept() {
    let times = outcomes(|| {
        let main = thread::current();
        let other = thread::spawn(move || main.unpark());
        thread::park_timeout(LIMIT);
        other.join().unwrap();
        // There is a token if the first time ran out, and none if it was taken.
        let begin = Instant::now();
        thread::park_timeout(LIMIT);
        begin.elapsed()
    });
    assert_eq!(times, BTreeSet::from([Duration::ZERO, LIMIT]));
}

#[test]
fn nobody_else_has_to_unpark_who_has_a_limit() {
    let times = outcomes(|| {
        let begin = Instant::now();
        thread::park_timeout(LIMIT);
        begin.elapsed()
    });
    assert_eq!(times, BTreeSet::from([LIMIT]));
}

/// Time passes where threads sleep, and only there; it orders nothing.
#[test]
fn who_sleeps_may_be_first_all_the_same() {
    let orders = outcomes(|| {
        let x = Arc::new(AtomicU32::new(0));
        let theirs = Arc::clone(&x);
        let other = thread::spawn(move || {
            let begin = Instant::now();
            thread::sleep(LIMIT);
            assert_eq!(begin.elapsed(), LIMIT);
            theirs.fetch_add(1, Relaxed)
        });
        let begin = Instant::now();
        let mine = x.fetch_add(1, Relaxed);
        assert_eq!(begin.elapsed(), Duration::ZERO);
        other.join().unwrap();
        assert_eq!(begin.elapsed(), LIMIT);
        mine
    });
    assert_eq!(orders, BTreeSet::from([0, 1]));
}

#[test]
fn a_thread_can_be_waited_for_by_looking() {
    let looks = outcomes(|| {
        let x = Arc::new(AtomicU32::new(0));
        let theirs = Arc::clone(&x);
        let other = thread::spawn(move || theirs.store(1, Relaxed));
        while x.load(Relaxed) == 0 {
            thread::sleep(LIMIT);
        }
        other.join().unwrap();
        x.load(Relaxed)
    });
    assert_eq!(looks, BTreeSet::from([1]));
}
