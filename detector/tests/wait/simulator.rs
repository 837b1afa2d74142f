//! A plain simulator of small programs: what the verdicts are compared with.
//!
//! It knows nothing of wait-for graphs. A thread that cannot take its step becomes pending and
//! says so by an Op; it goes on when, and only when, the step has become possible. Reading waits
//! behind a writer that has queued before it, for as long as others hold the lock.

use std::collections::HashSet;

use lockwise_detector::{
    Action, ObjectId, ThreadId,
    op::{Mode, ObjectKind, Patience, Purpose, WaitFor},
};

/// Threads of a program; the first is the root and spawns the others.
pub(crate) const THREADS: usize = 4;
/// The objects of a program, by index.
pub(crate) const OBJECTS: [ObjectKind; 7] = [
    ObjectKind::Mutex,
    ObjectKind::Mutex,
    ObjectKind::RwLock,
    ObjectKind::Lock,
    ObjectKind::Condvar,
    ObjectKind::Channel,
    ObjectKind::Channel,
];
/// The lock that anyone may release.
pub(crate) const HANDED: usize = 3;
const CONDVAR: usize = 4;
/// The mutex of the condition variable.
const GUARD: usize = 0;

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Step {
    Lock(usize),
    Read,
    /// Releases what was acquired last; nothing if nothing is held.
    Unlock,
    /// Releases the lock that anyone may release, whoever owns it.
    HandOver,
    /// Never releases what it holds.
    Leak,
    Join(usize),
    /// Waits on the condition variable; nothing if its mutex is not held.
    Wait,
    Notify {
        all: bool,
    },
    Send(usize),
    Receive(usize),
    Park,
    Unpark(usize),
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Doing {
    /// About to take its step.
    Next,
    /// Has asked for it, and waits.
    Pending,
    /// Waits for a notification.
    Waiting,
    /// Was notified and is about to take the mutex again, or waits for it.
    Woken {
        pending: bool,
    },
    Ended,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
struct Thread {
    at: usize,
    doing: Doing,
    held: Vec<(usize, Mode)>,
    leaks: bool,
    token: bool,
}

/// A program's text: the steps of each thread.
pub(crate) type Program = [Vec<Step>; THREADS];

/// Where a program has got to.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct State {
    threads: Vec<Thread>,
    /// Who is pending at the reader-writer lock, and how, first come first.
    queue: Vec<(usize, Mode)>,
    waiters: Vec<usize>,
    sent: [usize; OBJECTS.len()],
}

impl State {
    pub(crate) fn new() -> Self {
        let thread =
            Thread { at: 0, doing: Doing::Next, held: Vec::new(), leaks: false, token: false };
        Self {
            threads: vec![thread; THREADS],
            queue: Vec::new(),
            waiters: Vec::new(),
            sent: [0; OBJECTS.len()],
        }
    }

    pub(crate) fn has_ended(&self, thread: usize) -> bool {
        self.threads[thread].doing == Doing::Ended
    }

    /// The threads that can take a step, be it only to say that they wait.
    pub(crate) fn enabled(&self, program: &Program) -> Vec<usize> {
        (0..THREADS).filter(|thread| self.clone().advance(program, *thread).is_some()).collect()
    }

    /// Whether one of `threads` takes another step in some continuation.
    pub(crate) fn any_goes_on(&self, program: &Program, threads: &[usize]) -> bool {
        let mut seen = HashSet::from([self.clone()]);
        let mut todo = vec![self.clone()];
        while let Some(state) = todo.pop() {
            for thread in state.enabled(program) {
                if threads.contains(&thread) {
                    return true;
                }
                let mut next = state.clone();
                next.advance(program, thread);
                if seen.insert(next.clone()) {
                    todo.push(next);
                }
            }
        }
        false
    }

    /// Takes a step of `thread` and tells its Ops; `None` if it can take none.
    pub(crate) fn advance(
        &mut self,
        program: &Program,
        thread: usize,
    ) -> Option<Vec<(usize, Action)>> {
        let mut ops = Vec::new();
        match self.threads[thread].doing {
            Doing::Ended | Doing::Waiting => return None,
            Doing::Woken { pending } => self.reacquire(thread, pending, &mut ops)?,
            Doing::Next | Doing::Pending => match program[thread].get(self.threads[thread].at) {
                Some(step) => self.take(program, thread, *step, &mut ops)?,
                None => self.end(thread, &mut ops),
            },
        }
        Some(ops)
    }

    fn reacquire(
        &mut self,
        me: usize,
        pending: bool,
        ops: &mut Vec<(usize, Action)>,
    ) -> Option<()> {
        if self.can_lock(me, GUARD, Mode::Exclusive) {
            self.acquire(me, GUARD, Mode::Exclusive, ops);
            self.pass(me);
        } else if pending {
            return None;
        } else {
            self.threads[me].doing = Doing::Woken { pending: true };
            ops.push((me, request(GUARD, Mode::Exclusive)));
        }
        Some(())
    }

    fn take(
        &mut self,
        program: &Program,
        me: usize,
        step: Step,
        ops: &mut Vec<(usize, Action)>,
    ) -> Option<()> {
        match step {
            Step::Lock(lock) => return self.lock(me, lock, Mode::Exclusive, ops),
            Step::Read => return self.lock(me, 2, Mode::Shared, ops),
            Step::Join(_) | Step::Receive(_) | Step::Park => return self.await_it(me, step, ops),
            Step::Wait if self.holds(me, GUARD) => {
                self.release(me, me, GUARD, ops);
                let (condvar, mutex) = (object(CONDVAR), object(GUARD));
                let on = WaitFor::Condvar { condvar, mutex };
                ops.push((me, Action::Block { on, timed: false }));
                self.waiters.push(me);
                self.threads[me].doing = Doing::Waiting;
                return Some(());
            }
            Step::Wait => {}
            Step::Unlock => {
                if let Some((lock, _)) = self.threads[me].held.last().copied() {
                    self.release(me, me, lock, ops);
                }
            }
            Step::HandOver => {
                // A release by the owner comes first where it is one.
                let owner = (me..THREADS).chain(0..me).find(|owner| self.holds(*owner, HANDED));
                if let Some(owner) = owner {
                    self.release(me, owner, HANDED, ops);
                }
            }
            Step::Leak => self.threads[me].leaks = true,
            Step::Notify { all } => self.notify(me, all, ops),
            Step::Send(channel) => {
                self.sent[channel] += 1;
                ops.push((me, Action::Publish { object: object(channel), token: 0 }));
                self.wake_receivers(program, channel, ops);
            }
            Step::Unpark(target) => {
                if !self.has_ended(target) {
                    self.threads[target].token = true;
                    ops.push((me, Action::Unpark { target: id(target) }));
                }
            }
        }
        self.pass(me);
        Some(())
    }

    fn lock(
        &mut self,
        me: usize,
        lock: usize,
        mode: Mode,
        ops: &mut Vec<(usize, Action)>,
    ) -> Option<()> {
        let pending = self.threads[me].doing == Doing::Pending;
        if self.can_lock(me, lock, mode) {
            self.acquire(me, lock, mode, ops);
            self.pass(me);
        } else if pending {
            return None;
        } else {
            self.threads[me].doing = Doing::Pending;
            if OBJECTS[lock] == ObjectKind::RwLock {
                self.queue.push((me, mode));
            }
            ops.push((me, request(lock, mode)));
        }
        Some(())
    }

    fn can_lock(&self, me: usize, lock: usize, mode: Mode) -> bool {
        let mut holds = self.threads.iter().flat_map(|thread| &thread.held);
        let held = holds.clone().any(|(held, _)| *held == lock);
        if mode == Mode::Exclusive {
            return !held;
        }
        let written = holds.any(|hold| *hold == (lock, Mode::Exclusive));
        let mut ahead = self.queue.iter().take_while(|(waiting, _)| *waiting != me);
        let writer_ahead = ahead.any(|(_, wants)| *wants == Mode::Exclusive);
        !(written || held && writer_ahead)
    }

    fn acquire(&mut self, me: usize, lock: usize, mode: Mode, ops: &mut Vec<(usize, Action)>) {
        self.queue.retain(|(waiting, _)| *waiting != me);
        self.threads[me].held.push((lock, mode));
        let patience = Patience::Forever;
        ops.push((me, Action::Acquire { object: object(lock), mode, patience }));
    }

    fn release(&mut self, me: usize, owner: usize, lock: usize, ops: &mut Vec<(usize, Action)>) {
        let held = &mut self.threads[owner].held;
        if let Some(index) = held.iter().rposition(|(held, _)| *held == lock) {
            let (_, mode) = held.remove(index);
            ops.push((me, Action::Release { object: object(lock), mode }));
        }
    }

    /// A step that waits for another thread's deed.
    fn await_it(&mut self, me: usize, step: Step, ops: &mut Vec<(usize, Action)>) -> Option<()> {
        let (possible, on) = match step {
            Step::Join(child) => (self.has_ended(child), WaitFor::Join(id(child))),
            Step::Receive(channel) => {
                let purpose = Purpose::Receive;
                (self.sent[channel] > 0, WaitFor::Object { object: object(channel), purpose })
            }
            _ => (self.threads[me].token, WaitFor::Park),
        };
        let pending = self.threads[me].doing == Doing::Pending;
        if !possible {
            self.threads[me].doing = Doing::Pending;
            ops.push((me, Action::Block { on, timed: false }));
            return (!pending).then_some(());
        }
        ops.push((
            me,
            match step {
                Step::Join(child) => Action::Join { child: id(child) },
                Step::Receive(channel) => {
                    self.sent[channel] -= 1;
                    Action::Observe { object: object(channel), token: 0 }
                }
                _ => {
                    self.threads[me].token = false;
                    Action::Unparked
                }
            },
        ));
        self.pass(me);
        Some(())
    }

    /// All that wait to receive try again; those for whom nothing is left wait anew.
    fn wake_receivers(
        &mut self,
        program: &Program,
        channel: usize,
        ops: &mut Vec<(usize, Action)>,
    ) {
        for (n, thread) in self.threads.iter_mut().enumerate() {
            let receives = program[n].get(thread.at) == Some(&Step::Receive(channel));
            if receives && thread.doing == Doing::Pending {
                thread.doing = Doing::Next;
                ops.push((n, Action::Unblock));
            }
        }
    }

    fn notify(&mut self, me: usize, all: bool, ops: &mut Vec<(usize, Action)>) {
        let count = if all { self.waiters.len() } else { self.waiters.len().min(1) };
        let woken: Vec<_> = self.waiters.drain(..count).collect();
        for thread in &woken {
            self.threads[*thread].doing = Doing::Woken { pending: false };
        }
        let woken = woken.into_iter().map(id).collect();
        ops.push((me, Action::Notify { object: object(CONDVAR), all, woken }));
    }

    /// Guards are dropped at the end of their thread, unless leaked; the lock that anyone may
    /// release has none.
    fn end(&mut self, me: usize, ops: &mut Vec<(usize, Action)>) {
        let held = self.threads[me].held.clone();
        for (lock, _) in held.into_iter().rev() {
            if lock != HANDED && !self.threads[me].leaks {
                self.release(me, me, lock, ops);
            }
        }
        self.threads[me].doing = Doing::Ended;
        ops.push((me, Action::Exit));
    }

    fn pass(&mut self, me: usize) {
        self.threads[me].at += 1;
        self.threads[me].doing = Doing::Next;
    }

    fn holds(&self, thread: usize, lock: usize) -> bool {
        self.threads[thread].held.iter().any(|(held, _)| *held == lock)
    }
}

fn request(lock: usize, mode: Mode) -> Action {
    Action::Request { object: object(lock), mode, patience: Patience::Forever }
}

fn id(thread: usize) -> ThreadId {
    ThreadId(u32::try_from(thread).expect("a small number"))
}

fn object(index: usize) -> ObjectId {
    ObjectId(index as u64)
}
