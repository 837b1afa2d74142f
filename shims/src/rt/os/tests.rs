//! The os world by itself: raw objects on real threads.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
    mpsc,
};

use lockwise_detector::op::{Mode, ObjectKind};

use crate::{
    rt::{
        Meta, RawCondvar, RawMutex, RawRwLock, Until, Wake,
        thread::{Spawn, Thread},
        world::{World, dispatch},
    },
    sync::atomic,
};

fn mutex() -> Arc<RawMutex> {
    Arc::new(RawMutex::new(Meta::of::<()>(ObjectKind::Mutex)))
}

fn spawn(body: impl FnOnce() + Send + 'static) -> Thread {
    let spawn = Spawn { name: None, stack_size: None, body: Box::new(body) };
    dispatch!(world => world.spawn(spawn)).unwrap()
}

fn join(thread: &Thread) {
    assert!(dispatch!(world => world.join(thread, Until::Forever, false)));
}

fn with(mutex: &RawMutex, f: impl FnOnce()) {
    assert!(mutex.lock(Until::Forever));
    f();
    // SAFETY: locked above.
    unsafe { mutex.unlock(true) };
}

fn rules(f: impl FnOnce()) -> Vec<&'static str> {
    super::record(f).iter().map(lockwise_detector::Finding::rule).collect()
}

#[test]
fn a_contended_mutex_excludes_and_wakes_everybody() {
    let lock = mutex();
    let count = Arc::new(AtomicUsize::new(0));
    let threads: Vec<_> = (0..8)
        .map(|_| {
            let (lock, count) = (Arc::clone(&lock), Arc::clone(&count));
            spawn(move || {
                for _ in 0..2_000 {
                    with(&lock, || {
                        let seen = count.load(Ordering::Relaxed);
                        std::thread::yield_now();
                        count.store(seen + 1, Ordering::Relaxed);
                    });
                }
            })
        })
        .collect();
    threads.iter().for_each(join);
    assert_eq!(count.load(Ordering::Relaxed), 16_000);
}

#[test]
fn readers_share_and_writers_exclude() {
    let lock = Arc::new(RawRwLock::new(Meta::of::<()>(ObjectKind::RwLock)));
    let value = Arc::new([AtomicUsize::new(0), AtomicUsize::new(0)]);
    let threads: Vec<_> = (0..6)
        .map(|n| {
            let (lock, value) = (Arc::clone(&lock), Arc::clone(&value));
            spawn(move || {
                for _ in 0..2_000 {
                    let mode = if n < 2 { Mode::Exclusive } else { Mode::Shared };
                    assert!(lock.lock(mode, Until::Forever));
                    if mode == Mode::Exclusive {
                        value[0].fetch_add(1, Ordering::Relaxed);
                        std::thread::yield_now();
                        value[1].fetch_add(1, Ordering::Relaxed);
                    } else {
                        let pair = value.each_ref().map(|v| v.load(Ordering::Relaxed));
                        assert_eq!(pair[0], pair[1]);
                    }
                    // SAFETY: locked above.
                    unsafe { lock.unlock(mode) };
                }
            })
        })
        .collect();
    threads.iter().for_each(join);
    assert_eq!(value[0].load(Ordering::Relaxed), 4_000);
}

#[test]
fn a_notification_is_never_lost_between_release_and_wait() {
    let (lock, condvar) = (mutex(), Arc::new(RawCondvar::new(Meta::of::<()>(ObjectKind::Condvar))));
    let turn = Arc::new(AtomicUsize::new(0));
    let player = |me: usize| {
        let (lock, condvar, turn) = (Arc::clone(&lock), Arc::clone(&condvar), Arc::clone(&turn));
        move || {
            for _ in 0..1_000 {
                assert!(lock.lock(Until::Forever));
                while turn.load(Ordering::Relaxed) != me {
                    // SAFETY: locked above.
                    unsafe { condvar.wait_seen(&lock, Until::Forever, true) };
                }
                turn.store(1 - me, Ordering::Relaxed);
                condvar.notify(false);
                // SAFETY: locked above.
                unsafe { lock.unlock(true) };
            }
        }
    };
    let threads = [spawn(player(0)), spawn(player(1))];
    threads.iter().for_each(join);
    assert_eq!(turn.load(Ordering::Relaxed), 0);
}

#[test]
fn a_deadline_ends_a_wait() {
    let lock = mutex();
    let soon = || Until::after(std::time::Duration::from_millis(5));
    assert!(lock.lock(Until::Forever));
    let other = Arc::clone(&lock);
    join(&spawn(move || {
        assert!(!other.lock(Until::Now));
        assert!(!other.lock(soon()));
    }));
    assert_eq!(dispatch!(world => world.park(soon())), Wake::TimedOut);
    // SAFETY: locked above.
    unsafe { lock.unlock(true) };
}

#[test]
fn opposite_orders_one_after_the_other_are_predicted() {
    let found = rules(|| {
        let (a, b) = (mutex(), mutex());
        let (a2, b2) = (Arc::clone(&a), Arc::clone(&b));
        let (done, wait) = mpsc::channel();
        let first = spawn(move || {
            with(&a2, || with(&b2, || ()));
            done.send(()).unwrap();
        });
        wait.recv().unwrap();
        let second = spawn(move || with(&b, || with(&a, || ())));
        join(&first);
        join(&second);
    });
    assert_eq!(found, ["lock-order-cycle"]);
}

