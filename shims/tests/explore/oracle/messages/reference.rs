//! The reference: all interleavings of a program, on a channel that is a queue.

use std::collections::{HashSet, VecDeque};

use super::{
    GONE, Logs, NOTHING, SENT, TIMED_OUT,
    program::{Op, Program},
};

/// What a program can lead to.
#[derive(Default, Debug)]
pub(super) struct Possible {
    pub(super) complete: HashSet<Logs>,
    /// Where nobody can go on, and not everybody has ended.
    pub(super) stuck: HashSet<Logs>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Step {
    Do(Op),
    Spawn(usize),
    Join(usize),
    End,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Status {
    Unborn,
    Ready,
    /// It sends this message, and waits until it is taken.
    Offering(u8),
    /// It waits for a message.
    Receiving,
    Ended,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
struct Thread {
    at: usize,
    status: Status,
    sent: u8,
    log: Vec<u8>,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
struct State {
    threads: Vec<Thread>,
    number: u8,
    queue: VecDeque<u8>,
    senders: usize,
    receiver: bool,
}

/// All that the program can lead to. None if that takes too many states.
pub(super) fn possible(program: &Program, most: usize) -> Option<Possible> {
    let code = compile(program);
    let mut result = Possible::default();
    let first = State::new(program);
    let mut seen = HashSet::from([first.clone()]);
    let mut open = vec![first];
    while let Some(state) = open.pop() {
        let next = (0..code.len()).flat_map(|thread| state.step(program.bound, &code, thread));
        let next: Vec<_> = next.collect();
        if next.is_empty() {
            let over = state.threads.iter().all(|thread| thread.status == Status::Ended);
            let set = if over { &mut result.complete } else { &mut result.stuck };
            set.insert(state.threads.iter().map(|thread| thread.log.clone()).collect());
        }
        open.extend(next.into_iter().filter(|state| seen.insert(state.clone())));
        if seen.len() > most {
            return None;
        }
    }
    Some(result)
}

fn compile(program: &Program) -> Vec<Vec<Step>> {
    let threads = program.threads.iter().enumerate().map(|(number, ops)| {
        let mut ends = Vec::new();
        if program.senders[number] && !ops.contains(&Op::DropSender) {
            ends.push(Step::Do(Op::DropSender));
        }
        if number == program.receiver && !ops.contains(&Op::DropReceiver) {
            ends.push(Step::Do(Op::DropReceiver));
        }
        let mut code: Vec<_> = ops.iter().copied().map(Step::Do).collect();
        if number == 0 {
            let others = 1..program.threads.len();
            code.splice(0..0, others.clone().map(Step::Spawn));
            let joins = others.map(Step::Join);
            match program.keeps {
                true => code.extend(joins.chain(ends)),
                false => code.extend(ends.into_iter().chain(joins)),
            }
        } else {
            code.extend(ends);
        }
        code.push(Step::End);
        code
    });
    threads.collect()
}

impl State {
    fn new(program: &Program) -> Self {
        let thread = Thread { at: 0, status: Status::Unborn, sent: 0, log: Vec::new() };
        let mut threads = vec![thread; program.threads.len()];
        threads[0].status = Status::Ready;
        let senders = program.senders.iter().filter(|sends| **sends).count();
        Self { threads, number: 0, queue: VecDeque::new(), senders, receiver: true }
    }

    /// The states after a step of the thread.
    fn step(&self, bound: Option<usize>, code: &[Vec<Step>], thread: usize) -> Vec<Self> {
        let Thread { at, status, .. } = self.threads[thread];
        match (status, code[thread].get(at)) {
            (Status::Ready, Some(&Step::Do(op))) => {
                self.operate(bound, thread, op).into_iter().collect()
            }
            (Status::Ready, Some(&Step::Spawn(child))) => {
                let mut state = self.passed(thread);
                state.threads[child].status = Status::Ready;
                vec![state]
            }
            (Status::Ready, Some(&Step::Join(child))) => {
                let ended = self.threads[child].status == Status::Ended;
                ended.then(|| self.passed(thread)).into_iter().collect()
            }
            (Status::Ready, Some(Step::End)) => vec![self.with(thread, Status::Ended)],
            (Status::Offering(message), _) => self.offered(thread, message).into_iter().collect(),
            (Status::Receiving, Some(&Step::Do(op))) => match self.received(thread) {
                Some(state) => vec![state],
                None if op == Op::Recv { timed: true } => vec![self.saw(thread, TIMED_OUT)],
                None => Vec::new(),
            },
            _ => Vec::new(),
        }
    }

    fn operate(&self, bound: Option<usize>, thread: usize, op: Op) -> Option<Self> {
        let mut state = self.passed(thread);
        match op {
            Op::Add => {
                state.number += 1;
                state.threads[thread].log.push(self.number);
            }
            Op::Send => return self.send(bound, thread),
            Op::TrySend => return Some(self.try_send(bound, thread)),
            Op::Recv { .. } => {
                let waiting = || self.with(thread, Status::Receiving);
                return Some(self.received(thread).unwrap_or_else(waiting));
            }
            Op::TryRecv => {
                return Some(self.received(thread).unwrap_or_else(|| self.saw(thread, NOTHING)));
            }
            Op::DropSender => state.senders -= 1,
            Op::DropReceiver => {
                state.receiver = false;
                if bound != Some(0) {
                    state.queue.clear();
                }
            }
        }
        Some(state)
    }

    fn with(&self, thread: usize, status: Status) -> Self {
        let mut state = self.clone();
        state.threads[thread].status = status;
        state
    }

    fn passed(&self, thread: usize) -> Self {
        let mut state = self.with(thread, Status::Ready);
        state.threads[thread].at += 1;
        state
    }

    fn saw(&self, thread: usize, what: u8) -> Self {
        let mut state = self.passed(thread);
        state.threads[thread].log.push(what);
        state
    }

    /// The message that comes next, put into the queue.
    fn put(&mut self, thread: usize) -> u8 {
        let message = self.count(thread);
        self.queue.push_back(message);
        message
    }

    fn count(&mut self, thread: usize) -> u8 {
        let own = &mut self.threads[thread];
        own.sent += 1;
        10 * u8::try_from(thread).unwrap() + own.sent
    }

    fn send(&self, bound: Option<usize>, thread: usize) -> Option<Self> {
        let mut state = self.clone();
        match bound {
            _ if !self.receiver => {
                state.count(thread);
                Some(state.saw(thread, GONE))
            }
            Some(0) => {
                let message = state.put(thread);
                Some(state.with(thread, Status::Offering(message)))
            }
            Some(bound) if self.queue.len() == bound => None,
            _ => {
                state.put(thread);
                Some(state.saw(thread, SENT))
            }
        }
    }

    fn try_send(&self, bound: Option<usize>, thread: usize) -> Self {
        let waits = self.threads.iter().any(|other| other.status == Status::Receiving);
        let has_room = match bound {
            None => true,
            Some(0) => waits && self.queue.is_empty(),
            Some(bound) => self.queue.len() < bound,
        };
        let mut state = self.clone();
        if self.receiver && has_room {
            state.put(thread);
            return state.saw(thread, SENT);
        }
        state.count(thread);
        state.saw(thread, if self.receiver { NOTHING } else { GONE })
    }

    /// After a message was offered: it has been taken, or never will be.
    fn offered(&self, thread: usize, message: u8) -> Option<Self> {
        if !self.queue.contains(&message) {
            return Some(self.saw(thread, SENT));
        }
        if self.receiver {
            return None;
        }
        let mut state = self.saw(thread, GONE);
        state.queue.retain(|other| *other != message);
        Some(state)
    }

    fn received(&self, thread: usize) -> Option<Self> {
        if let Some(&message) = self.queue.front() {
            let mut state = self.saw(thread, message);
            state.queue.pop_front();
            return Some(state);
        }
        (self.senders == 0).then(|| self.saw(thread, GONE))
    }
}
