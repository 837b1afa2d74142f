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
    /// How many executions an explorer has to make all of a program's.
    pub exhaust: u64,
}

/// How long an exploration may take in any case.
const PATIENCE: Duration = Duration::from_secs(60);

/// Where an exploration ends of which only the speed is asked.
const PART: Bound = Bound { executions: 5_000, time: PATIENCE };

/// Measures one program with all explorers.
pub fn measure(program: &'static str, effort: &Effort, tell: &mut dyn FnMut(Measured)) {
    for explorer in &EXPLORERS {
        tell(exhaust(program, explorer, effort.exhaust));
    }
    let [lockwise, ..] = &EXPLORERS;
    let (mut rates, mut firsts) = (EXPLORERS.map(|_| Vec::new()), Vec::new());
    // Turn by turn, so that what else the machine does disturbs all alike. The first is warm-up.
    for turn in 0..=effort.samples {
        let note = |list: &mut Vec<f64>, figure| list.extend((turn > 0).then_some(figure));
        for (explorer, rates) in EXPLORERS.iter().zip(&mut rates) {
            let sample = sample(program, explorer, PART, effort.sample);
            note(rates, sample.executions / sample.seconds);
        }
        let sample = sample(program, lockwise, Bound { executions: 1, ..PART }, effort.sample);
        note(&mut firsts, sample.seconds / sample.explorations);
    }
    for (explorer, rates) in EXPLORERS.iter().zip(rates) {
        tell(Measured::Rate { program, explorer: explorer.name, per_second: median(rates) });
    }
    tell(Measured::First { program, explorer: lockwise.name, seconds: median(firsts) });
}

fn exhaust(program: &'static str, explorer: &Explorer, executions: u64) -> Measured {
    let start = cpu_time::of_process();
    let explored = explorer.explore(program, Bound { executions, time: PATIENCE });
    Measured::Exhausted {
        program,
        explorer: explorer.name,
        executions: explored.executions,
        complete: explored.complete,
        seconds: (cpu_time::of_process() - start).as_secs_f64(),
    }
}

/// Explorations one after the other.
struct Sample {
    explorations: f64,
    executions: f64,
    seconds: f64,
}

fn sample(program: &str, explorer: &Explorer, bound: Bound, least: Duration) -> Sample {
    let start = cpu_time::of_process();
    let (mut explorations, mut executions) = (0.0, 0.0);
    loop {
        explorations += 1.0;
        executions += explorer.explore(program, bound).executions as f64;
        let time = cpu_time::of_process() - start;
        if time >= least {
            return Sample { explorations, executions, seconds: time.as_secs_f64() };
        }
    }
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}
