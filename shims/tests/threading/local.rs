//! `Local`.

use std::sync::Arc;

use lockwise::threading::Local;

use crate::elsewhere;

#[test]
fn each_thread_has_a_value_of_its_own() {
    static STUDENT: Local<String> = Local::new();
    assert_eq!(STUDENT.get(), None);
    assert_eq!(STUDENT.with(String::len), None);
    STUDENT.set("Alice".to_owned());
    let theirs = elsewhere(|| {
        let before = STUDENT.get();
        STUDENT.set("Bob".to_owned());
        (before, STUDENT.get())
    });
    assert_eq!(theirs, (None, Some("Bob".to_owned())));
    assert_eq!(STUDENT.with(String::len), Some(5));
    assert!(STUDENT.clear());
    assert!(!STUDENT.clear());
    assert_eq!(STUDENT.get(), None);
}

#[test]
fn the_values_of_ended_threads_are_dropped() {
    let local = Arc::new(Local::<Arc<()>>::new());
    let value = Arc::new(());
    let (l, v) = (local.clone(), value.clone());
    elsewhere(move || l.set(v));
    // The next thread that sets a value sweeps.
    local.set(Arc::new(()));
    assert_eq!(Arc::strong_count(&value), 1);
}

#[test]
fn a_value_can_be_replaced_while_it_is_used() {
    let local = Local::new();
    local.set(1);
    assert_eq!(
        local.with(|one| {
            local.set(one + 1);
            *one
        }),
        Some(1)
    );
    assert_eq!(local.get(), Some(2));
}
