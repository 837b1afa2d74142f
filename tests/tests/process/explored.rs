//! Explorations that go wrong: one clear error each, no hang, and nothing lost.

use std::{os::unix::process::ExitStatusExt, process::Command};

use super::child::{Ended, clean, collect, rules, run};

fn explored(name: &str) -> Command {
    let mut command = clean(Command::new(env!("CARGO_BIN_EXE_explored")), [name]);
    command.env("RUST_BACKTRACE", "0");
    command
}

fn ends(name: &str) -> Ended {
    run(&mut explored(name))
}

/// It fails as a test does, with one error, in which all this is said.
#[track_caller]
fn fails(ended: &Ended, texts: &[&str]) {
    ended.exits_with(101);
    for text in texts {
        ended.says(text);
    }
    let errors = ended.err.matches("lockwise: error:").count();
    let panics = ended.err.matches("panicked at").count();
    ended.must(errors + panics == 1, "not one error");
}

/// It finds that, and fails.
#[track_caller]
fn finds(name: &str, rule: &str) -> Ended {
    let ended = ends(name);
    fails(&ended, &[]);
    ended.reports(rule);
    ended
}

const OUTSIDE: &str = "operation outside the explorer's view";

#[test]
fn a_loop_without_operations() {
    fails(&ends("loops"), &["has run for 1 s without an operation", "an endless loop"]);
}

#[test]
fn a_loop_in_a_destructor_of_a_blocked_thread() {
    fails(&ends("loops_in_a_destructor"), &["has run for 1 s without an operation"]);
}

#[test]
fn a_mutex_of_std() {
    fails(&ends("std_mutex"), &[OUTSIDE, "use lockwise's types"]);
}

#[test]
fn a_channel_of_std() {
    fails(&ends("std_channel"), &[OUTSIDE, "thread 0"]);
}

#[test]
fn operations_without_end() {
    finds("counts_without_end", "livelock").says("Explorer::max_steps");
}

#[test]
fn a_loop_that_waits_for_nobody() {
    finds("yields_without_end", "livelock").says("Explorer::max_steps");
}

#[test]
fn a_thread_of_std() {
    fails(&ends("foreign_mutex"), &[OUTSIDE, "`foreigner`", "start it by lockwise::thread"]);
}

#[test]
fn a_panic_in_a_destructor() {
    finds("panic_in_destructor", "panic").says("the destructor's own panic");
}

#[test]
fn a_panic_in_a_destructor_that_runs_because_of_a_panic() {
    let ended = ends("double_panic");
    ended.must(ended.status.signal() == Some(6), "not aborted");
    ended.says("the first panic").says("the destructor's own panic");
    finds("caught_double_panic", "panic").says("the first panic");
}

#[test]
fn a_panic_in_a_destructor_of_a_blocked_thread() {
    let ended = ends("panic_in_destructor_of_the_blocked");
    ended.must(!ended.status.success(), "no failure");
    ended.says("the destructor's own panic");
}

#[test]
fn a_stack_that_overflows() {
    fails(&ends("overflow"), &["thread `diver`", "256 KiB", "Explorer::stack_size"]);
    ends("large_stacks").exits_with(0).reports_nothing();
}

fn token() -> String {
    let ended = ends("deadlock_token");
    ended.exits_with(0);
    ended.out.trim().to_owned()
}

/// The program with that token: by the variable, and by `Explorer::replay`.
fn with_token(program: &str, token: &str) -> [Ended; 2] {
    let by_variable = run(explored(program).env("LOCKWISE_REPLAY", token));
    let by_explorer = run(explored(&format!("{program}_replay")).arg(token));
    [by_variable, by_explorer]
}

#[test]
fn a_token_is_replayed() {
    let token = token();
    for ended in with_token("deadlock", &token) {
        fails(&ended, &["1 blocked", &token]);
        ended.reports("deadlock");
    }
    finds("deadlock", "deadlock").says(&token);
}

#[test]
fn a_token_that_is_none() {
    for token in ["rubbish", "", "lw2.AAAA", "LW1.AAAA", "\u{1f980}", &"x".repeat(100_000)] {
        for ended in with_token("deadlock", token) {
            fails(&ended, &["is no replay token: a token begins with `lw1.`"]);
            ended.must(ended.err.len() < 1000, "too long");
        }
    }
}

#[test]
fn a_token_that_is_damaged() {
    let token = token();
    let half = &token[..token.len() / 2];
    let changed = format!("{}{}", &token[..token.len() - 1], "_");
    let more = format!("{token}A");
    let spaced = format!("{} {}", &token[..8], &token[8..]);
    for token in ["lw1.", "lw1.A", "lw1.AAAA", half, &changed, &more, &spaced] {
        for ended in with_token("deadlock", token) {
            fails(&ended, &["the replay token is damaged"]);
        }
    }
}

#[test]
fn a_token_of_another_program() {
    for ended in with_token("race", &token()) {
        fails(&ended, &["the program has changed too much for its replay token"]);
    }
}

#[test]
fn an_exploration_in_an_exploration() {
    finds("nested", "panic").says("an exploration cannot start another");
}

#[test]
fn a_mutex_that_is_held_outside() {
    fails(&ends("held_outside"), &["is held outside the exploration", "make it in the closure"]);
}

#[test]
fn a_closure_that_is_not_deterministic() {
    finds("nondeterministic", "nondeterminism").says("something that is not explored");
}

#[test]
fn ctrl_c() {
    let ended = ends("interrupted");
    ended.must(ended.status.signal() == Some(2), "not ended by the signal").reports_nothing();
}

#[test]
fn findings_are_collected() {
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("findings");
    let ended = run(collect(&mut explored("deadlock"), &output));
    ended.exits_with(0).reports_nothing();
    assert_eq!(rules(&output)[0], "deadlock");
    let text = std::fs::read_to_string(&output).unwrap();
    let findings = text.lines().map(|line| serde_json::from_str(line).unwrap());
    let findings: Vec<serde_json::Value> = findings.collect();
    assert_eq!(findings[0]["replay"], token());
    for finding in &findings {
        assert!(finding["replay"].as_str().is_some_and(|token| token.starts_with("lw1.")));
        assert!(finding["schedule"].as_array().is_some_and(|rows| rows.len() > 2), "{finding}");
    }
}

#[test]
fn nothing_is_said_of_progress_in_a_pipe() {
    let ended = ends("long");
    ended.exits_with(0).must(ended.err.is_empty() && ended.out.is_empty(), "something is said");
}

#[test]
fn destructors_of_blocked_threads() {
    for (name, rule) in [
        ("destructor_locks", "deadlock"),
        ("destructor_waits", "hang"),
        ("destructor_parks_and_joins", "hang"),
        ("destructor_spins", "hang"),
        ("destructor_joins", "hang"),
        ("destructor_of_a_thread_that_never_began", "hang"),
    ] {
        let ended = ends(name);
        ended.exits_with(0).reports_nothing();
        ended.must(ended.out.contains(rule), "not the finding that there is");
    }
}

#[test]
fn executions_without_an_end_keep_no_memory() {
    for name in ["blocked_often", "panics_often"] {
        let ended = ends(name);
        ended.exits_with(0);
        let numbers = ended.out.split_ascii_whitespace().map(|n| n.parse::<u64>().unwrap());
        let [_, _, kib] = numbers.collect::<Vec<_>>().try_into().unwrap();
        ended.must(kib < 4 << 10, "memory is kept");
    }
}
