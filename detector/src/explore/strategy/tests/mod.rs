//! Strategies decide the executions of programs that can be counted by hand.

mod coverage;
mod depth;
mod figures;
mod model;
mod programs;
mod uniform;

use self::model::{Program, Run, run};
use super::{Access, Scheduler, Strategy};

const ALL: [Strategy; 5] =
    [Strategy::Walk, Strategy::Pos, Strategy::Pct, Strategy::Surw, Strategy::Portfolio];

/// So many executions.
fn runs(program: &Program, scheduler: &mut dyn Scheduler, executions: usize) -> Vec<Run> {
    (0..executions).map(|_| run(program, scheduler)).collect()
}

#[test]
fn the_seed_determines_every_execution() {
    let program = programs::queue();
    for strategy in ALL {
        let sample = |seed| runs(&program, &mut *strategy.scheduler(seed), 50);
        assert_eq!(sample(1), sample(1), "{strategy:?}");
        assert_ne!(sample(1), sample(2), "{strategy:?}");
    }
}

/// What was begun and not ended leaves no trace but the random numbers that it took.
#[test]
fn an_execution_that_is_given_up_does_no_harm() {
    let program = programs::philosophers(3);
    for strategy in ALL {
        let mut scheduler = strategy.scheduler(1);
        for _ in 0..20 {
            scheduler.begin();
            let main = super::Candidate { thread: 0, access: Access::None };
            assert_eq!(scheduler.pick(&[main]), 0);
            assert!(run(&program, &mut *scheduler).trace.len() >= 6, "{strategy:?}");
        }
    }
}

#[test]
fn accesses_conflict_if_they_touch_one_object_and_one_writes() {
    use Access::{None, Read, Write};
    assert!(Write(1).conflicts(Write(1)) && Write(1).conflicts(Read(1)));
    assert!(Read(1).conflicts(Write(1)) && !Read(1).conflicts(Read(1)));
    assert!(!Write(1).conflicts(Write(2)) && !Write(1).conflicts(Read(2)));
    assert!(!None.conflicts(None) && !None.conflicts(Write(1)) && !Write(1).conflicts(None));
}
