//! The programs, written once and compiled with each explorer's types.
//!
//! Main spawns the threads, takes part where it says so, joins them, and checks what came of it.
//! `Arc` is std's for all, as lockwise and shuttle have no other, and loom's own would only cost it
//! more executions.

/// A module `$explorer` with all programs over the types of the crate of that name.
macro_rules! programs {
    ($explorer:ident) => {
        /// The programs over this explorer's types.
        pub(super) mod $explorer {
            use std::sync::Arc;

            use ::$explorer::{
                sync::{
                    Condvar, Mutex, RwLock,
                    atomic::{AtomicUsize, Ordering::SeqCst},
                    mpsc,
                },
                thread::{self, JoinHandle},
            };

            /// A program by its name.
            pub(in super::super) fn named(name: &str) -> Option<fn()> {
                Some(match name {
                    "counter-2x4" => || counter(2, 4),
                    "counter-2x8" => || counter(2, 8),
                    "counter-2x11" => || counter(2, 11),
                    "counter-3x2" => || counter(3, 2),
                    "counter-4x1" => || counter(4, 1),
                    "philosophers-4" => || philosophers(4, true),
                    "philosophers-5" => || philosophers(5, true),
                    "lost-update-2" => || lost_update(2),
                    "readers-3" => || readers(3),
                    "rwlock-3" => || rwlock(3),
                    "mpsc-2x2" => || channel(2, 2),
                    "deadlocking-philosophers-5" => || philosophers(5, false),
                    "bounded-queue-2x2" => || bounded_queue(2, 2),
                    _ => return None,
                })
            }

            fn join<T>(threads: Vec<JoinHandle<T>>) {
                for thread in threads {
                    thread.join().unwrap();
                }
            }

            /// Threads that increment a counter under one mutex.
            fn counter(threads: usize, increments: usize) {
                let count = Arc::new(Mutex::new(0));
                let increment = |_| {
                    let count = Arc::clone(&count);
                    thread::spawn(move || {
                        for _ in 0..increments {
                            *count.lock().unwrap() += 1;
                        }
                    })
                };
                join((0..threads).map(increment).collect());
                assert_eq!(*count.lock().unwrap(), threads * increments);
            }

            /// Each takes the fork with its own number, then the next. The last, which is main,
            /// takes the two in order of their numbers, or closes the circle.
            fn philosophers(n: usize, in_order: bool) {
                let forks: Arc<Vec<_>> = Arc::new((0..n).map(|_| Mutex::new(())).collect());
                let eat = |forks: &[Mutex<()>], first: usize, second: usize| {
                    let _first = forks[first].lock().unwrap();
                    let _second = forks[second].lock().unwrap();
                };
                let philosopher = |i| {
                    let forks = Arc::clone(&forks);
                    thread::spawn(move || eat(&forks, i, i + 1))
                };
                let others = (0..n - 1).map(philosopher).collect();
                let (first, second) = if in_order { (0, n - 1) } else { (n - 1, 0) };
                eat(&forks, first, second);
                join(others);
            }

            /// Threads that load a number and store the next.
            fn lost_update(threads: usize) {
                let x = Arc::new(AtomicUsize::new(0));
                let update = |_| {
                    let x = Arc::clone(&x);
                    thread::spawn(move || x.store(x.load(SeqCst) + 1, SeqCst))
                };
                join((0..threads).map(update).collect());
                assert!((1..=threads).contains(&x.load(SeqCst)));
            }

            /// Threads that load once what main stores once.
            fn readers(n: usize) {
                let x = Arc::new(AtomicUsize::new(0));
                let read = |_| {
                    let x = Arc::clone(&x);
                    thread::spawn(move || x.load(SeqCst))
                };
                let readers = (0..n).map(read).collect();
                x.store(1, SeqCst);
                join(readers);
            }

            /// The same through a reader-writer lock.
            fn rwlock(n: usize) {
                let x = Arc::new(RwLock::new(0));
                let read = |_| {
                    let x = Arc::clone(&x);
                    thread::spawn(move || *x.read().unwrap())
                };
                let readers = (0..n).map(read).collect();
                *x.write().unwrap() = 1;
                join(readers);
            }

            /// Threads that send to main.
            fn channel(producers: usize, messages: usize) {
                let (sender, receiver) = mpsc::channel();
                let produce = |_| {
                    let sender = sender.clone();
                    thread::spawn(move || {
                        for message in 0..messages {
                            sender.send(message).unwrap();
                        }
                    })
                };
                let threads = (0..producers).map(produce).collect();
                for _ in 0..producers * messages {
                    receiver.recv().unwrap();
                }
                join(threads);
            }

            /// As many producers as consumers around one slot. It can stall: they share a condition
            /// variable, so that `notify_one` may wake one of the wrong kind.
            fn bounded_queue(pairs: usize, items: usize) {
                let queue = Arc::new((Mutex::new(None), Condvar::new()));
                let produce = |_| {
                    let queue = Arc::clone(&queue);
                    thread::spawn(move || {
                        for item in 0..items {
                            let mut slot = queue.0.lock().unwrap();
                            while slot.is_some() {
                                slot = queue.1.wait(slot).unwrap();
                            }
                            *slot = Some(item);
                            queue.1.notify_one();
                        }
                    })
                };
                let consume = |_| {
                    let queue = Arc::clone(&queue);
                    thread::spawn(move || {
                        for _ in 0..items {
                            let mut slot = queue.0.lock().unwrap();
                            while slot.is_none() {
                                slot = queue.1.wait(slot).unwrap();
                            }
                            *slot = None;
                            queue.1.notify_one();
                        }
                    })
                };
                let mut threads: Vec<_> = (0..pairs).map(produce).collect();
                threads.extend((0..pairs).map(consume));
                join(threads);
            }
        }
    };
}

programs!(lockwise);
programs!(loom);
programs!(shuttle);
