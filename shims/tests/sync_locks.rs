//! Mutexes, rwlocks and condition variables at work, on real threads.
#![cfg(feature = "observe")]

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    time::Duration,
};

use lockwise::{
    sync::{Arc, Condvar, Mutex, RwLock, RwLockWriteGuard, TryLockError},
    thread,
};

#[test]
fn a_panic_during_the_hold_poisons_and_no_other_does() {
    let lock = Mutex::new(1);
    let _ = catch_unwind(|| {
        let mut held = lock.lock().unwrap();
        *held = 2;
        panic!("on purpose");
    });
    assert!(lock.is_poisoned());
    assert_eq!(*lock.lock().unwrap_err().into_inner(), 2);
    assert!(matches!(lock.try_lock(), Err(TryLockError::Poisoned(_))));
    lock.clear_poison();
    assert_eq!(*lock.lock().unwrap(), 2);

    /// Locks while its thread is unwinding already.
    struct LocksInDrop<'a>(&'a Mutex<i32>);
    impl Drop for LocksInDrop<'_> {
        fn drop(&mut self) {
            *self.0.lock().unwrap() += 1;
        }
    }
    let _ = catch_unwind(AssertUnwindSafe(|| {
        let _locks = LocksInDrop(&lock);
        panic!("on purpose");
    }));
    assert!(!lock.is_poisoned());
    assert_eq!(lock.into_inner().unwrap(), 3);
}

#[test]
fn only_writers_poison_an_rwlock() {
    let lock = RwLock::new(1);
    let _ = catch_unwind(|| {
        let _held = lock.read().unwrap();
        panic!("on purpose");
    });
    assert!(!lock.is_poisoned());
    let _ = catch_unwind(|| {
        let _held = lock.write().unwrap();
        panic!("on purpose");
    });
    assert!(lock.is_poisoned());
    assert_eq!(*lock.read().unwrap_err().into_inner(), 1);
    assert!(matches!(lock.try_write(), Err(TryLockError::Poisoned(_))));
}

#[test]
fn a_downgraded_guard_lets_readers_in_and_keeps_writers_out() {
    let lock = RwLock::new(1);
    let mut write = lock.write().unwrap();
    *write = 2;
    assert!(matches!(lock.try_read(), Err(TryLockError::WouldBlock)));
    let read = RwLockWriteGuard::downgrade(write);
    thread::scope(|scope| {
        scope.spawn(|| assert_eq!(*lock.try_read().unwrap(), 2));
        scope.spawn(|| assert!(matches!(lock.try_write(), Err(TryLockError::WouldBlock))));
    });
    drop(read);
    assert!(lock.try_write().is_ok());
}

#[test]
fn a_wait_releases_the_mutex_and_a_timeout_is_told_from_a_notification() {
    let pair = Arc::new((Mutex::new(false), Condvar::new()));
    let guard = pair.0.lock().unwrap();
    let (guard, result) = pair.1.wait_timeout(guard, Duration::from_millis(10)).unwrap();
    assert!(result.timed_out());

    let other = Arc::clone(&pair);
    let notifier = thread::spawn(move || {
        *other.0.lock().unwrap() = true;
        other.1.notify_one();
    });
    let hour = Duration::from_secs(3600);
    let (guard, result) = pair.1.wait_timeout_while(guard, hour, |ready| !*ready).unwrap();
    assert!(*guard && !result.timed_out());
    let moment = Duration::from_millis(10);
    let (guard, result) = pair.1.wait_timeout_while(guard, moment, |ready| *ready).unwrap();
    assert!(*guard && result.timed_out());
    drop(guard);
    notifier.join().unwrap();
}

#[test]
fn a_hundred_threads_on_a_hundred_locks() {
    const THREADS: usize = 100;
    const ROUNDS: usize = 500;
    let locks: Vec<Mutex<usize>> = (0..THREADS).map(|_| Mutex::new(0)).collect();
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let locks = &locks;
            scope.spawn(move || {
                for round in 0..ROUNDS {
                    // Two at a time, always in the order of their places.
                    let (a, b) = (thread, (thread + 1 + round % (THREADS - 1)) % THREADS);
                    let mut first = locks[a.min(b)].lock().unwrap();
                    let mut second = locks[a.max(b)].lock().unwrap();
                    *first += 1;
                    *second += 1;
                }
            });
        }
    });
    let total: usize = locks.into_iter().map(|lock| lock.into_inner().unwrap()).sum();
    assert_eq!(total, 2 * THREADS * ROUNDS);
}
