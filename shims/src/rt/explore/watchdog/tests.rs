//! Workers that are ended, and one that is left alone, each in a process of its own.

use std::{
    hint::{black_box, spin_loop},
    process::Output,
    sync::atomic::AtomicBool,
    time::Instant,
};

use super::{super::child, *};

const SHORT: Duration = Duration::from_millis(400);

/// Runs `f` in a process of its own as the model's thread 2, after a step.
fn apart(test: &str, f: impl FnOnce(&Watchdog)) -> Option<Output> {
    child::apart(module_path!(), test, || {
        let watchdog = Watchdog::start(SHORT);
        watchdog.runs(2);
        watchdog.beat();
        f(&watchdog);
    })
}

#[track_caller]
fn check_ended(output: &Output, message: &str) {
    let errors = child::errors(output);
    let who = "thread 2 (in order of spawning, the main thread is 0) of the explored program";
    let message = format!("\nlockwise: error: {who} {message}\n");
    assert!(errors.contains(&message), "{errors}");
    assert_eq!(output.status.code(), Some(101), "{errors}");
}

const BLOCKED: &str = "is blocked by an operation outside the explorer's view (a lock, channel \
                       or sleep of std's own, or input): use lockwise's types, or keep it out \
                       of what is explored";

#[test]
fn a_thread_that_locks_a_lock_of_std_twice_is_blocked() {
    let output = apart("a_thread_that_locks_a_lock_of_std_twice_is_blocked", |_| {
        let lock = Mutex::new(());
        let _held = lock.lock();
        drop(black_box(&lock).lock());
    });
    if let Some(output) = output {
        check_ended(&output, BLOCKED);
    }
}

#[test]
fn a_thread_that_sleeps_is_blocked() {
    let output = apart("a_thread_that_sleeps_is_blocked", |_| {
        thread::sleep(Duration::from_secs(3600));
    });
    if let Some(output) = output {
        check_ended(&output, BLOCKED);
    }
}

#[test]
fn a_thread_that_loops_runs() {
    let output = apart("a_thread_that_loops_runs", |_| {
        let never = AtomicBool::new(false);
        while !black_box(&never).load(Relaxed) {
            spin_loop();
        }
    });
    if let Some(output) = output {
        check_ended(
            &output,
            "has run for 0.4 s without an operation that the explorer sees: an endless loop, \
             or a computation that is too long to be explored",
        );
    }
}

#[test]
fn who_goes_on_slowly_is_left_alone() {
    let output = apart("who_goes_on_slowly_is_left_alone", |watchdog| {
        let begin = Instant::now();
        while begin.elapsed() < SHORT * 3 {
            thread::sleep(SHORT / 8);
            watchdog.beat();
            let step = Instant::now();
            while step.elapsed() < SHORT / 8 {
                spin_loop();
            }
            watchdog.beat();
        }
        watchdog.rests();
        thread::sleep(SHORT * 3);
    });
    if let Some(output) = output {
        assert!(output.status.success(), "{}", child::errors(&output));
    }
}

#[test]
fn who_was_stopped_is_left_alone() {
    // SAFETY: what stops is the child, and it has somebody that wakes it.
    let kill = |signal| unsafe { libc::kill(libc::getpid(), signal) };
    let output = apart("who_was_stopped_is_left_alone", |watchdog| {
        let mut waker = std::process::Command::new("sh")
            .args(["-c", &format!("sleep 1; kill -CONT {}", std::process::id())])
            .spawn()
            .unwrap();
        watchdog.beat();
        kill(libc::SIGSTOP);
        watchdog.beat();
        watchdog.rests();
        waker.wait().unwrap();
    });
    if let Some(output) = output {
        assert!(output.status.success(), "{}", child::errors(&output));
    }
}

#[test]
fn it_ends_at_once() {
    let begin = Instant::now();
    for _ in 0..40 {
        drop(Watchdog::start(LIMIT));
    }
    assert!(begin.elapsed() < LOOK * 20, "{:?}", begin.elapsed());
}
