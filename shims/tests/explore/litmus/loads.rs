//! Loads, stores and fences.

use std::sync::atomic::Ordering::{Acquire, Release, SeqCst};

use super::*;

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
