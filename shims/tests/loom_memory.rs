//! Atomics, cells and statics in models.
#![cfg(feature = "loom")]

use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release, SeqCst};

use lockwise::{
    cell::{Shared, UnsafeCell},
    loom,
    record::Rule,
    sync::{
        Arc, LazyLock, Mutex, OnceLock, RwLock,
        atomic::{AtomicBool, AtomicI8, AtomicPtr, AtomicU32, AtomicUsize, fence},
    },
    thread,
};

mod loom_common;
use loom_common::{clean, found};

#[test]
fn an_update_of_an_atomic_in_two_steps_is_lost() {
    let outcome = loom::explore(|| {
        let counter = Arc::new(AtomicU32::new(0));
        let theirs = Arc::clone(&counter);
        let add = |counter: &AtomicU32| counter.store(counter.load(SeqCst) + 1, SeqCst);
        let other = thread::spawn(move || add(&theirs));
        add(&counter);
        other.join().unwrap();
        assert_eq!(counter.load(SeqCst), 2);
    });
    println!("lost update: execution {}", outcome.executions);
    let rules: Vec<_> = outcome.findings.iter().map(|finding| finding.kind()).collect();
    assert!(rules.contains(&Rule::LostUpdate) || rules.contains(&Rule::Panic), "{rules:?}");
}

#[test]
fn arithmetic_on_atomics_of_any_width_loses_nothing() {
    clean("rmw", || {
        let (byte, word) = (Arc::new(AtomicI8::new(127)), Arc::new(AtomicUsize::new(40)));
        let (b, w) = (Arc::clone(&byte), Arc::clone(&word));
        let other = thread::spawn(move || {
            b.fetch_add(1, Relaxed);
            w.fetch_max(41, AcqRel);
        });
        byte.fetch_sub(-1, Relaxed);
        word.fetch_add(1, AcqRel);
        other.join().unwrap();
        assert_eq!(byte.load(Relaxed), -127);
        assert!(matches!(word.load(Relaxed), 41 | 42));
    });
}

/// A place for a message, and a word that announces it.
struct Mail<A>(UnsafeCell<u32>, A);

// SAFETY: whether the word keeps the threads apart is what the tests ask; where it does not, the
// exploration ends before an access that another could meet.
unsafe impl<A: Sync> Sync for Mail<A> {}

/// One message through a cell, announced by a flag.
fn message(store: std::sync::atomic::Ordering, load: std::sync::atomic::Ordering) {
    let shared = Arc::new(Mail(UnsafeCell::new(0), AtomicBool::new(false)));
    let theirs = Arc::clone(&shared);
    let sender = thread::spawn(move || {
        // SAFETY: the receiver looks only when the flag is set. Whether that is enough is the test.
        theirs.0.with_mut(|cell| unsafe { *cell = 7 });
        theirs.1.store(true, store);
    });
    if shared.1.load(load) {
        // SAFETY: as above.
        assert_eq!(shared.0.with(|cell| unsafe { *cell }), 7);
    }
    sender.join().unwrap();
}

#[test]
fn a_message_without_release_is_a_race_with_both_places() {
    let finding = found("relaxed message", Rule::DataRace, || message(Relaxed, Relaxed));
    assert_eq!(finding.threads().len(), 2, "{finding}");
    let steps = finding.threads().iter().flat_map(|thread| &thread.steps);
    assert!(steps.into_iter().any(|step| step.site.file == file!()), "{finding}");
    found("half a message", Rule::DataRace, || message(Release, Relaxed));
}

#[test]
fn a_released_message_is_none() {
    clean("released message", || message(Release, Acquire));
    clean("fenced message", || {
        let shared = Arc::new(Mail(UnsafeCell::new(0), AtomicBool::new(false)));
        let theirs = Arc::clone(&shared);
        let sender = thread::spawn(move || {
            // SAFETY: the receiver looks only when the flag is set, and both sides have fences.
            theirs.0.with_mut(|cell| unsafe { *cell = 7 });
            fence(Release);
            theirs.1.store(true, Relaxed);
        });
        if shared.1.load(Relaxed) {
            fence(Acquire);
            // SAFETY: as above.
            assert_eq!(shared.0.with(|cell| unsafe { *cell }), 7);
        }
        sender.join().unwrap();
    });
}

