//! The machine of the reference: its states, and the steps between them.
//!
//! A wait ends by a notification or, if it is timed, at any time by itself; a notification wakes
//! any of those who wait. A reader may queue behind a writer that waits, or pass it; of which locks
//! is said by [`Ask::queues`].

use super::{
    code::Step,
    interpret::Ask,
    outcome::{FAILED, Outcome, TIMED_OUT},
    program::{ATOMICS, MUTEXES, RWLOCKS},
    trace::Trace,
};

/// Whether a thread can go on.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Status {
    /// It has not been spawned.
    Unborn,
    Ready,
    /// It waits for a notification, at the condition variable beside this mutex.
    Waiting(usize),
    /// It has been woken, or has given up, and waits for the mutex.
    Woken {
        timed_out: bool,
    },
    Parked,
    /// It wants to write, and is seen to.
    Wanting(usize),
    /// It wants to read, and queues behind the writer.
    Behind(usize),
    Ended,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
struct Thread {
    at: usize,
    status: Status,
    token: bool,
    log: Vec<u8>,
}

#[derive(Clone, Copy, Default, PartialEq, Eq, Hash, Debug)]
struct Mutex {
    holder: Option<usize>,
    uses: u8,
    tokens: u8,
}

#[derive(Clone, Copy, Default, PartialEq, Eq, Hash, Debug)]
struct RwLock {
    writer: bool,
    readers: u8,
    writes: u8,
}

/// A state, and how it came about, if that is asked for.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct State {
    threads: Vec<Thread>,
    atomics: [u8; ATOMICS],
    mutexes: [Mutex; MUTEXES],
    rwlocks: [RwLock; RWLOCKS],
    trace: Option<Trace>,
    queues: [bool; RWLOCKS],
}

impl State {
    pub(super) fn new(threads: usize, ask: Ask) -> Self {
        let thread = Thread { at: 0, status: Status::Unborn, token: false, log: Vec::new() };
        let mut state = Self {
            threads: vec![thread; threads],
            atomics: [0; ATOMICS],
            mutexes: [Mutex::default(); MUTEXES],
            rwlocks: [RwLock::default(); RWLOCKS],
            trace: ask.traced.then(|| Trace::new(threads)),
            queues: ask.queues,
        };
        state.threads[0].status = Status::Ready;
        state
    }

    /// Whether all threads have ended.
    pub(super) fn is_over(&self) -> bool {
        self.threads.iter().all(|thread| thread.status == Status::Ended)
    }

    pub(super) fn into_trace(self) -> Option<Trace> {
        self.trace
    }

    pub(super) fn outcome(&self) -> Outcome {
        Outcome {
            logs: self.threads.iter().map(|thread| thread.log.clone()).collect(),
            atomics: self.atomics,
            mutexes: self.mutexes.map(|mutex| (mutex.uses, mutex.tokens)),
            rwlocks: self.rwlocks.map(|lock| lock.writes),
        }
    }

    /// Adds all states after a step of the thread.
    pub(super) fn step(&self, code: &[Vec<Step>], thread: usize, next: &mut Vec<Self>) {
        let before = next.len();
        let Thread { at, status, .. } = self.threads[thread];
        let step = code[thread].get(at).copied();
        match (status, step) {
            (Status::Ready, Some(step)) => self.ready(thread, step, next),
            (Status::Waiting(_), Some(Step::Await { timed: true, .. })) => {
                next.push(self.with(thread, Status::Woken { timed_out: true }));
            }
            (Status::Woken { timed_out }, Some(Step::Await { mutex, .. })) => {
                self.back(thread, mutex, timed_out, next);
            }
            (Status::Parked, Some(Step::Park { timed: true })) => {
                next.push(self.with(thread, Status::Ready).passed(thread));
            }
            (Status::Wanting(lock), _) if self.rwlocks[lock].is_free() => {
                next.push(self.written(thread, lock));
            }
            (Status::Behind(writer), Some(Step::Read(lock))) => {
                let waits = self.threads[writer].status == Status::Wanting(lock);
                if !waits && !self.rwlocks[lock].writer {
                    next.push(self.read(thread, lock));
                }
            }
            _ => {}
        }
        for state in &mut next[before..] {
            state.settle(code);
        }
    }

