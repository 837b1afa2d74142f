//! `rwlock-recursion`: a thread read-locks what it has read-locked already.
//!
//! A writer that queues between the two waits for the first read, and may hold back the second:
//! `std` says of `RwLock::read` that it "might panic" or deadlock then. Nothing blocks in most
//! runs, so this is predicted. It needs a writer: one in another thread that could come in
//! between, neither ordered before or after by must-happen-before nor shut out by a lock that
//! both hold (the gate). Either may be seen first. A write that only tries does not queue.
//!
//! For each thread and set of gates the last write is enough to know when looking back: where it
//! is ordered before the reads, so are the earlier ones.

use crate::{
    Action, Certainty, Context, Epoch, Finding, ObjectId, Op, Rule, Site, ThreadId,
    context::Held,
    finding::Verb,
    hash::{IdMap, IdSet},
    op::{Mode, ObjectKind, Patience},
    wording,
};

/// A queued write.
#[derive(Clone, Debug)]
struct Write {
    thread: ThreadId,
    gates: Vec<ObjectId>,
    at: Epoch,
    site: Site,
}

/// Two nested reads, without a writer so far that could come in between.
#[derive(Debug)]
struct NestedReads {
    thread: ThreadId,
    gates: Vec<ObjectId>,
    outer: Held,
    inner: Op,
}

#[derive(Default, Debug)]
struct Uses {
    writes: Vec<Write>,
    nested: Vec<NestedReads>,
}

/// Looks for nested reads and for writers that could come between them.
#[derive(Default, Debug)]
pub(super) struct Recursion {
    rwlocks: IdMap<ObjectId, Uses>,
    /// Pairs of sites that are known, reported or waiting for a writer.
    known: IdSet<(ObjectId, Site, Site)>,
}

impl Recursion {
    pub(super) fn observe(&mut self, op: &Op, context: &Context, findings: &mut Vec<Finding>) {
        match op.action {
            Action::Create { object, ref info } if info.kind == ObjectKind::RwLock => {
                self.rwlocks.insert(object, Uses::default());
            }
            Action::Destroy { object } => {
                self.rwlocks.remove(&object);
            }
            Action::Request { object, mode, patience }
            | Action::Acquire { object, mode, patience } => match mode {
                Mode::Exclusive if patience != Patience::Try && !self.rwlocks.is_empty() => {
                    self.write(object, op, context, findings);
                }
                Mode::Shared if patience == Patience::Forever => {
                    self.read(object, op, context, findings);
                }
                _ => {}
            },
            _ => {}
        }
    }

    fn write(&mut self, object: ObjectId, op: &Op, context: &Context, findings: &mut Vec<Finding>) {
        let Some(uses) = self.rwlocks.get_mut(&object) else { return };
        let gates = gates(context.held_before(op), object);
        let write = Write { thread: op.thread, gates, at: op.epoch(), site: op.site };
        uses.nested.retain(|nested| {
            let ordered = context.must_clock(op.thread).knows(nested.inner.epoch());
            let between = !ordered && could_come_between(nested.thread, &nested.gates, &write);
            if between {
                findings.push(report(context, object, nested, &write));
            }
            !between
        });
        let same =
            |earlier: &&mut Write| earlier.thread == write.thread && earlier.gates == write.gates;
        match uses.writes.iter_mut().find(same) {
            Some(earlier) => *earlier = write,
            None => uses.writes.push(write),
        }
    }

    fn read(&mut self, object: ObjectId, op: &Op, context: &Context, findings: &mut Vec<Finding>) {
        let held = context.held_before(op);
        let outer = held.iter().find(|held| held.object == object && held.mode == Mode::Shared);
        let Some(outer) = outer else { return };
        let Some(uses) = self.rwlocks.get_mut(&object) else { return };
        if !self.known.insert((object, outer.site, op.site)) {
            return;
        }
        let nested = NestedReads {
            thread: op.thread,
            gates: gates(held, object),
            outer: outer.clone(),
            inner: op.clone(),
        };
        let writer = uses.writes.iter().find(|write| {
            !context.must_clock(op.thread).knows(write.at)
                && could_come_between(op.thread, &nested.gates, write)
        });
        match writer {
            Some(write) => findings.push(report(context, object, &nested, write)),
            None => uses.nested.push(nested),
        }
    }
}

/// The locks that shut out every other thread that takes them too.
fn gates(held: &[Held], object: ObjectId) -> Vec<ObjectId> {
    let exclusive = held.iter().filter(|h| h.mode == Mode::Exclusive && h.object != object);
    exclusive.map(|held| held.object).collect()
}

fn could_come_between(reader: ThreadId, gates: &[ObjectId], write: &Write) -> bool {
    reader != write.thread && !gates.iter().any(|gate| write.gates.contains(gate))
}

fn report(context: &Context, object: ObjectId, nested: &NestedReads, write: &Write) -> Finding {
    let (lock, reader) = (context.object_label(object), nested.thread);
    let message = format!(
        "{} read-locks {lock} again while it reads it: should {} ask to write in between, both \
         can wait for ever",
        wording::thread(context, reader),
        wording::thread(context, write.thread),
    );
    let outer = (nested.outer.site, nested.outer.stack.clone());
    let inner = (nested.inner.site, nested.inner.stack.clone());
    Finding::new(Rule::RwlockRecursion, Certainty::Predicted, message)
        .step(context, reader, Verb::ReadLock, Some(object), outer)
        .step(context, reader, Verb::WantRead, Some(object), inner)
        .step(context, write.thread, Verb::WantLock, Some(object), (write.site, None))
        .help("pass the first guard (or what it guards) down in place of reading again")
}
