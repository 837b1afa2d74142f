//! [`Access`]: one access to a variable, with all that a later report on it needs.

use std::sync::Arc;

use crate::{Context, Epoch, Op, Site, Stack, ThreadId, context::Held, finding::Verb, op::Mode};

#[derive(Debug)]
pub(super) struct Access {
    pub(super) epoch: Epoch,
    /// [`Verb::Read`], [`Verb::Write`], [`Verb::Load`], [`Verb::Store`] or [`Verb::Update`].
    pub(super) verb: Verb,
    /// Of an atomic, what was read or, if it wrote, written.
    pub(super) value: Option<u64>,
    pub(super) site: Site,
    pub(super) stack: Option<Stack>,
    /// What the thread held.
    pub(super) held: Arc<[Held]>,
}

impl Access {
    pub(super) fn new(op: &Op, verb: Verb, value: Option<u64>, held: Arc<[Held]>) -> Self {
        let (epoch, site, stack) = (op.epoch(), op.site, op.stack.clone());
        Self { epoch, verb, value, site, stack, held }
    }

    pub(super) fn thread(&self) -> ThreadId {
        self.epoch.thread()
    }

    pub(super) fn writes(&self) -> bool {
        !matches!(self.verb, Verb::Read | Verb::Load)
    }

    /// Whether a lock that both held keeps the two apart: one of them held it exclusively.
    pub(super) fn is_apart_from(&self, other: &Self) -> bool {
        self.held.iter().any(|mine| {
            other.held.iter().any(|theirs| {
                theirs.object == mine.object
                    && (theirs.mode == Mode::Exclusive || mine.mode == Mode::Exclusive)
            })
        })
    }

    /// Whether each lock that keeps this access apart from a third one does so for `other` too.
    pub(super) fn is_no_safer_than(&self, other: &Self) -> bool {
        self.held.iter().all(|mine| {
            other.held.iter().any(|theirs| {
                theirs.object == mine.object
                    && (theirs.mode == Mode::Exclusive || mine.mode == Mode::Shared)
            })
        })
    }
}

/// What each thread holds, shared by its accesses until it changes.
#[derive(Default)]
pub(super) struct HeldSets(Vec<Arc<[Held]>>);

impl HeldSets {
    pub(super) fn of(&mut self, thread: ThreadId, context: &Context) -> Arc<[Held]> {
        if thread.index() >= self.0.len() {
            self.0.resize_with(thread.index() + 1, Arc::default);
        }
        let known = &mut self.0[thread.index()];
        let now = context.held(thread);
        // Another thread can have ended a hold (see `ObjectKind::owner_releases`), so ask.
        if !known.iter().map(|held| held.section).eq(now.iter().map(|held| held.section)) {
            *known = now.into();
        }
        Arc::clone(known)
    }
}
