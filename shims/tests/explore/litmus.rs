//! Litmus shapes and small programs, under both models. The numbers were counted by brute force,
//! the rows are numbered as where they come from; from 101 on they are beyond that.

use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release, SeqCst};

use lockwise::{
    cell::UnsafeCell,
    explore::{Exploration, Explorer, MemoryModel},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, fence},
    },
    thread,
};

/// What the threads of a row share.
struct Shared {
    x: AtomicU32,
    y: AtomicU32,
    z: AtomicU32,
    m: Mutex<()>,
    k: Mutex<()>,
    cell: UnsafeCell<u32>,
}

// SAFETY: the cell is read by who has waited for the one who writes to it.
unsafe impl Sync for Shared {}

type Body = fn(&Shared);

fn shared() -> Arc<Shared> {
    let atomic = || AtomicU32::new(0);
    let (m, k) = (Mutex::new(()), Mutex::new(()));
    Arc::new(Shared { x: atomic(), y: atomic(), z: atomic(), m, k, cell: UnsafeCell::new(0) })
}

fn spawn(shared: &Arc<Shared>, body: Body) -> thread::JoinHandle<()> {
    let shared = Arc::clone(shared);
    thread::spawn(move || body(&shared))
}

fn explore(model: MemoryModel, program: impl Fn() + Send + Sync + 'static) -> Exploration {
    let exploration = Explorer::exhaustive().memory_model(model).run(program);
    assert!(exploration.is_complete(), "{exploration}");
    // A row loads and stores what others store; that is no fault here.
    let fault = exploration.findings().iter().find(|finding| finding.rule() != "lost-update");
    assert!(fault.is_none(), "{}", fault.unwrap());
    exploration
}

/// Main starts these threads and joins them: as many executions under SC and under RC11, and
/// nothing is blocked.
#[track_caller]
fn row(row: u32, sc: u64, rc11: u64, threads: &'static [Body]) {
    program(row, sc, rc11, move || {
        let shared = shared();
        let handles: Vec<_> = threads.iter().map(|body| spawn(&shared, *body)).collect();
        handles.into_iter().for_each(|handle| handle.join().unwrap());
    });
}

#[track_caller]
fn program(row: u32, sc: u64, rc11: u64, program: impl Fn() + Send + Sync + Copy + 'static) {
    for (model, expected) in [(MemoryModel::Sc, sc), (MemoryModel::Rc11, rc11)] {
        let exploration = explore(model, program);
        let made = (exploration.executions(), exploration.blocked());
        assert_eq!(made, (expected, 0), "row {row}, {model:?}");
    }
}

fn load(atomic: &AtomicU32) {
    atomic.load(Relaxed);
}

fn store(atomic: &AtomicU32, value: u32) {
    atomic.store(value, Relaxed);
}

#[test]
fn store_buffering() {
    row(
        1,
        3,
        4,
        &[
            |s| {
                store(&s.x, 1);
                load(&s.y);
            },
            |s| {
                store(&s.y, 1);
                load(&s.x);
            },
        ],
    );
    row(
        2,
        3,
        3,
        &[
            |s| {
                s.x.store(1, SeqCst);
                s.y.load(SeqCst);
            },
            |s| {
                s.y.store(1, SeqCst);
                s.x.load(SeqCst);
            },
        ],
    );
    row(
        3,
        3,
        4,
        &[
            |s| {
                s.x.store(1, SeqCst);
                s.y.load(SeqCst);
            },
            |s| {
                store(&s.y, 1);
                load(&s.x);
            },
        ],
    );
    // With fences, as with SeqCst accesses.
    row(
        101,
        3,
        3,
        &[
            |s| {
                store(&s.x, 1);
                fence(SeqCst);
                load(&s.y);
            },
            |s| {
                store(&s.y, 1);
                fence(SeqCst);
                load(&s.x);
            },
        ],
    );
}

#[test]
fn message_passing() {
    row(
        4,
        3,
        4,
        &[
            |s| {
                store(&s.x, 1);
                store(&s.y, 1);
            },
            |s| {
                load(&s.y);
                load(&s.x);
            },
        ],
    );
    row(
        5,
        3,
        3,
        &[
            |s| {
                store(&s.x, 1);
                fence(Release);
                store(&s.y, 1);
            },
            |s| {
                load(&s.y);
                fence(Acquire);
                load(&s.x);
            },
        ],
    );
}

#[test]
fn writes_against_reads() {
    row(
        6,
        3,
        3,
        &[
            |s| {
                store(&s.x, 2);
                s.y.store(1, Release);
            },
            |s| {
                s.y.load(Acquire);
                store(&s.x, 1);
            },
        ],
    );
    row(
        7,
        3,
        4,
        &[
            |s| {
                store(&s.x, 1);
                store(&s.y, 1);
            },
            |s| {
                store(&s.y, 2);
                load(&s.x);
            },
        ],
    );
    row(
        8,
        3,
        3,
        &[
            |s| {
                s.x.store(1, SeqCst);
                s.y.store(1, SeqCst);
            },
            |s| {
                s.y.store(2, SeqCst);
                s.x.load(SeqCst);
            },
        ],
    );
}

#[test]
fn one_location() {
    row(
        9,
        10,
        10,
        &[
            |s| {
                store(&s.x, 1);
                store(&s.x, 2);
            },
            |s| {
                load(&s.x);
                load(&s.x);
                load(&s.x);
            },
        ],
    );
    row(10, 6, 6, &[|s| store(&s.x, 1), |s| store(&s.x, 2), |s| store(&s.x, 3)]);
}

