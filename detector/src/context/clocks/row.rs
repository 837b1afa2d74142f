//! [`Row`]: what one thread knows, now and at its earlier ticks.

use std::{collections::VecDeque, sync::Arc};

use super::handed::{Handed, Stamp};
use crate::{Epoch, ThreadId, Tick, clock::VectorClock};

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
    thread: ThreadId,
    /// What it knows, its own last tick included.
    clock: VectorClock,
    /// Since which tick it knows of others what it knows.
    since: Tick,
    /// `clock` without the thread itself, once somebody asked for it.
    others: Option<Arc<VectorClock>>,
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
            thread,
            clock: VectorClock::new(),
            since: 0,
            others: None,
            history: keeps_history.then(VecDeque::new),
            history_chunks: 0,
            lessons: 0,
            unfenced: Handed::Nothing,
            release_fence: Handed::Nothing,
            park_token: Handed::Nothing,
        }
    }

    pub(super) fn clock(&self) -> &VectorClock {
        &self.clock
    }

    /// The thread has come to `at`, or to later already.
    pub(super) fn reach(&mut self, at: Tick) {
        self.clock.learn(Epoch::new(self.thread, at));
    }

    /// The thread learns of `handed` at its tick `at`.
    pub(super) fn learn(&mut self, handed: &Handed, at: Tick) {
        if at < self.since {
            self.amend(handed, at);
        }
        if !handed.is_news_to(&self.clock) {
            return;
        }
        self.lessons += 1;
        if at > self.since && self.history.is_some() {
            self.remember();
        }
        handed.add_to(&mut self.clock);
        self.others = None;
        self.since = self.since.max(at);
    }

    /// The thread learns of `handed` while it waits, at the tick that it has come to.
    pub(super) fn learn_now(&mut self, handed: &Handed) {
        self.learn(handed, self.clock.get(self.thread));
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
        Handed::Many(Arc::new(self.clock.clone()))
    }

    /// What the thread hands on by an Op at `at`.
    pub(super) fn hand(&mut self, at: Tick) -> Handed {
        let stamp = self.stamp(at);
        if at < self.clock.get(self.thread) {
            // A late Op may have added to what was known at `at` since somebody learnt of that
            // moment, so that knowing the moment does not mean knowing all.
            return Handed::Many(Arc::new(stamp.to_clock()));
        }
        Handed::One(stamp)
    }

    /// What the thread hands on by its end.
    pub(super) fn hand_last(&mut self) -> Handed {
        self.hand(self.clock.get(self.thread))
    }

    /// The thread as it was at its tick `at`.
    pub(super) fn stamp(&mut self, at: Tick) -> Stamp {
        let past = self.past(at).map(|past| Arc::clone(&past.others));
        let others = past.unwrap_or_else(|| self.others());
        Stamp { epoch: Epoch::new(self.thread, at), others }
    }

    fn others(&mut self) -> Arc<VectorClock> {
        let (clock, thread) = (&self.clock, self.thread);
        Arc::clone(self.others.get_or_insert_with(|| Arc::new(clock.without(thread))))
    }

    fn past(&self, at: Tick) -> Option<&Past> {
        let history = self.history.as_ref().filter(|_| at < self.since)?;
        let later = history.partition_point(|past| past.since <= at);
        history.get(later.saturating_sub(1))
    }

    /// Keeps what is known up to now, which is about to change.
    fn remember(&mut self) {
        let others = self.others();
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