    fn ready(&self, thread: usize, step: Step, next: &mut Vec<Self>) {
        match step {
            Step::Load(at) => next.push(self.accessed(thread, at, |_| None)),
            Step::Store(at, value) => next.push(self.stored(thread, at, value)),
            Step::Swap(at, value) => next.push(self.accessed(thread, at, |_| Some(value))),
            Step::Add(at, value) => next.push(self.accessed(thread, at, |old| Some(old + value))),
            Step::Cas(at, old, new) => {
                let fails = self.atomics[at] != old;
                let mut state = self.clone();
                if fails {
                    state.threads[thread].log.push(FAILED);
                }
                next.push(state.accessed(thread, at, |_| (!fails).then_some(new)));
            }
            Step::Lock(mutex) | Step::TryLock(mutex, _) if self.mutexes[mutex].holder.is_none() => {
                next.push(self.locked(thread, mutex));
            }
            Step::TryLock(mutex, to) => next.push(self.failed(thread, to, |trace| {
                trace.looks_at_mutex(thread, mutex);
            })),
            Step::Read(lock) if !self.rwlocks[lock].writer => {
                next.push(self.read(thread, lock));
                for (writer, other) in self.threads.iter().enumerate() {
                    if self.queues[lock] && other.status == Status::Wanting(lock) {
                        next.push(self.with(thread, Status::Behind(writer)));
                    }
                }
            }
            Step::TryRead(lock, _) if !self.rwlocks[lock].writer => {
                next.push(self.read(thread, lock));
            }
            Step::Write(lock) | Step::TryWrite(lock, _) if self.rwlocks[lock].is_free() => {
                next.push(self.written(thread, lock));
            }
            Step::Write(lock) => next.push(self.with(thread, Status::Wanting(lock))),
            Step::TryRead(_, to) | Step::TryWrite(_, to) => {
                next.push(self.failed(thread, to, |_| {}));
            }
            Step::Notify { mutex, all } => self.notified(thread, mutex, all, next),
            Step::Join(child) if self.threads[child].status != Status::Ended => {}
            Step::Lock(_) | Step::Read(_) => {}
            _ => next.push(self.simple(thread, step)),
        }
    }

    /// A step that leads to one state.
    fn simple(&self, thread: usize, step: Step) -> Self {
        let mut state = self.passed(thread);
        match step {
            Step::Unlock(mutex) => state.mutexes[mutex].holder = None,
            Step::Unread(lock) => state.rwlocks[lock].readers -= 1,
            Step::Unwrite(lock) => state.rwlocks[lock].writer = false,
            Step::Await { mutex, .. } => {
                state = self.with(thread, Status::Waiting(mutex));
                state.mutexes[mutex].holder = None;
            }
            Step::Park { .. } if !self.threads[thread].token => {
                state = self.with(thread, Status::Parked);
            }
            Step::Park { .. } => state.threads[thread].token = false,
            Step::Unpark(other) => match self.threads[other].status {
                Status::Parked => {
                    state.threads[other].status = Status::Ready;
                    state.threads[other].at += 1;
                }
                _ => state.threads[other].token = true,
            },
            Step::Spawn(child) => state.threads[child].status = Status::Ready,
            Step::IsFinished(child) => {
                let ended = self.threads[child].status == Status::Ended;
                state.threads[thread].log.push(u8::from(ended));
                state.trace(|trace| trace.sees(thread, ended));
            }
            Step::End => state.threads[thread].status = Status::Ended,
            _ => {}
        }
        state
    }

    fn with(&self, thread: usize, status: Status) -> Self {
        let mut state = self.clone();
        state.threads[thread].status = status;
        state
    }

    fn passed(&self, thread: usize) -> Self {
        let mut state = self.clone();
        state.threads[thread].at += 1;
        state
    }

    fn trace(&mut self, f: impl FnOnce(&mut Trace)) {
        if let Some(trace) = &mut self.trace {
            f(trace);
        }
    }

