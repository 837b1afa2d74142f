//! `Mutex`.

use std::collections::BTreeSet;

use lockwise::{
    sync::{Arc, Mutex, TryLockError},
    thread,
};

use super::outcomes;

#[test]
fn sections_come_in_every_order_and_never_overlap() {
    let orders = outcomes(|| {
        let order = Arc::new(Mutex::new(Vec::new()));
        let threads = [1, 2, 3].map(|own| {
            let order = Arc::clone(&order);
            thread::spawn(move || {
                let mut order = order.lock().unwrap();
                order.push(own);
                thread::yield_now();
                assert_eq!(order.last(), Some(&own));
            })
        });
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        Arc::into_inner(order).unwrap().into_inner().unwrap()
    });
    assert_eq!(orders.len(), 6);
}

#[test]
fn an_attempt_finds_it_free_or_held() {
    let found = outcomes(|| {
        let lock = Arc::new(Mutex::new(0));
        let theirs = Arc::clone(&lock);
        let other = thread::spawn(move || *theirs.lock().unwrap() += 1);
        let found = match lock.try_lock() {
            Ok(value) => Ok(*value),
            Err(TryLockError::WouldBlock) => Err(()),
            Err(TryLockError::Poisoned(_)) => panic!("nobody panicked"),
        };
        other.join().unwrap();
        assert_eq!(*lock.try_lock().unwrap(), 1);
        found
    });
    assert_eq!(found, BTreeSet::from([Ok(0), Ok(1), Err(())]));
}

#[test]
fn one_attempt_of_several_succeeds_while_nobody_gives_back() {
    let winners = outcomes(|| {
        let lock = Arc::new(Mutex::new(()));
        let threads = [0, 1, 2].map(|_| {
            let lock = Arc::clone(&lock);
            thread::spawn(move || lock.try_lock().map(std::mem::forget).is_ok())
        });
        threads.map(|thread| thread.join().unwrap())
    });
    let expected = [[true, false, false], [false, true, false], [false, false, true]];
    assert_eq!(winners, BTreeSet::from(expected));
}

#[test]
fn who_panics_poisons_it_for_those_who_come_later() {
    let found = outcomes(|| {
        let lock = Arc::new(Mutex::new(0));
        let theirs = Arc::clone(&lock);
        let other = thread::spawn(move || {
            let mut value = theirs.lock().unwrap();
            *value = 1;
            panic!("with the lock held");
        });
        let early = lock.lock().map(|value| *value).map_err(|poisoned| **poisoned.get_ref());
        assert!(other.join().is_err());
        assert!(lock.is_poisoned());
        assert_eq!(lock.lock().map_err(|poisoned| **poisoned.get_ref()).err(), Some(1));
        assert!(matches!(lock.try_lock(), Err(TryLockError::Poisoned(_))));
        lock.clear_poison();
        assert_eq!(*lock.lock().unwrap(), 1);
        early
    });
    assert_eq!(found, BTreeSet::from([Ok(0), Err(1)]));
}

/// The lock belongs to who holds it, whatever the type of what it guards.
#[test]
fn it_guards_what_has_no_size() {
    let sums = outcomes(|| {
        let lock: Arc<Mutex<[u8]>> = Arc::new(Mutex::new([0, 0]));
        let threads = [0, 1].map(|own| {
            let lock = Arc::clone(&lock);
            thread::spawn(move || {
                let mut all = lock.lock().unwrap();
                all[own] = 1 + all[1 - own];
            })
        });
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        let all = lock.lock().unwrap();
        all.to_vec()
    });
    assert_eq!(sums, BTreeSet::from([vec![1, 2], vec![2, 1]]));
}
