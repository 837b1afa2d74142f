//! Every trap, run ten times by the operating system: nothing is found, not even a note.

use lockwise::record::record;
use lockwise_fixtures::{Console, find, traps};
use lockwise_tests::unlisted;

const TIMES: usize = 10;

fn check(trap: &str) {
    let found = find(trap, "mended").expect("the registry has what is listed below");
    let run = found.run.as_ref().expect("a trap can run");
    for time in 0..TIMES {
        let recording = record(|| (run.body)(&Console::captured()));
        let findings: Vec<_> = recording.findings().iter().map(ToString::to_string).collect();
        assert!(findings.is_empty(), "{trap}, run {time}: {}", findings.join("\n"));
    }
}

macro_rules! traps {
    ($($test:ident: $trap:literal;)*) => {
        $(#[test] fn $test() { check($trap) })*

        const TESTED: &[(&str, &str)] = &[$(($trap, "mended")),*];
    };
}

traps! {
    gate_lock: "gate-lock";
    one_thread_alone: "one-thread-alone";
    try_lock_and_back_off: "try-lock-and-back-off";
    hand_over_hand: "hand-over-hand";
    released_before_the_other_order: "released-before-the-other-order";
    read_read_inversion: "read-read-inversion";
    out_of_order_unlock: "out-of-order-unlock";
    accounts_by_address: "accounts-by-address";
    poisoned_and_recovered: "poisoned-and-recovered";
    inversion_ordered_by_join: "inversion-ordered-by-join";
    inversion_ordered_by_channel: "inversion-ordered-by-channel";
    inversion_ordered_by_barrier: "inversion-ordered-by-barrier";
    inversion_ordered_by_condvar: "inversion-ordered-by-condvar";
    inversion_ordered_by_release_store: "inversion-ordered-by-release-store";
    short_lived_locks: "short-lived-locks";
    initialised_once_under_a_lock: "initialised-once-under-a-lock";
    fetch_add: "fetch-add";
    compare_exchange: "compare-exchange";
    load_then_store_under_a_lock: "load-then-store-under-a-lock";
    queue_with_two_condvars: "queue-with-two-condvars";
    wait_releases_the_only_lock: "wait-releases-the-only-lock";
    hundred_threads: "hundred-threads";
}

#[test]
fn every_trap_has_a_test() {
    assert_eq!(unlisted(traps(), TESTED), Vec::<String>::new());
}
