//! `thread_local!`.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeSet,
};

use lockwise::{
    sync::{
        Mutex,
        atomic::{AtomicU32, Ordering::SeqCst},
    },
    thread,
};

use super::outcomes;

#[test]
fn each_thread_has_a_fresh_value_in_each_execution() {
    lockwise::thread_local! {
        static VALUE: Cell<u32> = const { Cell::new(5) };
        static LAZY: RefCell<Vec<u32>> = RefCell::new(vec![VALUE.get()]);
    }
    static ORDER: AtomicU32 = AtomicU32::new(0);
    let seen = outcomes(|| {
        let add = || {
            assert_eq!(VALUE.get(), 5);
            let order = ORDER.fetch_add(1, SeqCst);
            VALUE.set(VALUE.get() + order);
            LAZY.with_borrow_mut(|list| list.push(order));
            (VALUE.get(), LAZY.take())
        };
        let other = thread::spawn(add);
        (add(), other.join().unwrap())
    });
    let (first, second) = ((5, vec![5, 0]), (6, vec![6, 1]));
    assert_eq!(seen, BTreeSet::from([(first.clone(), second.clone()), (second, first)]));
}

/// The destructors of a thread's values are the last that it does, and are part of the execution.
#[test]
fn values_are_dropped_at_the_end_of_their_thread() {
    struct Leaves(u32);
    impl Drop for Leaves {
        fn drop(&mut self) {
            LEFT.lock().unwrap().push(self.0);
        }
    }
    static LEFT: Mutex<Vec<u32>> = Mutex::new(Vec::new());
    lockwise::thread_local! {
        static OWN: RefCell<Option<Leaves>> = const { RefCell::new(None) };
    }
    let orders = outcomes(|| {
        let threads = [1, 2].map(|own| thread::spawn(move || OWN.set(Some(Leaves(own)))));
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        LEFT.lock().unwrap().clone()
    });
    assert_eq!(orders, BTreeSet::from([vec![1, 2], vec![2, 1]]));
}

#[test]
fn an_execution_that_is_given_up_drops_them_too() {
    static DROPPED: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
    struct Counted;
    impl Drop for Counted {
        fn drop(&mut self) {
            DROPPED.fetch_add(1, SeqCst);
        }
    }
    lockwise::thread_local! {
        static OWN: Counted = const { Counted };
    }
    let exploration = lockwise::explore::Explorer::exhaustive().run(|| {
        OWN.with(|_| ());
        thread::park();
    });
    assert_eq!((exploration.executions(), exploration.blocked()), (0, 1));
    assert!(DROPPED.load(SeqCst) > 0);
}
