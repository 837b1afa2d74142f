//! Programs, done with lockwise's types.

use std::{
    collections::HashSet,
    sync::{Mutex as StdMutex, MutexGuard, PoisonError},
    time::Duration,
};

use lockwise::{
    sync::{
        Arc, Condvar, Mutex, RwLock,
        atomic::{AtomicU8, Ordering::SeqCst},
    },
    thread::{self, JoinHandle, Thread},
};

use super::{
    outcome::{FAILED, Outcome, TIMED_OUT},
    program::{ATOMICS, MUTEXES, Op, Program, RWLOCKS},
};

/// What executions have shown.
#[derive(Default, Debug)]
pub(super) struct Shown {
    /// Of those in which every thread came to its end.
    pub(super) complete: HashSet<Outcome>,
    /// Of those in which one did not: blocked ones, and attempts that stand for nothing.
    pub(super) partial: HashSet<Outcome>,
}

/// A closure that does a program, and says what it has shown.
pub(super) fn closure(
    program: &Program,
) -> (Arc<StdMutex<Shown>>, impl Fn() + Send + Sync + use<>) {
    let shown = Arc::new(StdMutex::new(Shown::default()));
    let (program, to) = (Arc::new(program.clone()), Arc::clone(&shown));
    let closure = move || {
        let threads = program.threads.len();
        let world = Arc::new(World {
            program: Arc::clone(&program),
            atomics: [const { AtomicU8::new(0) }; ATOMICS],
            mutexes: [Mutex::new(Guarded::default()), Mutex::new(Guarded::default())],
            condvars: [Condvar::new(), Condvar::new()],
            rwlocks: [RwLock::new(0), RwLock::new(0)],
            logs: StdMutex::new(vec![Log::default(); threads]),
            to: Arc::clone(&to),
        });
        let known = vec![None; threads];
        Actor { world, number: 0, known, children: (0..threads).map(|_| None).collect() }.run();
    };
    (shown, closure)
}

#[derive(Default)]
struct Guarded {
    uses: u8,
    tokens: u8,
}

/// What a thread has seen.
#[derive(Clone, Default)]
struct Log {
    values: Vec<u8>,
    ended: bool,
}

/// What threads share.
struct World {
    program: Arc<Program>,
    atomics: [AtomicU8; ATOMICS],
    mutexes: [Mutex<Guarded>; MUTEXES],
    condvars: [Condvar; MUTEXES],
    rwlocks: [RwLock<u8>; RWLOCKS],
    logs: StdMutex<Vec<Log>>,
    to: Arc<StdMutex<Shown>>,
}

/// The last one to leave says how it ended.
impl Drop for World {
    fn drop(&mut self) {
        let logs = self.logs.get_mut().unwrap();
        let complete = logs.iter().all(|log| log.ended);
        let outcome = Outcome {
            logs: logs.iter().map(|log| log.values.clone()).collect(),
            atomics: self.atomics.each_mut().map(|atomic| *atomic.get_mut()),
            mutexes: self.mutexes.each_mut().map(|mutex| {
                let guarded = mutex.get_mut().unwrap_or_else(PoisonError::into_inner);
                (guarded.uses, guarded.tokens)
            }),
            rwlocks: self
                .rwlocks
                .each_mut()
                .map(|lock| *lock.get_mut().unwrap_or_else(PoisonError::into_inner)),
        };
        let mut to = self.to.lock().unwrap();
        let set = if complete { &mut to.complete } else { &mut to.partial };
        set.insert(outcome);
    }
}

/// A thread.
struct Actor {
    world: Arc<World>,
    number: usize,
    known: Vec<Option<Thread>>,
    children: Vec<Option<JoinHandle<()>>>,
}

impl Actor {
    fn run(mut self) {
        self.known[self.number] = Some(thread::current());
        let program = Arc::clone(&self.world.program);
        for op in &program.threads[self.number] {
            self.perform(op);
        }
        self.logs()[self.number].ended = true;
    }

