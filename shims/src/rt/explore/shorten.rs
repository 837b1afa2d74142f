//! The shortest way to a fault.
//!
//! The schedule that first shows a fault is seldom the one that a person would choose. So the fault
//! is looked for again, by *delay-bounded scheduling* (Emmi, Qadeer, Rakamarić, POPL 2011): a thread
//! goes on until it cannot, then the first that can; and then all executions that deviate from this
//! once, twice, and so on. The first ones that show the fault have the fewest deviations; of those
//! the one with the fewest switches is taken. If none of so many executions shows it, the schedule
//! stays as it is.

use lockwise_detector::explore::{
    End, Schedule, Walk,
    strategy::{Candidate, Scheduler},
};

use super::{runtime::Runtime, screen::fault};

/// How many executions are tried.
const TRIES: usize = 1_500;

/// A shorter schedule than `found` that shows the fault, if there is one.
pub(super) fn shorten(
    runtime: &mut Runtime,
    walk: &mut Walk,
    found: &Schedule,
    wanted: u64,
) -> Option<Schedule> {
    let mut open = vec![Vec::new()];
    let mut tries = TRIES;
    while !open.is_empty() {
        let mut best: Option<Schedule> = None;
        let mut next = Vec::new();
        for deviations in open {
            if tries == 0 {
                break;
            }
            tries -= 1;
            let mut delays = Delays::new(&deviations);
            let Ok(end) = walk.run(runtime, &mut delays) else { continue };
            let shows = end != End::Artefact
                && fault(&walk.execution(), runtime.state(), end == End::Blocked) == Some(wanted);
            let schedule = walk.schedule();
            if shows && best.as_ref().is_none_or(|best| length(schedule) < length(best)) {
                best = Some(schedule.clone());
            }
            next.extend(delays.further());
        }
        if let Some(best) = best {
            return (length(&best) < length(found)).then_some(best);
        }
        open = if tries > 0 { next } else { Vec::new() };
    }
    None
}

fn length(schedule: &Schedule) -> (usize, usize) {
    (schedule.switches(), schedule.steps())
}

/// Where an execution deviates: at which decision, and to which of its alternatives.
type Deviations = Vec<(usize, usize)>;

/// Decides as usual, but for some deviations.
struct Delays<'a> {
    deviations: &'a [(usize, usize)],
    /// How many alternatives each decision had.
    alternatives: Vec<usize>,
    current: usize,
}

impl<'a> Delays<'a> {
    fn new(deviations: &'a [(usize, usize)]) -> Self {
        Self { deviations, alternatives: Vec::new(), current: 0 }
    }

    /// Takes a decision among so many options, the usual one first.
    fn decide(&mut self, options: usize) -> usize {
        let decision = self.alternatives.len();
        self.alternatives.push(options - 1);
        let deviation = self.deviations.iter().find(|(at, _)| *at == decision);
        deviation.map_or(0, |(_, to)| *to).min(options - 1)
    }

    /// The deviations with one more, later than all these.
    fn further(self) -> impl Iterator<Item = Deviations> {
        let first = self.deviations.last().map_or(0, |(at, _)| at + 1);
        let deviations = self.deviations.to_vec();
        let later = self.alternatives.into_iter().enumerate().skip(first);
        later.flat_map(move |(at, alternatives)| {
            let deviations = deviations.clone();
            (1..=alternatives).map(move |to| {
                let mut more = deviations.clone();
                more.push((at, to));
                more
            })
        })
    }
}

impl Scheduler for Delays<'_> {
    fn begin(&mut self) {}

    fn pick(&mut self, ready: &[Candidate]) -> usize {
        let usual = ready.iter().position(|candidate| candidate.thread == self.current);
        let usual = usual.unwrap_or(0);
        let chosen = self.decide(ready.len());
        // The usual one is first, the others follow in their order.
        let index = match chosen {
            0 => usual,
            other if other <= usual => other - 1,
            other => other,
        };
        self.current = ready[index].thread;
        index
    }

    fn choose(&mut self, options: usize) -> usize {
        self.decide(options)
    }
}
