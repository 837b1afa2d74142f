//! Statics: fresh in every execution, and as they were after them.
#![cfg(any(target_os = "linux", target_os = "android", target_os = "freebsd"))]

use std::collections::BTreeSet;

use lockwise::{
    cell::Shared,
    sync::{
        Condvar, LazyLock, Mutex, Once, OnceLock, RwLock,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    thread,
    threading::{Event, Semaphore},
};

use super::outcomes;

#[test]
fn they_are_fresh_in_each_execution() {
    static LIST: Mutex<Vec<u32>> = Mutex::new(Vec::new());
    static COUNT: AtomicUsize = AtomicUsize::new(10);
    static CELL: OnceLock<String> = OnceLock::new();
    static TEXT: RwLock<String> = RwLock::new(String::new());
    let seen = outcomes(|| {
        assert!(LIST.lock().unwrap().is_empty() && CELL.get().is_none());
        assert_eq!(COUNT.load(SeqCst), 10);
        let add = |own: u32| {
            LIST.lock().unwrap().push(own);
            COUNT.fetch_add(1, SeqCst);
            TEXT.write().unwrap().push('x');
            CELL.get_or_init(|| own.to_string()).clone()
        };
        let other = thread::spawn(move || add(1));
        let text = add(2);
        assert_eq!(text, other.join().unwrap());
        assert_eq!((COUNT.load(SeqCst), TEXT.read().unwrap().len()), (12, 2));
        (LIST.lock().unwrap().clone(), text)
    });
    assert_eq!(seen.len(), 4);
    assert!(LIST.lock().unwrap().is_empty() && TEXT.read().unwrap().is_empty());
    assert!(CELL.get().is_none());
    assert_eq!(COUNT.load(SeqCst), 10);
}

#[test]
fn what_waits_and_what_is_made_once_are_too() {
    static READY: (Mutex<bool>, Condvar) = (Mutex::new(false), Condvar::new());
    static EVENT: Event = Event::new();
    static PERMITS: Semaphore = Semaphore::new(1);
    static ONCE: Once = Once::new();
    static LAZY: LazyLock<Vec<u32>> = LazyLock::new(|| vec![1, 2]);
    static GLOBAL: Shared<u32> = Shared::new(3);
    let seen = outcomes(|| {
        assert!(!EVENT.is_set() && !ONCE.is_completed() && GLOBAL.get() == 3);
        let other = thread::spawn(|| {
            ONCE.call_once(|| GLOBAL.set(4));
            *READY.0.lock().unwrap() = true;
            READY.1.notify_one();
            EVENT.set();
            PERMITS.acquire();
        });
        let ready = READY.0.lock().unwrap();
        let early = *ready;
        drop(READY.1.wait_while(ready, |ready| !*ready).unwrap());
        EVENT.wait();
        other.join().unwrap();
        assert!(!PERMITS.try_acquire() && LAZY.len() == 2 && GLOBAL.get() == 4);
        early
    });
    assert_eq!(seen, BTreeSet::from([false, true]));
    assert!(!EVENT.is_set() && !ONCE.is_completed() && PERMITS.try_acquire());
    assert!(!*READY.0.lock().unwrap());
}

#[test]
fn they_are_fresh_after_an_execution_that_was_given_up() {
    static LOCK: Mutex<Vec<u32>> = Mutex::new(Vec::new());
    static OTHER: Mutex<()> = Mutex::new(());
    let exploration = lockwise::explore::Explorer::exhaustive().run(|| {
        let other = thread::spawn(|| {
            let _other = OTHER.lock().unwrap();
            LOCK.lock().unwrap().push(1);
        });
        {
            let mut list = LOCK.lock().unwrap();
            assert!(list.len() < 2);
            list.push(2);
            drop(OTHER.lock().unwrap());
        }
        other.join().unwrap();
    });
    assert!(exploration.is_complete());
    assert_eq!((exploration.executions(), exploration.blocked()), (2, 1));
    assert!(LOCK.lock().unwrap().is_empty() && !LOCK.is_poisoned());
}
