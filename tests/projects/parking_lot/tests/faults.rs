//! Each test is at fault. Its name begins with the rule that says so.

use std::{
    sync::{Arc, Barrier},
    thread,
    time::Duration,
};

use parking_lot::{Condvar, Mutex, RwLock};

fn spawn(f: impl FnOnce() + Send + 'static) -> thread::JoinHandle<()> {
    thread::spawn(f)
}

#[test]
fn lock_order_cycle_of_threads_that_do_not_meet() {
    let a = Arc::new(Mutex::new(()));
    let b = Arc::new(Mutex::new(()));
    let (first, second) = (Arc::clone(&a), Arc::clone(&b));
    let one = spawn(move || {
        let _a = first.lock();
        let _b = second.lock();
    });
    let two = spawn(move || {
        // The other one has long ended.
        thread::sleep(Duration::from_millis(200));
        let _b = b.lock();
        let _a = a.lock();
    });
    one.join().unwrap();
    two.join().unwrap();
}

#[test]
fn lock_order_cycle_of_a_mutex_and_an_rwlock() {
    let a = Arc::new(Mutex::new(()));
    let b = Arc::new(RwLock::new(()));
    let (first, second) = (Arc::clone(&a), Arc::clone(&b));
    let one = spawn(move || {
        let _a = first.lock();
        let _b = second.read();
    });
    let two = spawn(move || {
        thread::sleep(Duration::from_millis(200));
        let _b = b.write();
        let _a = a.lock();
    });
    one.join().unwrap();
    two.join().unwrap();
}

#[test]
fn deadlock_of_two_threads() {
    let a = Arc::new(Mutex::new(()));
    let b = Arc::new(Mutex::new(()));
    let both = Arc::new(Barrier::new(2));
    let (first, second, here) = (Arc::clone(&a), Arc::clone(&b), Arc::clone(&both));
    let one = spawn(move || {
        let _a = first.lock();
        here.wait();
        let _b = second.lock();
    });
    let _b = b.lock();
    both.wait();
    let _a = a.lock();
    one.join().unwrap();
}

#[test]
fn self_deadlock() {
    let mutex = Mutex::new(());
    let _once = mutex.lock();
    let _twice = mutex.lock();
}

#[test]
fn rwlock_upgrade() {
    let lock = RwLock::new(());
    let _read = lock.read();
    let _write = lock.write();
}

#[test]
fn rwlock_recursion_around_a_writer() {
    let lock = Arc::new(RwLock::new(0));
    let same = Arc::clone(&lock);
    let writer = spawn(move || *same.write() += 1);
    writer.join().unwrap();
    let same = Arc::clone(&lock);
    let reader = spawn(move || {
        let _outer = same.read();
        let _inner = same.read();
    });
    let same = Arc::clone(&lock);
    let writer = spawn(move || {
        thread::sleep(Duration::from_millis(200));
        *same.write() += 1;
    });
    reader.join().unwrap();
    writer.join().unwrap();
}

#[test]
fn hang_without_a_notification() {
    let (mutex, condvar) = (Mutex::new(()), Condvar::new());
    condvar.wait(&mut mutex.lock());
}

#[test]
fn hang_behind_a_leaked_guard() {
    let mutex = Arc::new(Mutex::new(()));
    let same = Arc::clone(&mutex);
    spawn(move || std::mem::forget(same.lock())).join().unwrap();
    let _guard = mutex.lock();
}