#[test]
fn a_ring_of_three() {
    row(
        11,
        7,
        8,
        &[
            |s| {
                store(&s.x, 1);
                load(&s.y);
            },
            |s| {
                store(&s.y, 1);
                load(&s.z);
            },
            |s| {
                store(&s.z, 1);
                load(&s.x);
            },
        ],
    );
    row(
        12,
        7,
        7,
        &[
            |s| {
                s.x.store(1, SeqCst);
                s.y.load(SeqCst);
            },
            |s| {
                s.y.store(1, SeqCst);
                s.z.load(SeqCst);
            },
            |s| {
                s.z.store(1, SeqCst);
                s.x.load(SeqCst);
            },
        ],
    );
}

#[test]
fn two_writers_and_two_readers_of_both() {
    row(
        13,
        15,
        16,
        &[
            |s| store(&s.x, 1),
            |s| {
                load(&s.x);
                load(&s.y);
            },
            |s| {
                load(&s.y);
                load(&s.x);
            },
            |s| store(&s.y, 1),
        ],
    );
}

#[test]
fn causality() {
    row(
        14,
        7,
        7,
        &[
            |s| store(&s.x, 1),
            |s| {
                load(&s.x);
                s.y.store(1, Release);
            },
            |s| {
                s.y.load(Acquire);
                load(&s.x);
            },
        ],
    );
}

#[test]
fn updates() {
    row(
        15,
        4,
        4,
        &[
            |s| {
                s.x.fetch_add(1, Relaxed);
                load(&s.x);
            },
            |s| {
                s.x.fetch_add(1, Relaxed);
                load(&s.x);
            },
        ],
    );
    row(
        16,
        6,
        6,
        &[
            |s| {
                store(&s.x, 1);
                s.x.fetch_add(10, Relaxed);
            },
            |s| {
                store(&s.x, 2);
                s.x.fetch_add(10, Relaxed);
            },
        ],
    );
    row(
        17,
        6,
        6,
        &[|s| _ = s.x.swap(1, Relaxed), |s| _ = s.x.swap(2, Relaxed), |s| store(&s.x, 3)],
    );
    row(
        18,
        3,
        3,
        &[
            |s| {
                store(&s.x, 1);
                s.y.swap(1, Release);
            },
            |s| {
                s.y.swap(2, Acquire);
                load(&s.x);
            },
        ],
    );
    row(
        102,
        3,
        3,
        &[
            |s| {
                store(&s.x, 1);
                s.y.fetch_add(1, AcqRel);
            },
            |s| {
                s.y.fetch_add(1, AcqRel);
                load(&s.x);
            },
        ],
    );
}

#[test]
fn updates_that_may_fail() {
    fn once(s: &Shared) {
        let _ = s.x.compare_exchange(0, 1, Relaxed, Relaxed);
        load(&s.y);
        store(&s.y, 1);
    }
    row(19, 8, 8, &[once, once]);
    row(
        20,
        5,
        5,
        &[
            |s| store(&s.x, 5),
            |s| _ = s.x.compare_exchange(5, 6, Relaxed, Relaxed),
            |s| _ = s.x.compare_exchange(6, 7, Relaxed, Relaxed),
        ],
    );
}

#[test]
fn a_release_sequence_goes_on_with_an_update() {
    row(
        21,
        9,
        9,
        &[
            |s| {
                store(&s.x, 1);
                s.y.store(1, Release);
            },
            |s| _ = s.y.fetch_add(1, Relaxed),
            |s| {
                s.y.load(Acquire);
                load(&s.x);
            },
        ],
    );
}

#[test]
fn reads_between_joins() {
    program(22, 3, 3, || {
        let shared = shared();
        let a = spawn(&shared, |s| store(&s.x, 1));
        let b = spawn(&shared, |s| store(&s.x, 2));
        a.join().unwrap();
        load(&shared.x);
        b.join().unwrap();
        load(&shared.x);
    });
}

#[test]
fn mutexes() {
    fn once(s: &Shared) {
        drop(s.m.lock());
    }
    row(
        23,
        12,
        12,
        &[once, once, |s| {
            drop(s.m.lock());
            drop(s.m.lock());
        }],
    );
    row(24, 1, 1, &[once, |s| drop(s.k.lock())]);
    row(
        25,
        4,
        4,
        &[
            |s| {
                let _held = s.m.lock();
                store(&s.x, 1);
            },
            |s| {
                let _held = s.m.lock();
                load(&s.x);
            },
            |s| load(&s.x),
        ],
    );
}

/// Executions with a failed attempt are none.
#[test]
fn waiting_loops() {
    fn wait(s: &Shared) {
        while s.y.load(Acquire) != 1 {
            thread::yield_now();
        }
    }
    row(
        26,
        2,
        2,
        &[
            |s| {
                // SAFETY: who reads it does that when this is done.
                s.cell.with_mut(|cell| unsafe { *cell = 1 });
                s.y.store(1, Release);
            },
            |s| store(&s.z, 1),
            |s| {
                wait(s);
                // SAFETY: who writes to it has done so.
                assert_eq!(s.cell.with(|cell| unsafe { *cell }), 1);
                load(&s.z);
            },
        ],
    );
    row(27, 4, 4, &[|s| s.y.store(1, Release), |s| s.y.store(1, Release), wait]);
}

#[test]
fn load_buffering() {
    row(
        103,
        3,
        3,
        &[
            |s| {
                load(&s.x);
                store(&s.y, 1);
            },
            |s| {
                load(&s.y);
                store(&s.x, 1);
            },
        ],
    );
}

#[test]
fn two_plus_two_writes() {
    row(
        104,
        3,
        4,
        &[
            |s| {
                store(&s.x, 1);
                store(&s.y, 2);
            },
            |s| {
                store(&s.y, 1);
                store(&s.x, 2);
            },
        ],
    );
}
