//! Programs of locks and SeqCst accesses, whose executions both models agree on. The numbers were
//! counted by brute force.

use std::{collections::HashSet, ops::ControlFlow, sync::atomic::Ordering::SeqCst};

use lockwise_detector::explore::{Explorer, MemoryModel, Update};

use crate::{
    check, count,
    dsl::{Bodies, Body, Run, Thread, body},
};

#[track_caller]
fn same(program: impl Fn() -> Bodies, expected: u64) {
    check(program, expected, expected);
}

fn counter(threads: usize, times: usize) -> Bodies {
    Bodies::each(threads, move |_, t| {
        (0..times).try_for_each(|_| {
            t.lock(0)?;
            t.unlock(0)
        })
    })
}

#[test]
fn counter_under_a_mutex() {
    let rows = [(2, 1, 2), (2, 2, 6), (3, 1, 6), (3, 2, 90), (4, 1, 24), (6, 1, 720)];
    for (threads, times, expected) in rows {
        same(|| counter(threads, times), expected);
    }
}

#[test]
fn counter_with_thousands_of_orders() {
    assert_eq!(count(MemoryModel::Sc, counter(2, 8)), (12_870, 0));
    assert_eq!(count(MemoryModel::Sc, counter(8, 1)), (40_320, 0));
}

#[test]
fn disjoint_locks() {
    for threads in [2, 3, 64] {
        let program = || {
            Bodies::each(threads, |own, t| {
                (0..2).try_for_each(|_| {
                    t.lock(own)?;
                    t.unlock(own)
                })
            })
        };
        same(program, 1);
    }
}

#[test]
fn lost_update() {
    for (threads, expected) in [(2, 4), (3, 36)] {
        let program = || {
            Bodies::each(threads, |_, t| {
                let value = t.load(0, SeqCst)?;
                t.store(0, value + 1, SeqCst)
            })
        };
        same(program, expected);
    }
}

fn eat(t: &mut Thread<'_>, first: usize, second: usize) -> Run {
    t.lock(first)?;
    t.lock(second)?;
    t.unlock(second)?;
    t.unlock(first)
}

/// Main is the last philosopher.
fn philosophers(count: usize, ordered: bool) -> Bodies {
    let last = body(move |t| if ordered { eat(t, 0, count - 1) } else { eat(t, count - 1, 0) });
    let others = (0..count - 1).map(|own| body(move |t| eat(t, own, own + 1)));
    Bodies::beside(last, others.collect())
}

#[test]
fn philosophers_with_ordered_forks() {
    for (number, expected) in [(2, 2), (3, 6), (4, 14), (5, 30)] {
        same(|| philosophers(number, true), expected);
    }
}

/// As many complete executions, and the one in which everybody holds one fork.
#[test]
fn philosophers_who_can_deadlock() {
    for (number, expected) in [(2, 2), (3, 6), (4, 14), (5, 30)] {
        assert_eq!(count(MemoryModel::Sc, philosophers(number, false)), (expected, 1));
    }
}

#[test]
fn readers() {
    for (threads, expected) in [(2, 4), (3, 8), (4, 16)] {
        let program = || {
            let reader = |_| body(|t| t.load(0, SeqCst).map(drop));
            Bodies::beside(body(|t| t.store(0, 1, SeqCst)), (0..threads).map(reader).collect())
        };
        same(program, expected);
    }
}

#[test]
fn lastzero() {
    for (threads, expected) in [(2, 5), (3, 12), (4, 28)] {
        let program = || {
            let scan = body(move |t| {
                let mut at = threads;
                while t.load(at, SeqCst)? != 0 {
                    at -= 1;
                }
                Ok(())
            });
            let writer = |own: usize| {
                body(move |t| {
                    let before = t.load(own - 1, SeqCst)?;
                    t.store(own, before + 1, SeqCst)
                })
            };
            Bodies::beside(scan, (1..=threads).map(writer).collect())
        };
        same(program, expected);
    }
}

#[test]
fn indexer() {
    for (threads, expected) in [(2, 1), (3, 1), (4, 1), (12, 8)] {
        let program = || {
            Bodies::each(threads, |own, t| {
                for number in 1..=4 {
                    let value = 11 * number + own as u64;
                    let mut at = (7 * value % 128) as usize;
                    while t.update(at, Update::compare_exchange(0, value), SeqCst)? != 0 {
                        at = (at + 1) % 128;
                    }
                }
                Ok(())
            })
        };
        same(program, expected);
    }
}

fn fibonacci(times: usize) -> Bodies {
    let adder = |own: usize| {
        body(move |t| {
            (0..times).try_for_each(|_| {
                let other = t.load(1 - own, SeqCst)?;
                let mine = t.load(own, SeqCst)?;
                t.store(own, mine + other, SeqCst)
            })
        })
    };
    Bodies::spawned(vec![adder(0), adder(1)]).with_initial(1)
}

#[test]
fn fib_bench() {
    for (times, expected, states) in [(2, 19, 16), (3, 141, 92), (4, 1_107, 490)] {
        let mut found = HashSet::new();
        let result = Explorer::new(MemoryModel::Sc).run(&mut fibonacci(times), |execution| {
            found.insert((execution.final_value(0), execution.final_value(1)));
            ControlFlow::Continue(())
        });
        assert_eq!((result.executions(), found.len()), (expected, states));
        assert_eq!(count(MemoryModel::Rc11, fibonacci(times)), (expected, 0));
    }
}

/// A mutex for each reader, of which the writer takes all.
#[test]
fn reader_writer_lock() {
    for (readers, expected) in [(2, 4), (3, 8)] {
        let program = || {
            let reader = |own| {
                body(move |t| {
                    t.lock(own)?;
                    t.unlock(own)
                })
            };
            let writer = body(move |t| {
                (0..readers).try_for_each(|own| t.lock(own))?;
                (0..readers).try_for_each(|own| t.unlock(own))
            });
            Bodies::beside(writer, (0..readers).map(reader).collect::<Vec<Body>>())
        };
        same(program, expected);
    }
}

/// Updates that all meet at one location: each order of them, and nothing is left over.
#[test]
fn fetch_add() {
    for (threads, expected) in [(2, 2), (3, 6), (4, 24), (5, 120)] {
        same(
            || Bodies::each(threads, |_, t| t.update(0, Update::add(1), SeqCst).map(|_| ())),
            expected,
        );
    }
}
