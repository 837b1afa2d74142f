//! One run of a program under a random schedule, as a sequence of Ops.

use std::{
    collections::{HashMap, HashSet},
    fmt,
};

use lockwise_detector::{
    Action, ObjectId, Op, Site, ThreadId,
    op::{Mode, ObjectKind, Patience},
    script::Script,
};

use crate::{
    brute::{State, Wait},
    program::{LOCKS, Program, Step, THREADS},
};

/// What one schedule did.
pub(crate) struct Run {
    ops: Vec<Op>,
    /// Where it ended: all threads have, or nobody can go on.
    end: State,
    /// The lock steps that were come to, and what was held there.
    waits: HashSet<Wait>,
    /// How each `try` turned out, by thread and step.
    tries: HashMap<(usize, u8), bool>,
}

impl Run {
    /// Runs `program` until nobody can go on; each byte of `schedule` chooses one step.
    pub(crate) fn new(program: &Program, schedule: &[u8]) -> Self {
        let mut machine = Machine::new(program);
        let mut schedule =
            schedule.iter().map(|byte| usize::from(*byte)).chain(std::iter::repeat(0));
        loop {
            let ready: Vec<_> = (0..THREADS).filter(|&thread| machine.is_ready(thread)).collect();
            if ready.is_empty() {
                machine.run.end = machine.state;
                return machine.run;
            }
            let choice = schedule.next().unwrap_or_default();
            let thread = ready[choice % ready.len()];
            let pc = machine.state.pc[thread];
            machine.advance(thread, (choice / THREADS).is_multiple_of(2));
            machine.record(Site::new("program", thread as u32 + 1, u32::from(pc) + 1));
        }
    }

    pub(crate) fn ops(&self) -> &[Op] {
        &self.ops
    }

    /// The state in which nobody could go on.
    pub(crate) fn end(&self) -> State {
        self.end
    }

    /// Whether the run came to the same step with the same locks held.
    pub(crate) fn passed(&self, wait: &Wait) -> bool {
        self.waits.contains(wait)
    }

    pub(crate) fn has_failed_try(&self) -> bool {
        self.tries.values().any(|succeeded| !succeeded)
    }

    /// Whether the `try` at a step succeeded, if it was come to.
    pub(crate) fn outcome(&self, thread: usize, pc: u8) -> Option<bool> {
        self.tries.get(&(thread, pc)).copied()
    }
}

impl fmt::Display for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.ops().iter().try_for_each(|op| writeln!(f, "{:?}: {:?}", op.epoch(), op.action))
    }
}

struct Machine<'a> {
    program: &'a Program,
    state: State,
    threads: [ThreadId; THREADS],
    locks: [ObjectId; LOCKS],
    channels: [ObjectId; THREADS * THREADS],
    /// The threads whose request has been sent.
    requested: [bool; THREADS],
    script: Script,
    run: Run,
}

impl<'a> Machine<'a> {
    fn new(program: &'a Program) -> Self {
        let mut script = Script::new();
        let threads = script.threads();
        let locks = script.objects(ObjectKind::RwLock);
        let channels = script.objects(ObjectKind::Channel);
        let run = Run {
            ops: script.ops().to_vec(),
            end: State::default(),
            waits: HashSet::new(),
            tries: HashMap::new(),
        };
        let (state, requested) = (State::default(), [false; THREADS]);
        Self { program, state, threads, locks, channels, requested, script, run }
    }

    /// Whether a thread can make a step, or can begin to wait for a lock.
    fn is_ready(&self, thread: usize) -> bool {
        let spawned = self.state.is_spawned(self.program, thread);
        let waits = matches!(self.state.step(self.program, thread), Some(Step::Lock { .. }));
        self.state.after(self.program, thread).is_some()
            || (spawned && waits && !self.requested[thread])
    }

    /// Adds the Ops of a step to the run, each at the step's own place.
    fn record(&mut self, site: Site) {
        let new = self.script.ops()[self.run.ops.len()..].iter();
        self.run.ops.extend(new.map(|op| Op { site, ..op.clone() }));
    }

    /// Makes the next step of a thread, or has it begin to wait; `request` asks to announce an
    /// acquisition even if it need not wait.
    fn advance(&mut self, thread: usize, request: bool) {
        let (id, pc) = (self.threads[thread], self.state.pc[thread]);
        let Some(step) = self.state.step(self.program, thread) else { return };
        let after = self.state.after(self.program, thread);
        if let Step::Lock { lock, shared } = step {
            self.run.waits.insert(self.state.wait(thread));
            if (after.is_none() || request) && !self.requested[thread] {
                let (object, mode, patience) = (self.locks[lock], mode(shared), Patience::Forever);
                self.script.push(id, Action::Request { object, mode, patience });
                self.requested[thread] = true;
            }
        }
        let Some((next, failed)) = after else { return };
        if let Step::Try { .. } = step {
            self.run.tries.insert((thread, pc), !failed);
        }
        self.emit(thread, step, failed);
        self.requested[thread] = false;
        self.state = next;
        if self.state.step(self.program, thread).is_none() {
            self.script.exit(id);
        }
    }

    fn emit(&mut self, thread: usize, step: Step, failed: bool) {
        let id = self.threads[thread];
        let script = &mut self.script;
        match step {
            Step::Lock { lock, shared } => {
                script.acquire(id, self.locks[lock], mode(shared), Patience::Forever);
            }
            Step::Try { lock, .. } if failed => {
                script.push(id, Action::GiveUp { object: self.locks[lock] });
            }
            Step::Try { lock, shared, .. } => {
                script.acquire(id, self.locks[lock], mode(shared), Patience::Try);
            }
            Step::Unlock { lock } => {
                let acquired = usize::from(self.state.held[thread][lock]) - 1;
                let step = self.program.0[thread][acquired];
                let shared = matches!(
                    step,
                    Step::Lock { shared: true, .. } | Step::Try { shared: true, .. }
                );
                script.push(id, Action::Release { object: self.locks[lock], mode: mode(shared) });
            }
            Step::Send { to } => {
                let object = self.channels[thread * THREADS + to];
                let token = self.state.passed(self.program, thread, step) as u64;
                script.push(id, Action::Publish { object, token });
            }
            Step::Recv { from } => {
                let object = self.channels[from * THREADS + thread];
                let token = self.state.passed(self.program, thread, step) as u64;
                script.push(id, Action::Observe { object, token });
            }
            Step::Spawn { child } => {
                script.spawn(id, self.threads[child]);
                if self.program.0[child].is_empty() {
                    script.exit(self.threads[child]);
                }
            }
            Step::Join { child } => {
                script.join(id, self.threads[child]);
            }
        }
    }
}

fn mode(shared: bool) -> Mode {
    if shared { Mode::Shared } else { Mode::Exclusive }
}
