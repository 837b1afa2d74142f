//! How fast executions are made, and how many it takes to make them all.

use std::time::Duration;

use super::{
    Measured,
    explorers::{Bound, EXPLORERS, Explorer},
};
use crate::cpu_time;

/// The programs.
pub const PROGRAMS: [&str; 10] = [
    "counter-2x4",
    "counter-2x8",
    "counter-3x2",
    "counter-4x1",
    "philosophers-4",
    "philosophers-5",
    "lost-update-2",
    "readers-3",
    "rwlock-3",
    "mpsc-2x2",
];

/// How thoroughly to measure.
#[derive(Clone, Copy, Debug)]
pub struct Effort {
    /// How many samples a median is of.
    pub samples: usize,
    /// The processor time of a sample, or a little more.
    pub sample: Duration,
    /// How long an explorer has for all executions of a program.
    pub exhaust: Duration,
}

/// Where an exploration ends of which only the speed is asked.
const PART: Bound = Bound { executions: 5_000, time: Duration::from_secs(1) };

/// Measures one program with all explorers.
pub fn measure(program: &'static str, effort: &Effort, tell: &mut dyn FnMut(Measured)) {
    for explorer in &EXPLORERS {
        tell(exhaust(program, explorer, effort.exhaust));
    }
    let mut rates = EXPLORERS.map(|_| Vec::new());
    // Turn by turn, so that what else the machine does disturbs all alike. The first is warm-up.
    for turn in 0..=effort.samples {
        for (explorer, rates) in EXPLORERS.iter().zip(&mut rates) {
            let rate = rate(program, explorer, effort.sample);
            if turn > 0 {
                rates.push(rate);
            }
        }
    }
    for (explorer, mut rates) in EXPLORERS.iter().zip(rates) {
        rates.sort_by(f64::total_cmp);
        let per_second = rates[rates.len() / 2];
        tell(Measured::Rate { program, explorer: explorer.name, per_second });
    }
}

fn exhaust(program: &'static str, explorer: &Explorer, time: Duration) -> Measured {
    let start = cpu_time::of_process();
    let explored = explorer.explore(program, Bound { executions: u64::MAX, time });
    Measured::Exhausted {
        program,
        explorer: explorer.name,
        executions: explored.executions,
        complete: explored.complete,
        seconds: (cpu_time::of_process() - start).as_secs_f64(),
    }
}

/// Executions per second, in explorations one after the other.
fn rate(program: &str, explorer: &Explorer, sample: Duration) -> f64 {
    let start = cpu_time::of_process();
    let mut executions = 0;
    loop {
        executions += explorer.explore(program, PART).executions;
        let time = cpu_time::of_process() - start;
        if time >= sample {
            return executions as f64 / time.as_secs_f64();
        }
    }
}
