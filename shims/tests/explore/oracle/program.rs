//! Random programs: what each thread does, as a tree of operations.

use std::{collections::BTreeSet, fmt};

use proptest::{prelude::*, sample::Index};

pub(super) const ATOMICS: usize = 2;
pub(super) const MUTEXES: usize = 2;
pub(super) const RWLOCKS: usize = 2;

/// What a thread does next. Each mutex guards a number of uses, and of tokens that can be waited
/// for at the condition variable beside it; a reader-writer lock guards a number of writes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Op {
    Load(usize),
    Store(usize, u8),
    Swap(usize, u8),
    Add(usize, u8),
    Cas(usize, u8, u8),
    /// A section of a mutex: it counts, and sees how many there were before.
    Lock(usize, Vec<Op>),
    TryLock(usize, Vec<Op>),
    /// A section that reads.
    Read(usize, Vec<Op>),
    TryRead(usize, Vec<Op>),
    /// A section that counts.
    Write(usize, Vec<Op>),
    TryWrite(usize, Vec<Op>),
    /// Waits for a token, and takes it; if `timed` it may give up.
    Await {
        mutex: usize,
        timed: bool,
    },
    /// Adds a token, and notifies with the mutex held or after that.
    Signal {
        mutex: usize,
        all: bool,
        inside: bool,
    },
    /// Notifies for nothing, and without the mutex.
    Notify {
        mutex: usize,
        all: bool,
    },
    Park {
        timed: bool,
    },
    Unpark(usize),
    Spawn(usize),
    Join(usize),
    IsFinished(usize),
}

impl Op {
    /// What it does inside.
    pub(super) fn body(&self) -> &[Self] {
        match self {
            Self::Lock(_, body)
            | Self::TryLock(_, body)
            | Self::Read(_, body)
            | Self::TryRead(_, body)
            | Self::Write(_, body)
            | Self::TryWrite(_, body) => body,
            _ => &[],
        }
    }

    /// Whether it asks for something that may not be so.
    pub(super) fn may_fail(&self) -> bool {
        use Op::{IsFinished, TryLock, TryRead, TryWrite};
        matches!(self, TryLock(..) | TryRead(..) | TryWrite(..) | IsFinished(_))
    }

    fn body_mut(&mut self) -> Option<&mut Vec<Self>> {
        match self {
            Self::Lock(_, body)
            | Self::TryLock(_, body)
            | Self::Read(_, body)
            | Self::TryRead(_, body)
            | Self::Write(_, body)
            | Self::TryWrite(_, body) => Some(body),
            _ => None,
        }
    }
}

/// A program. Thread 0 is main; all others are spawned by one of lower number.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Program {
    pub(super) threads: Vec<Vec<Op>>,
}

impl Program {
    /// Whether some operation, at any depth, is like that.
    pub(super) fn any(&self, like: impl Fn(&Op) -> bool + Copy) -> bool {
        fn any(ops: &[Op], like: impl Fn(&Op) -> bool + Copy) -> bool {
            ops.iter().any(|op| like(op) || any(op.body(), like))
        }
        self.threads.iter().any(|ops| any(ops, like))
    }
}

/// A line for each thread.
impl fmt::Debug for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.threads
            .iter()
            .enumerate()
            .try_for_each(|(number, ops)| write!(f, "\n{number}: {ops:?}"))
    }
}

/// How a thread is started and ended by its parent.
#[derive(Clone, Debug)]
struct Life {
    parent: Index,
    spawn: Index,
    end: Index,
    joined: bool,
    watched: bool,
}

fn life() -> impl Strategy<Value = Life> {
    let index = any::<Index>;
    (index(), index(), index(), prop::bool::weighted(0.7), prop::bool::weighted(0.2)).prop_map(
        |(parent, spawn, end, joined, watched)| Life { parent, spawn, end, joined, watched },
    )
}