#[test]
fn an_old_value_can_be_read_where_nothing_forbids_it() {
    // Store buffering: both threads can read 0.
    let seen = Arc::new(std::sync::Mutex::new(std::collections::BTreeSet::new()));
    let outcomes = Arc::clone(&seen);
    clean("store buffering", move || {
        let (x, y) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
        let (tx, ty) = (Arc::clone(&x), Arc::clone(&y));
        let other = thread::spawn(move || {
            tx.store(1, Relaxed);
            ty.load(Relaxed)
        });
        y.store(1, Relaxed);
        let here = x.load(Relaxed);
        outcomes.lock().unwrap().insert((here, other.join().unwrap()));
    });
    assert_eq!(seen.lock().unwrap().len(), 4, "{:?}", seen.lock().unwrap());
}

#[test]
fn a_load_that_reads_an_old_release_synchronises_with_that_one() {
    clean("old release", || {
        let shared = Arc::new(Mail(UnsafeCell::new(0), AtomicU32::new(0)));
        let theirs = Arc::clone(&shared);
        let sender = thread::spawn(move || {
            // SAFETY: the receiver looks only after one of the stores.
            theirs.0.with_mut(|cell| unsafe { *cell = 7 });
            theirs.1.store(1, Release);
            theirs.1.store(2, Release);
        });
        if shared.1.load(Acquire) > 0 {
            // SAFETY: as above.
            assert_eq!(shared.0.with(|cell| unsafe { *cell }), 7);
        }
        sender.join().unwrap();
    });
}

#[test]
fn a_failed_exchange_writes_nothing_and_sees_what_there_is() {
    let seen = Arc::new(std::sync::Mutex::new(std::collections::BTreeSet::new()));
    let outcomes = Arc::clone(&seen);
    clean("compare_exchange", move || {
        let word = Arc::new(AtomicU32::new(5));
        let theirs = Arc::clone(&word);
        let other = thread::spawn(move || theirs.compare_exchange(5, 6, AcqRel, Acquire));
        let here = word.compare_exchange(5, 7, AcqRel, Acquire);
        let there = other.join().unwrap();
        assert!(matches!((here, there), (Ok(5), Err(7)) | (Err(6), Ok(5))), "{here:?} {there:?}");
        assert_eq!(word.load(Relaxed), if here.is_ok() { 7 } else { 6 });
        assert_eq!(word.compare_exchange(0, 1, Relaxed, Relaxed), Err(word.load(Relaxed)));
        outcomes.lock().unwrap().insert(here.is_ok());
    });
    assert_eq!(seen.lock().unwrap().len(), 2);
}

#[test]
fn a_failed_exchange_that_does_not_acquire_is_a_race() {
    found("relaxed failure", Rule::DataRace, || {
        let shared = Arc::new(Mail(UnsafeCell::new(0), AtomicU32::new(0)));
        let theirs = Arc::clone(&shared);
        let sender = thread::spawn(move || {
            // SAFETY: the receiver looks only after the store. Whether that is enough is the test.
            theirs.0.with_mut(|cell| unsafe { *cell = 7 });
            theirs.1.store(1, Release);
        });
        if shared.1.compare_exchange(0, 2, AcqRel, Relaxed).is_err() {
            // SAFETY: as above.
            shared.0.with(|cell| unsafe { *cell });
        }
        sender.join().unwrap();
    });
}

#[test]
fn pointers_keep_what_they_point_to() {
    clean("pointer", || {
        let slot = Arc::new(AtomicPtr::new(std::ptr::null_mut()));
        let theirs = Arc::clone(&slot);
        let other = thread::spawn(move || theirs.store(Box::into_raw(Box::new(5)), Release));
        other.join().unwrap();
        let pointer = slot.swap(std::ptr::null_mut(), AcqRel);
        // SAFETY: the other thread made it of a box, and nobody else has taken it.
        assert_eq!(*unsafe { Box::from_raw(pointer) }, 5);
    });
}

