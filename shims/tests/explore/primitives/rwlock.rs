//! `RwLock`.

use std::collections::BTreeSet;

use lockwise::{
    sync::{
        Arc, RwLock, RwLockWriteGuard, TryLockError,
        atomic::{AtomicU32, Ordering::SeqCst},
    },
    thread,
};

use super::outcomes;

/// Counts who is inside at a time.
#[derive(Default)]
struct Inside {
    now: AtomicU32,
}

impl Inside {
    /// Goes in and out; returns how many were inside with the caller among them.
    fn pass(&self) -> u32 {
        let inside = self.now.fetch_add(1, SeqCst) + 1;
        self.now.fetch_sub(1, SeqCst);
        inside
    }
}

#[test]
fn readers_overlap_and_writers_do_not() {
    let most = outcomes(|| {
        let shared = Arc::new((RwLock::new(()), Inside::default()));
        let readers = [0, 1].map(|_| {
            let shared = Arc::clone(&shared);
            thread::spawn(move || {
                let _held = shared.0.read().unwrap();
                shared.1.pass()
            })
        });
        {
            let _held = shared.0.write().unwrap();
            assert_eq!(shared.1.pass(), 1);
        }
        readers.map(|thread| thread.join().unwrap()).into_iter().max()
    });
    assert_eq!(most, BTreeSet::from([Some(1), Some(2)]));
}

#[test]
fn each_reader_comes_before_or_after_each_writer() {
    let seen = outcomes(|| {
        let lock = Arc::new(RwLock::new(0));
        let readers = [0, 1].map(|_| {
            let lock = Arc::clone(&lock);
            thread::spawn(move || *lock.read().unwrap())
        });
        for _ in 0..2 {
            *lock.write().unwrap() += 1;
        }
        readers.map(|thread| thread.join().unwrap())
    });
    assert_eq!(seen.len(), 9);
}

#[test]
fn who_downgrades_lets_readers_in_and_no_writer() {
    let seen = outcomes(|| {
        let shared = Arc::new((RwLock::new(0), Inside::default()));
        let (theirs, others) = (Arc::clone(&shared), Arc::clone(&shared));
        let reader = thread::spawn(move || {
            let value = theirs.0.read().unwrap();
            (*value, theirs.1.pass())
        });
        let writer = thread::spawn(move || *others.0.write().unwrap() = 2);
        let mut value = shared.0.write().unwrap();
        let before = std::mem::replace(&mut *value, 1);
        let value = RwLockWriteGuard::downgrade(value);
        assert_eq!(*value, 1);
        shared.1.now.fetch_add(1, SeqCst);
        shared.1.now.fetch_sub(1, SeqCst);
        assert_eq!(*value, 1);
        drop(value);
        writer.join().unwrap();
        (before, reader.join().unwrap())
    });
    // The reader with main, which wrote last or first.
    assert!(seen.contains(&(0, (1, 2))) && seen.contains(&(2, (1, 2))));
    // Never with the writer; and alone at any time.
    let alone = |value| seen.contains(&(0, (value, 1))) && seen.contains(&(2, (value, 1)));
    assert!(alone(0) && alone(1) && alone(2));
    assert!(seen.iter().all(|(_, (value, inside))| *value == 1 || *inside == 1));
}

#[test]
fn attempts_find_it_free_shared_or_held() {
    let seen = outcomes(|| {
        let lock = Arc::new(RwLock::new(0));
        let (theirs, others) = (Arc::clone(&lock), Arc::clone(&lock));
        let reader = thread::spawn(move || drop(theirs.read()));
        let writer = thread::spawn(move || *others.write().unwrap() = 1);
        let read = lock.try_read().map(|value| *value).ok();
        let wrote = lock.try_write().is_ok();
        reader.join().unwrap();
        writer.join().unwrap();
        assert!(lock.try_read().is_ok() && lock.try_write().is_ok());
        (read, wrote)
    });
    let all = [None, Some(0), Some(1)].map(|read| [(read, true), (read, false)]);
    assert_eq!(seen, all.into_iter().flatten().collect());
}

#[test]
fn who_holds_it_downgraded_can_be_joined_by_attempts_to_read() {
    let seen = outcomes(|| {
        let lock = Arc::new(RwLock::new(0));
        let theirs = Arc::clone(&lock);
        let other = thread::spawn(move || {
            let value = RwLockWriteGuard::downgrade(theirs.write().unwrap());
            thread::yield_now();
            drop(value);
        });
        let read = lock.try_read().is_ok();
        let wrote = lock.try_write().is_ok();
        other.join().unwrap();
        (read, wrote)
    });
    assert_eq!(seen.len(), 4);
}

#[test]
fn a_writer_who_panics_poisons_it_and_a_reader_does_not() {
    let seen = outcomes(|| {
        let lock = Arc::new(RwLock::new(()));
        let theirs = Arc::clone(&lock);
        let reader = thread::spawn(move || {
            let _held = theirs.read().unwrap();
            panic!("a reader");
        });
        assert!(reader.join().is_err() && !lock.is_poisoned());
        let theirs = Arc::clone(&lock);
        let writer = thread::spawn(move || {
            let _held = theirs.write().unwrap();
            panic!("a writer");
        });
        let early = lock.read().is_ok();
        assert!(writer.join().is_err() && lock.is_poisoned());
        assert!(matches!(lock.try_read(), Err(TryLockError::Poisoned(_))));
        early
    });
    assert_eq!(seen, BTreeSet::from([false, true]));
}
