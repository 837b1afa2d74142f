//! Programs of locks and SeqCst accesses, whose executions both models agree on. The numbers were
//! counted by brute force.

use std::{collections::HashSet, sync::Mutex as StdMutex};

use lockwise::{
    explore::{Exploration, Explorer, MemoryModel},
    sync::{
        Arc, Mutex, RwLock,
        atomic::{AtomicUsize, Ordering::SeqCst},
        mpsc,
    },
    thread,
};

#[track_caller]
fn run(model: MemoryModel, program: impl Fn() + Send + Sync + 'static) -> Exploration {
    let exploration = Explorer::exhaustive().memory_model(model).run(program);
    assert!(exploration.is_complete(), "{exploration}");
    assert!(exploration.findings().is_empty(), "{}", exploration.findings()[0]);
    exploration
}

/// Both models make so many executions, and none is blocked.
#[track_caller]
fn same(expected: u64, program: impl Fn() + Send + Sync + Clone + 'static) {
    for model in [MemoryModel::Sc, MemoryModel::Rc11] {
        let exploration = run(model, program.clone());
        assert_eq!((exploration.executions(), exploration.blocked()), (expected, 0), "{model:?}");
    }
}

fn counter(threads: usize, times: usize) {
    let count = Arc::new(Mutex::new(0));
    let handles: Vec<_> = (0..threads)
        .map(|_| {
            let count = Arc::clone(&count);
            thread::spawn(move || {
                for _ in 0..times {
                    *count.lock().unwrap() += 1;
                }
            })
        })
        .collect();
    handles.into_iter().for_each(|handle| handle.join().unwrap());
    assert_eq!(*count.lock().unwrap(), threads * times);
}

#[test]
fn counter_under_a_mutex() {
    for (threads, times, expected) in
        [(2, 1, 2), (2, 2, 6), (3, 1, 6), (3, 2, 90), (4, 1, 24), (2, 4, 70), (6, 1, 720)]
    {
        same(expected, move || counter(threads, times));
    }
}

#[test]
fn counter_with_thousands_of_orders() {
    for (threads, times, expected) in [(2, 8, 12_870), (8, 1, 40_320)] {
        let exploration = run(MemoryModel::Sc, move || counter(threads, times));
        assert_eq!((exploration.executions(), exploration.blocked()), (expected, 0));
    }
}

#[test]
fn disjoint_locks() {
    for threads in [2, 3, 64] {
        same(1, move || {
            let handles: Vec<_> = (0..threads)
                .map(|_| {
                    thread::spawn(|| {
                        let own = Mutex::new(0);
                        *own.lock().unwrap() += 1;
                        *own.lock().unwrap() += 1;
                    })
                })
                .collect();
            handles.into_iter().for_each(|handle| handle.join().unwrap());
        });
    }
}

fn spawn_all(
    count: usize,
    body: impl Fn(usize) + Send + Sync + 'static,
) -> Vec<thread::JoinHandle<()>> {
    let body = Arc::new(body);
    (0..count)
        .map(|own| {
            let body = Arc::clone(&body);
            thread::spawn(move || body(own))
        })
        .collect()
}

fn join_all(handles: Vec<thread::JoinHandle<()>>) {
    handles.into_iter().for_each(|handle| handle.join().unwrap());
}

#[test]
fn lost_update() {
    for (threads, expected) in [(2, 4), (3, 36)] {
        for model in [MemoryModel::Sc, MemoryModel::Rc11] {
            let exploration = Explorer::exhaustive().memory_model(model).run(move || {
                let x = Arc::new(AtomicUsize::new(0));
                join_all(spawn_all(threads, move |_| {
                    let value = x.load(SeqCst);
                    x.store(value + 1, SeqCst);
                }));
            });
            assert_eq!((exploration.executions(), exploration.blocked()), (expected, 0));
            assert_eq!(exploration.findings()[0].rule(), "lost-update");
        }
    }
}

fn philosophers(count: usize, ordered: bool) {
    let forks: Arc<Vec<_>> = Arc::new((0..count).map(|_| Mutex::new(())).collect());
    let eat = |forks: &[Mutex<()>], first: usize, second: usize| {
        let _first = forks[first].lock().unwrap();
        let _second = forks[second].lock().unwrap();
    };
    let theirs = Arc::clone(&forks);
    let handles = spawn_all(count - 1, move |own| eat(&theirs, own, own + 1));
    if ordered {
        eat(&forks, 0, count - 1);
    } else {
        eat(&forks, count - 1, 0);
    }
    join_all(handles);
}

