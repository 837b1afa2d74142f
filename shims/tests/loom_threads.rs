//! Threads, channels and what loom cannot do.
#![cfg(feature = "loom")]

use std::{cell::RefCell, time::Duration};

use lockwise::{
    loom::{self, Builder, LoomError},
    record::Rule,
    sync::{Arc, Barrier, Condvar, Mutex, Once, atomic::AtomicU32, mpsc},
    thread,
};

mod loom_common;
use loom_common::{clean, found};

#[test]
fn messages_arrive_in_order_in_every_execution() {
    clean("channel", || {
        let (sender, receiver) = mpsc::channel();
        let other = thread::spawn(move || {
            sender.send(1).unwrap();
            sender.send(2).unwrap();
        });
        assert_eq!(receiver.iter().collect::<Vec<_>>(), [1, 2]);
        other.join().unwrap();
    });
}

#[test]
fn receiving_from_each_other_first_is_a_deadlock() {
    let outcome = loom::explore(|| {
        let (to_other, from_main) = mpsc::channel();
        let (to_main, from_other) = mpsc::channel();
        let other = thread::spawn(move || {
            let x: u32 = from_main.recv().unwrap();
            to_main.send(x).unwrap();
        });
        let x: u32 = from_other.recv().unwrap();
        to_other.send(x).unwrap();
        other.join().unwrap();
    });
    println!("receive first: {} in execution {}", outcome.findings[0].rule(), outcome.executions);
    assert!(matches!(outcome.findings[0].kind(), Rule::Deadlock | Rule::Hang));
}

#[test]
fn an_initialiser_runs_once() {
    clean("once", || {
        let shared = Arc::new((Once::new(), AtomicU32::new(0)));
        let theirs = Arc::clone(&shared);
        let run = |shared: &(Once, AtomicU32)| {
            shared.0.call_once(|| {
                shared.1.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            });
            assert_eq!(shared.1.load(std::sync::atomic::Ordering::Relaxed), 1);
        };
        let other = thread::spawn(move || run(&theirs));
        run(&shared);
        other.join().unwrap();
    });
}

#[test]
fn a_barrier_works() {
    clean("barrier", || {
        let barrier = Arc::new(Barrier::new(2));
        let theirs = Arc::clone(&barrier);
        let other = thread::spawn(move || theirs.wait().is_leader());
        let leads = barrier.wait().is_leader();
        assert!(leads != other.join().unwrap());
    });
}

#[test]
fn an_unpark_is_not_lost() {
    clean("park", || {
        let main = thread::current();
        let other = thread::spawn(move || main.unpark());
        thread::park();
        other.join().unwrap();
    });
    clean("unpark before", || {
        thread::current().unpark();
        thread::park();
    });
}

#[test]
fn a_park_that_nobody_ends_is_a_hang() {
    let finding = found("park for ever", Rule::Hang, || {
        thread::spawn(|| ()).join().unwrap();
        thread::park();
    });
    assert_eq!(finding.threads()[0].steps.last().unwrap().site.file, file!());
}

#[test]
fn a_thread_may_or_may_not_have_finished() {
    let seen = Arc::new(std::sync::Mutex::new([false; 2]));
    let outcomes = Arc::clone(&seen);
    clean("is_finished", move || {
        let other = thread::spawn(|| ());
        outcomes.lock().unwrap()[usize::from(other.is_finished())] = true;
        other.join().unwrap();
    });
    assert_eq!(*seen.lock().unwrap(), [true, true]);
}

#[test]
fn scoped_threads_borrow() {
    clean("scope", || {
        let total = Mutex::new(0);
        thread::scope(|scope| {
            for i in 1..3 {
                let total = &total;
                scope.spawn(move || *total.lock().unwrap() += i);
            }
        });
        assert_eq!(total.into_inner().unwrap(), 3);
    });
}

#[test]
fn each_thread_has_locals_of_its_own_in_each_execution() {
    struct Tally(Arc<std::sync::Mutex<u32>>);
    impl Drop for Tally {
        fn drop(&mut self) {
            *self.0.lock().unwrap() += 1;
        }
    }
    lockwise::thread_local! {
        static SEEN: RefCell<Vec<u32>> = const { RefCell::new(Vec::new()) };
        static TALLY: RefCell<Option<Tally>> = RefCell::new(None);
    }
    clean("locals", || {
        let dropped = Arc::new(std::sync::Mutex::new(0));
        let theirs = Arc::clone(&dropped);
        let other = thread::spawn(move || {
            TALLY.set(Some(Tally(theirs)));
            SEEN.with_borrow_mut(|seen| seen.push(1));
            SEEN.with_borrow(Vec::len)
        });
        SEEN.with_borrow_mut(|seen| seen.push(2));
        assert_eq!(SEEN.with_borrow(Vec::len), 1);
        assert_eq!(other.join().unwrap(), 1);
        assert_eq!(*dropped.lock().unwrap(), 1);
    });
}

#[test]
fn a_panic_of_a_joined_thread_names_its_own_place() {
    let finding = found("panic", Rule::Panic, || {
        let other = thread::Builder::new().name("worker".to_owned());
        other.spawn(|| panic!("out of noodles")).unwrap().join().unwrap();
    });
    assert!(finding.message().contains("out of noodles"), "{finding}");
    assert_eq!(finding.threads()[0].name, "worker");
}

#[test]
fn time_passes_by_sleeping() {
    clean("sleep", || {
        let other = thread::spawn(|| thread::sleep(Duration::from_secs(3600)));
        thread::sleep(Duration::from_secs(1));
        other.join().unwrap();
    });
}

