//! Programs that are only partly observed, and large ones.

use std::process::Command;

use super::child::{Ended, clean, collect, rules, run};

fn mixed(name: &str) -> Command {
    clean(Command::new(env!("CARGO_BIN_EXE_mixed")), [name])
}

/// It ends as it should, and nothing is found, whatever becomes of findings.
fn is_fine(program: impl Fn() -> Command) -> Ended {
    let ended = run(&mut program());
    ended.exits_with(0).reports_nothing();
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("findings");
    run(collect(&mut program(), &output)).exits_with(0).reports_nothing();
    assert_eq!(rules(&output), [""; 0]);
    ended
}

macro_rules! fine {
    ($($name:ident)*) => {
        $(
            #[test]
            fn $name() {
                // What it says of time and memory is for whoever asks for it.
                print!("{}", is_fine(|| mixed(stringify!($name))).out);
            }
        )*
    };
}

fine! {
    strangers_that_answer
    strangers_that_answer_a_recording
    strangers_that_share_locks
    recordings_that_share_a_lock
    a_recording_under_a_lock
    a_recording_that_leaves_a_thread
    idle_workers_are_left
    locks_while_threads_end
    a_panic_hook_that_locks
    threads_one_after_the_other
    threads_at_once
    short_lived_locks
    much_locking
}

#[test]
fn an_allocator_that_locks() {
    is_fine(|| clean(Command::new(env!("CARGO_BIN_EXE_allocator")), [""; 0]));
}

#[test]
fn a_report_while_a_stuck_thread_holds_standard_error() {
    run(&mut mixed("standard_error_is_held")).exits_with(101).reports("deadlock");
}

#[test]
fn a_process_in_which_nobody_can_be_unwound_ends() {
    let ended = run(&mut mixed("nobody_can_be_unwound"));
    ended.exits_with(101).reports("hang").says("none can be unwound");
}

#[test]
fn a_process_ends_whose_last_handler_wants_what_a_stuck_thread_holds() {
    run(&mut mixed("somebody_can_be_unwound")).exits_with(101).reports("hang");
}
