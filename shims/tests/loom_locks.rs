//! Mutexes, reader-writer locks and condition variables in models.
#![cfg(feature = "loom")]

use std::collections::BTreeSet;

use lockwise::{
    loom::{self, Builder},
    record::{Certainty, Rule},
    sync::{Arc, Condvar, Mutex, RwLock, RwLockWriteGuard},
    thread,
};

mod loom_common;
use loom_common::{clean, found};

#[test]
fn a_counter_under_a_mutex_counts_in_every_order() {
    clean("mutex counter", || {
        let counter = Arc::new(Mutex::new(0));
        let theirs = Arc::clone(&counter);
        let other = thread::spawn(move || *theirs.lock().unwrap() += 1);
        *counter.lock().unwrap() += 1;
        other.join().unwrap();
        assert_eq!(*counter.lock().unwrap(), 2);
    });
}

#[test]
fn every_order_of_three_threads_is_explored() {
    let seen = Arc::new(std::sync::Mutex::new(BTreeSet::new()));
    let orders = Arc::clone(&seen);
    clean("orders of three", move || {
        let order = Arc::new(Mutex::new(Vec::new()));
        let push = |who: u32| {
            let order = Arc::clone(&order);
            move || order.lock().unwrap().push(who)
        };
        let threads = [thread::spawn(push(1)), thread::spawn(push(2))];
        push(0)();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        orders.lock().unwrap().insert(order.lock().unwrap().clone());
    });
    assert_eq!(seen.lock().unwrap().len(), 6, "{seen:?}");
}

#[test]
fn a_value_written_back_in_a_later_section_is_lost_in_some_order() {
    let finding = found("split section", Rule::Panic, || {
        let counter = Arc::new(Mutex::new(0));
        let theirs = Arc::clone(&counter);
        let add = |counter: &Mutex<i32>| {
            let seen = *counter.lock().unwrap();
            *counter.lock().unwrap() = seen + 1;
        };
        let other = thread::spawn(move || add(&theirs));
        add(&counter);
        other.join().unwrap();
        assert_eq!(*counter.lock().unwrap(), 2, "an update is lost");
    });
    assert!(finding.message().contains("an update is lost"), "{finding}");
    assert_eq!(finding.threads()[0].steps[0].site.file, file!());
}

#[test]
fn two_philosophers_deadlock_and_the_report_names_both_sides() {
    let finding = found("two philosophers", Rule::Deadlock, || {
        let left = Arc::new(Mutex::new("left"));
        let right = Arc::new(Mutex::new("right"));
        let (l, r) = (Arc::clone(&left), Arc::clone(&right));
        let other = thread::Builder::new().name("other".to_owned()).spawn(move || {
            let _right = r.lock().unwrap();
            let _left = l.lock().unwrap();
        });
        {
            let _left = left.lock().unwrap();
            let _right = right.lock().unwrap();
        }
        other.unwrap().join().unwrap();
    });
    let names: Vec<_> = finding.threads().iter().map(|thread| thread.name.as_str()).collect();
    assert!(names.contains(&"other"), "{finding}");
    assert_eq!(finding.threads().len(), 2, "{finding}");
    for thread in finding.threads() {
        assert!(thread.steps.len() >= 2, "{finding}");
        assert!(thread.steps.iter().all(|step| step.site.file == file!()), "{finding}");
    }
}

#[test]
fn a_deadlock_ends_the_exploration_before_a_destructor_or_a_join_can_hang() {
    let finding = found("caught", Rule::Deadlock, || {
        let left = Arc::new(Mutex::new(()));
        let right = Arc::new(Mutex::new(()));
        let (l, r) = (Arc::clone(&left), Arc::clone(&right));
        thread::scope(|scope| {
            scope.spawn(|| {
                let caught = std::panic::catch_unwind(|| {
                    let _right = r.lock();
                    let _left = l.lock();
                });
                assert!(caught.is_ok());
            });
            let _left = left.lock();
            let _right = right.lock();
        });
    });
    assert_eq!(finding.threads().len(), 2);
}

