//! `Semaphore` and `BoundedSemaphore`.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::SeqCst},
};

use lockwise::threading::{BoundedSemaphore, OverRelease, ReleaseError, Semaphore, ZeroPermits};

use crate::{LONG, SHORT, rules, start};

#[test]
fn a_semaphore_lets_as_many_in_as_it_has_permits() {
    let seats = Arc::new(Semaphore::new(2));
    let (inside, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let threads: Vec<_> = (0..6)
        .map(|_| {
            let (seats, inside, most) = (seats.clone(), inside.clone(), most.clone());
            start(move || {
                let _seat = seats.hold();
                most.fetch_max(inside.fetch_add(1, SeqCst) + 1, SeqCst);
                std::thread::yield_now();
                inside.fetch_sub(1, SeqCst);
            })
        })
        .collect();
    threads.iter().for_each(|thread| thread.join().unwrap());
    assert!((1..=2).contains(&most.load(SeqCst)));
    assert!(seats.try_acquire() && seats.acquire_timeout(LONG));
    assert!(!seats.try_acquire() && !seats.acquire_timeout(SHORT));
}

#[test]
fn releases_add_permits_and_wake_as_many() {
    let items = Arc::new(Semaphore::named("items", 0));
    let threads: Vec<_> = (0..3)
        .map(|_| {
            let items = items.clone();
            start(move || items.acquire())
        })
        .collect();
    items.release();
    items.release_many(2).unwrap();
    threads.iter().for_each(|thread| thread.join().unwrap());
    assert!(!items.try_acquire());
    // ValueError: n must be one or more
    assert_eq!(items.release_many(0), Err(ZeroPermits));
}

#[test]
fn a_bounded_semaphore_refuses_more_than_it_had() {
    // ValueError: Semaphore released too many times
    let found = rules(|| {
        let seats = BoundedSemaphore::new(2);
        assert_eq!(seats.release(), Err(OverRelease));
        seats.acquire();
        assert!(seats.try_acquire());
        assert_eq!(seats.release_many(3), Err(ReleaseError::OverRelease));
        assert_eq!(seats.release_many(0), Err(ReleaseError::ZeroPermits));
        seats.release_many(2).unwrap();
        assert!(seats.acquire_timeout(LONG));
        seats.release().unwrap();
        drop(BoundedSemaphore::named("seat", 1).hold());
    });
    assert_eq!(found, ["semaphore-over-release"; 2]);
}

#[test]
fn a_permit_that_nobody_releases_is_a_hang() {
    assert_eq!(rules(|| Semaphore::new(0).acquire()), ["hang"]);
}
