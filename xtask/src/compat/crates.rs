//! The published crates whose own tests show that observation changes nothing.

/// A published crate, and which of its tests are run.
#[derive(Debug)]
pub(super) struct Suite {
    pub(super) name: &'static str,
    pub(super) version: &'static str,
    pub(super) features: &'static [&'static str],
    /// Integration tests; all tests, with the documentation's examples, if there are none here.
    pub(super) tests: &'static [&'static str],
    /// Tests that may pass in one way only, and why.
    pub(super) differing: &'static [(&'static str, &'static str)],
}

const fn suite(name: &'static str, version: &'static str) -> Suite {
    Suite { name, version, features: &[], tests: &[], differing: &[] }
}

pub(super) const SUITES: &[Suite] = &[
    suite("threadpool", "1.8.1"),
    Suite {
        differing: &[(
            "golang::select2::main",
            "it counts the bytes that its process allocates, and lockwise allocates there too",
        )],
        ..suite("crossbeam-channel", "0.5.17")
    },
    suite("crossbeam-deque", "0.8.8"),
    suite("crossbeam-epoch", "0.9.21"),
    suite("flume", "0.11.1"),
    suite("rayon-core", "1.13.0"),
    Suite {
        differing: &[(
            "it::sync_once_cell::reentrant_init",
            "the program that it starts is to wait for ever, and lockwise ends it",
        )],
        ..suite("once_cell", "1.21.4")
    },
    suite("dashmap", "6.2.1"),
    suite("concurrent-queue", "2.5.0"),
    suite("arc-swap", "1.9.5"),
    suite("event-listener", "5.4.2"),
    suite("r2d2", "0.8.10"),
    suite("scheduled-thread-pool", "0.2.8"),
    suite("thread_local", "1.1.10"),
    suite("parking_lot", "0.12.5"),
    Suite {
        features: &["full", "test-util"],
        tests: &[
            "sync_barrier",
            "sync_broadcast",
            "sync_mpsc",
            "sync_mutex",
            "sync_mutex_owned",
            "sync_notify",
            "sync_once_cell",
            "sync_oneshot",
            "sync_panic",
            "sync_rwlock",
            "sync_semaphore",
            "sync_semaphore_owned",
            "sync_watch",
        ],
        ..suite("tokio", "1.54.1")
    },
];
