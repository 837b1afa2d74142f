//! RUSTSEC-2022-0006: an iterator of thread_local 1.1.3 loads the address of what other threads have
//! allocated with a relaxed load, and looks into it: at a flag that nothing says is initialised.

use std::{sync::Arc, thread};

use known_bugs::drive;
use lockwise::{cell::Shared, explore::Explorer};
use thread_local::ThreadLocal;

#[test]
fn an_iterator_sees_whole_values() {
    // The crate's own statics are made here, and not anew in each execution.
    ThreadLocal::new().get_or(|| ());
    drive(Explorer::exhaustive(), || {
        // Nothing is allocated before a thread needs it.
        let locals = Arc::new(ThreadLocal::with_capacity(0));
        let theirs = Arc::clone(&locals);
        let other = thread::spawn(move || theirs.get_or(|| Shared::new(7)).get());
        for value in locals.iter() {
            assert_eq!(value.get(), 7);
        }
        other.join().unwrap();
    });
}
