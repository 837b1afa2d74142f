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
mod outcome;
mod perform;
mod program;
mod trace;

use lockwise::explore::{Explorer, MemoryModel};
use proptest::prelude::*;

use self::{
    interpret::{Ask, possible},
    perform::closure,
    program::{Program, any_op, besides, countable, programs},
};

fn ask(queues: bool) -> Ask {
    Ask { queues, traced: false, most: 5_000 }
}

fn cases(usual: u32) -> ProptestConfig {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok());
    ProptestConfig {
        cases: cases.unwrap_or(usual),
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

/// The explorer and the reference agree on what can be seen, and on whether all can get stuck.
fn same_outcomes(model: MemoryModel, program: &Program) {
    let Some(most) = possible(program, ask(true)) else { return };
    // That readers queue adds no outcome; it adds ways to get stuck, which are not all found yet.
    let Some(least) = possible(program, ask(false)) else { return };
    let (shown, closure) = closure(program);
    let exploration = Explorer::exhaustive().memory_model(model).run(closure);
    assert!(exploration.is_complete(), "{exploration}");
    let shown = shown.lock().unwrap();
    let missed: Vec<_> = most.complete.difference(&shown.complete).collect();
    let wrong: Vec<_> = shown.complete.difference(&most.complete).collect();
    assert!(missed.is_empty(), "{} missed, such as {:?}", missed.len(), missed[0]);
    assert!(wrong.is_empty(), "{} impossible, such as {:?}", wrong.len(), wrong[0]);
    let stuck: Vec<_> = least.stuck.difference(&shown.partial).collect();
    assert!(stuck.is_empty(), "never stuck in {} ways, such as {:?}", stuck.len(), stuck[0]);
    assert!(exploration.blocked() > 0 || least.stuck.is_empty(), "{exploration}");
    assert!(exploration.blocked() == 0 || !most.stuck.is_empty(), "{exploration}");
}

proptest! {
    #![proptest_config(cases(1200))]

    #[test]
    fn outcomes_are_those_of_all_interleavings(program in programs(any_op)) {
        same_outcomes(MemoryModel::Sc, &program);
    }
}

proptest! {
    #![proptest_config(cases(800))]

    #[test]
    fn executions_are_as_many_as_differ(program in besides(countable)) {
        let Some(expected) = possible(&program, Ask { traced: true, ..ask(false) }) else {
            return Ok(());
        };
        let (_, closure) = closure(&program);
        let exploration = Explorer::exhaustive().memory_model(MemoryModel::Sc).run(closure);
        assert_eq!(exploration.executions(), expected.traces as u64);
    }
}