    fn logs(&self) -> MutexGuard<'_, Vec<Log>> {
        self.world.logs.lock().unwrap()
    }

    fn log(&self, value: u8) {
        self.logs()[self.number].values.push(value);
    }

    fn all(&mut self, ops: &[Op]) {
        ops.iter().for_each(|op| self.perform(op));
    }

    fn perform(&mut self, op: &Op) {
        let world = Arc::clone(&self.world);
        match op {
            Op::Load(..) | Op::Store(..) | Op::Swap(..) | Op::Add(..) | Op::Cas(..) => {
                self.access(&world, op);
            }
            Op::Lock(..)
            | Op::TryLock(..)
            | Op::Read(..)
            | Op::TryRead(..)
            | Op::Write(..)
            | Op::TryWrite(..) => self.section(&world, op),
            Op::Await { mutex, timed: false } => self.wait(&world, *mutex),
            Op::Await { mutex, timed: true } => self.wait_or_not(&world, *mutex),
            Op::Signal { mutex, all, inside } => {
                let mut guard = world.mutexes[*mutex].lock().unwrap();
                guard.tokens += 1;
                let held = inside.then_some(guard);
                notify(&world.condvars[*mutex], *all);
                drop(held);
            }
            Op::Notify { mutex, all } => notify(&world.condvars[*mutex], *all),
            _ => self.thread(op),
        }
    }

    fn access(&self, world: &World, op: &Op) {
        match *op {
            Op::Load(at) => self.log(world.atomics[at].load(SeqCst)),
            Op::Store(at, value) => world.atomics[at].store(value, SeqCst),
            Op::Swap(at, value) => self.log(world.atomics[at].swap(value, SeqCst)),
            Op::Add(at, value) => self.log(world.atomics[at].fetch_add(value, SeqCst)),
            Op::Cas(at, old, new) => {
                match world.atomics[at].compare_exchange(old, new, SeqCst, SeqCst) {
                    Ok(read) => self.log(read),
                    Err(read) => {
                        self.log(FAILED);
                        self.log(read);
                    }
                }
            }
            _ => unreachable!("it is an access"),
        }
    }

    fn section(&mut self, world: &World, op: &Op) {
        let body = op.body();
        match *op {
            Op::Lock(mutex, _) => self.with(world.mutexes[mutex].lock().unwrap(), body),
            Op::TryLock(mutex, _) => match world.mutexes[mutex].try_lock() {
                Ok(guard) => self.with(guard, body),
                Err(_) => self.log(FAILED),
            },
            Op::Read(lock, _) => {
                let guard = world.rwlocks[lock].read().unwrap();
                self.log(*guard);
                self.all(body);
            }
            Op::TryRead(lock, _) => match world.rwlocks[lock].try_read() {
                Ok(guard) => {
                    self.log(*guard);
                    self.all(body);
                }
                Err(_) => self.log(FAILED),
            },
            Op::Write(lock, _) => {
                let mut guard = world.rwlocks[lock].write().unwrap();
                *guard += 1;
                self.log(*guard);
                self.all(body);
            }
            Op::TryWrite(lock, _) => match world.rwlocks[lock].try_write() {
                Ok(mut guard) => {
                    *guard += 1;
                    self.log(*guard);
                    self.all(body);
                }
                Err(_) => self.log(FAILED),
            },
            _ => unreachable!("it has a body"),
        }
    }

    fn with(&mut self, mut guard: lockwise::sync::MutexGuard<'_, Guarded>, body: &[Op]) {
        guard.uses += 1;
        self.log(guard.uses);
        self.all(body);
    }

    fn wait(&self, world: &World, mutex: usize) {
        let mut guard = world.mutexes[mutex].lock().unwrap();
        while guard.tokens == 0 {
            guard = world.condvars[mutex].wait(guard).unwrap();
        }
        guard.tokens -= 1;
        self.log(guard.tokens);
    }

    fn wait_or_not(&self, world: &World, mutex: usize) {
        let mut guard = world.mutexes[mutex].lock().unwrap();
        while guard.tokens == 0 {
            let limit = Duration::from_secs(1);
            let (back, result) = world.condvars[mutex].wait_timeout(guard, limit).unwrap();
            guard = back;
            if result.timed_out() {
                self.log(TIMED_OUT);
                break;
            }
        }
        guard.tokens = guard.tokens.saturating_sub(1);
        self.log(guard.tokens);
    }

    fn thread(&mut self, op: &Op) {
        match *op {
            Op::Park { timed: false } => thread::park(),
            Op::Park { timed: true } => thread::park_timeout(Duration::from_secs(1)),
            Op::Unpark(other) => self.known[other].as_ref().expect("it is known").unpark(),
            Op::Spawn(child) => {
                let actor = Self {
                    world: Arc::clone(&self.world),
                    number: child,
                    known: self.known.clone(),
                    children: (0..self.children.len()).map(|_| None).collect(),
                };
                let handle = thread::spawn(move || actor.run());
                self.known[child] = Some(handle.thread().clone());
                self.children[child] = Some(handle);
            }
            Op::Join(child) => self.children[child].take().expect("a child").join().unwrap(),
            Op::IsFinished(child) => {
                let finished = self.children[child].as_ref().expect("a child").is_finished();
                self.log(u8::from(finished));
            }
            _ => unreachable!("it is about threads"),
        }
    }
}

fn notify(condvar: &Condvar, all: bool) {
    match all {
        true => condvar.notify_all(),
        false => condvar.notify_one(),
    }
}
