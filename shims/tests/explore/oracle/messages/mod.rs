//! The same for channels: [`program`] makes programs up, [`perform`] does them in the explorer,
//! [`reference`](mod@reference) in all interleavings.

mod perform;
mod program;
mod reference;

use lockwise::explore::{Explorer, MemoryModel};
use proptest::prelude::*;

use self::{
    perform::closure,
    program::{Program, programs},
    reference::possible,
};
use super::cases;

/// In a log: it is sent.
const SENT: u8 = 100;
/// In a log: there was no room, or no message.
const NOTHING: u8 = 101;
/// In a log: the other end is gone.
const GONE: u8 = 102;
/// In a log: the time was over.
const TIMED_OUT: u8 = 103;

/// What each thread has seen.
type Logs = Vec<Vec<u8>>;

fn same_outcomes(model: MemoryModel, program: &Program) {
    let Some(expected) = possible(program, 20_000) else { return };
    let (shown, closure) = closure(program);
    let exploration = Explorer::exhaustive().memory_model(model).run(closure);
    assert!(exploration.is_complete(), "{exploration}");
    let shown = shown.lock().unwrap();
    if let Some(wrong) = shown.complete.difference(&expected.complete).next() {
        panic!("impossible: {wrong:?}");
    }
    if let Some(missed) = expected.complete.difference(&shown.complete).next() {
        panic!("{exploration}, missed: {missed:?}");
    }
    if let Some(missed) = expected.stuck.difference(&shown.partial).next() {
        panic!("{exploration}, never stuck at {missed:?}");
    }
    assert_eq!(exploration.blocked() > 0, !expected.stuck.is_empty(), "{exploration}");
}

proptest! {
    #![proptest_config(cases(400))]

    #[test]
    fn outcomes_are_those_of_all_interleavings(program in programs()) {
        same_outcomes(MemoryModel::Sc, &program);
    }
}

proptest! {
    #![proptest_config(cases(100))]

    #[test]
    fn rc11_has_the_same_outcomes(program in programs()) {
        same_outcomes(MemoryModel::Rc11, &program);
    }
}
