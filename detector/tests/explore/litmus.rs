//! Litmus shapes and small programs: how many graphs SC and RC11 have for each.

use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release, SeqCst};

use lockwise_detector::explore::MemoryModel;

use crate::{
    check, count,
    dsl::{Bodies, body},
    straight::{
        Do,
        Do::{Add, Cas, F, Lock, R, Swap, Unlock, W, Wait},
        straight,
    },
};

const X: usize = 0;
const Y: usize = 1;
const Z: usize = 2;

type Threads = &'static [&'static [Do]];

fn program(threads: Threads) -> Bodies {
    Bodies::spawned(threads.iter().map(|thread| straight(thread.to_vec())).collect())
}

/// The table: its number, the threads, the executions under SC and under RC11.
const ROWS: &[(u32, Threads, u64, u64)] = &[
    (1, &[&[W(X, 1, Relaxed), R(Y, Relaxed)], &[W(Y, 1, Relaxed), R(X, Relaxed)]], 3, 4),
    (2, &[&[W(X, 1, SeqCst), R(Y, SeqCst)], &[W(Y, 1, SeqCst), R(X, SeqCst)]], 3, 3),
    (3, &[&[W(X, 1, SeqCst), R(Y, SeqCst)], &[W(Y, 1, Relaxed), R(X, Relaxed)]], 3, 4),
    (4, &[&[W(X, 1, Relaxed), W(Y, 1, Relaxed)], &[R(Y, Relaxed), R(X, Relaxed)]], 3, 4),
    (
        5,
        &[
            &[W(X, 1, Relaxed), F(Release), W(Y, 1, Relaxed)],
            &[R(Y, Relaxed), F(Acquire), R(X, Relaxed)],
        ],
        3,
        3,
    ),
    (6, &[&[W(X, 2, Relaxed), W(Y, 1, Release)], &[R(Y, Acquire), W(X, 1, Relaxed)]], 3, 3),
    (7, &[&[W(X, 1, Relaxed), W(Y, 1, Relaxed)], &[W(Y, 2, Relaxed), R(X, Relaxed)]], 3, 4),
    (8, &[&[W(X, 1, SeqCst), W(Y, 1, SeqCst)], &[W(Y, 2, SeqCst), R(X, SeqCst)]], 3, 3),
    (
        9,
        &[&[W(X, 1, Relaxed), W(X, 2, Relaxed)], &[R(X, Relaxed), R(X, Relaxed), R(X, Relaxed)]],
        10,
        10,
    ),
    (10, &[&[W(X, 1, Relaxed)], &[W(X, 2, Relaxed)], &[W(X, 3, Relaxed)]], 6, 6),
    (
        11,
        &[
            &[W(X, 1, Relaxed), R(Y, Relaxed)],
            &[W(Y, 1, Relaxed), R(Z, Relaxed)],
            &[W(Z, 1, Relaxed), R(X, Relaxed)],
        ],
        7,
        8,
    ),
    (
        12,
        &[
            &[W(X, 1, SeqCst), R(Y, SeqCst)],
            &[W(Y, 1, SeqCst), R(Z, SeqCst)],
            &[W(Z, 1, SeqCst), R(X, SeqCst)],
        ],
        7,
        7,
    ),
    (
        13,
        &[
            &[W(X, 1, Relaxed)],
            &[R(X, Relaxed), R(Y, Relaxed)],
            &[R(Y, Relaxed), R(X, Relaxed)],
            &[W(Y, 1, Relaxed)],
        ],
        15,
        16,
    ),
    (
        14,
        &[&[W(X, 1, Relaxed)], &[R(X, Relaxed), W(Y, 1, Release)], &[R(Y, Acquire), R(X, Relaxed)]],
        7,
        7,
    ),
    (15, &[&[Add(X, 1, Relaxed), R(X, Relaxed)], &[Add(X, 1, Relaxed), R(X, Relaxed)]], 4, 4),
    (
        16,
        &[&[W(X, 1, Relaxed), Add(X, 10, Relaxed)], &[W(X, 2, Relaxed), Add(X, 10, Relaxed)]],
        6,
        6,
    ),
    (17, &[&[Swap(X, 1, Relaxed)], &[Swap(X, 2, Relaxed)], &[W(X, 3, Relaxed)]], 6, 6),
    (18, &[&[W(X, 1, Relaxed), Swap(Y, 1, Release)], &[Swap(Y, 2, Acquire), R(X, Relaxed)]], 3, 3),
    (
        19,
        &[
            &[Cas(X, 0, 1, Relaxed), R(Y, Relaxed), W(Y, 1, Relaxed)],
            &[Cas(X, 0, 1, Relaxed), R(Y, Relaxed), W(Y, 1, Relaxed)],
        ],
        8,
        8,
    ),
    (20, &[&[W(X, 5, Relaxed)], &[Cas(X, 5, 6, Relaxed)], &[Cas(X, 6, 7, Relaxed)]], 5, 5),
    (
        21,
        &[
            &[W(X, 1, Relaxed), W(Y, 1, Release)],
            &[Add(Y, 1, Relaxed)],
            &[R(Y, Acquire), R(X, Relaxed)],
        ],
        9,
        9,
    ),
    (
        23,
        &[&[Lock(X), Unlock(X)], &[Lock(X), Unlock(X)], &[Lock(X), Unlock(X), Lock(X), Unlock(X)]],
        12,
        12,
    ),
    (24, &[&[Lock(X), Unlock(X)], &[Lock(Y), Unlock(Y)]], 1, 1),
    (
        25,
        &[
            &[Lock(X), W(X, 1, Relaxed), Unlock(X)],
            &[Lock(X), R(X, Relaxed), Unlock(X)],
            &[R(X, Relaxed)],
        ],
        4,
        4,
    ),
    // Beyond the table: rows 1 and 13 with SeqCst fences, which forbid what is not SC; load
    // buffering, which neither model allows; 2+2W.
    (
        201,
        &[
            &[W(X, 1, Relaxed), F(SeqCst), R(Y, Relaxed)],
            &[W(Y, 1, Relaxed), F(SeqCst), R(X, Relaxed)],
        ],
        3,
        3,
    ),
    // Row 13 with SeqCst accesses, and one that is not, so that RC11's own axioms decide.
    (
        113,
        &[
            &[W(X, 1, SeqCst), W(Z, 1, Relaxed)],
            &[R(X, SeqCst), R(Y, SeqCst)],
            &[R(Y, SeqCst), R(X, SeqCst)],
            &[W(Y, 1, SeqCst)],
        ],
        15,
        15,
    ),
    (
        213,
        &[
            &[W(X, 1, Relaxed)],
            &[R(X, Relaxed), F(SeqCst), R(Y, Relaxed)],
            &[R(Y, Relaxed), F(SeqCst), R(X, Relaxed)],
            &[W(Y, 1, Relaxed)],
        ],
        15,
        15,
    ),
    (101, &[&[R(X, Relaxed), W(Y, 1, Relaxed)], &[R(Y, Relaxed), W(X, 1, Relaxed)]], 3, 3),
    (102, &[&[W(X, 1, Relaxed), W(Y, 2, Relaxed)], &[W(Y, 1, Relaxed), W(X, 2, Relaxed)]], 3, 4),
];

