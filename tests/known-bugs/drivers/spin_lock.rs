//! RUSTSEC-2019-0013: an `RwLock` of spin 0.5.1 is unlocked by a relaxed store, so what its owner
//! wrote need not be there for the next one.

use std::{sync::Arc, thread};

use known_bugs::drive;
use lockwise::{cell::Shared, explore::Explorer};
use spin_0_5::RwLock;

#[test]
fn writers_exclude_each_other() {
    drive(Explorer::exhaustive(), || {
        let count = Arc::new(RwLock::new(Shared::new(0)));
        let theirs = Arc::clone(&count);
        let other = thread::spawn(move || theirs.write().update(|n| n + 1));
        count.write().update(|n| n + 1);
        other.join().unwrap();
        assert_eq!(count.read().get(), 2);
    });
}
