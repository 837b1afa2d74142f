//! Threads: their lives, scopes and handles.

use std::{collections::BTreeSet, time::Duration};

use lockwise::{
    sync::{
        Arc, Mutex,
        atomic::{
            AtomicU32,
            Ordering::{Relaxed, SeqCst},
        },
    },
    thread::{self, Builder},
};

use super::outcomes;

#[test]
fn the_end_of_a_thread_is_seen_or_not_yet() {
    let seen = outcomes(|| {
        let x = Arc::new(AtomicU32::new(0));
        let theirs = Arc::clone(&x);
        let other = thread::spawn(move || theirs.store(1, Relaxed));
        let finished = other.is_finished();
        // What has ended is seen with all that it did.
        let value = x.load(Relaxed);
        assert!(!finished || value == 1);
        other.join().unwrap();
        assert_eq!(x.load(Relaxed), 1);
        (finished, value)
    });
    assert_eq!(seen, BTreeSet::from([(false, 0), (false, 1), (true, 1)]));
}

#[test]
fn a_scope_lends_and_waits() {
    let seen = outcomes(|| {
        let mut numbers = [0, 0];
        let order = AtomicU32::new(0);
        thread::scope(|scope| {
            for number in &mut numbers {
                scope.spawn(|| *number = 1 + order.fetch_add(1, Relaxed));
            }
        });
        numbers
    });
    assert_eq!(seen, BTreeSet::from([[1, 2], [2, 1]]));
}

#[test]
fn a_scope_gives_results_and_panics() {
    let seen = outcomes(|| {
        let value = Mutex::new(7);
        let (sum, caught) = thread::scope(|scope| {
            let good = scope.spawn(|| *value.lock().unwrap() + 1);
            let bad = scope.spawn(|| panic!("in a scope"));
            (good.join().unwrap(), bad.join().unwrap_err())
        });
        assert_eq!(caught.downcast_ref(), Some(&"in a scope"));
        sum
    });
    assert_eq!(seen, BTreeSet::from([8]));
}

#[test]
fn a_panic_is_handed_to_who_joins() {
    let seen = outcomes(|| {
        let other = thread::spawn(|| panic!("number {}", thread::current().name().is_none()));
        let payload = other.join().unwrap_err();
        payload.downcast_ref::<String>().cloned()
    });
    assert_eq!(seen, BTreeSet::from([Some("number true".to_owned())]));
}

#[test]
fn threads_have_names_and_ids() {
    let seen = outcomes(|| {
        let named = Builder::new().name("noodle".into()).stack_size(1 << 20);
        let named =
            named.spawn(|| (thread::current().name().map(String::from), thread::current().id()));
        let named = named.unwrap();
        let (id, plain) = (named.thread().id(), thread::spawn(|| thread::current().id()));
        assert_eq!(named.thread().name(), Some("noodle"));
        let (name, own) = named.join().unwrap();
        assert!(own == id && id != plain.join().unwrap() && id != thread::current().id());
        name
    });
    assert_eq!(seen, BTreeSet::from([Some("noodle".to_owned())]));
}

#[test]
fn threads_start_threads() {
    let sums = outcomes(|| {
        let x = Arc::new(AtomicU32::new(0));
        let theirs = Arc::clone(&x);
        let child = thread::spawn(move || {
            let x = Arc::clone(&theirs);
            let grandchild = thread::spawn(move || x.fetch_add(1, Relaxed));
            (theirs.fetch_add(1, Relaxed), grandchild.join().unwrap())
        });
        (x.fetch_add(1, Relaxed), child.join().unwrap())
    });
    assert_eq!(sums.len(), 6);
}

/// Of those who wait for nobody the order is no difference.
#[test]
fn there_may_be_many() {
    let sums = outcomes(|| {
        let threads: Vec<_> = (0..63_u32)
            .map(|own| {
                thread::spawn(move || {
                    let lock = Mutex::new(own);
                    *lock.lock().unwrap() += 1;
                    lock.into_inner().unwrap()
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum::<u32>()
    });
    assert_eq!(sums, BTreeSet::from([64 * 63 / 2]));
}

#[test]
fn main_may_end_before_its_threads_do() {
    let ends = Arc::new(std::sync::Mutex::new(BTreeSet::new()));
    let all = Arc::clone(&ends);
    let exploration = lockwise::explore::Explorer::exhaustive().run(move || {
        let all = Arc::clone(&all);
        let lock = Arc::new(Mutex::new(0));
        let theirs = Arc::clone(&lock);
        thread::spawn(move || {
            let mut value = theirs.lock().unwrap();
            *value += 1;
            all.lock().unwrap().insert(*value);
        });
        *lock.lock().unwrap() += 1;
    });
    super::assert_clean(&exploration);
    assert_eq!(*ends.lock().unwrap(), BTreeSet::from([1, 2]));
}

#[test]
fn the_closure_may_return_a_result() {
    let explorer = lockwise::explore::Explorer::exhaustive();
    let divide = |by: u32| move || 6_u32.checked_div(by).map(drop).ok_or("by nothing");
    super::assert_clean(&explorer.run(divide(3)));
    assert_eq!(explorer.run(divide(0)).findings()[0].rule(), "panic");
}

#[test]
fn deep_stacks_can_be_asked_for() {
    fn depth(left: u32) -> u32 {
        let room = std::hint::black_box([0_u8; 512]);
        if left == 0 { u32::from(room[0]) } else { 1 + depth(left - 1) }
    }
    let depths = outcomes(|| {
        let deep = Builder::new().stack_size(4 << 20).spawn(|| depth(2_000)).unwrap();
        deep.join().unwrap()
    });
    assert_eq!(depths, BTreeSet::from([2_000]));
}

#[test]
fn sleep_and_spin_are_no_choices() {
    let explorer = lockwise::explore::Explorer::exhaustive();
    let exploration = explorer.run(|| {
        let other = thread::spawn(|| thread::sleep(Duration::from_secs(9)));
        thread::yield_now();
        lockwise::hint::spin_loop();
        thread::sleep(Duration::from_millis(1));
        other.join().unwrap();
    });
    super::assert_clean(&exploration);
    assert_eq!(exploration.executions(), 1);
}

/// What destructors see while a thread is unwound because its execution is over.
#[test]
fn what_is_given_up_is_taken_apart_as_it_was() {
    /// What a swap, a load and a compare-exchange return.
    type Look = (u32, u32, Result<u32, u32>);
    struct Looks(Arc<AtomicU32>);
    impl Drop for Looks {
        fn drop(&mut self) {
            let (before, after) = (self.0.swap(5, SeqCst), self.0.load(SeqCst));
            let exchanged = self.0.compare_exchange(5, 6, SeqCst, SeqCst);
            SEEN.lock().unwrap().push((before, after, exchanged));
        }
    }
    static SEEN: std::sync::Mutex<Vec<Look>> = std::sync::Mutex::new(Vec::new());
    let exploration = lockwise::explore::Explorer::exhaustive().run(|| {
        let value = Arc::new(AtomicU32::new(1));
        let _looks = Looks(Arc::clone(&value));
        value.store(4, Relaxed);
        thread::park();
    });
    assert_eq!((exploration.executions(), exploration.blocked()), (0, 1));
    let seen = SEEN.lock().unwrap();
    assert!(!seen.is_empty());
    assert!(seen.iter().all(|seen| *seen == (4, 5, Ok(5))), "{seen:?}");
}