/// Main and one to three others, which do such operations: the more threads, the fewer.
pub(super) fn programs<S>(op: impl Fn() -> S) -> impl Strategy<Value = Program>
where
    S: Strategy<Value = Op>,
{
    let ops = |least, most| prop::collection::vec(op(), least..=most);
    let others = |least, most, count| prop::collection::vec(ops(least, most), count);
    let bodies = prop_oneof![
        2 => (ops(2, 6), others(2, 6, 1)),
        5 => (ops(0, 2), others(2, 4, 2)),
        2 => (ops(0, 1), others(1, 3, 3)),
    ];
    let lives = prop::collection::vec(life(), 3);
    (bodies, lives, prop::bool::weighted(0.05)).prop_map(|((main, others), lives, recursive)| {
        let mut threads = vec![main];
        threads.extend(others);
        for number in 1..threads.len() {
            give_life(&mut threads, number, &lives[number - 1]);
        }
        tidy(&mut threads, recursive);
        Program { threads }
    })
}

/// Main starts two or three others, which do such operations, and joins them.
pub(super) fn besides<S>(op: impl Fn() -> S) -> impl Strategy<Value = Program>
where
    S: Strategy<Value = Op>,
{
    let threads = |most, count| prop::collection::vec(prop::collection::vec(op(), 1..=most), count);
    prop_oneof![threads(4, 2), threads(2, 3)].prop_map(|threads| {
        let numbers = 1..=threads.len();
        let main = numbers.clone().map(Op::Spawn).chain(numbers.map(Op::Join)).collect();
        let mut threads: Vec<_> = std::iter::once(main).chain(threads).collect();
        tidy(&mut threads, false);
        Program { threads }
    })
}

fn give_life(threads: &mut [Vec<Op>], number: usize, life: &Life) {
    let parent = &mut threads[life.parent.index(4).saturating_sub(1).min(number - 1)];
    let spawn = life.spawn.index(parent.len().min(1) + 1);
    parent.insert(spawn, Op::Spawn(number));
    let mut place = |op| {
        let rest = parent.len() - spawn;
        parent.insert(spawn + 1 + life.end.index(rest), op);
    };
    if life.joined {
        place(Op::Join(number));
    }
    if life.watched {
        place(Op::IsFinished(number));
    }
}

/// A lock, by its sort and number.
type Lock = (u8, usize);

/// Takes out what would make no sense: to join a thread twice, and to
/// enter a section of a lock within another one, unless that is wanted of mutexes. `Unpark` names
/// one of the threads that are known.
struct Tidy {
    known: Vec<BTreeSet<usize>>,
    gone: BTreeSet<usize>,
    held: Vec<Lock>,
    recursive: bool,
}

fn tidy(threads: &mut [Vec<Op>], recursive: bool) {
    let known = (0..threads.len()).map(|thread| BTreeSet::from([thread])).collect();
    let mut tidy = Tidy { known, gone: BTreeSet::new(), held: Vec::new(), recursive };
    for (number, ops) in threads.iter_mut().enumerate() {
        tidy.ops(number, ops);
    }
}

impl Tidy {
    fn ops(&mut self, thread: usize, ops: &mut Vec<Op>) {
        for mut op in std::mem::take(ops) {
            if !self.makes_sense(thread, &mut op) {
                continue;
            }
            let lock = lock_of(&op);
            let again = lock
                .is_some_and(|lock| self.held.contains(&lock) && !(self.recursive && lock.0 == 0));
            if let Some(body) = op.body_mut() {
                self.held.extend(lock);
                self.ops(thread, body);
                self.held.pop();
            }
            match again {
                true => ops.extend(op.body_mut().map(std::mem::take).unwrap_or_default()),
                false => ops.push(op),
            }
        }
    }

