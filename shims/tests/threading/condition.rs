//! `Condition`.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
        mpsc,
    },
    time::Duration,
};

use lockwise::threading::{Condition, Event, Lock, RLock, Thread};

use crate::{SHORT, elsewhere, rules, start};

/// Starts a thread that waits at `cond`, does `then`, and leaves; returns once it waits.
fn waiter(cond: &Arc<Condition>, then: impl FnOnce() + Send + 'static) -> Thread {
    let (c, ready) = (cond.clone(), Arc::new(Event::new()));
    let r = ready.clone();
    let thread = start(move || {
        let _held = c.hold();
        r.set();
        c.wait().unwrap();
        then();
    });
    ready.wait();
    // It holds the condition when it says so, and gives it up only to wait.
    drop(cond.hold());
    thread
}

#[test]
fn a_condition_wakes_its_waiters_in_the_order_in_which_they_came() {
    let cond = Arc::new(Condition::new());
    let (send, receive) = mpsc::channel();
    let threads: Vec<_> = (0..4)
        .map(|n| {
            let send = send.clone();
            waiter(&cond, move || send.send(n).unwrap())
        })
        .collect();
    let mut woken = Vec::new();
    for n in [1, 2, 1] {
        let held = cond.hold();
        cond.notify(n).unwrap();
        drop(held);
        let mut batch: Vec<_> = (0..n).map(|_| receive.recv().unwrap()).collect();
        // Those that are woken together race for the lock.
        batch.sort_unstable();
        woken.extend(batch);
        assert!(receive.recv_timeout(SHORT).is_err(), "nobody else was notified");
    }
    assert_eq!(woken, [0, 1, 2, 3]);
    threads.iter().for_each(|thread| thread.join().unwrap());
}

#[test]
fn notify_beyond_the_waiters_and_notify_all_wake_everybody() {
    let cond = Arc::new(Condition::with_lock(Arc::new(Lock::new())));
    for all in [false, true] {
        let threads: Vec<_> = (0..3).map(|_| waiter(&cond, || ())).collect();
        let held = cond.hold();
        if all { cond.notify_all() } else { cond.notify(100) }.unwrap();
        drop(held);
        threads.iter().for_each(|thread| thread.join().unwrap());
    }
}

#[test]
fn a_wait_gives_an_rlock_up_altogether_and_takes_it_back_as_deep() {
    let lock = Arc::new(RLock::new());
    let cond = Arc::new(Condition::with_lock(lock.clone()));
    cond.acquire();
    assert!(cond.try_acquire());
    assert!(cond.acquire_timeout(SHORT));
    let (l, c) = (lock.clone(), cond.clone());
    let notifier = start(move || {
        let _held = l.hold();
        c.notify_one().unwrap();
    });
    cond.wait().unwrap();
    notifier.join().unwrap();
    for _ in 0..3 {
        let other = lock.clone();
        assert!(!elsewhere(move || other.try_acquire()));
        cond.release().unwrap();
    }
    assert!(elsewhere(move || lock.try_acquire() && lock.release().is_ok()));
}

#[test]
fn two_conditions_of_one_lock_have_waiters_of_their_own() {
    let lock = Arc::new(RLock::new());
    let one = Arc::new(Condition::with_lock(lock.clone()));
    let two = Arc::new(Condition::with_lock(lock));
    let (first, second) = (waiter(&one, || ()), waiter(&two, || ()));
    let held = two.hold();
    two.notify_all().unwrap();
    drop(held);
    second.join().unwrap();
    assert!(first.is_alive());
    let held = one.hold();
    one.notify(1).unwrap();
    drop(held);
    first.join().unwrap();
}

#[test]
fn timed_waits_say_whether_they_were_notified() {
    let cond = Arc::new(Condition::new());
    let held = cond.hold();
    assert_eq!(cond.wait_timeout(Duration::ZERO), Ok(false));
    assert_eq!(cond.wait_timeout(SHORT), Ok(false));
    assert_eq!(cond.wait_for_timeout(|| false, SHORT), Ok(false));
    assert_eq!(cond.wait_for_timeout(|| true, Duration::ZERO), Ok(true));
    drop(held);
    // A waiter that gave up is not notified in place of one that waits.
    let thread = waiter(&cond, || ());
    let held = cond.hold();
    cond.notify(1).unwrap();
    drop(held);
    thread.join().unwrap();
}

#[test]
fn wait_for_asks_again_after_each_notification() {
    let (cond, turn) = (Arc::new(Condition::new()), Arc::new(AtomicUsize::new(0)));
    let (c, t) = (cond.clone(), turn.clone());
    let thread = start(move || {
        for _ in 0..3 {
            let _held = c.hold();
            t.fetch_add(1, SeqCst);
            c.notify_all().unwrap();
        }
    });
    let held = cond.hold();
    cond.wait_for(|| turn.load(SeqCst) == 3).unwrap();
    drop(held);
    thread.join().unwrap();
}

#[test]
fn a_condition_is_used_with_its_lock_held() {
    // RuntimeError: cannot wait on / notify on / release un-acquired lock
    let mut refused = Vec::new();
    let found = rules(|| {
        let cond = Condition::new();
        refused.push(cond.wait().is_err());
        refused.push(cond.wait_timeout(SHORT).is_err());
        refused.push(cond.wait_for(|| false).is_err());
        refused.push(cond.wait_for_timeout(|| false, SHORT).is_err());
        refused.push(cond.notify(1).is_err());
        refused.push(cond.notify_one().is_err());
        refused.push(cond.notify_all().is_err());
        refused.push(cond.release().is_err());
        // As in Python, a predicate that holds at once asks for no lock.
        assert_eq!(cond.wait_for(|| true), Ok(()));
    });
    assert_eq!(refused, [true; 8]);
    assert_eq!(found.len(), 8, "{found:?}");
}

#[test]
fn a_notification_that_came_too_early_is_a_lost_wakeup() {
    // The chat bots, started in the wrong order.
    let found = rules(|| {
        let cond = Arc::new(Condition::new());
        let c = cond.clone();
        let notifier = start(move || {
            let _held = c.hold();
            c.notify(1).unwrap();
        });
        notifier.join().unwrap();
        let _held = cond.hold();
        let _ = cond.wait();
    });
    assert_eq!(found, ["lost-wakeup"]);
}

#[test]
fn chat_bots_in_the_right_order_are_no_finding() {
    let found = rules(|| {
        let cond = Arc::new(Condition::new());
        let c = cond.clone();
        let bot = waiter(&cond, move || c.notify(1).unwrap());
        let held = cond.hold();
        cond.notify(1).unwrap();
        cond.wait().unwrap();
        drop(held);
        bot.join().unwrap();
    });
    assert!(found.is_empty(), "{found:?}");
}
