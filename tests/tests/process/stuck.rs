//! A test that waits for ever fails with a report, and the run goes on and ends.

use super::child::{ignored_tests, run};

/// Each victim, and the rules that may say why it is stuck.
const WAITS: &[(&str, &[&str])] = &[
    ("for_two_mutexes", &["deadlock"]),
    ("for_its_own_mutex", &["self-deadlock"]),
    ("to_write_what_it_reads", &["rwlock-upgrade"]),
    ("for_threads_that_join_each_other", &["deadlock"]),
    ("for_a_notification_that_was_given", &["lost-wakeup"]),
    ("for_a_message_from_itself", &["hang"]),
    ("at_a_barrier_for_nobody", &["hang"]),
    ("for_what_an_ended_thread_holds", &["hang"]),
    ("in_a_scope", &["deadlock"]),
    ("in_a_scope_for_a_parked_thread", &["hang"]),
    ("to_be_unparked", &["hang"]),
    ("for_its_own_initialiser", &["self-deadlock"]),
    ("to_send_to_itself", &["hang"]),
    ("in_an_unnamed_thread_of_std", &["hang"]),
    ("beside_an_idle_thread_of_std", &["hang"]),
    ("holding_what_its_destructor_wants", &["self-deadlock"]),
];

const PASSES: &[&str] = &["with_two_threads", "with_a_wait"];

#[test]
fn each_alone() {
    let mut wrong = Vec::new();
    for (name, rules) in WAITS {
        let path = format!("suite::waits::{name}");
        let ended = run(&mut ignored_tests(&path, &["--exact"]));
        let reported = rules.iter().any(|rule| ended.err.contains(&format!("[{rule}]")));
        let failed = ended.out.contains(&format!("test {path} - should panic ... "))
            || ended.out.contains(&format!("{path} ... FAILED"));
        if !(reported && failed && ended.status.code() == Some(101)) {
            wrong.push(format!("{name}: {ended:#?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn all_at_once() {
    for threads in ["2", "4", "32"] {
        let ended =
            run(&mut ignored_tests("suite::", &["--test-threads", threads, "--skip", "finding"]));
        ended.exits_with(101);
        for (name, _) in WAITS {
            let line = format!("suite::waits::{name} ... FAILED");
            ended.must(ended.out.contains(&line), &format!("{name} has not failed"));
        }
        for name in PASSES {
            let line = format!("suite::passes::{name} ... ok");
            ended.must(ended.out.contains(&line), &format!("{name} has not passed"));
        }
    }
}
