//! Programs run again and again, with their timing shaken: those that are right are never blamed,
//! and those that are wrong are blamed in every run.
#![cfg(feature = "observe")]

use std::{
    collections::hash_map::RandomState,
    hash::BuildHasher,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::Duration,
};

use lockwise::{
    cell::Shared,
    record::{Recording, Severity, record},
    sync::{
        Arc, Barrier, Condvar, Mutex, Once, OnceLock, RwLock,
        atomic::{AtomicBool, AtomicUsize, Ordering},
        mpsc,
    },
    thread,
};

const ROUNDS: usize = 200;

/// Lets chance pass: nothing, a yield, or up to a tenth of a millisecond.
fn shake() {
    static STATE: AtomicU64 = AtomicU64::new(0);
    let chance = RandomState::new().hash_one(STATE.fetch_add(1, Relaxed));
    match chance % 8 {
        0..4 => {}
        4..7 => std::thread::yield_now(),
        _ => std::thread::sleep(Duration::from_micros(chance >> 8 & 0x7f)),
    }
}

/// Runs `threads` threads of `body`, which is given its number, and joins them.
fn crowd(threads: usize, body: impl Fn(usize) + Send + Sync + 'static) {
    let body = Arc::new(body);
    let spawn = |n| {
        let body = Arc::clone(&body);
        thread::spawn(move || {
            shake();
            body(n);
        })
    };
    let handles: Vec<_> = (0..threads).map(spawn).collect();
    handles.into_iter().for_each(|handle| handle.join().unwrap());
}

fn faults(recording: &Recording) -> Vec<String> {
    let findings = recording.findings().iter();
    let faults = findings.filter(|finding| finding.severity() > Severity::Note);
    faults.map(ToString::to_string).collect()
}

#[track_caller]
fn is_right(program: impl Fn()) {
    for round in 0..ROUNDS {
        let found = faults(&record(&program));
        assert!(found.is_empty(), "round {round}:\n{}", found.join("\n"));
    }
}

#[track_caller]
fn is_wrong(rules: &[&str], program: impl Fn()) {
    for round in 0..ROUNDS {
        let recording = record(&program);
        let found = recording.findings().iter().any(|finding| rules.contains(&finding.rule()));
        assert!(found, "round {round}: {:?}", faults(&recording));
    }
}

#[test]
fn a_bounded_queue_with_two_condvars() {
    is_right(|| {
        struct Bounded(Mutex<Vec<usize>>, Condvar, Condvar);
        let queue = Arc::new(Bounded(Mutex::new(Vec::new()), Condvar::new(), Condvar::new()));
        crowd(4, move |n| {
            for item in 0..8 {
                shake();
                let full = queue.0.lock().unwrap();
                if n < 2 {
                    let mut items = queue.2.wait_while(full, |items| items.len() == 2).unwrap();
                    items.push(item);
                    queue.1.notify_one();
                } else {
                    let mut items = queue.1.wait_while(full, |items| items.is_empty()).unwrap();
                    items.pop();
                    queue.2.notify_one();
                }
            }
        });
    });
}

#[test]
fn many_readers_and_some_writers() {
    is_right(|| {
        let table = Arc::new(RwLock::new((0, 0)));
        crowd(4, move |n| {
            for _ in 0..10 {
                if n == 0 {
                    let mut table = table.write().unwrap();
                    table.0 += 1;
                    shake();
                    table.1 += 1;
                } else {
                    let table = table.read().unwrap();
                    shake();
                    assert_eq!(table.0, table.1);
                }
            }
        });
    });
}

#[test]
fn races_to_initialise() {
    is_right(|| {
        let all = Arc::new((Once::new(), OnceLock::new(), Shared::new(0)));
        crowd(4, move |_| {
            all.0.call_once(|| {
                shake();
                all.2.set(7);
            });
            assert_eq!(all.2.get(), 7);
            assert_eq!(*all.1.get_or_init(|| all.2.get()), 7);
        });
    });
}

#[test]
fn many_producers() {
    is_right(|| {
        let (sender, receiver) = mpsc::sync_channel(2);
        let receiver = Arc::new(Mutex::new(Some((sender, receiver))));
        let (first, receiver) = receiver.lock().unwrap().take().unwrap();
        let producers: Vec<_> = (0..3)
            .map(|n| {
                let sender = first.clone();
                thread::spawn(move || {
                    for item in 0..6 {
                        shake();
                        sender.send(Arc::new(Mutex::new(n * item))).unwrap();
                    }
                })
            })
            .collect();
        drop(first);
        // What is received is locked: handing it over orders the two.
        let sum: usize = receiver.iter().map(|item| *item.lock().unwrap()).sum();
        assert_eq!(sum, 45);
        producers.into_iter().for_each(|producer| producer.join().unwrap());
    });
}

