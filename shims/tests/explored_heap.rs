//! What the explorer makes of a program's memory, where [`Heap`] is its allocator.

#![cfg(feature = "observe")]

use std::collections::BTreeSet;

use lockwise::{
    explore::{Exploration, Explorer, Heap, double_frees},
    sync::{
        Arc, Mutex,
        atomic::{
            AtomicPtr, AtomicU32,
            Ordering::{self, AcqRel, Acquire, Relaxed, Release},
        },
    },
    thread,
};

#[global_allocator]
static HEAP: Heap = Heap;

fn explore(program: impl Fn() + Send + Sync + 'static) -> Exploration {
    Explorer::exhaustive().run(program)
}

/// The rules of what is found.
fn rules(exploration: &Exploration) -> Vec<&str> {
    exploration.findings().iter().map(|finding| finding.rule()).collect()
}

/// Two threads offer a block each, as first blocks of queues are offered. Which address is there
/// is a matter of who comes first, and of nothing else.
#[test]
fn addresses_are_the_same_in_each_execution() {
    let exploration = explore(|| {
        let first = Arc::new(AtomicPtr::<u64>::default());
        let threads = [1, 2].map(|own| {
            let first = Arc::clone(&first);
            thread::spawn(move || {
                let block = Box::into_raw(Box::new(own));
                let none = std::ptr::null_mut();
                let theirs = first.compare_exchange(none, block, AcqRel, Acquire);
                match theirs {
                    Ok(_) => own,
                    // SAFETY: what is there stays there until both have ended; the other is ours.
                    Err(theirs) => unsafe {
                        drop(Box::from_raw(block));
                        *theirs
                    },
                }
            })
        });
        let [one, two] = threads.map(|thread| thread.join().unwrap());
        assert_eq!(one, two);
        // SAFETY: the threads have ended.
        drop(unsafe { Box::from_raw(first.load(Relaxed)) });
    });
    assert!(exploration.is_complete() && exploration.findings().is_empty(), "{exploration}");
    assert_eq!(exploration.executions(), 2);
}

/// A flag in a block that another thread has allocated, whose address comes by a load of this kind.
fn handed_over(by: Ordering) -> Exploration {
    explore(move || {
        let place = Arc::new(AtomicPtr::<AtomicU32>::default());
        let theirs = Arc::clone(&place);
        let other = thread::spawn(move || {
            theirs.store(Box::into_raw(Box::new(AtomicU32::new(7))), Release);
        });
        let flag = place.load(by);
        if !flag.is_null() {
            // SAFETY: it is freed when all have ended.
            assert_eq!(unsafe { &*flag }.load(Relaxed), 7);
        }
        other.join().unwrap();
        // SAFETY: nobody has it any more.
        drop(unsafe { Box::from_raw(place.load(Relaxed)) });
    })
}

#[test]
fn memory_is_used_after_its_allocation() {
    assert_eq!(rules(&handed_over(Relaxed)), ["data-race"]);
    let ordered = handed_over(Acquire);
    assert!(ordered.is_complete() && ordered.findings().is_empty(), "{ordered}");
}

#[test]
fn a_block_that_is_freed_twice_is_counted_and_does_no_harm() {
    let exploration = explore(|| {
        let block = Box::into_raw(Box::new(5));
        // SAFETY: it is not. That is what the allocator is there for.
        unsafe {
            drop(Box::from_raw(block));
            drop(Box::from_raw(block));
        }
        let other = Box::new(6);
        assert_ne!(&raw const *other, block.cast_const());
        assert_eq!(double_frees(), 1);
    });
    assert!(exploration.findings().is_empty(), "{exploration}");
    assert_eq!(double_frees(), 0);
}

/// What a static refers to lives on, also where executions are broken off.
#[test]
fn what_outlives_an_execution_is_whole() {
    static KEPT: std::sync::Mutex<BTreeSet<String>> = std::sync::Mutex::new(BTreeSet::new());
    let exploration = explore(|| {
        let (lost, lock) = (vec![1_u8; 100], Arc::new(Mutex::new(())));
        KEPT.lock().unwrap().insert(format!("a text that is on the heap, of {}", lost.len()));
        let theirs = Arc::clone(&lock);
        // This may wait for ever.
        let other = thread::spawn(move || drop(theirs.lock().map(|_| thread::park())));
        let fill = "x".repeat(200);
        drop(lock.lock());
        assert_eq!(fill.len(), 200);
        std::mem::forget(other);
        thread::park();
    });
    assert!(exploration.blocked() > 1, "{exploration}");
    let kept = KEPT.lock().unwrap();
    assert_eq!(*kept, BTreeSet::from(["a text that is on the heap, of 100".to_owned()]));
}