#[test]
fn one_order_of_locks_is_clean() {
    let outcome = loom::explore(|| {
        let (a, b) = (Arc::new(Mutex::new(())), Arc::new(Mutex::new(())));
        {
            let _a = a.lock();
            let _b = b.lock();
        }
        let other = thread::spawn({
            let (a, b) = (Arc::clone(&a), Arc::clone(&b));
            move || {
                let _a = a.lock();
                let _b = b.lock();
            }
        });
        other.join().unwrap();
    });
    assert!(outcome.findings.is_empty(), "{:?}", outcome.findings);
    assert!(outcome.complete && outcome.executions > 0);
}

#[test]
fn a_prediction_is_kept_until_all_is_explored() {
    // They never overlap in time, but no rule of the program says so: the order is kept by chance,
    // by a lock that only tells who was first.
    let outcome = loom::explore(|| {
        let (a, b) = (Arc::new(Mutex::new(())), Arc::new(Mutex::new(())));
        let taken = Arc::new(Mutex::new(false));
        let other = thread::spawn({
            let (a, b, taken) = (Arc::clone(&a), Arc::clone(&b), Arc::clone(&taken));
            move || {
                if !std::mem::replace(&mut *taken.lock().unwrap(), true) {
                    let _a = a.lock();
                    let _b = b.lock();
                    *taken.lock().unwrap() = false;
                }
            }
        });
        if !std::mem::replace(&mut *taken.lock().unwrap(), true) {
            let _b = b.lock();
            let _a = a.lock();
            *taken.lock().unwrap() = false;
        }
        other.join().unwrap();
    });
    assert!(outcome.complete && outcome.executions > 1, "{outcome:?}");
    let [prediction] = &outcome.findings[..] else { panic!("{:?}", outcome.findings) };
    assert_eq!(prediction.kind(), Rule::LockOrderCycle);
    assert_eq!(prediction.certainty(), Certainty::Predicted);
}

#[test]
fn a_mutex_that_is_tried_is_had_or_not() {
    let seen = Arc::new(std::sync::Mutex::new(BTreeSet::new()));
    let outcomes = Arc::clone(&seen);
    clean("try_lock", move || {
        let total = Arc::new(Mutex::new(0));
        let theirs = Arc::clone(&total);
        let other = thread::spawn(move || *theirs.lock().unwrap() += 1);
        let had = total.try_lock().is_ok_and(|mut total| {
            *total += 2;
            true
        });
        other.join().unwrap();
        assert_eq!(*total.lock().unwrap(), if had { 3 } else { 1 });
        outcomes.lock().unwrap().insert(had);
    });
    assert_eq!(seen.lock().unwrap().len(), 2);
}

#[test]
fn two_who_try_each_others_lock_both_fail_in_some_order_and_none_waits() {
    let seen = Arc::new(std::sync::Mutex::new(BTreeSet::new()));
    let outcomes = Arc::clone(&seen);
    clean("try each other", move || {
        let pair = Arc::new((Mutex::new(()), Mutex::new(())));
        let theirs = Arc::clone(&pair);
        let other = thread::spawn(move || {
            let _second = theirs.1.lock();
            theirs.0.try_lock().is_ok()
        });
        let first = pair.0.lock();
        let had = pair.1.try_lock().is_ok();
        drop(first);
        let theirs = other.join().unwrap();
        outcomes.lock().unwrap().insert((had, theirs));
    });
    assert_eq!(seen.lock().unwrap().len(), 4, "{:?}", seen.lock().unwrap());
}

#[test]
fn a_try_of_a_lock_that_the_thread_has_fails() {
    clean("try again", || {
        let mutex = Mutex::new(());
        let held = mutex.lock();
        assert!(mutex.try_lock().is_err());
        drop(held);
        assert!(mutex.try_lock().is_ok());
    });
}

#[test]
fn readers_and_writers_that_try_are_told_what_is_held() {
    let seen = Arc::new(std::sync::Mutex::new(BTreeSet::new()));
    let outcomes = Arc::clone(&seen);
    clean("try rwlock", move || {
        let lock = Arc::new(RwLock::new(0));
        let theirs = Arc::clone(&lock);
        let other = thread::spawn(move || *theirs.write().unwrap() += 1);
        let read = lock.try_read();
        let value = read.as_ref().ok().map(|value| **value);
        assert!(value.is_none() || lock.try_write().is_err());
        drop(read);
        other.join().unwrap();
        outcomes.lock().unwrap().insert(value);
    });
    assert_eq!(*seen.lock().unwrap(), [None, Some(0), Some(1)].into());
}