#[test]
fn phases_between_barriers() {
    is_right(|| {
        let cells: Vec<_> = (0..3).map(|_| Shared::new(0)).collect();
        let all = Arc::new((Barrier::new(3), cells));
        crowd(3, move |n| {
            for phase in 0..6 {
                shake();
                let mine = &all.1[(n + phase) % 3];
                mine.set(mine.get() + 1);
                all.0.wait();
            }
        });
    });
}

#[test]
fn handshakes_by_park_and_unpark() {
    is_right(|| {
        let ball = Arc::new((AtomicUsize::new(0), Shared::new(0)));
        let main = thread::current();
        let theirs = Arc::clone(&ball);
        let other = thread::spawn(move || {
            for round in 0..6 {
                while theirs.0.load(Ordering::Acquire) != 2 * round + 1 {
                    thread::park();
                }
                theirs.1.set(theirs.1.get() + 1);
                theirs.0.store(2 * round + 2, Ordering::Release);
                main.unpark();
            }
        });
        for round in 0..6 {
            shake();
            ball.1.set(ball.1.get() + 1);
            ball.0.store(2 * round + 1, Ordering::Release);
            other.thread().unpark();
            while ball.0.load(Ordering::Acquire) != 2 * round + 2 {
                thread::park();
            }
        }
        other.join().unwrap();
        assert_eq!(ball.1.get(), 12);
    });
}

#[test]
fn scoped_threads_share_the_stack() {
    is_right(|| {
        let (sum, part) = (Mutex::new(0), Shared::new(1));
        thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    shake();
                    *sum.lock().unwrap() += part.get();
                });
            }
        });
        part.set(*sum.lock().unwrap());
        assert_eq!(part.get(), 3);
    });
}

#[test]
fn a_pool_that_shuts_down() {
    is_right(|| {
        let (jobs, queue) = mpsc::channel::<Box<dyn FnOnce() + Send>>();
        let queue = Arc::new(Mutex::new(queue));
        let done = Arc::new(AtomicUsize::new(0));
        let workers: Vec<_> = (0..3)
            .map(|_| {
                let queue = Arc::clone(&queue);
                thread::spawn(move || {
                    loop {
                        let job = queue.lock().unwrap().recv();
                        let Ok(job) = job else { break };
                        job();
                    }
                })
            })
            .collect();
        for _ in 0..9 {
            let done = Arc::clone(&done);
            shake();
            let job = move || {
                done.fetch_add(1, Ordering::Relaxed);
            };
            jobs.send(Box::new(job)).unwrap();
        }
        drop(jobs);
        workers.into_iter().for_each(|worker| worker.join().unwrap());
        assert_eq!(done.load(Ordering::Relaxed), 9);
    });
}

#[test]
fn locks_in_an_order_that_an_atomic_hands_over() {
    is_right(|| {
        let all = Arc::new((Mutex::new(()), Mutex::new(()), AtomicBool::new(false)));
        crowd(2, move |n| {
            if n == 0 {
                drop((all.0.lock().unwrap(), all.1.lock().unwrap()));
                all.2.store(true, Ordering::Release);
            } else {
                while !all.2.load(Ordering::Acquire) {
                    shake();
                }
                drop((all.1.lock().unwrap(), all.0.lock().unwrap()));
            }
        });
    });
}

#[test]
fn trying_and_backing_off() {
    is_right(|| {
        let all = Arc::new((Mutex::new(0), Mutex::new(0)));
        crowd(4, move |n| {
            let (first, second) = if n % 2 == 0 { (&all.0, &all.1) } else { (&all.1, &all.0) };
            for _ in 0..5 {
                loop {
                    let mut first = first.lock().unwrap();
                    shake();
                    if let Ok(mut second) = second.try_lock() {
                        *first += 1;
                        *second += 1;
                        break;
                    }
                    drop(first);
                    std::thread::yield_now();
                }
            }
        });
    });
}

#[test]
fn atomics_where_others_were_before() {
    is_right(|| {
        crowd(3, |n| {
            for round in 0..20 {
                // Each may stand where another thread's stood a moment ago, with the same value.
                let own = Box::new(AtomicUsize::new(5));
                let seen = own.load(Ordering::Relaxed);
                shake();
                own.store(seen + n + round, Ordering::Relaxed);
                let boxed = Arc::new(Mutex::new(n));
                *boxed.lock().unwrap() += own.load(Ordering::Relaxed);
            }
        });
    });
}

