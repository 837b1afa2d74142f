//! What tells executions apart: who read from which write, and the order of writes and of sections.

use super::program::{ATOMICS, MUTEXES, RWLOCKS};

/// An event: the thread, and which of its events.
type Id = (u8, u8);

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Trace {
    /// For each event of a thread, what it read from or came after.
    sources: Vec<Vec<Option<Id>>>,
    /// The writes of each atomic.
    atomics: [Vec<Id>; ATOMICS],
    /// The sections of each mutex.
    mutexes: [Vec<Id>; MUTEXES],
    /// The writing sections of each reader-writer lock.
    rwlocks: [Vec<Id>; RWLOCKS],
}

impl Trace {
    pub(super) fn new(threads: usize) -> Self {
        Self {
            sources: vec![Vec::new(); threads],
            atomics: Default::default(),
            mutexes: Default::default(),
            rwlocks: Default::default(),
        }
    }

    fn event(&mut self, thread: usize, source: Option<Id>) -> Id {
        let events = &mut self.sources[thread];
        events.push(source);
        (u8::try_from(thread).unwrap(), u8::try_from(events.len()).unwrap())
    }

    pub(super) fn reads(&mut self, thread: usize, atomic: usize) {
        self.event(thread, self.atomics[atomic].last().copied());
    }

    pub(super) fn writes(&mut self, thread: usize, atomic: usize) {
        let write = self.event(thread, None);
        self.atomics[atomic].push(write);
    }

    pub(super) fn locks(&mut self, thread: usize, mutex: usize) {
        let section = self.event(thread, None);
        self.mutexes[mutex].push(section);
    }

    /// An attempt that fails, because of the section under way.
    pub(super) fn looks_at_mutex(&mut self, thread: usize, mutex: usize) {
        self.event(thread, self.mutexes[mutex].last().copied());
    }

    pub(super) fn write_locks(&mut self, thread: usize, lock: usize) {
        let section = self.event(thread, None);
        self.rwlocks[lock].push(section);
    }

    pub(super) fn looks_at_rwlock(&mut self, thread: usize, lock: usize) {
        self.event(thread, self.rwlocks[lock].last().copied());
    }

    /// Whether another thread has ended.
    pub(super) fn sees(&mut self, thread: usize, ended: bool) {
        self.event(thread, ended.then_some((u8::MAX, 0)));
    }
}
