//! Programs as a list of steps for each thread, none of which can be interrupted.

use super::program::{Op, Program};

/// A step of a thread.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Step {
    Load(usize),
    Store(usize, u8),
    Swap(usize, u8),
    Add(usize, u8),
    Cas(usize, u8, u8),
    /// Takes a mutex.
    Lock(usize),
    /// Takes it, or goes on elsewhere.
    TryLock(usize, usize),
    Unlock(usize),
    /// Counts a use. Like all that is done to what the thread has for itself, this comes at once
    /// after the step before.
    Use(usize),
    AddToken(usize),
    /// Takes a token if there is one, else waits for a notification.
    Await {
        mutex: usize,
        timed: bool,
    },
    Notify {
        mutex: usize,
        all: bool,
    },
    Read(usize),
    TryRead(usize, usize),
    Unread(usize),
    Write(usize),
    TryWrite(usize, usize),
    Unwrite(usize),
    Park {
        timed: bool,
    },
    Unpark(usize),
    Spawn(usize),
    Join(usize),
    IsFinished(usize),
    End,
}

/// The steps of each thread.
pub(super) fn compile(program: &Program) -> Vec<Vec<Step>> {
    let compiled = program.threads.iter().map(|ops| {
        let mut code = Vec::new();
        all(ops, &mut code);
        code.push(Step::End);
        code
    });
    compiled.collect()
}

fn all(ops: &[Op], code: &mut Vec<Step>) {
    ops.iter().for_each(|op| one(op, code));
}

fn one(op: &Op, code: &mut Vec<Step>) {
    match *op {
        Op::Load(at) => code.push(Step::Load(at)),
        Op::Store(at, value) => code.push(Step::Store(at, value)),
        Op::Swap(at, value) => code.push(Step::Swap(at, value)),
        Op::Add(at, value) => code.push(Step::Add(at, value)),
        Op::Cas(at, old, new) => code.push(Step::Cas(at, old, new)),
        Op::Lock(mutex, ref body) => {
            code.extend([Step::Lock(mutex), Step::Use(mutex)]);
            all(body, code);
            code.push(Step::Unlock(mutex));
        }
        Op::TryLock(mutex, ref body) => {
            tried(
                code,
                |to| Step::TryLock(mutex, to),
                |code| {
                    code.push(Step::Use(mutex));
                    all(body, code);
                    code.push(Step::Unlock(mutex));
                },
            );
        }
        Op::Read(lock, ref body) => {
            code.push(Step::Read(lock));
            all(body, code);
            code.push(Step::Unread(lock));
        }
        Op::TryRead(lock, ref body) => {
            tried(
                code,
                |to| Step::TryRead(lock, to),
                |code| {
                    all(body, code);
                    code.push(Step::Unread(lock));
                },
            );
        }
        Op::Write(lock, ref body) => {
            code.push(Step::Write(lock));
            all(body, code);
            code.push(Step::Unwrite(lock));
        }
        Op::TryWrite(lock, ref body) => {
            tried(
                code,
                |to| Step::TryWrite(lock, to),
                |code| {
                    all(body, code);
                    code.push(Step::Unwrite(lock));
                },
            );
        }
        Op::Await { mutex, timed } => {
            code.extend([Step::Lock(mutex), Step::Await { mutex, timed }, Step::Unlock(mutex)]);
        }
        Op::Signal { mutex, all, inside } => {
            let notify = Step::Notify { mutex, all };
            code.extend([Step::Lock(mutex), Step::AddToken(mutex)]);
            match inside {
                true => code.extend([notify, Step::Unlock(mutex)]),
                false => code.extend([Step::Unlock(mutex), notify]),
            }
        }
        Op::Notify { mutex, all } => code.push(Step::Notify { mutex, all }),
        Op::Park { timed } => code.push(Step::Park { timed }),
        Op::Unpark(thread) => code.push(Step::Unpark(thread)),
        Op::Spawn(thread) => code.push(Step::Spawn(thread)),
        Op::Join(thread) => code.push(Step::Join(thread)),
        Op::IsFinished(thread) => code.push(Step::IsFinished(thread)),
    }
}

/// An attempt that leads behind `section` if it fails.
fn tried(
    code: &mut Vec<Step>,
    attempt: impl Fn(usize) -> Step,
    section: impl FnOnce(&mut Vec<Step>),
) {
    let at = code.len();
    code.push(attempt(0));
    section(code);
    code[at] = attempt(code.len());
}