    fn failed(&self, thread: usize, to: usize, trace: impl FnOnce(&mut Trace)) -> Self {
        let mut state = self.clone();
        state.threads[thread].at = to;
        state.threads[thread].log.push(FAILED);
        state.trace(trace);
        state
    }

    fn stored(&self, thread: usize, at: usize, value: u8) -> Self {
        let mut state = self.passed(thread);
        state.atomics[at] = value;
        state.trace(|trace| trace.writes(thread, at));
        state
    }

    fn accessed(&self, thread: usize, at: usize, update: impl Fn(u8) -> Option<u8>) -> Self {
        let mut state = self.passed(thread);
        let old = self.atomics[at];
        state.threads[thread].log.push(old);
        state.trace(|trace| trace.reads(thread, at));
        if let Some(new) = update(old) {
            state.atomics[at] = new;
            state.trace(|trace| trace.writes(thread, at));
        }
        state
    }

    fn locked(&self, thread: usize, mutex: usize) -> Self {
        let mut state = self.passed(thread);
        state.mutexes[mutex].holder = Some(thread);
        state.trace(|trace| trace.locks(thread, mutex));
        state
    }

    fn read(&self, thread: usize, lock: usize) -> Self {
        let mut state = self.passed(thread);
        state.threads[thread].status = Status::Ready;
        state.rwlocks[lock].readers += 1;
        state.threads[thread].log.push(state.rwlocks[lock].writes);
        state.trace(|trace| trace.looks_at_rwlock(thread, lock));
        state
    }

    fn written(&self, thread: usize, lock: usize) -> Self {
        let mut state = self.passed(thread);
        state.threads[thread].status = Status::Ready;
        let own = &mut state.rwlocks[lock];
        own.writer = true;
        own.writes += 1;
        let writes = own.writes;
        state.threads[thread].log.push(writes);
        state.trace(|trace| trace.write_locks(thread, lock));
        state
    }

    fn notified(&self, thread: usize, mutex: usize, all: bool, next: &mut Vec<Self>) {
        let (woken, state) = (Status::Woken { timed_out: false }, self.passed(thread));
        let waits = |other: &usize| self.threads[*other].status == Status::Waiting(mutex);
        let waiting: Vec<usize> = (0..self.threads.len()).filter(waits).collect();
        if waiting.is_empty() {
            next.push(state);
        } else if all {
            next.push(waiting.iter().fold(state, |state, other| state.with(*other, woken)));
        } else {
            next.extend(waiting.iter().map(|other| state.with(*other, woken)));
        }
    }

    /// Takes the mutex again after a wait.
    fn back(&self, thread: usize, mutex: usize, timed_out: bool, next: &mut Vec<Self>) {
        if self.mutexes[mutex].holder.is_some() {
            return;
        }
        let mut state = self.with(thread, Status::Ready);
        state.mutexes[mutex].holder = Some(thread);
        if timed_out {
            state.threads[thread].log.push(TIMED_OUT);
            state.take_token(thread, mutex);
        }
        next.push(state);
    }

    fn take_token(&mut self, thread: usize, mutex: usize) {
        let tokens = &mut self.mutexes[mutex].tokens;
        *tokens = tokens.saturating_sub(1);
        self.threads[thread].log.push(*tokens);
        self.threads[thread].at += 1;
    }

    /// Does what threads do to what they have for themselves.
    fn settle(&mut self, code: &[Vec<Step>]) {
        for (thread, code) in code.iter().enumerate() {
            while self.threads[thread].status == Status::Ready {
                match code.get(self.threads[thread].at) {
                    Some(&Step::Use(mutex)) => {
                        self.mutexes[mutex].uses += 1;
                        self.threads[thread].log.push(self.mutexes[mutex].uses);
                        self.threads[thread].at += 1;
                    }
                    Some(&Step::AddToken(mutex)) => {
                        self.mutexes[mutex].tokens += 1;
                        self.threads[thread].at += 1;
                    }
                    Some(&Step::Await { mutex, .. }) if self.mutexes[mutex].tokens > 0 => {
                        self.take_token(thread, mutex);
                    }
                    _ => break,
                }
            }
        }
    }
}

impl RwLock {
    fn is_free(self) -> bool {
        !self.writer && self.readers == 0
    }
}
