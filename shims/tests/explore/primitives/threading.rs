//! `lockwise::threading`.

use std::{collections::BTreeSet, time::Duration};

use lockwise::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering::SeqCst},
    },
    threading::{
        Barrier, BoundedSemaphore, Condition, Event, Local, Lock, OverRelease, RLock, Semaphore,
        Thread, Timer, active_count, current_thread, enumerate, main_thread,
    },
};

use super::outcomes;

const LIMIT: Duration = Duration::from_secs(1);

fn start(f: impl FnOnce() + Send + 'static) -> Thread {
    let thread = Thread::new(f);
    thread.start().unwrap();
    thread
}

#[test]
fn a_lock_is_held_by_one() {
    let orders = outcomes(|| {
        let shared = Arc::new((Lock::new(), AtomicU32::new(0), AtomicU32::new(0)));
        let enter = |shared: &(Lock, AtomicU32, AtomicU32)| {
            let _held = shared.0.hold();
            assert_eq!(shared.1.fetch_add(1, SeqCst), 0);
            shared.1.fetch_sub(1, SeqCst);
            shared.2.fetch_add(1, SeqCst)
        };
        let theirs = Arc::clone(&shared);
        let other = start(move || _ = enter(&theirs));
        let mine = enter(&shared);
        other.join().unwrap();
        mine
    });
    assert_eq!(orders, BTreeSet::from([0, 1]));
}

#[test]
fn a_lock_is_tried_for_a_time_or_not_at_all() {
    let ends = outcomes(|| {
        let lock = Arc::new(Lock::new());
        let theirs = Arc::clone(&lock);
        let other = start(move || drop(theirs.hold()));
        let now = lock.try_acquire();
        if now {
            lock.release().unwrap();
        }
        let soon = lock.acquire_timeout(LIMIT);
        if soon {
            assert!(lock.locked());
            lock.release().unwrap();
        }
        other.join().unwrap();
        (now, soon)
    });
    assert_eq!(ends.len(), 4);
}

/// Whoever takes it may have another give it back.
#[test]
fn a_lock_can_be_given_back_by_another() {
    let ends = outcomes(|| {
        let lock = Arc::new(Lock::new());
        lock.acquire();
        let theirs = Arc::clone(&lock);
        let other = start(move || theirs.release().unwrap());
        lock.acquire();
        other.join().unwrap();
        lock.locked()
    });
    assert_eq!(ends, BTreeSet::from([true]));
}

#[test]
fn a_reentrant_lock_is_held_until_it_was_given_back_as_often() {
    let most = outcomes(|| {
        let shared = Arc::new((RLock::new(), AtomicU32::new(0)));
        let enter = |shared: &(RLock, AtomicU32)| {
            let _outer = shared.0.hold();
            shared.1.fetch_add(1, SeqCst);
            drop(shared.0.hold());
            let inside = shared.1.load(SeqCst);
            shared.1.fetch_sub(1, SeqCst);
            inside
        };
        let theirs = Arc::clone(&shared);
        let other = start(move || assert_eq!(enter(&theirs), 1));
        let inside = enter(&shared);
        other.join().unwrap();
        inside
    });
    assert_eq!(most, BTreeSet::from([1]));
}

#[test]
fn a_condition_is_waited_for() {
    let early = outcomes(|| {
        let shared = Arc::new((Condition::new(), AtomicU32::new(0)));
        let theirs = Arc::clone(&shared);
        let other = start(move || {
            let _held = theirs.0.hold();
            theirs.1.store(1, SeqCst);
            theirs.0.notify_all().unwrap();
        });
        let early = {
            let _held = shared.0.hold();
            let early = shared.1.load(SeqCst);
            shared.0.wait_for(|| shared.1.load(SeqCst) == 1).unwrap();
            early
        };
        other.join().unwrap();
        early
    });
    assert_eq!(early, BTreeSet::from([0, 1]));
}

#[test]
fn a_condition_is_waited_for_with_a_limit() {
    let ends = outcomes(|| {
        let condition = Arc::new(Condition::with_lock(Arc::new(RLock::new())));
        let theirs = Arc::clone(&condition);
        let other = start(move || {
            let _held = theirs.hold();
            theirs.notify(1).unwrap();
        });
        let end = {
            let _held = condition.hold();
            condition.wait_timeout(LIMIT).unwrap()
        };
        other.join().unwrap();
        end
    });
    assert_eq!(ends, BTreeSet::from([false, true]));
}

#[test]
fn an_event_lets_all_go_on() {
    let early = outcomes(|| {
        let event = Arc::new(Event::new());
        let threads = [0, 1].map(|_| {
            let event = Arc::clone(&event);
            start(move || {
                event.wait();
                assert!(event.is_set());
            })
        });
        let theirs = Arc::clone(&event);
        let setter = start(move || theirs.set());
        let early = event.is_set();
        let in_time = event.wait_timeout(LIMIT);
        setter.join().unwrap();
        threads.iter().for_each(|thread| thread.join().unwrap());
        assert!(event.is_set());
        event.clear();
        (early, in_time)
    });
    assert_eq!(early, BTreeSet::from([(false, false), (false, true), (true, true)]));
}