#[test]
fn locks_under_locks_in_one_order() {
    is_right(|| {
        let locks: Arc<Vec<_>> =
            Arc::new((0..4).map(|_| (Mutex::new(0), RwLock::new(0))).collect());
        crowd(4, move |n| {
            for round in 0..10 {
                let low = (n + round) % 3;
                let mut first = locks[low].0.lock().unwrap();
                let second = locks[low].1.read().unwrap();
                shake();
                let mut third = locks[low + 1].0.lock().unwrap();
                *first += 1;
                *third += *second;
                drop((first, second));
                *locks[low + 1].1.write().unwrap() += 1;
            }
        });
    });
}

#[test]
fn waits_that_end_by_time_or_by_notification() {
    is_right(|| {
        let all = Arc::new((Mutex::new(0), Condvar::new()));
        crowd(3, move |n| {
            for _ in 0..6 {
                let mut count = all.0.lock().unwrap();
                if n == 0 {
                    *count += 1;
                    all.1.notify_all();
                } else {
                    let time = Duration::from_micros(30 * n as u64);
                    drop(all.1.wait_timeout(count, time).unwrap());
                }
                shake();
            }
        });
    });
}

const DEADLOCKS: &[&str] = &["deadlock", "lock-order-cycle"];

#[test]
fn opposite_orders_are_always_found() {
    is_wrong(DEADLOCKS, || {
        let all = Arc::new((Mutex::new(()), Mutex::new(())));
        let other = Arc::clone(&all);
        let thread = thread::spawn(move || {
            shake();
            let _first = other.0.lock();
            shake();
            drop(other.1.lock());
        });
        {
            shake();
            let _second = all.1.lock();
            shake();
            drop(all.0.lock());
        }
        let _ = thread.join();
    });
}

#[test]
fn three_in_a_circle_are_always_found() {
    is_wrong(DEADLOCKS, || {
        let forks: Arc<[_; 3]> = Arc::new([const { Mutex::new(()) }; 3]);
        let threads = [0, 1, 2].map(|n| {
            let forks = Arc::clone(&forks);
            thread::spawn(move || {
                for _ in 0..2 {
                    let _left = forks[n].lock();
                    shake();
                    drop(forks[(n + 1) % 3].lock());
                }
            })
        });
        threads.into_iter().for_each(|thread| drop(thread.join()));
    });
}

#[test]
fn many_in_a_circle_end() {
    is_wrong(DEADLOCKS, || {
        let forks: Arc<[_; 12]> = Arc::new([const { Mutex::new(()) }; 12]);
        let meet = Arc::new(std::sync::Barrier::new(12));
        let threads: Vec<_> = (0..12)
            .map(|n| {
                let (forks, meet) = (Arc::clone(&forks), Arc::clone(&meet));
                thread::spawn(move || {
                    let _left = forks[n].lock();
                    meet.wait();
                    shake();
                    drop(forks[(n + 1) % 12].lock());
                })
            })
            .collect();
        threads.into_iter().for_each(|thread| drop(thread.join()));
    });
}

#[test]
fn opposite_orders_through_a_rwlock_are_always_found() {
    is_wrong(DEADLOCKS, || {
        let all = Arc::new((RwLock::new(()), Mutex::new(())));
        let other = Arc::clone(&all);
        let thread = thread::spawn(move || {
            let _first = other.0.read();
            shake();
            drop(other.1.lock());
        });
        {
            let _second = all.1.lock();
            shake();
            drop(all.0.write());
        }
        let _ = thread.join();
    });
}

#[test]
fn writes_that_nobody_orders_are_always_found() {
    is_wrong(&["data-race", "unsafe-shared-write"], || {
        let shared = Arc::new(Shared::new(0));
        crowd(2, move |_| {
            for _ in 0..3 {
                shake();
                shared.set(shared.get() + 1);
            }
        });
    });
}

#[test]
fn a_missed_notification_is_always_found() {
    is_wrong(&["lost-wakeup"], || {
        let all = Arc::new((Mutex::new(()), Condvar::new()));
        let other = Arc::clone(&all);
        thread::spawn(move || other.1.notify_one()).join().unwrap();
        let waiter = thread::spawn(move || {
            shake();
            let guard = all.0.lock().unwrap();
            drop(all.1.wait(guard));
        });
        let _ = waiter.join();
    });
}
