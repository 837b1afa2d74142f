//! A program small enough to know all about: threads that are lists of operations.

use std::collections::BTreeSet;

use crate::explore::strategy::{Access, Candidate, Scheduler};

/// What threads share besides locks.
pub(super) type Memory = [u64; 4];

/// An operation; each is a step, unless it says otherwise.
#[derive(Clone, Copy)]
pub(super) enum Op {
    /// Reads an object.
    Read(u32),
    /// Writes an object.
    Write(u32),
    /// Takes a lock.
    Lock(u32),
    /// Gives it back.
    Unlock(u32),
    /// Until memory is so: gives back the lock, sleeps on the condition variable, takes the lock.
    WaitUntil { condvar: u32, lock: u32, so: fn(&Memory) -> bool },
    /// Wakes one that sleeps on the condition variable.
    Notify(u32),
    /// Comes again and again until memory is so, and touches nothing.
    SpinUntil(fn(&Memory) -> bool),
    /// Starts a thread.
    Spawn(usize),
    /// Waits for a thread's end.
    Join(usize),
    /// Changes memory, together with the step before.
    Do(fn(&mut Memory)),
}

/// The threads; thread 0 begins, and spawns the others.
pub(super) type Program = Vec<Vec<Op>>;

/// What came of an execution.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Run {
    /// Who made each step.
    pub(super) trace: Vec<usize>,
    /// What memory held in the end.
    pub(super) memory: Memory,
    /// Whether a thread did not end.
    pub(super) stuck: bool,
}

/// Makes one execution.
pub(super) fn run(program: &Program, scheduler: &mut dyn Scheduler) -> Run {
    let mut machine = Machine::new(program);
    let mut trace = Vec::new();
    scheduler.begin();
    loop {
        machine.settle();
        let threads = 0..program.len();
        let ready: Vec<_> = threads.filter_map(|thread| machine.candidate(thread)).collect();
        if ready.is_empty() {
            break;
        }
        let thread = ready[scheduler.pick(&ready)].thread;
        trace.push(thread);
        machine.step(thread, scheduler);
    }
    scheduler.end();
    let stuck = (0..program.len()).any(|thread| !machine.ended(thread));
    Run { trace, memory: machine.memory, stuck }
}

/// Every execution, by its trace.
pub(super) fn every(program: &Program) -> BTreeSet<Vec<usize>> {
    let mut systematic = Systematic::default();
    let mut traces = BTreeSet::new();
    loop {
        traces.insert(run(program, &mut systematic).trace);
        if systematic.decisions.is_empty() {
            return traces;
        }
    }
}

/// Goes through all executions, depth first.
#[derive(Default)]
struct Systematic {
    /// What was decided in this execution, and out of how many ways.
    decisions: Vec<(usize, usize)>,
    at: usize,
}

impl Scheduler for Systematic {
    fn begin(&mut self) {
        self.at = 0;
    }

    fn pick(&mut self, ready: &[Candidate]) -> usize {
        self.choose(ready.len())
    }

    fn choose(&mut self, options: usize) -> usize {
        if self.at == self.decisions.len() {
            self.decisions.push((0, options));
        }
        self.at += 1;
        self.decisions[self.at - 1].0
    }

    /// The last decision that has another way goes that way next.
    fn end(&mut self) {
        while let Some((way, options)) = self.decisions.pop() {
            if way + 1 < options {
                self.decisions.push((way + 1, options));
                return;
            }
        }
    }
}

/// What a thread is about to do.
#[derive(Clone, Copy, PartialEq)]
enum Doing {
    /// Its operation.
    Operation,
    /// To sleep until it is notified.
    Sleep { condvar: u32, lock: u32 },
    /// To take the lock again.
    Wake { lock: u32 },
    /// To be spawned.
    Nothing,
}

/// An execution under way.
struct Machine<'a> {
    program: &'a Program,
    at: Vec<usize>,
    doing: Vec<Doing>,
    locked: Vec<u32>,
    memory: Memory,
}

impl<'a> Machine<'a> {
    fn new(program: &'a Program) -> Self {
        let at = vec![0; program.len()];
        let mut doing = vec![Doing::Nothing; program.len()];
        doing[0] = Doing::Operation;
        Self { program, at, doing, locked: Vec::new(), memory: [0; 4] }
    }

    fn operation(&self, thread: usize) -> Option<Op> {
        self.program[thread].get(self.at[thread]).copied()
    }

    fn ended(&self, thread: usize) -> bool {
        self.operation(thread).is_none()
    }

    /// Does what is no step.
    fn settle(&mut self) {
        for thread in 0..self.program.len() {
            while self.doing[thread] == Doing::Operation {
                match self.operation(thread) {
                    Some(Op::Do(change)) => change(&mut self.memory),
                    Some(Op::WaitUntil { so, .. }) if so(&self.memory) => {}
                    _ => break,
                }
                self.at[thread] += 1;
            }
        }
    }

    /// What the thread would do next, if it can.
    fn candidate(&self, thread: usize) -> Option<Candidate> {
        let free = |lock| (!self.locked.contains(&lock)).then_some(Access::Write(lock));
        let access = match self.doing[thread] {
            Doing::Nothing | Doing::Sleep { .. } => return None,
            Doing::Wake { lock } => free(lock)?,
            Doing::Operation => match self.operation(thread)? {
                Op::Lock(lock) => free(lock)?,
                Op::Read(object) => Access::Read(object),
                Op::Write(object) | Op::Unlock(object) => Access::Write(object),
                Op::WaitUntil { condvar, .. } | Op::Notify(condvar) => Access::Write(condvar),
                Op::Join(child) if !self.ended(child) => return None,
                Op::Join(_) | Op::Spawn(_) | Op::SpinUntil(_) | Op::Do(_) => Access::None,
            },
        };
        Some(Candidate { thread, access })
    }

    fn step(&mut self, thread: usize, scheduler: &mut dyn Scheduler) {
        if let Doing::Wake { lock } = self.doing[thread] {
            self.locked.push(lock);
            self.doing[thread] = Doing::Operation;
            return;
        }
        match self.program[thread][self.at[thread]] {
            Op::Lock(lock) => self.locked.push(lock),
            Op::Unlock(lock) => self.unlock(lock),
            Op::WaitUntil { condvar, lock, .. } => {
                self.unlock(lock);
                self.doing[thread] = Doing::Sleep { condvar, lock };
                return;
            }
            Op::Notify(condvar) => self.notify(condvar, scheduler),
            Op::SpinUntil(so) if !so(&self.memory) => return,
            Op::Spawn(child) => self.doing[child] = Doing::Operation,
            Op::Read(_) | Op::Write(_) | Op::SpinUntil(_) | Op::Join(_) | Op::Do(_) => {}
        }
        self.at[thread] += 1;
    }

    fn unlock(&mut self, lock: u32) {
        self.locked.retain(|other| *other != lock);
    }

    fn notify(&mut self, notified: u32, scheduler: &mut dyn Scheduler) {
        let sleeping = self.doing.iter().enumerate().filter_map(|(thread, doing)| match *doing {
            Doing::Sleep { condvar, lock } if condvar == notified => Some((thread, lock)),
            _ => None,
        });
        let sleeping: Vec<_> = sleeping.collect();
        if !sleeping.is_empty() {
            let (thread, lock) = sleeping[scheduler.choose(sleeping.len())];
            self.doing[thread] = Doing::Wake { lock };
        }
    }
}