#[test]
fn a_downgrade_lets_readers_in_and_no_writer() {
    for is_tried in [false, true] {
        clean("downgrade", move || {
            let lock = Arc::new(RwLock::new(0));
            assert!(!is_tried || lock.try_read().is_ok());
            let theirs = Arc::clone(&lock);
            let writer = thread::spawn(move || *theirs.write().unwrap() += 10);
            let mut write = lock.write().unwrap();
            let before = *write;
            *write += 1;
            let read = RwLockWriteGuard::downgrade(write);
            let theirs = Arc::clone(&lock);
            let reader = thread::spawn(move || *theirs.read().unwrap());
            assert_eq!(*read, before + 1);
            drop(read);
            assert!([1, 11].contains(&reader.join().unwrap()));
            writer.join().unwrap();
            assert_eq!(*lock.read().unwrap(), 11);
        });
    }
}

#[test]
fn a_mutex_poisoned_by_a_panic_says_so() {
    clean("poison", || {
        let mutex = Arc::new(Mutex::new(0));
        let theirs = Arc::clone(&mutex);
        let other = thread::spawn(move || {
            let _guard = theirs.lock().unwrap();
            panic!("meant");
        });
        assert!(other.join().is_err());
        assert!(mutex.lock().is_err());
        assert!(mutex.is_poisoned());
    });
}

#[test]
fn readers_share_and_writers_do_not() {
    clean("rwlock", || {
        let lock = Arc::new(RwLock::new(0));
        let readers: Vec<_> = (0..2)
            .map(|_| {
                let lock = Arc::clone(&lock);
                thread::spawn(move || {
                    let once = lock.read().unwrap();
                    assert!(*once == 0 || *once == 2);
                })
            })
            .collect();
        {
            let mut write = lock.write().unwrap();
            *write += 1;
            *write += 1;
        }
        readers.into_iter().for_each(|reader| reader.join().unwrap());
    });
}

#[test]
fn an_upgrade_of_a_read_lock_is_found() {
    found("upgrade", Rule::RwlockUpgrade, || {
        let lock = RwLock::new(0);
        let read = lock.read().unwrap();
        *lock.write().unwrap() = *read;
    });
}

#[test]
fn a_notification_before_the_wait_is_lost_in_some_order() {
    let finding = found("lost wakeup", Rule::LostWakeup, || {
        let pair = Arc::new((Mutex::new(()), Condvar::new()));
        let theirs = Arc::clone(&pair);
        let notifier = thread::spawn(move || theirs.1.notify_one());
        let guard = pair.0.lock().unwrap();
        drop(pair.1.wait(guard).unwrap());
        notifier.join().unwrap();
    });
    assert!(finding.objects().iter().any(|object| object.kind == "Condvar"), "{finding}");
}

#[test]
fn a_wait_on_a_condition_is_safe_in_every_order() {
    clean("condvar", || {
        let pair = Arc::new((Mutex::new(false), Condvar::new()));
        let theirs = Arc::clone(&pair);
        let notifier = thread::spawn(move || {
            *theirs.0.lock().unwrap() = true;
            theirs.1.notify_one();
        });
        let mut ready = pair.0.lock().unwrap();
        while !*ready {
            ready = pair.1.wait(ready).unwrap();
        }
        drop(ready);
        notifier.join().unwrap();
    });
}

#[test]
fn a_bound_is_kept_and_said() {
    let model = || {
        let lock = Arc::new(Mutex::new(0));
        let threads: Vec<_> = (0..3)
            .map(|_| {
                let lock = Arc::clone(&lock);
                thread::spawn(move || *lock.lock().unwrap() += 1)
            })
            .collect();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
    };
    let all = loom::explore(model);
    assert!(all.complete && all.executions > 3, "{all:?}");
    let some = Builder::new().max_permutations(3).explore(model).unwrap();
    assert!(!some.complete);
    assert_eq!(some.executions, 3);
    let bounded = Builder::new().preemption_bound(0).explore(model).unwrap();
    assert!(!bounded.complete && bounded.executions <= all.executions, "{bounded:?}");
}
