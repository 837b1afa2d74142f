//! The explorer against brute force, on random programs that use lockwise's types.
//!
//! [`program`] makes them up; [`perform`] does them in the explorer, and [`code`], [`machine`] and
//! [`interpret`] in the reference, in all interleavings. Both have to end in the same [`outcome`]s.
//! Where [`trace`] tells executions apart, there have to be as many.
//!
//! `PROPTEST_CASES` sets how many programs are tried.

mod code;
mod interpret;
mod machine;
mod messages;
mod outcome;
mod perform;
mod program;
mod trace;

use lockwise::{
    explore::{Exploration, Explorer, MemoryModel},
    record::Finding,
};
use proptest::prelude::*;

use self::{
    interpret::{Ask, Possible, possible},
    perform::{Shown, closure},
    program::{Op, Program, RWLOCKS, any_op, besides, countable, programs},
};

fn ask() -> Ask {
    Ask { queues: [true; RWLOCKS], traced: false, most: 5_000 }
}

fn cases(usual: u32) -> ProptestConfig {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok());
    ProptestConfig {
        cases: cases.unwrap_or(usual),
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

/// What the reference has to say of a program.
struct Reference {
    /// All that is possible.
    most: Possible,
    /// What has to be found. That readers of a lock queue that is tried adds no outcome; the ways
    /// to get stuck that it adds are not found yet.
    least: Possible,
}

impl Reference {
    fn of(program: &Program) -> Option<Self> {
        let queues = std::array::from_fn(|lock| {
            let tries =
                |op: &Op| matches!(op, Op::TryRead(l, _) | Op::TryWrite(l, _) if *l == lock);
            !program.any(tries)
        });
        let most = possible(program, ask())?;
        let least = possible(program, Ask { queues, ..ask() })?;
        Some(Self { most, least })
    }

    /// No outcome is other than these.
    fn allows(&self, shown: &Shown) {
        if let Some(wrong) = shown.complete.difference(&self.most.complete).next() {
            panic!("impossible: {wrong:?}");
        }
    }

    /// The explorer has shown at least this, and that all can get stuck if they can.
    fn is_shown(&self, shown: &Shown, exploration: &Exploration) {
        assert!(exploration.is_complete(), "{exploration}");
        if let Some(missed) = self.most.complete.difference(&shown.complete).next() {
            panic!("{exploration}, missed: {missed:?}");
        }
        if let Some(missed) = self.least.stuck.difference(&shown.partial).next() {
            panic!("{exploration}, never stuck at {missed:?}");
        }
        assert!(exploration.blocked() > 0 || self.least.stuck.is_empty(), "{exploration}");
    }

    /// And nothing else.
    fn equals(&self, shown: &Shown, exploration: &Exploration) {
        self.allows(shown);
        self.is_shown(shown, exploration);
        assert!(exploration.blocked() == 0 || !self.most.stuck.is_empty(), "{exploration}");
    }
}

fn exhaust(program: &Program, explorer: &Explorer) {
    let Some(reference) = Reference::of(program) else { return };
    let (shown, closure) = closure(program);
    let exploration = explorer.run(closure);
    reference.equals(&shown.lock().unwrap(), &exploration);
}

/// Under RC11 an attempt may fail because of what it sees late, which is all that is weak here.
fn weakly(program: &Program) {
    let Some(reference) = Reference::of(program) else { return };
    let (shown, closure) = closure(program);
    let exploration = Explorer::exhaustive().memory_model(MemoryModel::Rc11).run(closure);
    let shown = shown.lock().unwrap();
    if program.any(Op::may_fail) {
        reference.is_shown(&shown, &exploration);
    } else {
        reference.equals(&shown, &exploration);
    }
}

/// Each finding has a token that leads to it.
fn replay(program: &Program) {
    // Which threads read is learnt, and not in the token yet.
    let reads = |op: &Op| matches!(op, Op::Read(..) | Op::Write(..));
    if possible(program, ask()).is_none() || program.any(reads) {
        return;
    }
    let run = |explorer: Explorer| explorer.run(closure(program).1);
    let exploration = run(Explorer::exhaustive().memory_model(MemoryModel::Sc));
    for finding in exploration.findings() {
        let token = finding.replay().expect("it has one");
        let again = run(Explorer::replay(token));
        let same = |other: &Finding| other.rule() == finding.rule();
        assert!(again.findings().iter().any(same), "{finding}, but replayed: {again}");
        assert_eq!(again.executions() + again.blocked(), 1);
    }
}

/// What random executions show is possible.
fn sample(program: &Program, seed: u64) {
    let Some(reference) = Reference::of(program) else { return };
    let (shown, closure) = closure(program);
    let explorer = Explorer::random(seed).max_executions(30).stop_at_first(false);
    let exploration = explorer.memory_model(MemoryModel::Sc).run(closure);
    reference.allows(&shown.lock().unwrap());
    assert!(exploration.blocked() == 0 || !reference.most.stuck.is_empty(), "{exploration}");
}

proptest! {
    #![proptest_config(cases(1000))]

    #[test]
    fn outcomes_are_those_of_all_interleavings(program in programs(any_op)) {
        exhaust(&program, &Explorer::exhaustive().memory_model(MemoryModel::Sc));
    }
}

proptest! {
    #![proptest_config(cases(200))]

    /// All accesses are SeqCst.
    #[test]
    fn rc11_has_the_same_outcomes(program in programs(any_op)) {
        weakly(&program);
    }

    /// Whoever waits looks again.
    #[test]
    fn to_wake_up_for_no_reason_makes_no_difference(program in programs(any_op)) {
        let explorer = Explorer::exhaustive().memory_model(MemoryModel::Sc);
        exhaust(&program, &explorer.spurious_wakeups(true));
    }

    #[test]
    fn random_executions_are_possible_ones(program in programs(any_op), seed in any::<u64>()) {
        sample(&program, seed);
    }

    #[test]
    fn tokens_lead_back(program in programs(any_op)) {
        replay(&program);
    }
}

proptest! {
    #![proptest_config(cases(800))]

    #[test]
    fn executions_are_as_many_as_differ(program in besides(countable)) {
        let Some(expected) = possible(&program, Ask { traced: true, ..ask() }) else {
            return Ok(());
        };
        let (_, closure) = closure(&program);
        let exploration = Explorer::exhaustive().memory_model(MemoryModel::Sc).run(closure);
        assert_eq!(exploration.executions(), expected.traces as u64);
    }
}