#[test]
fn a_semaphore_lets_so_many_in() {
    for permits in [1, 2] {
        let most = outcomes(move || {
            let shared = Arc::new((Semaphore::new(permits), AtomicU32::new(0)));
            let most = Arc::new(AtomicU32::new(0));
            let threads = [0, 1, 2].map(|_| {
                let (shared, most) = (Arc::clone(&shared), Arc::clone(&most));
                start(move || {
                    let _permit = shared.0.hold();
                    most.fetch_max(shared.1.fetch_add(1, SeqCst) + 1, SeqCst);
                    shared.1.fetch_sub(1, SeqCst);
                })
            });
            threads.iter().for_each(|thread| thread.join().unwrap());
            most.load(SeqCst)
        });
        let expected = 1..=u32::try_from(permits).unwrap();
        assert_eq!(most, expected.collect());
    }
}

#[test]
fn a_semaphore_without_permits_waits_or_does_not() {
    let ends = outcomes(|| {
        let permits = Arc::new(BoundedSemaphore::new(1));
        permits.acquire();
        let theirs = Arc::clone(&permits);
        let other = start(move || theirs.release().unwrap());
        let now = permits.try_acquire();
        if now {
            permits.release().unwrap();
        }
        let soon = permits.acquire_timeout(LIMIT);
        other.join().unwrap();
        if soon {
            permits.release().unwrap();
        }
        assert!(permits.try_acquire() && !permits.try_acquire());
        (now, soon)
    });
    // A permit that is there is not waited for.
    assert_eq!(ends, BTreeSet::from([(false, false), (false, true), (true, true)]));
    // More than there were is an error, and a finding.
    let exploration = lockwise::explore::Explorer::exhaustive().run(|| {
        assert_eq!(BoundedSemaphore::new(1).release(), Err(OverRelease));
    });
    assert_eq!(exploration.findings()[0].rule(), "semaphore-over-release");
}

#[test]
fn each_party_of_a_barrier_has_each_index_in_some_execution() {
    let indices = outcomes(|| {
        let barrier = Arc::new(Barrier::new(3));
        let threads = [1, 2].map(|_| {
            let barrier = Arc::clone(&barrier);
            start(move || assert!(barrier.wait().unwrap() < 3))
        });
        let index = barrier.wait().unwrap();
        threads.iter().for_each(|thread| thread.join().unwrap());
        index
    });
    assert_eq!(indices, BTreeSet::from([0, 1, 2]));
}

#[test]
fn a_barrier_breaks_when_somebody_has_waited_too_long() {
    let ends = outcomes(|| {
        let barrier = Arc::new(Barrier::new(2));
        let theirs = Arc::clone(&barrier);
        let end = Arc::new(AtomicU32::new(0));
        let seen = Arc::clone(&end);
        let other = start(move || seen.store(1 + u32::from(theirs.wait().is_ok()), SeqCst));
        let mine = barrier.wait_timeout(LIMIT).is_ok();
        other.join().unwrap();
        let theirs = end.load(SeqCst) == 2;
        assert_eq!(mine, theirs);
        assert_eq!(barrier.broken(), !mine);
        mine
    });
    assert_eq!(ends, BTreeSet::from([false, true]));
}

#[test]
fn a_timer_fires_or_is_cancelled() {
    let fired = outcomes(|| {
        let fired = Arc::new(AtomicU32::new(0));
        let theirs = Arc::clone(&fired);
        let timer = Timer::new(LIMIT, move || theirs.store(1, SeqCst));
        timer.start().unwrap();
        timer.cancel();
        timer.join().unwrap();
        fired.load(SeqCst)
    });
    assert_eq!(fired, BTreeSet::from([0, 1]));
}

#[test]
fn a_timer_that_nobody_cancels_fires() {
    let fired = outcomes(|| {
        let fired = Arc::new(AtomicU32::new(0));
        let theirs = Arc::clone(&fired);
        let timer = Timer::new(LIMIT, move || theirs.store(1, SeqCst));
        timer.start().unwrap();
        timer.join().unwrap();
        fired.load(SeqCst)
    });
    assert_eq!(fired, BTreeSet::from([1]));
}

#[test]
fn a_thread_is_alive_until_it_has_ended() {
    let seen = outcomes(|| {
        let thread = Thread::new(|| ()).named("noodle");
        assert!(!thread.is_alive());
        thread.start().unwrap();
        let alive = thread.is_alive();
        let ended = thread.join_timeout(LIMIT).unwrap();
        assert!(alive || ended);
        thread.join().unwrap();
        assert!(!thread.is_alive());
        (alive, ended)
    });
    assert_eq!(seen, BTreeSet::from([(false, true), (true, false), (true, true)]));
}

#[test]
fn threads_know_each_other() {
    let seen = outcomes(|| {
        let main = current_thread();
        assert!(main == main_thread() && active_count() == 1);
        let theirs = main.clone();
        let other = Thread::new(move || {
            assert!(current_thread() != theirs && main_thread() == theirs);
            assert!(enumerate().contains(&current_thread()));
        });
        other.start().unwrap();
        let count = active_count();
        other.join().unwrap();
        assert_eq!(active_count(), 1);
        count
    });
    assert!(seen.contains(&2) && seen.is_subset(&BTreeSet::from([1, 2])));
}

#[test]
fn a_local_is_each_thread_s_own() {
    let seen = outcomes(|| {
        let local = Arc::new(Local::new());
        local.set(1);
        let theirs = Arc::clone(&local);
        let other = start(move || {
            assert_eq!(theirs.get(), None);
            theirs.set(2);
            assert_eq!(theirs.get(), Some(2));
        });
        let mine = local.get();
        other.join().unwrap();
        assert_eq!(local.get(), mine);
        mine
    });
    assert_eq!(seen, BTreeSet::from([Some(1)]));
}
