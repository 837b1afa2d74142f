//! Random programs of threads that share one channel.

use std::fmt;

use proptest::prelude::*;

/// What a thread does next.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Op {
    /// Adds one to a number that all share, and sees what it was.
    Add,
    Send,
    TrySend,
    Recv {
        timed: bool,
    },
    TryRecv,
    /// Gives up its sender.
    DropSender,
    /// Gives up the receiver.
    DropReceiver,
}

/// A program. Thread 0 is main: it starts the others, does its part, and joins them.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Program {
    /// How many messages have room; none if all have.
    pub(super) bound: Option<usize>,
    /// Whose the receiver is.
    pub(super) receiver: usize,
    /// Who has a sender.
    pub(super) senders: Vec<bool>,
    /// Whether main keeps its ends until it has joined the others.
    pub(super) keeps: bool,
    pub(super) threads: Vec<Vec<Op>>,
}

impl fmt::Debug for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "bound {:?}, main keeps its ends: {}", self.bound, self.keeps)?;
        self.threads.iter().enumerate().try_for_each(|(number, ops)| {
            let receiver = if number == self.receiver { " receiver" } else { "" };
            let sender = if self.senders[number] { " sender" } else { "" };
            write!(f, "\n{number}{receiver}{sender}: {ops:?}")
        })
    }
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        2 => Just(Op::Add),
        4 => Just(Op::Send),
        2 => Just(Op::TrySend),
        4 => prop::bool::weighted(0.3).prop_map(|timed| Op::Recv { timed }),
        2 => Just(Op::TryRecv),
        1 => Just(Op::DropSender),
        1 => Just(Op::DropReceiver),
    ]
}

/// Main and one or two others.
pub(super) fn programs() -> impl Strategy<Value = Program> {
    let ops = |most| prop::collection::vec(op(), 0..=most);
    let threads = prop_oneof![
        (ops(5), prop::collection::vec(ops(5), 1)),
        (ops(3), prop::collection::vec(ops(3), 2)),
    ];
    let bound = prop::sample::select(&[None, Some(0), Some(1), Some(2)][..]);
    let senders = prop::collection::vec(prop::bool::weighted(0.8), 3);
    (bound, 0..3_usize, senders, prop::bool::weighted(0.2), threads).prop_map(
        |(bound, receiver, mut senders, keeps, (main, others))| {
            let mut threads = vec![main];
            threads.extend(others);
            senders.truncate(threads.len());
            let receiver = receiver % threads.len();
            for (number, ops) in threads.iter_mut().enumerate() {
                tidy(ops, number == receiver, senders[number]);
            }
            Program { bound, receiver, senders, keeps, threads }
        },
    )
}

/// Takes out what the thread has no end for. Who could only send receives.
fn tidy(ops: &mut Vec<Op>, mut receives: bool, mut sends: bool) {
    ops.retain(|op| match op {
        Op::Add => true,
        Op::Send | Op::TrySend => sends,
        Op::Recv { .. } | Op::TryRecv => receives,
        Op::DropSender => std::mem::take(&mut sends),
        Op::DropReceiver => std::mem::take(&mut receives),
    });
}
