//! `Lock` and `RLock`.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::SeqCst},
};

use lockwise::threading::{Event, Lock, NotOwned, RLock, ReleaseUnlocked, Thread};

use crate::{LONG, SHORT, elsewhere, rules, start};

#[test]
fn a_lock_excludes_and_any_thread_may_release_it() {
    let lock = Arc::new(Lock::new());
    assert!(!lock.locked());
    lock.acquire();
    assert!(lock.locked());
    assert!(!lock.try_acquire());
    assert!(!lock.acquire_timeout(SHORT));
    let other = lock.clone();
    assert!(elsewhere(move || !other.try_acquire() && other.release().is_ok()));
    assert!(lock.try_acquire());
    lock.release().unwrap();
    assert!(lock.acquire_timeout(LONG));
    lock.release().unwrap();
}

#[test]
fn a_waiting_acquire_goes_on_when_the_lock_is_released() {
    let lock = Arc::new(Lock::named("noodle"));
    lock.acquire();
    let (l, reached) = (lock.clone(), Arc::new(AtomicUsize::new(0)));
    let r = reached.clone();
    let waiter = start(move || {
        l.acquire();
        r.store(1, SeqCst);
        l.release().unwrap();
    });
    assert!(!waiter.join_timeout(SHORT).unwrap());
    assert_eq!(reached.load(SeqCst), 0);
    lock.release().unwrap();
    waiter.join().unwrap();
    assert_eq!(reached.load(SeqCst), 1);
}

#[test]
fn release_of_an_unlocked_lock_is_an_error_and_a_finding() {
    // RuntimeError: release unlocked lock
    let found = rules(|| assert_eq!(Lock::new().release(), Err(ReleaseUnlocked)));
    assert_eq!(found, ["release-unowned"]);
}

#[test]
fn a_guard_is_a_with_statement_also_when_its_block_panics() {
    static LOCK: Lock = Lock::new();
    {
        let _held = LOCK.hold();
        assert!(LOCK.locked());
    }
    assert!(!LOCK.locked());
    let panics = Thread::new(|| {
        let _held = LOCK.hold();
        panic!("an exception in a with block");
    });
    panics.start().unwrap();
    panics.join().unwrap();
    assert!(!LOCK.locked());
}

#[test]
fn an_rlock_counts_acquisitions_and_belongs_to_its_owner() {
    let lock = Arc::new(RLock::new());
    lock.acquire();
    assert!(lock.try_acquire());
    assert!(lock.acquire_timeout(SHORT));
    for _ in 0..3 {
        let other = lock.clone();
        assert!(!elsewhere(move || other.try_acquire() || other.acquire_timeout(SHORT)));
        lock.release().unwrap();
    }
    let other = lock.clone();
    assert!(elsewhere(move || other.try_acquire() && other.release().is_ok()));
}

#[test]
fn an_rlock_is_released_by_its_owner_only() {
    // RuntimeError: cannot release un-acquired lock
    let found = rules(|| {
        let lock = Arc::new(RLock::new());
        assert_eq!(lock.release(), Err(NotOwned));
        let _held = lock.hold();
        let other = lock.clone();
        assert_eq!(elsewhere(move || other.release()), Err(NotOwned));
    });
    assert_eq!(found, ["release-unowned", "release-unowned"]);
}

#[test]
fn inner_acquisitions_of_an_rlock_make_no_lock_order() {
    static OUTER: RLock = RLock::named("outer");
    static INNER: Lock = Lock::new();
    let found = rules(|| {
        let _outer = OUTER.hold();
        let _inner = INNER.hold();
        let _again = OUTER.hold();
    });
    assert!(found.is_empty(), "{found:?}");
}

#[test]
fn noodle_and_fork_are_found_even_when_nobody_starves() {
    let found = rules(|| {
        let (noodle, fork) = (Arc::new(Lock::new()), Arc::new(Lock::new()));
        let (n, f) = (noodle.clone(), fork.clone());
        let eaten = Arc::new(std::sync::Barrier::new(2));
        let e = eaten.clone();
        let professor = start(move || {
            {
                let _noodle = n.hold();
                let _fork = f.hold();
            }
            e.wait();
        });
        // Not observed: the student comes later, but only this time.
        eaten.wait();
        let student = start(move || {
            let _fork = fork.hold();
            let _noodle = noodle.hold();
        });
        professor.join().unwrap();
        student.join().unwrap();
    });
    assert_eq!(found, ["lock-order-cycle"]);
}

#[test]
fn the_acquisition_that_closes_a_cycle_panics_and_gives_the_lock_back() {
    let (noodle, fork) = (Arc::new(Lock::new()), Arc::new(Lock::new()));
    let (n, f) = (noodle.clone(), fork.clone());
    let eaten = Arc::new(std::sync::Barrier::new(2));
    let e = eaten.clone();
    let professor = start(move || {
        {
            let _noodle = n.hold();
            let _fork = f.hold();
        }
        e.wait();
    });
    eaten.wait();
    let student = std::panic::AssertUnwindSafe(|| {
        let _fork = fork.hold();
        let _noodle = noodle.hold();
    });
    let stop = std::panic::catch_unwind(student).unwrap_err();
    let message = stop.downcast_ref::<String>().unwrap();
    assert!(message.starts_with("lockwise: lock-order-cycle"), "{message}");
    assert!(!noodle.locked() && !fork.locked());
    professor.join().unwrap();
}

#[test]
fn one_lock_under_two_names_mends_noodle_and_fork() {
    let found = rules(|| {
        let noodle = Arc::new(RLock::new());
        let fork = noodle.clone();
        let (n, f) = (noodle.clone(), fork.clone());
        let professor = start(move || {
            let _noodle = n.hold();
            let _fork = f.hold();
        });
        let student = start(move || {
            let _fork = fork.hold();
            let _noodle = noodle.hold();
        });
        professor.join().unwrap();
        student.join().unwrap();
    });
    assert!(found.is_empty(), "{found:?}");
}

#[test]
fn a_real_deadlock_ends_and_is_found() {
    let found = rules(|| {
        let (noodle, fork) = (Arc::new(Lock::new()), Arc::new(Lock::new()));
        let (n, f) = (noodle.clone(), fork.clone());
        let (first, second) = (Arc::new(Event::new()), Arc::new(Event::new()));
        let (e1, e2) = (first.clone(), second.clone());
        let _professor = start(move || {
            n.acquire();
            e1.set();
            e2.wait();
            f.acquire();
        });
        fork.acquire();
        first.wait();
        second.set();
        noodle.acquire();
    });
    assert!(found.contains(&"deadlock"), "{found:?}");
}

#[test]
fn a_lock_that_its_holder_waits_for_is_found_when_nobody_can_release_it() {
    // Python: hangs for ever.
    let found = rules(|| {
        let lock = Lock::new();
        lock.acquire();
        lock.acquire();
    });
    assert_eq!(found, ["self-deadlock"]);
}
