//! All schedules with at most so many preemptions.
//!
//! A preemption is a switch away from a thread that could go on. Most faults need few of them
//! (Musuvathi and Qadeer, "Iterative Context Bounding for Systematic Testing of Multithreaded
//! Programs", PLDI 2007). Graphs know of no preemptions, so this goes through schedules, depth
//! first, and several of them may have one graph.

use lockwise_detector::explore::strategy::{Candidate, Scheduler};

/// Decides the schedules, one after the other.
pub(super) struct Preemptions {
    most: usize,
    /// What was decided in this execution: which of how many ways.
    decisions: Vec<Decision>,
    /// How many of them are given.
    given: usize,
    next: usize,
    current: Option<usize>,
    used: usize,
    /// Whether the bound has ever kept a thread from being preempted.
    bounded: bool,
}

#[derive(Clone, Copy)]
struct Decision {
    chosen: usize,
    options: usize,
}

impl Preemptions {
    pub(super) fn new(most: usize) -> Self {
        Self {
            most,
            decisions: Vec::new(),
            given: 0,
            next: 0,
            current: None,
            used: 0,
            bounded: false,
        }
    }

    /// Goes on to the next schedule; false if there is none.
    pub(super) fn advance(&mut self) -> bool {
        while let Some(last) = self.decisions.pop() {
            if last.chosen + 1 < last.options {
                self.decisions.push(Decision { chosen: last.chosen + 1, ..last });
                self.given = self.decisions.len();
                return true;
            }
        }
        false
    }

    /// Whether there are schedules with more preemptions.
    pub(super) fn is_bounded(&self) -> bool {
        self.bounded
    }

    fn decide(&mut self, options: usize) -> usize {
        let at = self.next;
        self.next += 1;
        if at < self.given {
            return self.decisions[at].chosen.min(options - 1);
        }
        self.decisions.push(Decision { chosen: 0, options });
        0
    }
}

impl Scheduler for Preemptions {
    fn begin(&mut self) {
        (self.next, self.current, self.used) = (0, None, 0);
        self.decisions.truncate(self.given);
    }

    fn pick(&mut self, ready: &[Candidate]) -> usize {
        let current = ready.iter().position(|candidate| Some(candidate.thread) == self.current);
        let spent = current.is_some() && self.used == self.most;
        self.bounded |= spent && ready.len() > 1;
        let chosen = self.decide(if spent { 1 } else { ready.len() });
        // Who goes on already is first, the others follow in their order.
        let index = match current {
            None => chosen,
            Some(current) if chosen == 0 => current,
            Some(current) => {
                self.used += 1;
                if chosen <= current { chosen - 1 } else { chosen }
            }
        };
        self.current = Some(ready[index].thread);
        index
    }

    fn choose(&mut self, options: usize) -> usize {
        self.decide(options)
    }
}

#[cfg(test)]
mod tests {
    use lockwise_detector::explore::strategy::Access;

    use super::*;

    /// The schedules of threads that take so many steps each.
    fn schedules(steps: &[usize], most: usize) -> (Vec<Vec<usize>>, bool) {
        let (mut all, mut preemptions) = (Vec::new(), Preemptions::new(most));
        loop {
            preemptions.begin();
            let (mut left, mut schedule) = (steps.to_vec(), Vec::new());
            loop {
                let ready: Vec<_> = (0..left.len())
                    .filter(|thread| left[*thread] > 0)
                    .map(|thread| Candidate { thread, access: Access::None })
                    .collect();
                if ready.is_empty() {
                    break;
                }
                let thread = ready[preemptions.pick(&ready)].thread;
                left[thread] -= 1;
                schedule.push(thread);
            }
            all.push(schedule);
            if !preemptions.advance() {
                return (all, preemptions.is_bounded());
            }
        }
    }

    #[test]
    fn each_schedule_comes_once_and_no_preemption_too_many() {
        let preempts = |schedule: &Vec<usize>| {
            let switches = (1..schedule.len()).filter(|at| {
                schedule[*at] != schedule[at - 1] && schedule[*at..].contains(&schedule[at - 1])
            });
            switches.count()
        };
        let (all, bounded) = schedules(&[2, 2], 9);
        assert_eq!((all.len(), bounded), (6, false));
        for most in 0..3 {
            let (some, bounded) = schedules(&[2, 2], most);
            let expected = all.iter().filter(|schedule| preempts(schedule) <= most);
            assert_eq!((some.len(), bounded), (expected.count(), most < 2));
            assert!(some.iter().all(|schedule| all.contains(schedule)));
        }
    }
}