#[test]
fn a_loop_that_spins_without_end_is_a_livelock() {
    found("spin", Rule::Livelock, || {
        let flag = AtomicU32::new(0);
        while flag.load(std::sync::atomic::Ordering::Relaxed) == 0 {
            std::hint::spin_loop();
        }
    });
}

#[test]
fn a_time_limit_is_an_error_with_a_name() {
    let error = Builder::new().explore(|| {
        let pair = (Mutex::new(()), Condvar::new());
        let guard = pair.0.lock().unwrap();
        drop(pair.1.wait_timeout(guard, Duration::from_millis(1)));
    });
    let error = error.unwrap_err();
    let LoomError::Timeout { site, .. } = &error else { panic!("{error:?}") };
    assert_eq!(site.file, file!());
    assert!(error.to_string().contains("use lockwise::explore"), "{error}");
}

#[test]
fn a_sixth_thread_is_an_error_with_a_name() {
    let error = Builder::new().explore(|| {
        (0..5).for_each(|_| drop(thread::spawn(|| ())));
    });
    let error = error.unwrap_err();
    assert!(matches!(error, LoomError::TooManyThreads { limit: 5, .. }), "{error:?}");
}

#[test]
fn a_lock_held_outside_is_an_error_with_a_name() {
    static HELD: Mutex<u32> = Mutex::new(0);
    let held = HELD.lock().unwrap();
    let error = Builder::new().explore(|| drop(HELD.lock())).unwrap_err();
    assert!(error.to_string().contains("`Mutex<u32>` is held outside"), "{error}");
    drop(held);
}

#[test]
fn a_model_in_a_model_is_an_error_with_a_name() {
    clean("nested", || {
        let error = Builder::new().explore(|| ()).unwrap_err();
        assert!(matches!(error, LoomError::Nested { .. }), "{error:?}");
    });
}

#[test]
#[should_panic(expected = "lockwise::loom: timeouts cannot be modelled")]
fn model_panics_with_the_name_of_what_loom_cannot_do() {
    loom::model(|| thread::park_timeout(Duration::from_millis(1)));
}

#[test]
#[should_panic(expected = "self-deadlock")]
fn model_panics_with_the_rule_of_what_it_finds() {
    loom::model(|| {
        let mutex = Mutex::new(());
        let _held = mutex.lock();
        drop(mutex.lock());
    });
}

#[test]
fn busy_waits_for_turns_need_a_bound() {
    use lockwise::{cell::Shared, threading::Lock};
    let turn = |room: &(Lock, Shared<usize>)| {
        let _held = room.0.hold();
        room.1.get()
    };
    let model = move || {
        let room = Arc::new((Lock::new(), Shared::new(0)));
        let bots = [0, 1].map(|me| {
            let room = Arc::clone(&room);
            thread::spawn(move || {
                while turn(&room) != me {
                    thread::yield_now();
                }
                let _held = room.0.hold();
                room.1.set(1 - me);
            })
        });
        bots.into_iter().for_each(|bot| bot.join().unwrap());
    };
    // Where loom is built without checks for overflow it ends as a livelock.
    match Builder::new().explore(model) {
        Err(error) => assert_eq!(error, LoomError::TooManyPreemptions),
        Ok(outcome) => assert_eq!(outcome.findings[0].kind(), Rule::Livelock),
    }
    let bounded = Builder::new().preemption_bound(2).explore(model).unwrap();
    assert!(bounded.findings.is_empty() && bounded.executions > 1, "{bounded:?}");
}

#[test]
fn names_and_lists_of_threads_add_no_executions() {
    use lockwise::threading::{Thread, current_thread, main_thread};
    let model = |talks: bool| {
        let outcome = loom::explore(move || {
            let total = Arc::new(Mutex::new(0));
            let threads = [1, 2].map(|i| {
                let total = Arc::clone(&total);
                Thread::new(move || {
                    if talks {
                        assert!(current_thread().name().starts_with("Thread-"));
                        current_thread().set_name(format!("worker {i}"));
                        assert_eq!(main_thread().name(), "MainThread");
                    }
                    *total.lock().unwrap() += i;
                })
            });
            threads.iter().for_each(|thread| thread.start().unwrap());
            threads.iter().for_each(|thread| thread.join().unwrap());
            assert_eq!(*total.lock().unwrap(), 3);
        });
        assert!(outcome.complete && outcome.findings.is_empty(), "{outcome:?}");
        outcome.executions
    };
    assert_eq!(model(true), model(false));
}

#[test]
fn each_execution_is_a_program_of_its_own() {
    use lockwise::threading::{Thread, active_count, enumerate, main_thread};
    clean("programs", || {
        let thread = Thread::new(|| ());
        assert_eq!(thread.name(), "Thread-1");
        assert_eq!(active_count(), 1);
        thread.start().unwrap();
        thread.join().unwrap();
        assert_eq!(enumerate(), [main_thread()]);
    });
}

#[test]
fn a_thread_that_is_listed_may_or_may_not_have_ended() {
    use lockwise::threading::{Thread, active_count};
    let seen = Arc::new(std::sync::Mutex::new(std::collections::BTreeSet::new()));
    let counts = Arc::clone(&seen);
    clean("enumerate", move || {
        let thread = Thread::new(|| ());
        thread.start().unwrap();
        counts.lock().unwrap().insert(active_count());
        thread.join().unwrap();
    });
    assert_eq!(*seen.lock().unwrap(), [1, 2].into());
}