#[test]
fn table() {
    for &(row, threads, sc, rc11) in ROWS {
        assert_eq!(count(MemoryModel::Sc, program(threads)), (sc, 0), "row {row}, SC");
        assert_eq!(count(MemoryModel::Rc11, program(threads)), (rc11, 0), "row {row}, RC11");
    }
}

#[test]
fn row_22_a_read_after_each_join() {
    let main = || {
        let main = body(|t| {
            t.spawn(1)?;
            t.spawn(2)?;
            t.join(1)?;
            t.load(X, Relaxed)?;
            t.join(2)?;
            t.load(X, Relaxed).map(drop)
        });
        Bodies::new(vec![main, straight(vec![W(X, 1, Relaxed)]), straight(vec![W(X, 2, Relaxed)])])
    };
    check(main, 3, 3);
}

/// The cell of row 26 is no choice and so is not there.
#[test]
fn rows_26_and_27_waiting_loops() {
    let flag: Threads =
        &[&[W(Y, 1, Release)], &[W(Z, 1, Relaxed)], &[Wait(Y, 1, Acquire), R(Z, Relaxed)]];
    let twice: Threads = &[&[W(Y, 1, Release)], &[W(Y, 1, Release)], &[Wait(Y, 1, Acquire)]];
    for model in [MemoryModel::Sc, MemoryModel::Rc11] {
        assert_eq!(count(model, program(flag)).0, 2);
        assert_eq!(count(model, program(twice)).0, 4);
    }
}

/// An update with AcqRel carries its thread's release on.
#[test]
fn an_update_synchronises_both_ways() {
    let threads: Threads =
        &[&[W(X, 1, Relaxed), Add(Y, 1, AcqRel)], &[Add(Y, 1, AcqRel), R(X, Relaxed)]];
    check(|| program(threads), 3, 3);
}
