//! Threads that wait for ever are found and unwound, and whoever waits for them goes on.
#![cfg(feature = "observe")]

use lockwise::{record::record, thread};

/// The rules found in `f`.
fn rules(f: impl FnOnce()) -> Vec<&'static str> {
    record(f).findings().iter().map(|finding| finding.rule()).collect()
}

#[test]
fn a_join_of_a_thread_that_parks_for_ever_is_a_hang() {
    let found = rules(|| {
        let _ = thread::spawn(thread::park).join();
    });
    assert_eq!(found, ["hang"]);
}

#[test]
fn a_scope_whose_thread_parks_for_ever_is_a_hang_and_ends() {
    let found = rules(|| {
        let outcome = std::panic::catch_unwind(|| {
            thread::scope(|s| {
                s.spawn(thread::park);
            });
        });
        // The finding goes on in the thread that waited.
        let payload = outcome.unwrap_err();
        let message = payload.downcast_ref::<String>().unwrap();
        assert!(message.starts_with("lockwise: hang: "), "{message}");
    });
    assert_eq!(found, ["hang"]);
}

#[test]
fn a_thread_that_joins_itself_is_a_deadlock() {
    let found = rules(|| {
        let (give, take) = std::sync::mpsc::channel::<thread::JoinHandle<()>>();
        let handle = thread::spawn(move || {
            let own = take.recv().unwrap();
            let _ = own.join();
        });
        give.send(handle).unwrap();
        thread::sleep(std::time::Duration::from_millis(50));
    });
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].ends_with("deadlock"), "{found:?}");
}

#[test]
fn a_panic_that_follows_from_a_deadlock_ends_in_the_recording() {
    use lockwise::sync::{Arc, Barrier, Mutex};
    let found = rules(|| {
        let locks = Arc::new((Mutex::new(()), Mutex::new(()), Barrier::new(2)));
        let other = Arc::clone(&locks);
        let handle = thread::spawn(move || {
            let _second = other.1.lock().unwrap();
            other.2.wait();
            let _first = other.0.lock().unwrap();
        });
        let first = locks.0.lock().unwrap();
        locks.2.wait();
        let second = locks.1.lock();
        drop((first, second));
        handle.join().unwrap();
    });
    assert!(found.contains(&"deadlock"), "{found:?}");
}

#[test]
fn a_reader_goes_on_when_the_writer_before_it_is_unwound() {
    use lockwise::sync::RwLock;
    let (lock, read) = (RwLock::new(5), std::sync::atomic::AtomicU32::new(0));
    let found = rules(|| {
        let _ = std::panic::catch_unwind(|| {
            let held = lock.read().unwrap();
            // The scope cannot be unwound, so the writer is.
            thread::scope(|scope| {
                scope.spawn(|| drop(lock.write()));
                thread::sleep(std::time::Duration::from_millis(50));
                scope.spawn(|| {
                    let value = *lock.read().unwrap();
                    read.store(value, std::sync::atomic::Ordering::SeqCst);
                });
            });
            drop(held);
        });
    });
    assert!(found.contains(&"deadlock"), "{found:?}");
    assert_eq!(read.into_inner(), 5);
}

#[test]
fn a_lock_that_is_held_around_a_recording_is_waited_for_in_vain() {
    let mutex = lockwise::sync::Mutex::new(());
    let _held = mutex.lock();
    // No finding of the recording's own tells of it, so the panic goes on.
    let outcome = std::panic::catch_unwind(|| record(|| drop(mutex.lock())));
    assert!(outcome.unwrap_err().downcast_ref::<String>().unwrap().contains("hang"));
}

#[test]
fn a_panic_that_has_nothing_to_do_with_findings_goes_on() {
    let outcome = std::panic::catch_unwind(|| record(|| panic!("own")));
    assert_eq!(outcome.unwrap_err().downcast_ref(), Some(&"own"));
}

#[test]
fn joining_a_thread_from_outside_a_recording_is_no_hang() {
    let outside = thread::spawn(|| {
        thread::sleep(std::time::Duration::from_millis(50));
        5
    });
    let mut value = None;
    let found = rules(|| value = outside.join().ok());
    assert_eq!((value, found), (Some(5), vec![]));
}
