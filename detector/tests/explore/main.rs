//! The explorer against published and brute-force counts, and against independent enumerators.
//!
//! `PROPTEST_CASES` sets how many random programs are tried.

mod bounds;
mod counts;
mod dsl;
mod litmus;
mod oracle;
mod replays;
mod straight;

use std::ops::ControlFlow;

use lockwise_detector::explore::{Explorer, MemoryModel};

use self::dsl::Bodies;

/// Executions and blocked executions of a program.
fn count(model: MemoryModel, mut program: Bodies) -> (u64, u64) {
    let result = Explorer::new(model).run(&mut program, |_| ControlFlow::Continue(()));
    assert!(result.is_complete(), "{result:?}");
    (result.executions(), result.blocked())
}

/// That a program has these numbers of executions under SC and RC11, and none is blocked.
#[track_caller]
fn check(program: impl Fn() -> Bodies, sc: u64, rc11: u64) {
    assert_eq!(count(MemoryModel::Sc, program()), (sc, 0), "SC");
    assert_eq!(count(MemoryModel::Rc11, program()), (rc11, 0), "RC11");
}
