//! [`Row`]: what one thread knows, now and at its earlier ticks.

use std::{collections::VecDeque, sync::Arc};

use super::handed::{Handed, Stamp};
use crate::{
    Epoch, ThreadId, Tick,
    clock::{Knowledge, VectorClock},
};

/// How many chunks of clocks a thread's history may hold (of 256 bytes each, and most are shared
/// with others): a program of up to 32 threads keeps the last thousand changes of each thread's
/// knowledge, one of 1,000 threads the last thirty. What is older is answered with the oldest
/// knowledge that is left, which is later than asked for.
pub(super) const HISTORY_CHUNKS: usize = 1024;

/// What the thread knew of others from a tick on, until the next entry.
#[derive(Debug)]
struct Past {
    since: Tick,
    others: Arc<VectorClock>,
}

#[derive(Debug)]
pub(super) struct Row {
    /// The thread, at its own last tick.
    own: Epoch,
    /// What it knows of others. (What they know of it may be there too, and is never more than it
    /// knows itself.)
    others: Arc<VectorClock>,
    /// Since which tick it knows that.
    since: Tick,
    /// What it knew before `since`, oldest first; `None` where nobody will ask.
    history: Option<VecDeque<Past>>,
    history_chunks: usize,
    /// How often it has learnt something, or read what a fence may yet have it learn.
    lessons: u64,
    /// What its relaxed loads have read and its next acquire fence will learn.
    pub(super) unfenced: Handed,
    /// What its relaxed stores hand on: its knowledge at its last release fence.
    pub(super) release_fence: Handed,
    /// What its next park will learn.
    pub(super) park_token: Handed,
}

impl Row {
    pub(super) fn new(thread: ThreadId, keeps_history: bool) -> Self {
        Self {
            own: Epoch::new(thread, 0),
            others: Arc::default(),
            since: 0,
            history: keeps_history.then(VecDeque::new),
            history_chunks: 0,
            lessons: 0,
            unfenced: Handed::Nothing,
            release_fence: Handed::Nothing,
            park_token: Handed::Nothing,
        }
    }

    pub(super) fn knowledge(&self) -> Knowledge<'_> {
        Knowledge::new(self.own, &self.others)
    }

    /// The thread has come to `at`, or to later already.
    pub(super) fn reach(&mut self, at: Tick) {
        self.own = Epoch::new(self.own.thread(), at.max(self.own.tick()));
    }

    /// The thread learns of `handed` at its tick `at`.
    pub(super) fn learn(&mut self, handed: &Handed, at: Tick) {
        if at < self.since {
            self.amend(handed, at);
        }
        if !handed.is_news_to(self.knowledge()) {
            return;
        }
        self.lessons += 1;
        if at > self.since && self.history.is_some() {
            self.remember();
        }
        handed.add_to(Arc::make_mut(&mut self.others));
        self.since = self.since.max(at);
    }

    /// The thread learns of `handed` while it waits, at the tick that it has come to.
    pub(super) fn learn_now(&mut self, handed: &Handed) {
        self.learn(handed, self.own.tick());
    }

    /// The thread has read `handed`, and learns of it at its next fence that acquires.
    pub(super) fn put_off(&mut self, handed: &Handed) {
        if !handed.is_in(&self.unfenced) {
            self.lessons += 1;
            self.unfenced.merge(handed);
        }
    }

    pub(super) fn lessons(&self) -> u64 {
        self.lessons
    }

    /// What the thread knows, as something that it may learn more after at the same moment.
    pub(super) fn hand_untimed(&self) -> Handed {
        let stamp = Stamp { epoch: self.own, others: Arc::clone(&self.others) };
        Handed::Many(Arc::new(stamp.to_clock()))
    }

    /// What the thread hands on by an Op at `at`.
    pub(super) fn hand(&self, at: Tick) -> Handed {
        let stamp = self.stamp(at);
        if at < self.own.tick() {
            // A late Op may have added to what was known at `at` since somebody learnt of that
            // moment, so that knowing the moment does not mean knowing all.
            return Handed::Many(Arc::new(stamp.to_clock()));
        }
        Handed::One(stamp)
    }

    /// What the thread hands on by its end.
    pub(super) fn hand_last(&self) -> Handed {
        self.hand(self.own.tick())
    }

    /// The thread as it was at its tick `at`.
    pub(super) fn stamp(&self, at: Tick) -> Stamp {
        let others = self.past(at).map_or(&self.others, |past| &past.others);
        Stamp { epoch: Epoch::new(self.own.thread(), at), others: Arc::clone(others) }
    }

    fn past(&self, at: Tick) -> Option<&Past> {
        let history = self.history.as_ref().filter(|_| at < self.since)?;
        let later = history.partition_point(|past| past.since <= at);
        history.get(later.saturating_sub(1))
    }

    /// Keeps what is known up to now, which is about to change.
    fn remember(&mut self) {
        let others = Arc::clone(&self.others);
        let Some(history) = &mut self.history else { return };
        self.history_chunks += others.width();
        history.push_back(Past { since: self.since, others });
        while self.history_chunks > HISTORY_CHUNKS && history.len() > 1 {
            let oldest = history.pop_front();
            self.history_chunks -= oldest.map_or(0, |past| past.others.width());
        }
    }

    /// Adds what a late Op brought to all that was known from its tick on.
    fn amend(&mut self, handed: &Handed, at: Tick) {
        let Some(history) = &mut self.history else { return };
        let later = history.partition_point(|past| past.since <= at);
        for past in history.range_mut(later.saturating_sub(1)..) {
            handed.add_to(Arc::make_mut(&mut past.others));
        }
    }
}