    fn makes_sense(&mut self, thread: usize, op: &mut Op) -> bool {
        match op {
            Op::Spawn(child) => {
                let known = self.known[thread].clone();
                self.known[*child].extend(known);
                self.known[thread].insert(*child);
                true
            }
            Op::Join(child) => self.gone.insert(*child),
            Op::IsFinished(child) => !self.gone.contains(child),
            Op::Unpark(other) => {
                let known = &self.known[thread];
                *other = known.iter().copied().nth(*other % known.len()).unwrap_or(thread);
                true
            }
            _ => true,
        }
    }
}

fn lock_of(op: &Op) -> Option<Lock> {
    match *op {
        Op::Lock(mutex, _)
        | Op::TryLock(mutex, _)
        | Op::Await { mutex, .. }
        | Op::Signal { mutex, .. } => Some((0, mutex)),
        Op::Read(lock, _) | Op::TryRead(lock, _) | Op::Write(lock, _) | Op::TryWrite(lock, _) => {
            Some((1, lock))
        }
        _ => None,
    }
}

/// An access to an atomic.
pub(super) fn access() -> impl Strategy<Value = Op> {
    let at = || 0..ATOMICS;
    prop_oneof![
        4 => at().prop_map(Op::Load),
        3 => (at(), 1..4_u8).prop_map(|(at, value)| Op::Store(at, value)),
        1 => (at(), 1..4_u8).prop_map(|(at, value)| Op::Swap(at, value)),
        1 => (at(), 1..3_u8).prop_map(|(at, value)| Op::Add(at, value)),
        2 => (at(), 0..3_u8, 1..4_u8).prop_map(|(at, old, new)| Op::Cas(at, old, new)),
    ]
}

/// What is done to locks and condition variables, but for sections.
fn event() -> impl Strategy<Value = Op> {
    let at = || 0..MUTEXES;
    let timed = || prop::bool::weighted(0.3);
    prop_oneof![
        2 => (at(), timed()).prop_map(|(mutex, timed)| Op::Await { mutex, timed }),
        4 => (at(), any::<bool>(), any::<bool>())
            .prop_map(|(mutex, all, inside)| Op::Signal { mutex, all, inside }),
        1 => (at(), any::<bool>()).prop_map(|(mutex, all)| Op::Notify { mutex, all }),
        1 => timed().prop_map(|timed| Op::Park { timed }),
        2 => (0..4_usize).prop_map(Op::Unpark),
    ]
}

/// Sections of locks around operations, or one alone.
fn sections<S>(
    leaf: impl Strategy<Value = Op> + 'static,
    section: fn(u8, usize, Vec<Op>) -> Op,
    sorts: S,
) -> impl Strategy<Value = Op>
where
    S: Strategy<Value = u8> + Clone + 'static,
{
    leaf.prop_recursive(2, 4, 2, move |inner| {
        (sorts.clone(), 0..2_usize, prop::collection::vec(inner, 0..=2))
            .prop_map(move |(sort, lock, body)| section(sort, lock, body))
    })
}

fn section(sort: u8, lock: usize, body: Vec<Op>) -> Op {
    match sort {
        0 => Op::Lock(lock, body),
        1 => Op::TryLock(lock, body),
        2 => Op::Read(lock, body),
        3 => Op::Write(lock, body),
        4 => Op::TryRead(lock, body),
        _ => Op::TryWrite(lock, body),
    }
}

/// Everything.
pub(super) fn any_op() -> impl Strategy<Value = Op> {
    let sorts = prop::sample::select(&[0, 0, 0, 1, 2, 2, 3, 3, 4, 5][..]);
    prop_oneof![
        4 => sections(prop_oneof![3 => access(), 1 => event()], section, sorts),
        1 => event(),
    ]
}

/// Atomics and mutexes, which may be tried, or reader-writer locks, which are not: everything of
/// which the order of sections is known to tell executions apart.
pub(super) fn countable() -> impl Strategy<Value = Op> {
    let sorts = prop::sample::select(&[0, 0, 1, 2, 3][..]);
    sections(access(), section, sorts)
}
