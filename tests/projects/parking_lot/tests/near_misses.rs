//! Each test looks wrong and is right.

use std::{sync::Arc, thread, time::Duration};

use parking_lot::{
    Condvar, Mutex, MutexGuard, Once, ReentrantMutex, RwLock, RwLockUpgradableReadGuard,
    RwLockWriteGuard,
};

/// Two threads, one after the other in time, that nothing orders.
fn one_after_the_other(
    first: impl FnOnce() + Send + 'static,
    second: impl FnOnce() + Send + 'static,
) {
    let first = thread::spawn(first);
    let second = thread::spawn(move || {
        thread::sleep(Duration::from_millis(100));
        second();
    });
    first.join().unwrap();
    second.join().unwrap();
}

fn two() -> [Arc<Mutex<u32>>; 2] {
    [Arc::new(Mutex::new(0)), Arc::new(Mutex::new(0))]
}

#[test]
fn who_only_tries_does_not_wait() {
    let [a, b] = two();
    let [c, d] = [Arc::clone(&a), Arc::clone(&b)];
    one_after_the_other(
        move || {
            let _a = a.lock();
            let _b = b.lock();
        },
        move || {
            let _b = d.lock();
            assert!(c.try_lock().is_some());
            assert!(c.try_lock_for(Duration::from_millis(1)).is_some());
        },
    );
}

#[test]
fn a_gate_lets_one_in_at_a_time() {
    let [a, b] = two();
    let gate = Arc::new(Mutex::new(()));
    let [c, d] = [Arc::clone(&a), Arc::clone(&b)];
    let same = Arc::clone(&gate);
    one_after_the_other(
        move || {
            let _gate = gate.lock();
            let _a = a.lock();
            let _b = b.lock();
        },
        move || {
            let _gate = same.lock();
            let _b = d.lock();
            let _a = c.lock();
        },
    );
}

#[test]
fn all_take_them_in_one_order() {
    let [a, b] = two();
    let [c, d] = [Arc::clone(&a), Arc::clone(&b)];
    let nest = |a: Arc<Mutex<u32>>, b: Arc<Mutex<u32>>| {
        move || {
            let _a = a.lock();
            *b.lock() += 1;
        }
    };
    one_after_the_other(nest(a, b), nest(c, d));
}

#[test]
fn a_reentrant_mutex_is_taken_again() {
    let mutex = Arc::new(ReentrantMutex::new(()));
    let same = Arc::clone(&mutex);
    let twice = |mutex: Arc<ReentrantMutex<()>>| {
        move || {
            let _once = mutex.lock();
            let _twice = mutex.lock();
        }
    };
    one_after_the_other(twice(mutex), twice(same));
}

#[test]
fn a_lock_made_where_another_was_is_another() {
    for round in 0..4 {
        // Freed memory is used again, the last first: what was the outer lock is now the inner.
        let locks: Vec<_> = (0..4).map(|_| Arc::new(Mutex::new(round))).collect();
        thread::spawn(move || {
            let _guards: Vec<_> = locks.iter().map(|lock| lock.lock()).collect();
        })
        .join()
        .unwrap();
    }
}

#[test]
fn a_writer_becomes_a_reader_and_the_other_way() {
    let lock = RwLock::new(0);
    let mut write = RwLockUpgradableReadGuard::upgrade(lock.upgradable_read());
    *write += 1;
    let read = RwLockWriteGuard::downgrade(write);
    assert_eq!((*read, *lock.read_recursive()), (1, 1));
}

#[test]
fn a_condition_variable_is_used_as_it_should_be() {
    let pair = Arc::new((Mutex::new(false), Condvar::new()));
    let same = Arc::clone(&pair);
    let waiter = thread::spawn(move || {
        let mut ready = same.0.lock();
        same.1.wait_while(&mut ready, |ready| !*ready);
    });
    *pair.0.lock() = true;
    pair.1.notify_all();
    waiter.join().unwrap();
    let timeout = pair.1.wait_for(&mut pair.0.lock(), Duration::from_millis(5));
    assert!(timeout.timed_out());
}

#[test]
fn a_lock_is_handed_on() {
    let mutex = Arc::new(Mutex::new(0));
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let mutex = Arc::clone(&mutex);
            thread::spawn(move || {
                for _ in 0..50 {
                    let mut count = mutex.lock();
                    *count += 1;
                    MutexGuard::unlock_fair(count);
                }
            })
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    assert_eq!(*mutex.lock(), 200);
}

#[test]
fn the_others_wait_for_the_first() {
    let once = Once::new();
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| once.call_once(|| thread::sleep(Duration::from_millis(10))));
        }
    });
}
