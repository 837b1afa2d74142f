//! Initialisers at work, on real threads.
#![cfg(feature = "observe")]

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use lockwise::{
    record::record,
    sync::{Arc, Barrier, LazyLock, Mutex, Once, OnceLock, PoisonError},
    thread,
};

fn message(f: impl FnOnce()) -> String {
    let payload = catch_unwind(AssertUnwindSafe(f)).expect_err("this panics");
    match payload.downcast::<String>() {
        Ok(message) => *message,
        Err(payload) => (*payload.downcast::<&str>().expect("a message")).to_owned(),
    }
}

#[test]
fn of_many_threads_one_initialises_and_all_see_it() {
    let cell = OnceLock::new();
    let runs = AtomicUsize::new(0);
    thread::scope(|scope| {
        for i in 0..16 {
            let (cell, runs) = (&cell, &runs);
            scope.spawn(move || {
                let value = *cell.get_or_init(|| {
                    runs.fetch_add(1, Ordering::Relaxed);
                    thread::sleep(Duration::from_millis(20));
                    i
                });
                assert_eq!(Some(&value), cell.get());
            });
        }
    });
    assert_eq!(runs.into_inner(), 1);
}

#[test]
fn a_panic_poisons_a_once_until_it_is_forced() {
    let once = Once::new();
    assert_eq!(message(|| once.call_once(|| panic!("first"))), "first");
    assert!(!once.is_completed());
    let poisoned = "Once instance has previously been poisoned";
    assert_eq!(message(|| once.call_once(|| unreachable!())), poisoned);
    assert_eq!(message(|| once.wait()), poisoned);
    once.call_once_force(|state| assert!(state.is_poisoned()));
    assert!(once.is_completed());
    once.call_once(|| unreachable!());
    once.wait();
}

#[test]
fn a_panic_leaves_a_once_lock_empty_and_poisons_a_lazy_lock_for_ever() {
    let cell = OnceLock::<u8>::new();
    assert_eq!(message(|| _ = cell.get_or_init(|| panic!("first"))), "first");
    assert_eq!(cell.get(), None);
    assert_eq!(*cell.get_or_init(|| 2), 2);

    let mut lazy = LazyLock::<u8, _>::new(|| panic!("first"));
    assert_eq!(message(|| _ = LazyLock::force(&lazy)), "first");
    let poisoned = "LazyLock instance has previously been poisoned";
    assert_eq!(message(|| _ = LazyLock::force(&lazy)), poisoned);
    assert_eq!(message(|| _ = LazyLock::force_mut(&mut lazy)), poisoned);
    assert_eq!(LazyLock::get(&lazy), None);

    let mut lazy = LazyLock::<u8, _>::new(|| panic!("first"));
    assert_eq!(message(|| _ = LazyLock::force_mut(&mut lazy)), "first");
    assert_eq!(message(|| _ = LazyLock::force(&lazy)), poisoned);
}

#[test]
fn a_wait_begins_before_the_initialisation_and_ends_after_it() {
    let cell = OnceLock::new();
    let once = Once::new();
    thread::scope(|scope| {
        scope.spawn(|| assert_eq!(*cell.wait(), 7));
        scope.spawn(|| once.wait_force());
        scope.spawn(|| once.wait());
        thread::sleep(Duration::from_millis(20));
        once.call_once(|| thread::sleep(Duration::from_millis(20)));
        cell.set(7).unwrap();
    });
}

#[test]
fn an_initialiser_that_waits_for_itself_is_reported_and_unwound() {
    let recording = record(|| {
        let cell = OnceLock::<u8>::new();
        cell.get_or_init(|| *cell.get_or_init(|| 1));
    });
    let rules: Vec<_> = recording.findings().iter().map(|f| f.rule()).collect();
    assert_eq!(rules, ["self-deadlock"]);
}

#[test]
fn an_initialised_once_has_no_place_in_the_order_of_locks() {
    let recording = record(|| {
        let (lock, cell) = (Arc::new(Mutex::new(0)), Arc::new(OnceLock::new()));
        cell.get_or_init(|| *lock.lock().unwrap());
        let (other_lock, other_cell) = (Arc::clone(&lock), Arc::clone(&cell));
        let other = thread::spawn(move || {
            let held = other_lock.lock().unwrap();
            assert_eq!(*other_cell.get_or_init(|| 1), *held);
        });
        let held = lock.lock().unwrap();
        assert_eq!(cell.get(), Some(&0));
        drop(held);
        other.join().unwrap();
    });
    assert!(recording.findings().is_empty(), "{:?}", recording.findings());
}

#[test]
fn a_circle_of_a_lock_and_an_initialiser_is_a_deadlock_at_the_callers_lines() {
    let recording = record(|| {
        let (lock, cell) = (Arc::new(Mutex::new(0)), Arc::new(OnceLock::new()));
        let both = Arc::new(Barrier::new(2));
        let (its_lock, its_cell, its_both) = (lock.clone(), cell.clone(), both.clone());
        let other = thread::spawn(move || {
            its_cell.get_or_init(|| {
                its_both.wait();
                *its_lock.lock().unwrap_or_else(PoisonError::into_inner)
            });
        });
        let circle = catch_unwind(AssertUnwindSafe(|| {
            let held = lock.lock().unwrap();
            both.wait();
            assert_eq!(*cell.get_or_init(|| 0), *held);
        }));
        // One of the two was unwound, and the other went on.
        assert_ne!(circle.is_err(), other.join().is_err());
    });
    let deadlock = recording.findings().iter().find(|finding| finding.rule() == "deadlock");
    let report = deadlock.expect("a deadlock").to_string();
    assert!(report.contains("OnceLock<i32>"), "{report}");
    assert!(report.contains("tests/sync_once.rs"), "{report}");
    assert!(!report.contains("src/sync"), "{report}");
}

#[test]
fn a_wait_for_what_nobody_initialises_is_found() {
    let recording = record(|| {
        OnceLock::<u8>::new().wait();
    });
    let findings = recording.findings();
    assert_eq!(findings.iter().map(|f| f.rule().to_string()).collect::<Vec<_>>(), ["hang"]);
    assert!(findings[0].to_string().contains("OnceLock<u8>"), "{}", findings[0]);
}
