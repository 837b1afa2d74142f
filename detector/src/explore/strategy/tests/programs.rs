//! Programs with one bug each, of different kinds.

use std::iter;

use super::model::{
    Memory,
    Op::{self, Do, Join, Lock, Notify, Read, Spawn, Unlock, WaitUntil, Write},
    Program, Run,
};

/// A program and its bug.
pub(super) struct Buggy {
    pub(super) name: &'static str,
    pub(super) program: Program,
    /// Whether an execution shows it.
    pub(super) bug: fn(&Run) -> bool,
}

/// All of them, in sizes that no strategy finds at once.
pub(super) fn all() -> Vec<Buggy> {
    let buggy = |name, program, bug| Buggy { name, program, bug };
    vec![
        buggy("philosophers", philosophers(5), |run| run.stuck),
        buggy("queue", queue(), |run| run.stuck),
        buggy("late queue", late_queue(), |run| run.stuck),
        buggy("last", last(30), |run| run.memory[1] == 30),
        buggy("between", last(30), |run| run.memory[1] == 17),
        buggy("torn", torn(8, 2, 4), |run| run.memory[2] == 1),
        buggy("torn of many", torn(1, 20, 4), |run| run.memory[2] == 1),
        buggy("opposite", opposite(10), |run| run.stuck),
        buggy("grandchild", grandchild(5), |run| run.memory[1] == 1),
    ]
}

/// Main spawns a thread for each body, then joins all.
pub(super) fn main_and(bodies: impl IntoIterator<Item = Vec<Op>>) -> Program {
    let mut program = vec![Vec::new()];
    program.extend(bodies);
    program[0] = (1..program.len()).map(Spawn).chain((1..program.len()).map(Join)).collect();
    program
}

/// Each takes the fork at its left, then the one at its right: a deadlock of all.
pub(super) fn philosophers(count: u32) -> Program {
    main_and((0..count).map(|left| {
        let right = (left + 1) % count;
        vec![Lock(left), Lock(right), Unlock(right), Unlock(left)]
    }))
}

/// A queue of capacity 1 between two producers of an item each and two consumers, with one
/// condition variable for all: who has put an item in may wake another that waits for room.
pub(super) fn queue() -> Program {
    both_sides([Notify(1), Unlock(0)])
}

/// The same, notifying after the lock was given back.
pub(super) fn late_queue() -> Program {
    both_sides([Unlock(0), Notify(1)])
}

fn both_sides([last, very_last]: [Op; 2]) -> Program {
    let side = |so: fn(&Memory) -> bool, change: fn(&mut Memory)| {
        let wait = WaitUntil { condvar: 1, lock: 0, so };
        vec![Lock(0), wait, Do(change), last, very_last]
    };
    let producer = side(|memory| memory[0] == 0, |memory| memory[0] = 1);
    let consumer = side(|memory| memory[0] == 1, |memory| memory[0] = 0);
    main_and([producer.clone(), producer, consumer.clone(), consumer])
}

/// One thread writes `length` times, another once: after how many?
pub(super) fn last(length: usize) -> Program {
    let long = iter::repeat_n([Write(0), Do(|memory| memory[0] += 1)], length);
    let short = [Write(0), Do(|memory| memory[1] = memory[0])];
    main_and([long.flatten().collect(), short.to_vec()])
}

/// A thread reads a variable twice, another writes it at once, and it should not come between.
/// Before and after, all threads write `rounds` times to each of so many other variables.
pub(super) fn torn(rounds: usize, others: u32, threads: usize) -> Program {
    let noise = (0..others).map(|other| Write(10 + other)).collect::<Vec<_>>().repeat(rounds);
    let first = Do(|memory| memory[0] = memory[1]);
    let second = Do(|memory| memory[2] = u64::from(memory[0] != memory[1]));
    let reader = [&noise[..], &[Read(0), first, Read(0), second], &noise].concat();
    let writer = [&[Write(0), Do(|memory| memory[1] = 1)], &noise[..], &noise].concat();
    main_and([reader, writer].into_iter().chain(iter::repeat(noise.repeat(2))).take(threads))
}

/// Two locks in opposite orders, after each thread has taken another lock `rounds` times.
pub(super) fn opposite(rounds: usize) -> Program {
    let before = [Lock(2), Unlock(2)].repeat(rounds);
    let both = |a, b| [Lock(a), Lock(b), Unlock(b), Unlock(a)];
    let forth = [&before[..], &both(0, 1)].concat();
    let back = [&before[..], &both(1, 0)].concat();
    main_and([forth, back, before])
}

/// The first thread that a child spawns reads at once what the last that another child spawns
/// writes in the end.
pub(super) fn grandchild(rounds: usize) -> Program {
    let work = |lock| [Lock(lock), Unlock(lock)].repeat(rounds);
    let child = |first, second| {
        [&[Spawn(first), Spawn(second)][..], &work(2), &[Join(first), Join(second)]].concat()
    };
    let reads = [&[Read(3), Do(|memory| memory[1] = memory[0])][..], &work(0)].concat();
    let writes = [&work(1)[..], &[Write(3), Do(|memory| memory[0] = 1)]].concat();
    let main = vec![Spawn(1), Spawn(2), Join(1), Join(2)];
    vec![main, child(3, 4), child(5, 6), reads, work(0), work(1), writes]
}
