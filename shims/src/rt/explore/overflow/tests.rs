//! The message of an overflow, and what is left to others, each in a process of its own.

use std::{
    hint::black_box,
    os::unix::process::ExitStatusExt,
    process::Output,
    ptr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use corosensei::Coroutine;

use super::{super::child, *};
use crate::rt::explore::stack::Stacks;

const SIZE: usize = 256 << 10;

fn apart(test: &str, f: impl FnOnce()) -> Option<Output> {
    child::apart(module_path!(), test, f)
}

/// Has `f` run by a coroutine on a stack of `SIZE`.
fn on_coroutine(name: Option<&str>, f: fn()) {
    let stack = Stacks::new(SIZE).take().unwrap();
    let tenant = Tenant::of(&stack, 3, name.map(Arc::from));
    let mut coroutine = Coroutine::<(), (), (), _>::with_stack(stack, move |_, ()| f());
    tenant.run(|| coroutine.resume(()));
}

fn overflow() {
    fn deeper(depth: usize) -> usize {
        let frame = black_box([depth; 64]);
        if frame[0] == usize::MAX { 0 } else { deeper(depth + 1) + frame[63] }
    }
    black_box(deeper(0));
}

/// A fault that is no overflow.
fn write_nowhere() {
    let nowhere = ptr::without_provenance_mut::<u8>(16);
    // SAFETY: none: the process must end by this.
    unsafe { nowhere.write_volatile(1) }
}

#[track_caller]
fn check_overflowed(output: &Output, who: &str) {
    let errors = child::errors(output);
    let message = format!(
        "\nlockwise: error: {who} of the explored program overflowed its stack of 256 KiB; \
         give it more by Explorer::stack_size (or by Builder::stack_size for one thread)\n"
    );
    assert!(errors.contains(&message), "{errors}");
    assert_eq!(output.status.code(), Some(101), "{errors}");
}

#[track_caller]
fn check_died_by(output: &Output, signal: i32) {
    let errors = child::errors(output);
    assert_eq!(output.status.signal(), Some(signal), "{errors}");
    assert!(!errors.contains("lockwise"), "{errors}");
}

#[test]
fn an_overflow_is_said_to_be_one() {
    let output = apart("an_overflow_is_said_to_be_one", || {
        let _watch = watch();
        on_coroutine(Some("taker"), overflow);
    });
    if let Some(output) = output {
        check_overflowed(&output, "thread `taker`");
    }
}

#[test]
fn a_thread_without_a_name_has_a_number() {
    let output = apart("a_thread_without_a_name_has_a_number", || {
        let _watch = watch();
        on_coroutine(None, overflow);
    });
    if let Some(output) = output {
        check_overflowed(&output, "thread 3 (in order of spawning, the main thread is 0)");
    }
}

#[test]
fn a_long_name_is_cut_between_characters() {
    let output = apart("a_long_name_is_cut_between_characters", || {
        let _watch = watch();
        on_coroutine(Some(&"ä€".repeat(1000)), overflow);
    });
    if let Some(output) = output {
        check_overflowed(&output, &format!("thread `{}`", "ä€".repeat(20)));
    }
}

#[test]
fn a_thread_without_a_stack_for_signals_gets_one() {
    let output = apart("a_thread_without_a_stack_for_signals_gets_one", || {
        let none =
            libc::stack_t { ss_sp: ptr::null_mut(), ss_flags: libc::SS_DISABLE, ss_size: SIZE };
        // SAFETY: std's handler is not at work.
        assert_eq!(unsafe { libc::sigaltstack(&raw const none, ptr::null_mut()) }, 0);
        drop(watch());
        let _watch = watch();
        on_coroutine(Some("taker"), overflow);
    });
    if let Some(output) = output {
        check_overflowed(&output, "thread `taker`");
    }
}

#[test]
fn an_overflow_within_another_coroutine_is_the_inner_ones() {
    let output = apart("an_overflow_within_another_coroutine_is_the_inner_ones", || {
        let _watch = watch();
        on_coroutine(Some("outer"), || {
            on_coroutine(Some("first"), || {});
            on_coroutine(Some("inner"), overflow);
        });
    });
    if let Some(output) = output {
        check_overflowed(&output, "thread `inner`");
    }
}

#[test]
fn an_overflow_after_another_coroutine_is_the_outer_ones() {
    let output = apart("an_overflow_after_another_coroutine_is_the_outer_ones", || {
        let _watch = watch();
        on_coroutine(Some("outer"), || {
            on_coroutine(Some("inner"), || {});
            overflow();
        });
    });
    if let Some(output) = output {
        check_overflowed(&output, "thread `outer`");
    }
}

#[test]
fn any_other_fault_ends_the_process_as_before() {
    let output = apart("any_other_fault_ends_the_process_as_before", || {
        let _watch = watch();
        on_coroutine(Some("taker"), write_nowhere);
    });
    if let Some(output) = output {
        check_died_by(&output, libc::SIGSEGV);
    }
}

#[test]
fn a_signal_that_was_sent_ends_the_process_as_before() {
    let output = apart("a_signal_that_was_sent_ends_the_process_as_before", || {
        for next in [libc::SIGSEGV, libc::SIGBUS] {
            // SAFETY: nobody relies on std's handler.
            unsafe { libc::signal(next, libc::SIG_DFL) };
        }
        let _watch = watch();
        // SAFETY: the process must end by this.
        unsafe { libc::raise(libc::SIGBUS) };
    });
    if let Some(output) = output {
        check_died_by(&output, libc::SIGBUS);
    }
}

#[test]
fn an_overflow_of_an_ordinary_thread_is_for_std_to_say() {
    let output = apart("an_overflow_of_an_ordinary_thread_is_for_std_to_say", || {
        let _watch = watch();
        let ordinary = std::thread::Builder::new().name("ordinary".to_owned());
        ordinary.spawn(overflow).unwrap().join().unwrap();
    });
    if let Some(output) = output {
        check_died_by(&output, libc::SIGABRT);
        let errors = child::errors(&output);
        assert!(errors.contains("'ordinary'"), "{errors}");
        assert!(errors.contains("has overflowed its stack"), "{errors}");
    }
}

#[test]
fn the_programs_own_handler_is_called() {
    static CALLS: AtomicUsize = AtomicUsize::new(0);
    extern "C" fn mine(signal: i32) {
        let again = CALLS.fetch_add(1, Ordering::Relaxed) > 0;
        if again {
            // SAFETY: ends the process.
            unsafe { libc::_exit(7) }
        }
        // What the fault was about is done again.
        assert_eq!(signal, libc::SIGSEGV);
    }
    let output = apart("the_programs_own_handler_is_called", || {
        // SAFETY: the handler does only what a handler may.
        unsafe { libc::signal(libc::SIGSEGV, mine as *const () as usize) };
        let _watch = watch();
        on_coroutine(Some("taker"), write_nowhere);
    });
    if let Some(output) = output {
        assert_eq!(output.status.code(), Some(7), "{}", child::errors(&output));
    }
}

#[test]
fn a_signal_that_the_program_ignores_is_ignored_still() {
    let output = apart("a_signal_that_the_program_ignores_is_ignored_still", || {
        // SAFETY: nobody relies on std's handler.
        unsafe { libc::signal(libc::SIGSEGV, libc::SIG_IGN) };
        let _watch = watch();
        // SAFETY: it is ignored.
        unsafe { libc::raise(libc::SIGSEGV) };
        on_coroutine(Some("taker"), overflow);
    });
    if let Some(output) = output {
        check_overflowed(&output, "thread `taker`");
    }
}
