//! Random programs under random schedules: verdicts against brute force.

use lockwise_detector::{Detector, Finding, script::Script};
use proptest::{collection::vec, prelude::*};

use crate::simulator::{HANDED, OBJECTS, Program, State, Step, THREADS};

const VERDICTS: [&str; 5] = ["deadlock", "self-deadlock", "rwlock-upgrade", "lost-wakeup", "hang"];

/// Locks that their owners release, and joins.
fn owned_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..HANDED).prop_map(Step::Lock),
        2 => Just(Step::Read),
        4 => Just(Step::Unlock),
        1 => (0..THREADS).prop_map(Step::Join),
    ]
}

fn any_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => owned_step(),
        2 => Just(Step::Lock(HANDED)),
        1 => Just(Step::HandOver),
        1 => Just(Step::Leak),
        2 => Just(Step::Wait),
        2 => any::<bool>().prop_map(|all| Step::Notify { all }),
        2 => (5..7usize).prop_map(Step::Send),
        2 => (5..7usize).prop_map(Step::Receive),
        1 => Just(Step::Park),
        1 => (0..THREADS).prop_map(Step::Unpark),
    ]
}

fn program(step: impl Strategy<Value = Step>) -> impl Strategy<Value = Program> {
    let threads = vec(vec(step, 0..6), THREADS);
    threads.prop_map(|threads| threads.try_into().expect("as many as asked for"))
}

/// Whom to let step, of those who can: taken modulo their number.
fn schedule() -> impl Strategy<Value = Vec<u8>> {
    vec(any::<u8>(), 128)
}

/// Runs `program` until nobody can step, and checks each verdict as it comes.
fn run(program: &Program, schedule: &[u8]) -> (State, Vec<Finding>) {
    let mut script = Script::new();
    let threads = script.threads::<THREADS>();
    for kind in OBJECTS {
        let [_object] = script.objects::<1>(kind);
    }
    for child in &threads[1..] {
        script.spawn(threads[0], *child);
    }
    let mut detector = Detector::new();
    let mut fed = 0;
    let mut verdicts = Vec::new();
    let mut state = State::new();
    for choice in schedule {
        let enabled = state.enabled(program);
        if enabled.is_empty() {
            break;
        }
        let ops = state
            .advance(program, enabled[usize::from(*choice) % enabled.len()])
            .expect("it is enabled");
        for (thread, action) in ops {
            script.push(threads[thread], action);
        }
        for op in &script.ops()[fed..] {
            let found = detector.observe(op).expect("a simulated program is possible");
            for verdict in found.into_iter().filter(|found| VERDICTS.contains(&found.rule())) {
                check(&verdict, &state, program);
                verdicts.push(verdict);
            }
        }
        fed = script.ops().len();
    }
    assert!(state.enabled(program).is_empty(), "the schedule was too short");
    (state, verdicts)
}

/// Nobody whom a verdict names goes on, whatever happens next.
fn check(verdict: &Finding, state: &State, program: &Program) {
    let named: Vec<_> = verdict.threads().iter().map(|thread| thread.id.index()).collect();
    assert!(!state.any_goes_on(program, &named), "{}", verdict.message());
    assert!(named.iter().any(|thread| !state.has_ended(*thread)), "{}", verdict.message());
    if verdict.rule() == "lost-wakeup" {
        assert!(state.enabled(program).is_empty(), "{}", verdict.message());
    }
}

fn stuck(state: &State) -> bool {
    (0..THREADS).any(|thread| !state.has_ended(thread))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4096, ..ProptestConfig::default() })]

    #[test]
    fn who_is_stuck_is_reported_and_nobody_else(
        program in program(any_step()),
        schedule in schedule(),
    ) {
        let (end, verdicts) = run(&program, &schedule);
        if !end.has_ended(0) {
            prop_assert!(!verdicts.is_empty(), "main is stuck and nothing was said");
        }
        if !stuck(&end) {
            prop_assert!(verdicts.is_empty(), "{}", verdicts[0].message());
        }
        let whole = |found: &&Finding| found.rule() == "lost-wakeup";
        prop_assert!(verdicts.iter().filter(whole).count() <= 1);
        for (n, verdict) in verdicts.iter().enumerate() {
            let again = verdicts[n + 1..].iter().find(|other| other.threads() == verdict.threads());
            prop_assert!(again.is_none(), "reported twice: {}", verdict.message());
        }
    }

    /// With locks that their owners release, and joins, whoever is stuck is so by a cycle: it is
    /// found whether main is in it or not. (Where readers queue behind writers, main must be.)
    #[test]
    fn with_locks_and_joins_alone_daemons_are_reported_too(
        program in program(owned_step()),
        schedule in schedule(),
    ) {
        let readers = program.iter().flatten().any(|step| *step == Step::Read);
        let (end, verdicts) = run(&program, &schedule);
        let must = stuck(&end) && (!readers || !end.has_ended(0));
        prop_assert!(!must || !verdicts.is_empty(), "stuck and nothing was said");
        prop_assert!(verdicts.iter().all(|found| found.rule() != "hang"));
    }
}