#[test]
fn a_lock_that_was_tried_first_is_told_when_it_is_waited_for() {
    let after_a_try = |waits: bool| {
        rules(move || {
            let (a, b) = (mutex(), mutex());
            let (a2, b2) = (Arc::clone(&a), Arc::clone(&b));
            let (done, wait) = mpsc::channel();
            let first = spawn(move || {
                with(&a2, || {
                    assert!(b2.lock(Until::Now));
                    // SAFETY: locked above.
                    unsafe { b2.unlock(true) };
                });
                if waits {
                    with(&a2, || with(&b2, || ()));
                }
                done.send(()).unwrap();
            });
            wait.recv().unwrap();
            let second = spawn(move || with(&b, || with(&a, || ())));
            join(&first);
            join(&second);
        })
    };
    assert_eq!(after_a_try(true), ["lock-order-cycle"]);
    assert_eq!(after_a_try(false), [""; 0]);
}

#[test]
fn opposite_orders_at_once_are_a_deadlock_that_ends() {
    let found = rules(|| {
        let (a, b) = (mutex(), mutex());
        let meet = Arc::new(std::sync::Barrier::new(2));
        let cross = |first: &Arc<RawMutex>, second: &Arc<RawMutex>| {
            let (first, second, meet) = (Arc::clone(first), Arc::clone(second), Arc::clone(&meet));
            move || {
                assert!(first.lock(Until::Forever));
                let _release = Release(&first);
                meet.wait();
                with(&second, || ());
            }
        };
        let threads = [spawn(cross(&a, &b)), spawn(cross(&b, &a))];
        threads.iter().for_each(join);
    });
    assert!(found.contains(&"deadlock"), "{found:?}");
}

/// Releases also when its thread unwinds.
struct Release<'a>(&'a RawMutex);

impl Drop for Release<'_> {
    fn drop(&mut self) {
        // SAFETY: made by a thread that has locked it.
        unsafe { self.0.unlock(true) };
    }
}

#[test]
fn a_lock_that_its_owner_wants_again_is_a_self_deadlock() {
    let found = rules(|| {
        let lock = mutex();
        assert!(lock.lock(Until::Forever));
        let _release = Release(&lock);
        lock.lock(Until::Forever);
    });
    assert_eq!(found, ["self-deadlock"]);
}

#[test]
fn a_park_without_unpark_is_a_hang_that_ends() {
    let found = rules(|| {
        let parked = spawn(|| {
            dispatch!(world => world.park(Until::Forever));
        });
        join(&parked);
    });
    assert_eq!(found, ["hang"]);
}

#[test]
fn locks_told_of_by_their_waiters_are_in_no_order() {
    let found = rules(|| {
        let (outer, inner) = (mutex(), mutex());
        let nest = {
            let (outer, inner) = (Arc::clone(&outer), Arc::clone(&inner));
            move |f: &dyn Fn()| with(&outer, || with(&inner, f))
        };
        join(&spawn({
            let nest = nest.clone();
            move || nest(&|| {})
        }));
        let (holding, told) = mpsc::channel();
        let (go, gone) = mpsc::channel::<()>();
        let owner = spawn(move || {
            nest(&|| {});
            // The detector knows this order of this thread, and is not told of it again...
            nest(&|| {
                holding.send(()).unwrap();
                let _ = gone.recv();
            });
        });
        told.recv().unwrap();
        // ... but by these, the inner lock first.
        let waiters = [inner, outer].map(|lock| {
            let waiter = spawn(move || with(&lock, || {}));
            std::thread::sleep(std::time::Duration::from_millis(50));
            waiter
        });
        drop(go);
        join(&owner);
        waiters.iter().for_each(join);
    });
    assert_eq!(found, Vec::<&str>::new());
}

/// What is found where one thread loads, another one updates, and the first stores what it made of
/// the old value; the first does `between` before it stores.
fn after_an_update_in_between(between: fn(&atomic::AtomicUsize)) -> Vec<&'static str> {
    rules(|| {
        let count = Arc::new(atomic::AtomicUsize::new(0));
        let flag = Arc::new(atomic::AtomicUsize::new(0));
        let (its_count, its_flag) = (Arc::clone(&count), Arc::clone(&flag));
        let (go, wait) = mpsc::channel();
        let other = spawn(move || {
            wait.recv().unwrap();
            its_count.store(its_count.load(Ordering::SeqCst) + 1, Ordering::SeqCst);
            its_flag.store(1, Ordering::SeqCst);
        });
        let seen = count.load(Ordering::SeqCst);
        go.send(()).unwrap();
        // The thread is gone by then, and this one has not been told.
        while !other.is_finished() {
            std::thread::yield_now();
        }
        between(&flag);
        count.store(seen + 1, Ordering::SeqCst);
        join(&other);
    })
}

#[test]
fn an_update_that_a_store_overwrites_is_lost() {
    assert_eq!(after_an_update_in_between(|_| ()), ["lost-update"]);
}

#[test]
fn a_store_after_news_of_the_update_loses_nothing() {
    let found = after_an_update_in_between(|flag| assert_eq!(flag.load(Ordering::SeqCst), 1));
    assert_eq!(found, [""; 0]);
}

#[test]
fn what_is_handed_over_through_an_atomic_is_no_race() {
    for (store, expected) in [(Ordering::Release, &[][..]), (Ordering::Relaxed, &["data-race"])] {
        let found = rules(|| {
            let meta = Arc::new(Meta::of::<()>(ObjectKind::Shared));
            let ready = Arc::new(atomic::AtomicBool::new(false));
            let (its_meta, its_ready) = (Arc::clone(&meta), Arc::clone(&ready));
            let other = spawn(move || {
                dispatch!(world => world.cell(&its_meta, true));
                its_ready.store(true, store);
            });
            while !ready.load(Ordering::Acquire) {
                std::hint::spin_loop();
            }
            dispatch!(world => world.cell(&meta, true));
            join(&other);
        });
        assert_eq!(found, expected, "{store:?}");
    }
}
