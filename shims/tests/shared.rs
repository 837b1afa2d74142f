//! `Shared` and `UnsafeCell` are safe to race on, and a race on them is reported where it is.

use lockwise::{cell::Shared, thread};

#[test]
fn raced_values_are_never_torn() {
    static VALUE: Shared<[u64; 4]> = Shared::new([0; 4]);
    let race = || {
        thread::scope(|s| {
            for writer in 0..3_u64 {
                s.spawn(move || {
                    for round in 0..2_000 {
                        VALUE.set([round * 3 + writer; 4]);
                    }
                });
            }
            for _ in 0..2 {
                s.spawn(|| {
                    for _ in 0..2_000 {
                        let value = VALUE.get();
                        assert!(value.iter().all(|part| *part == value[0]), "torn: {value:?}");
                    }
                });
            }
        });
    };
    #[cfg(feature = "observe")]
    lockwise::record::record(race);
    #[cfg(not(feature = "observe"))]
    race();
}

#[test]
fn is_a_plain_variable_for_one_thread() {
    let value = Shared::new(1);
    value.update(|v| v + 1);
    value.set(value.get() * 10);
    assert_eq!(value.get(), 20);
    assert_eq!(format!("{value:?}"), "Shared(20)");
    assert_eq!(Shared::<u8>::default().get(), 0);
    assert_eq!(Shared::from(3).get(), 3);
}

#[test]
fn can_be_shared_and_caught() {
    fn takes<T: Send + Sync + std::panic::UnwindSafe + std::panic::RefUnwindSafe>() {}
    takes::<Shared<[u8; 32]>>();
}

#[cfg(feature = "observe")]
mod observed {
    use lockwise::{
        cell::UnsafeCell,
        record::{Finding, record},
        sync::atomic::{
            AtomicBool,
            Ordering::{self, Acquire, Relaxed, Release},
        },
    };

    use super::*;

    fn races(f: impl FnOnce()) -> Vec<Finding> {
        let recording = record(f);
        let races = recording.findings().iter().filter(|finding| finding.rule() == "data-race");
        races.cloned().collect()
    }

    #[test]
    fn an_unordered_update_is_a_data_race_at_its_lines() {
        let first_line = line!();
        let races = races(|| {
            let counter = Shared::new(0);
            thread::scope(|s| {
                s.spawn(|| counter.set(counter.get() + 1));
                s.spawn(|| counter.update(|count| count + 1));
            });
        });
        let last_line = line!();
        assert!(!races.is_empty());
        let report = races[0].to_string();
        let in_range = (first_line..last_line)
            .filter(|line| report.contains(&format!("{}:{line}:", file!())))
            .count();
        assert!(in_range >= 2, "{report}");
    }

    #[test]
    fn what_join_orders_is_no_race() {
        let races = races(|| {
            static VALUE: Shared<u8> = Shared::new(0);
            VALUE.set(1);
            thread::spawn(|| VALUE.update(|v| v + 1)).join().unwrap();
            VALUE.set(VALUE.get() + 1);
            thread::scope(|s| {
                s.spawn(|| VALUE.set(5));
            });
            VALUE.set(VALUE.get() + 1);
            assert_eq!(VALUE.get(), 6);
        });
        assert!(races.is_empty(), "{}", races[0]);
    }

    #[test]
    fn what_unpark_orders_is_no_race() {
        let races = races(|| {
            static VALUE: Shared<u8> = Shared::new(0);
            let waiting = thread::spawn(|| {
                thread::park();
                VALUE.get()
            });
            VALUE.set(1);
            waiting.thread().unpark();
            // A park may return for no reason; here it does not.
            assert_eq!(waiting.join().unwrap(), 1);
        });
        assert!(races.is_empty(), "{}", races[0]);
    }

    fn hand_over(store: Ordering, load: Ordering) -> Vec<Finding> {
        struct Cell(UnsafeCell<u32>);
        // SAFETY: the test reads only after the flag says that the write is done.
        unsafe impl Sync for Cell {}

        races(|| {
            let cell = Cell(UnsafeCell::new(0));
            let ready = AtomicBool::new(false);
            let (cell, ready) = (&cell, &ready);
            thread::scope(|s| {
                s.spawn(move || {
                    // SAFETY: the reader waits for the flag.
                    cell.0.with_mut(|value| unsafe { *value = 1 });
                    ready.store(true, store);
                });
                s.spawn(move || {
                    while !ready.load(load) {
                        thread::yield_now();
                    }
                    cell.0.with(|value| value.is_null())
                });
            });
        })
    }

    #[test]
    fn a_released_flag_hands_a_cell_over() {
        let races = hand_over(Release, Acquire);
        assert!(races.is_empty(), "{}", races[0]);
    }

    #[test]
    fn a_relaxed_flag_does_not() {
        assert_eq!(hand_over(Relaxed, Relaxed).len(), 1);
    }
}
