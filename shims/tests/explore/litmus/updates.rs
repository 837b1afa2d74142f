//! Updates, joins, mutexes and waiting loops.

use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};

use super::*;

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
