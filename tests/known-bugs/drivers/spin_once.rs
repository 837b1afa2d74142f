//! RUSTSEC-2023-0031: who waits for an initialiser of spin 0.9.7's `Once` that fails takes it for
//! impossible that there is no value then: undefined behaviour, or a panic in a debug build.

use std::{sync::Arc, thread};

use known_bugs::drive;
use lockwise::explore::Explorer;
use spin_0_9::Once;

#[test]
fn who_waits_for_a_failure_tries_again() {
    drive(Explorer::exhaustive(), || {
        let once = Arc::new(Once::<u32>::new());
        let theirs = Arc::clone(&once);
        let other = thread::spawn(move || theirs.try_call_once(|| Err(())).copied());
        assert_eq!(*once.call_once(|| 1), 1);
        assert!(matches!(other.join().unwrap(), Err(()) | Ok(1)));
    });
}