#[test]
fn philosophers_with_ordered_forks() {
    for (number, expected) in [(2, 2), (3, 6), (4, 14), (5, 30), (8, 254)] {
        same(expected, move || philosophers(number, true));
    }
}

#[test]
fn philosophers_who_can_deadlock() {
    for (number, expected) in [(2, 2), (3, 6), (4, 14), (5, 30), (8, 254)] {
        let exploration = Explorer::exhaustive().run(move || philosophers(number, false));
        assert!(exploration.is_complete());
        assert_eq!((exploration.executions(), exploration.blocked()), (expected, 1));
        assert_eq!(exploration.findings()[0].rule(), "deadlock");
    }
}

#[test]
fn readers() {
    for (threads, expected) in [(2, 4), (3, 8), (4, 16)] {
        same(expected, move || {
            let x = Arc::new(AtomicUsize::new(0));
            let theirs = Arc::clone(&x);
            let handles = spawn_all(threads, move |_| {
                let _ = theirs.load(SeqCst);
            });
            x.store(1, SeqCst);
            join_all(handles);
        });
    }
}

fn zeros(count: usize) -> Arc<Vec<AtomicUsize>> {
    Arc::new((0..count).map(|_| AtomicUsize::new(0)).collect())
}

#[test]
fn lastzero() {
    for (threads, expected) in [(2, 5), (3, 12), (4, 28)] {
        same(expected, move || {
            let array = zeros(threads + 1);
            let theirs = Arc::clone(&array);
            let handles = spawn_all(threads, move |own| {
                let value = theirs[own].load(SeqCst);
                theirs[own + 1].store(value + 1, SeqCst);
            });
            let mut at = threads;
            while array[at].load(SeqCst) != 0 {
                at -= 1;
            }
            join_all(handles);
        });
    }
}

#[test]
fn indexer() {
    for (threads, expected) in [(2, 1), (3, 1), (4, 1), (12, 8)] {
        same(expected, move || {
            let table = zeros(128);
            join_all(spawn_all(threads, move |own| {
                for number in 1..=4 {
                    let value = 11 * number + own;
                    let mut at = 7 * value % 128;
                    while table[at].compare_exchange(0, value, SeqCst, SeqCst).is_err() {
                        at = (at + 1) % 128;
                    }
                }
            }));
        });
    }
}

#[test]
fn fib_bench() {
    for (times, expected, states) in [(2, 19, 16), (3, 141, 92), (4, 1_107, 490)] {
        let found = Arc::new(StdMutex::new(HashSet::new()));
        let ends = Arc::clone(&found);
        let exploration = Explorer::exhaustive().memory_model(MemoryModel::Sc).run(move || {
            let numbers = Arc::new([AtomicUsize::new(1), AtomicUsize::new(1)]);
            let theirs = Arc::clone(&numbers);
            join_all(spawn_all(2, move |own| {
                for _ in 0..times {
                    let other = theirs[1 - own].load(SeqCst);
                    let mine = theirs[own].load(SeqCst);
                    theirs[own].store(mine + other, SeqCst);
                }
            }));
            let end = (numbers[0].load(SeqCst), numbers[1].load(SeqCst));
            ends.lock().unwrap().insert(end);
        });
        assert!(exploration.is_complete());
        assert_eq!(exploration.executions(), expected);
        assert_eq!(found.lock().unwrap().len(), states);
    }
}

#[test]
fn reader_writer_lock() {
    for (readers, expected) in [(2, 4), (3, 8), (5, 32)] {
        same(expected, move || {
            let lock = Arc::new(RwLock::new(0));
            let theirs = Arc::clone(&lock);
            let handles = spawn_all(readers, move |_| drop(theirs.read().unwrap()));
            *lock.write().unwrap() += 1;
            join_all(handles);
        });
    }
}

#[test]
fn messages() {
    for (each, expected) in [(1, 2), (2, 6), (3, 20), (8, 12_870)] {
        let program = move || {
            let (tx, rx) = mpsc::channel();
            let tx = Arc::new(std::sync::Mutex::new(Some(tx)));
            let handles: Vec<_> = (0..2)
                .map(|own| {
                    let tx = tx.lock().unwrap().clone().unwrap();
                    thread::spawn(move || {
                        for number in 0..each {
                            tx.send((own, number)).unwrap();
                        }
                    })
                })
                .collect();
            tx.lock().unwrap().take();
            for _ in 0..2 * each {
                rx.recv().unwrap();
            }
            join_all(handles);
        };
        same(expected, program);
    }
}
