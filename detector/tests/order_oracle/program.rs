//! Random programs: trees of nested locks, flattened into instructions.

use std::fmt;

use proptest::prelude::*;

pub(crate) const THREADS: usize = 3;
pub(crate) const LOCKS: usize = 3;

/// One step of a thread.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Step {
    /// Waits until it has the lock.
    Lock {
        lock: usize,
        shared: bool,
    },
    /// Takes the lock, or skips to an instruction.
    Try {
        lock: usize,
        shared: bool,
        otherwise: usize,
    },
    Unlock {
        lock: usize,
    },
    Send {
        to: usize,
    },
    Recv {
        from: usize,
    },
    Spawn {
        child: usize,
    },
    Join {
        child: usize,
    },
}

/// For each thread its steps. Thread 0 is main and spawns the others.
pub(crate) struct Program(pub(crate) [Vec<Step>; THREADS]);

#[derive(Clone, Debug)]
enum Tree {
    Locked {
        lock: usize,
        shared: bool,
        tries: bool,
        body: Vec<Tree>,
    },
    Send(usize),
    Recv(usize),
    /// In main: spawns, or the next time joins, a thread.
    Life(usize),
}

/// Which locks are rwlocks; the trees of each thread; for each unlock, whether the one after it
/// comes first.
type Seed = ([bool; LOCKS], [Vec<Tree>; THREADS], Vec<bool>);

pub(crate) fn strategy() -> impl Strategy<Value = Program> {
    let thread = || 0..THREADS;
    let leaf = prop_oneof![
        thread().prop_map(Tree::Send),
        thread().prop_map(Tree::Recv),
        thread().prop_map(Tree::Life),
    ];
    let locked = |body: BoxedStrategy<Vec<Tree>>| {
        (0..LOCKS, any::<bool>(), prop::bool::weighted(0.15), body)
            .prop_map(|(lock, shared, tries, body)| Tree::Locked { lock, shared, tries, body })
    };
    let empty = locked(Just(Vec::new()).boxed());
    let tree = prop_oneof![1 => leaf, 2 => empty]
        .prop_recursive(3, 8, 3, move |inner| locked(prop::collection::vec(inner, 1..4).boxed()));
    let trees = || prop::collection::vec(tree.clone(), 1..4);
    let kinds = prop::array::uniform3(prop::bool::weighted(0.4));
    let swaps = prop::collection::vec(prop::bool::weighted(0.15), 16);
    (kinds, [trees(), trees(), trees()], swaps).prop_map(|seed| Program::new(&seed)).boxed()
}

impl Program {
    fn new((rwlocks, trees, swaps): &Seed) -> Self {
        let mut swaps = swaps.iter().copied();
        Self(std::array::from_fn(|thread| {
            let mut writer = Writer { thread, rwlocks, steps: Vec::new(), held: Vec::new() };
            let mut spawned = [false; THREADS];
            if thread == 0 {
                writer.steps.extend(unspawned(&trees[0]).map(|child| Step::Spawn { child }));
                writer.steps.iter().for_each(|step| {
                    if let Step::Spawn { child } = step {
                        spawned[*child] = true;
                    }
                });
            }
            writer.write(&trees[thread], false, &mut spawned);
            swap_unlocks(&mut writer.steps, &mut swaps);
            writer.steps
        }))
    }
}

/// The threads that no tree of main spawns.
fn unspawned(trees: &[Tree]) -> impl Iterator<Item = usize> + '_ {
    fn spawns(trees: &[Tree], child: usize) -> bool {
        trees.iter().any(|tree| match tree {
            Tree::Life(thread) => *thread == child,
            Tree::Locked { tries, body, .. } => !tries && spawns(body, child),
            Tree::Send(_) | Tree::Recv(_) => false,
        })
    }
    (1..THREADS).filter(|&child| !spawns(trees, child))
}

struct Writer<'a> {
    thread: usize,
    rwlocks: &'a [bool; LOCKS],
    steps: Vec<Step>,
    held: Vec<usize>,
}

impl Writer<'_> {
    /// Flattens trees. Within a `try`, which may be skipped, only locks are used.
    fn write(&mut self, trees: &[Tree], skippable: bool, spawned: &mut [bool; THREADS]) {
        for tree in trees {
            match *tree {
                Tree::Locked { lock, ref body, .. } if self.held.contains(&lock) => {
                    self.write(
                        body,
                        skippable || matches!(tree, Tree::Locked { tries: true, .. }),
                        spawned,
                    );
                }
                Tree::Locked { lock, shared, tries, ref body } => {
                    let shared = shared && self.rwlocks[lock];
                    let start = self.steps.len();
                    self.steps.push(Step::Lock { lock, shared });
                    self.held.push(lock);
                    self.write(body, skippable || tries, spawned);
                    self.held.pop();
                    self.steps.push(Step::Unlock { lock });
                    if tries {
                        let otherwise = self.steps.len();
                        self.steps[start] = Step::Try { lock, shared, otherwise };
                    }
                }
                _ if skippable => {}
                Tree::Send(to) if to != self.thread => self.steps.push(Step::Send { to }),
                Tree::Recv(from) if from != self.thread => self.steps.push(Step::Recv { from }),
                Tree::Life(child) if self.thread == 0 && child != 0 => {
                    let step =
                        if spawned[child] { Step::Join { child } } else { Step::Spawn { child } };
                    spawned[child] = true;
                    self.steps.push(step);
                }
                Tree::Send(_) | Tree::Recv(_) | Tree::Life(_) => {}
            }
        }
    }
}

/// Turns some pairs of unlocks round, where no `try` leads to or past them.
fn swap_unlocks(steps: &mut [Step], swaps: &mut impl Iterator<Item = bool>) {
    if steps.iter().any(|step| matches!(step, Step::Try { .. })) {
        return;
    }
    for at in 1..steps.len() {
        let unlocks = |step| matches!(step, Step::Unlock { .. });
        if unlocks(steps[at - 1]) && unlocks(steps[at]) && swaps.next() == Some(true) {
            steps.swap(at - 1, at);
        }
    }
}

impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (thread, steps) in self.0.iter().enumerate() {
            writeln!(f, "t{thread}:")?;
            for (pc, step) in steps.iter().enumerate() {
                writeln!(f, "  {pc}: {step:?}")?;
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