#[test]
fn an_atomic_that_is_moved_takes_its_value_along() {
    clean("moved", || {
        let flag = AtomicU32::new(1);
        flag.store(2, Relaxed);
        let mut flag = Box::new(flag);
        assert_eq!(flag.load(Relaxed), 2);
        *flag.get_mut() = 3;
        assert_eq!(flag.load(Relaxed), 3);
    });
}

#[test]
fn a_shared_variable_without_a_lock_is_found() {
    let outcome = loom::explore(|| {
        let shared = Arc::new(Shared::new(0));
        let theirs = Arc::clone(&shared);
        let other = thread::spawn(move || theirs.set(1));
        shared.set(2);
        other.join().unwrap();
    });
    let first = outcome.findings.first().expect("nothing was found");
    assert!(matches!(first.kind(), Rule::DataRace | Rule::UnsafeSharedWrite), "{first}");
}

#[test]
fn statics_are_fresh_in_every_execution() {
    static LOG: Mutex<Vec<u32>> = Mutex::new(Vec::new());
    static LIMIT: RwLock<Option<String>> = RwLock::new(None);
    static COUNT: AtomicU32 = AtomicU32::new(10);
    static TOTAL: Shared<u32> = Shared::new(5);
    static ONCE: OnceLock<Vec<u8>> = OnceLock::new();
    static LAZY: LazyLock<Mutex<Vec<u32>>> = LazyLock::new(|| Mutex::new(vec![1, 2]));

    for round in 0..2 {
        clean(&format!("statics, {round}"), || {
            assert!(LOG.lock().unwrap().is_empty());
            assert!(LIMIT.read().unwrap().is_none());
            assert!(ONCE.get().is_none());
            assert_eq!(COUNT.load(Relaxed), 10);
            assert_eq!(TOTAL.get(), 5);
            TOTAL.set(6);
            *LIMIT.write().unwrap() = Some("seven".to_owned());
            let other = thread::spawn(|| {
                LOG.lock().unwrap().push(COUNT.fetch_add(1, Relaxed));
                ONCE.get_or_init(|| vec![1; 100]).len() + LAZY.lock().unwrap().len()
            });
            LOG.lock().unwrap().push(COUNT.fetch_add(1, Relaxed));
            ONCE.get_or_init(|| vec![1; 100]);
            LAZY.lock().unwrap().push(3);
            let seen = other.join().unwrap();
            assert!(seen == 102 || seen == 103);
            assert_eq!(LOG.lock().unwrap().len(), 2);
            assert_eq!(COUNT.load(Relaxed), 12);
            assert_eq!(*LAZY.lock().unwrap(), [1, 2, 3]);
        });
    }
    assert_eq!(COUNT.load(Relaxed), 10);
    assert!(LOG.lock().unwrap().is_empty());
}

#[test]
fn what_a_program_made_in_a_static_of_stds_is_left_alone() {
    static MADE: std::sync::OnceLock<Mutex<Vec<u32>>> = std::sync::OnceLock::new();
    clean("made in a static", || {
        let made = MADE.get_or_init(|| Mutex::new(vec![1, 2, 3]));
        let other = thread::spawn(|| MADE.get().unwrap().lock().unwrap().len());
        made.lock().unwrap()[0] += 1;
        assert_eq!(other.join().unwrap(), 3);
    });
    assert!(MADE.get().unwrap().lock().unwrap()[0] > 2);
}

#[test]
fn a_static_is_put_back_after_a_fault_too() {
    static HELD: Mutex<Vec<u32>> = Mutex::new(Vec::new());
    for _ in 0..2 {
        found("fault in a static", Rule::SelfDeadlock, || {
            let mut held = HELD.lock().unwrap();
            assert!(held.is_empty());
            held.push(1);
            drop(HELD.lock());
        });
    }
    assert!(HELD.lock().unwrap().is_empty());
}
