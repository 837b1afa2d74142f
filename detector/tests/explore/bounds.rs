//! What ends an exploration early, and what a program may rely on while it runs.

use std::{ops::ControlFlow, sync::atomic::Ordering::Relaxed};

use lockwise_detector::explore::{
    Answer, Exploration, Explorer, Kind, Limit, MemoryModel, Program, Step, Stop,
};

use crate::dsl::{Bodies, body};

/// Three threads that write one location: six executions.
fn writers() -> Bodies {
    Bodies::each(3, |own, t| t.store(0, own as u64, Relaxed))
}

fn run(explorer: Explorer, mut program: Bodies) -> Exploration {
    explorer.run(&mut program, |_| ControlFlow::Continue(()))
}

#[test]
fn a_bound_on_executions_is_kept_exactly() {
    let explorer = Explorer::new(MemoryModel::Rc11);
    let short = run(explorer.max_executions(5), writers());
    assert_eq!((short.executions(), short.stop()), (5, Some(Stop::Limit(Limit::Executions))));
    assert!(!short.is_complete());
    let exact = run(explorer.max_executions(6), writers());
    assert_eq!((exact.executions(), exact.stop()), (6, None));
}

#[test]
fn a_thread_that_never_ends_meets_the_bound_on_events() {
    let forever = body(|t| {
        loop {
            t.store(0, 1, Relaxed)?;
        }
    });
    let result = run(Explorer::new(MemoryModel::Sc).max_events(50), Bodies::new(vec![forever]));
    assert_eq!((result.executions(), result.stop()), (0, Some(Stop::Limit(Limit::Events))));
}

#[test]
fn the_visitor_can_end_it() {
    let result = Explorer::new(MemoryModel::Sc).run(&mut writers(), |_| ControlFlow::Break(()));
    assert_eq!((result.executions(), result.stop()), (1, Some(Stop::Visitor)));
}

#[test]
fn a_deadlock_is_seen_with_all_that_led_to_it() {
    let twice = body(|t| {
        t.lock(0)?;
        t.lock(0)
    });
    let mut last = None;
    let result = Explorer::new(MemoryModel::Sc).run(&mut Bodies::new(vec![twice]), |execution| {
        assert!(execution.is_blocked());
        last = execution.in_order().last().map(|event| execution.kind(*event));
        ControlFlow::Continue(())
    });
    assert_eq!((result.executions(), result.blocked()), (0, 1));
    assert_eq!(last, Some(Kind::Request(0)));
}

/// A thread that waits behind a place in a queue, whose owner waits elsewhere, waits because of it:
/// whatever the order in which the threads were spawned.
#[test]
fn who_waits_behind_one_who_waits_elsewhere_is_found() {
    for (reader, writer) in [(1, 2), (2, 1)] {
        let main = body(move |t| {
            t.spawn(1)?;
            t.spawn(2)?;
            t.lock(0)?;
            t.join(reader)?;
            t.unlock(0)?;
            t.join(writer)
        });
        let short = body(|t| {
            t.lock(1)?;
            t.unlock(1)
        });
        let long = body(|t| {
            for step in [Step::Enter(0), Step::Enter(1), Step::Take(0), Step::Take(1)] {
                t.step(step)?;
            }
            t.unlock(0)?;
            t.unlock(1)
        });
        let others = if reader == 1 { [short, long] } else { [long, short] };
        let bodies = std::iter::once(main).chain(others).collect();
        let result = run(Explorer::new(MemoryModel::Sc), Bodies::new(bodies));
        assert_eq!((result.executions(), result.blocked()), (3, 1), "{result:?}");
    }
}

/// Threads that add to plain memory under a mutex; `drift` makes every run another program.
#[derive(Default)]
struct Plain {
    at: [usize; 4],
    sum: u64,
    runs: u64,
    drift: bool,
}

impl Program for Plain {
    fn restart(&mut self) {
        self.at = [0; 4];
        self.sum = 0;
        self.runs += u64::from(self.drift);
    }

    fn step(&mut self, thread: usize, _: Answer) -> Step {
        self.at[thread] += 1;
        match (thread, self.at[thread]) {
            (0, at @ 1..=3) => Step::Spawn(at),
            (0, at @ 4..=6) => Step::Join(at - 3),
            (0, 7) => Step::Store { location: 0, value: self.sum, ordering: Relaxed },
            (1.., 1) => Step::Lock(0),
            (1.., 2) => {
                self.sum = 10 * self.sum + thread as u64;
                Step::Store { location: 1, value: self.runs, ordering: Relaxed }
            }
            (1.., 3) => Step::Unlock(0),
            _ => Step::End,
        }
    }
}

/// Each order of the sections leaves its own sum: the threads run in the order of the graph.
#[test]
fn memory_under_a_mutex_can_be_plain() {
    let mut sums = Vec::new();
    Explorer::new(MemoryModel::Rc11).run(&mut Plain::default(), |execution| {
        let order = execution.sections(0);
        let expected = order.iter().fold(0, |sum, event| 10 * sum + event.thread as u64);
        assert_eq!(execution.final_value(0), expected);
        sums.push(expected);
        ControlFlow::Continue(())
    });
    sums.sort_unstable();
    assert_eq!(sums, [123, 132, 213, 231, 312, 321]);
}

#[test]
fn a_program_that_is_not_deterministic_is_noticed() {
    let mut program = Plain { drift: true, ..Plain::default() };
    let result = Explorer::new(MemoryModel::Sc).run(&mut program, |_| ControlFlow::Continue(()));
    assert!(matches!(result.stop(), Some(Stop::Diverged { .. })), "{result:?}");
}
