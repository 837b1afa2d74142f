//! `Condvar`.

use std::{collections::BTreeSet, time::Duration};

use lockwise::{
    explore::Explorer,
    sync::{Arc, Condvar, Mutex},
    thread,
};

use super::{assert_clean, outcomes, outcomes_of};

const LIMIT: Duration = Duration::from_secs(1);

type Pair<T> = Arc<(Mutex<T>, Condvar)>;

fn pair<T>(value: T) -> Pair<T> {
    Arc::new((Mutex::new(value), Condvar::new()))
}

#[test]
fn a_notification_wakes_any_one_of_the_waiters() {
    let first = outcomes(|| {
        // How many wait, how many may go, and who went.
        let shared = pair((0, 0, Vec::new()));
        let threads = ["a", "b", "c"].map(|own| {
            let shared = Arc::clone(&shared);
            thread::spawn(move || {
                let mut state = shared.0.lock().unwrap();
                state.0 += 1;
                shared.1.notify_all();
                state = shared.1.wait_while(state, |state| state.1 == 0).unwrap();
                state.1 -= 1;
                state.2.push(own);
            })
        });
        let mut state = shared.0.lock().unwrap();
        state = shared.1.wait_while(state, |state| state.0 < 3).unwrap();
        state.1 = 3;
        shared.1.notify_one();
        drop(state);
        while shared.0.lock().unwrap().2.is_empty() {
            thread::yield_now();
        }
        shared.1.notify_all();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        shared.0.lock().unwrap().2[0]
    });
    assert_eq!(first, BTreeSet::from(["a", "b", "c"]));
}

#[test]
fn all_are_woken_and_go_on_in_any_order() {
    let orders = outcomes(|| {
        let shared = pair((false, Vec::new()));
        let threads = [1, 2].map(|own| {
            let shared = Arc::clone(&shared);
            thread::spawn(move || {
                let state = shared.0.lock().unwrap();
                let mut state = shared.1.wait_while(state, |state| !state.0).unwrap();
                state.1.push(own);
            })
        });
        shared.0.lock().unwrap().0 = true;
        shared.1.notify_all();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        shared.0.lock().unwrap().1.clone()
    });
    assert_eq!(orders, BTreeSet::from([vec![1, 2], vec![2, 1]]));
}

#[test]
fn a_wait_with_a_limit_ends_both_ways() {
    let ends = outcomes(|| {
        let shared = pair(false);
        let theirs = Arc::clone(&shared);
        let other = thread::spawn(move || {
            *theirs.0.lock().unwrap() = true;
            theirs.1.notify_one();
        });
        let state = shared.0.lock().unwrap();
        let early = *state;
        let (state, result) = shared.1.wait_timeout_while(state, LIMIT, |go| !*go).unwrap();
        let end = (early, *state, result.timed_out());
        drop(state);
        other.join().unwrap();
        end
    });
    // That it is set when the time is over comes too: the wait is then said to have succeeded.
    let expected = [(true, true, false), (false, true, false), (false, false, true)];
    assert_eq!(ends, BTreeSet::from(expected));
}

#[test]
fn a_wait_with_a_limit_may_end_late() {
    let ends = outcomes(|| {
        let shared = pair(false);
        let theirs = Arc::clone(&shared);
        let other = thread::spawn(move || {
            *theirs.0.lock().unwrap() = true;
            theirs.1.notify_one();
        });
        let state = shared.0.lock().unwrap();
        let early = *state;
        let (state, result) = shared.1.wait_timeout(state, LIMIT).unwrap();
        let end = (early, *state, result.timed_out());
        drop(state);
        other.join().unwrap();
        end
    });
    let notified = [(true, true, false), (false, true, false)];
    let timed_out = [(false, false, true), (false, true, true), (true, true, true)];
    assert_eq!(ends, notified.into_iter().chain(timed_out).collect());
}

/// However short it is, others can have the mutex meanwhile.
#[test]
fn a_wait_without_time_gives_the_mutex_away() {
    let ends = outcomes(|| {
        let shared = pair(0);
        let theirs = Arc::clone(&shared);
        let other = thread::spawn(move || *theirs.0.lock().unwrap() = 1);
        let state = shared.0.lock().unwrap();
        let before = *state;
        let (state, result) = shared.1.wait_timeout(state, Duration::ZERO).unwrap();
        let end = (before, *state, result.timed_out());
        drop(state);
        other.join().unwrap();
        end
    });
    assert_eq!(ends, BTreeSet::from([(0, 0, true), (0, 1, true), (1, 1, true)]));
}

#[test]
fn a_notification_is_not_kept() {
    let explorer = Explorer::exhaustive();
    let (ends, exploration) = outcomes_of(&explorer, || {
        let shared = pair(());
        let theirs = Arc::clone(&shared);
        let other = thread::spawn(move || theirs.1.notify_one());
        drop(shared.1.wait(shared.0.lock().unwrap()));
        other.join().unwrap();
    });
    // It is heard or not.
    assert_eq!(ends.len(), 1);
    assert!(exploration.is_complete() && exploration.executions() > 0);
    assert!(exploration.blocked() > 0);
}

fn waits(again: bool) -> impl Fn() + Send + Sync + 'static {
    move || {
        let shared = pair(false);
        let theirs = Arc::clone(&shared);
        let other = thread::spawn(move || {
            *theirs.0.lock().unwrap() = true;
            theirs.1.notify_one();
        });
        let mut go = shared.0.lock().unwrap();
        if again {
            while !*go {
                go = shared.1.wait(go).unwrap();
            }
        } else if !*go {
            go = shared.1.wait(go).unwrap();
        }
        assert!(*go, "woken for nothing");
        drop(go);
        other.join().unwrap();
    }
}

#[test]
fn to_wake_up_for_no_reason_breaks_who_looks_once() {
    let explorer = Explorer::exhaustive();
    for again in [false, true] {
        assert_clean(&explorer.run(waits(again)));
    }
    let explorer = explorer.spurious_wakeups(true);
    assert_clean(&explorer.run(waits(true)));
    let exploration = explorer.run(waits(false));
    assert!(exploration.is_complete());
    assert_eq!(exploration.findings()[0].rule(), "panic");
    assert!(exploration.findings()[0].to_string().contains("woken for nothing"));
}

#[test]
fn who_panics_while_another_waits_poisons_what_it_gets_back() {
    let ends = outcomes(|| {
        let shared = pair(false);
        let theirs = Arc::clone(&shared);
        let other = thread::spawn(move || {
            let mut go = theirs.0.lock().unwrap();
            *go = true;
            theirs.1.notify_one();
            panic!("with the mutex held");
        });
        let end = match shared.0.lock() {
            Ok(go) if *go => unreachable!("the mutex is poisoned then"),
            Ok(go) => shared.1.wait(go).map(|go| *go).map_err(|poisoned| **poisoned.get_ref()),
            Err(poisoned) => Err(**poisoned.get_ref()),
        };
        assert!(other.join().is_err());
        end
    });
    assert_eq!(ends, BTreeSet::from([Err(true)]));
}
