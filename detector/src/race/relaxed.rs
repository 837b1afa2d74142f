//! Remembers which values of atomics threads have read without synchronizing, to say of a race
//! that stronger orderings would have prevented it.

use std::collections::VecDeque;

use super::access::Access;
use crate::{Context, Epoch, ObjectId, Op, ThreadId, hash::IdMap, op::Relay};

/// How many such reads are kept for each thread: it is only for a hint.
const READS: usize = 8;

#[derive(Default)]
pub(super) struct RelaxedReads {
    /// The last write of each atomic.
    writes: IdMap<ObjectId, Epoch>,
    /// The atomic, and when the value was written that was read from it.
    reads: IdMap<ThreadId, VecDeque<(ObjectId, Epoch)>>,
}

impl RelaxedReads {
    pub(super) fn observe(&mut self, op: &Op, object: ObjectId, access: Relay, context: &Context) {
        if access != Relay::Give
            && let Some(written) = self.writes.get(&object)
            && !context.clock(op.thread).knows(*written)
        {
            let reads = self.reads.entry(op.thread).or_default();
            reads.retain(|(atomic, _)| *atomic != object);
            if reads.len() == READS {
                reads.pop_front();
            }
            reads.push_back((object, *written));
        }
        if access != Relay::Take {
            self.writes.insert(object, op.epoch());
        }
    }

    /// What to say of a race, if its later thread read what its earlier one wrote after it.
    pub(super) fn help(
        &self,
        context: &Context,
        earlier: &Access,
        later: &Access,
    ) -> Option<String> {
        let reads = self.reads.get(&later.thread())?;
        let (atomic, _) = reads.iter().rev().find(|(_, written)| {
            written.thread() == earlier.thread() && written.tick() >= earlier.epoch.tick()
        })?;
        let (name, publisher) =
            (super::report::name(context, *atomic), context.thread_name(earlier.thread()));
        Some(format!(
            "`{}` read from {name} what `{publisher}` had written after its access, but the \
             orderings are too weak to publish anything else: write with `Release` and read with \
             `Acquire`",
            context.thread_name(later.thread()),
        ))
    }

    pub(super) fn forget(&mut self, object: ObjectId) {
        self.writes.remove(&object);
    }
}
