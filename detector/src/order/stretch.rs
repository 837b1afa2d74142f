//! Stretches of a thread's life between two dealings with other threads.
//!
//! Within a stretch a thread neither learns of nor tells other threads anything that
//! must-happen-before counts, so all its requests there are alike to others, and one snapshot of
//! its must-clock serves them all. A stretch ends
//!
//! - at every Op that may add to must-happen-before, on either side. Which do is the clocks'
//!   affair; all but those that surely do not are taken to;
//! - at the release of a lock that was held when the stretch began. Another thread may know that
//!   acquisition, and so have to wait for this release: see [`log`](super::log).

use std::sync::Arc;

use crate::{Action, Context, ObjectId, Op, ThreadId, clock::VectorClock};

#[derive(Clone, Default, Debug)]
struct Stretch {
    number: u64,
    /// What was held at the last Op that told others something, and still is.
    straddling: Vec<ObjectId>,
    /// The must-clock, once asked for.
    clock: Option<Arc<VectorClock>>,
}

/// The present stretch of each thread.
#[derive(Default, Debug)]
pub(super) struct Stretches(Vec<Stretch>);

impl Stretches {
    /// Takes in any Op.
    pub(super) fn observe(&mut self, op: &Op, context: &Context) {
        match &op.action {
            Action::Create { .. }
            | Action::Destroy { .. }
            | Action::Request { .. }
            | Action::Acquire { .. }
            | Action::GiveUp { .. }
            | Action::Synchronize { .. }
            | Action::Block { .. }
            | Action::Unblock
            | Action::Read { .. }
            | Action::Write { .. }
            | Action::Overwrite { .. }
            | Action::Misuse { .. } => {}
            Action::Release { object, .. } => self.release(op.thread, *object),
            Action::Notify { woken, .. } => {
                woken.iter().for_each(|&thread| self.begin(thread, context));
                self.begin(op.thread, context);
            }
            _ => self.begin(op.thread, context),
        }
    }

    /// The number of `thread`'s present stretch.
    pub(super) fn of(&self, thread: ThreadId) -> u64 {
        self.0.get(thread.index()).map_or(0, |stretch| stretch.number)
    }

    /// What `thread` has known by must-happen-before of other threads since the stretch began.
    pub(super) fn clock(&mut self, thread: ThreadId, context: &Context) -> Arc<VectorClock> {
        let clock = &mut self.row(thread).clock;
        Arc::clone(clock.get_or_insert_with(|| Arc::clone(context.must_clock(thread).others())))
    }

    fn begin(&mut self, thread: ThreadId, context: &Context) {
        let stretch = self.row(thread);
        stretch.number += 1;
        stretch.clock = None;
        stretch.straddling.clear();
        stretch.straddling.extend(context.held(thread).iter().map(|held| held.object));
    }

    fn release(&mut self, thread: ThreadId, object: ObjectId) {
        let stretch = self.row(thread);
        if let Some(index) = stretch.straddling.iter().position(|&held| held == object) {
            stretch.straddling.swap_remove(index);
            stretch.number += 1;
        }
    }

    fn row(&mut self, thread: ThreadId) -> &mut Stretch {
        if thread.index() >= self.0.len() {
            self.0.resize_with(thread.index() + 1, Stretch::default);
        }
        &mut self.0[thread.index()]
    }
}
