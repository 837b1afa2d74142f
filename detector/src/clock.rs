//! Vector clocks (Fidge 1988; Mattern 1989), indexed by [`ThreadId`].
//!
//! A clock is a table of chunks that copies share until one of them changes. So a thread's clock
//! costs what it learnt after its parent's: programs that start ten thousand threads one after the
//! other stay small, and clocks with a common past are joined chunk by shared chunk.

use std::sync::Arc;

use crate::{Epoch, ThreadId, Tick};

/// How many threads a chunk is about.
const CHUNK: usize = 32;

type Chunk = [Tick; CHUNK];

/// For each thread, the last of its ticks that is known: the others are 0.
#[derive(Clone, Default, Debug)]
pub struct VectorClock(Vec<Option<Arc<Chunk>>>);

impl VectorClock {
    /// Knows nothing.
    #[must_use]
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// The last known tick of `thread`.
    #[must_use]
    pub fn get(&self, thread: ThreadId) -> Tick {
        let chunk = self.0.get(thread.index() / CHUNK).and_then(Option::as_ref);
        chunk.map_or(0, |chunk| chunk[thread.index() % CHUNK])
    }

    /// Learns of `epoch` (and what came before it in its own thread).
    pub fn learn(&mut self, epoch: Epoch) {
        if !self.knows(epoch) {
            self.set(epoch.thread(), epoch.tick());
        }
    }

    fn set(&mut self, thread: ThreadId, tick: Tick) {
        let index = thread.index() / CHUNK;
        if index >= self.0.len() {
            self.0.resize(index + 1, None);
        }
        let chunk = self.0[index].get_or_insert_with(|| Arc::new([0; CHUNK]));
        Arc::make_mut(chunk)[thread.index() % CHUNK] = tick;
    }

    /// Whether `epoch` is known: it happens before, or is, the moment that this clock describes.
    #[must_use]
    pub fn knows(&self, epoch: Epoch) -> bool {
        epoch.is_none() || self.get(epoch.thread()) >= epoch.tick()
    }

    /// Learns all that `other` knows. Returns whether anything was new.
    pub fn join(&mut self, other: &Self) -> bool {
        if other.0.len() > self.0.len() {
            self.0.resize(other.0.len(), None);
        }
        let mut grew = false;
        for (mine, theirs) in self.0.iter_mut().zip(&other.0) {
            if let Some(theirs) = theirs {
                grew |= join_chunk(mine, theirs);
            }
        }
        grew
    }

    /// Whether all that this clock knows is known to `other`.
    #[must_use]
    pub fn le(&self, other: &Self) -> bool {
        self.epochs().all(|epoch| other.knows(epoch))
    }

    /// The last known moment of each thread that is known at all.
    pub fn epochs(&self) -> impl Iterator<Item = Epoch> + '_ {
        let chunks = (0u32..).step_by(CHUNK).zip(&self.0);
        let chunks = chunks.filter_map(|(first, chunk)| Some((first, chunk.as_ref()?)));
        chunks
            .flat_map(|(first, chunk)| (first..).zip(chunk.iter()))
            .filter(|(_, tick)| **tick > 0)
            .map(|(thread, tick)| Epoch::new(ThreadId(thread), *tick))
    }

    /// How many chunks it has: what a copy or a join of it costs.
    #[must_use]
    pub fn width(&self) -> usize {
        self.0.len()
    }

    /// Forgets everything and keeps the memory.
    pub fn clear(&mut self) {
        self.0.clear();
    }
}

/// What a thread knows: a vector clock, and beside it the thread's own last tick, which changes with
/// each of its Ops while the rest changes seldom.
#[derive(Clone, Copy, Debug)]
pub struct Knowledge<'a> {
    own: Epoch,
    others: &'a Arc<VectorClock>,
}

impl<'a> Knowledge<'a> {
    pub(crate) fn new(own: Epoch, others: &'a Arc<VectorClock>) -> Self {
        Self { own, others }
    }

    /// Whether `epoch` is known: it happens before, or is, the moment that this describes.
    #[must_use]
    pub fn knows(self, epoch: Epoch) -> bool {
        if epoch.thread() == self.own.thread() {
            epoch.tick() <= self.own.tick()
        } else {
            self.others.knows(epoch)
        }
    }

    /// The last known tick of `thread`.
    #[must_use]
    pub fn get(self, thread: ThreadId) -> Tick {
        if thread == self.own.thread() { self.own.tick() } else { self.others.get(thread) }
    }

    /// What it knows of other threads. Of its own it says nothing that counts.
    #[must_use]
    pub fn others(self) -> &'a Arc<VectorClock> {
        self.others
    }
}

/// Equal if they know the same, however they store it.
impl PartialEq for VectorClock {
    fn eq(&self, other: &Self) -> bool {
        self.le(other) && other.le(self)
    }
}

impl Eq for VectorClock {}

/// Learns a chunk. Where nothing is lost by it, the other clock's chunk is shared.
fn join_chunk(mine: &mut Option<Arc<Chunk>>, theirs: &Arc<Chunk>) -> bool {
    let Some(own) = mine else {
        *mine = Some(Arc::clone(theirs));
        return theirs.iter().any(|tick| *tick > 0);
    };
    if Arc::ptr_eq(own, theirs) {
        return false;
    }
    let pairs = || own.iter().zip(theirs.iter());
    if pairs().all(|(own, theirs)| own >= theirs) {
        return false;
    }
    if pairs().all(|(own, theirs)| own <= theirs) {
        *mine = Some(Arc::clone(theirs));
        return true;
    }
    for (own, theirs) in Arc::make_mut(own).iter_mut().zip(theirs.iter()) {
        *own = (*own).max(*theirs);
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn joining_learns_the_later_tick_of_each_thread() {
        let (t0, t2) = (ThreadId(0), ThreadId(2));
        let mut a = VectorClock::new();
        a.learn(Epoch::new(t0, 3));
        let mut b = VectorClock::new();
        b.learn(Epoch::new(t0, 1));
        b.learn(Epoch::new(t2, 7));
        assert!(!a.le(&b) && !b.le(&a));
        assert!(a.join(&b) && !a.join(&b));
        assert_eq!((a.get(t0), a.get(t2), a.get(ThreadId(9))), (3, 7, 0));
        assert!(b.le(&a) && a.knows(Epoch::new(t2, 7)) && !a.knows(Epoch::new(t2, 8)));
    }

    #[test]
    fn copies_share_what_they_do_not_change() {
        let mut parent = VectorClock::new();
        for thread in 0..100 {
            parent.learn(Epoch::new(ThreadId(thread), 1));
        }
        let mut child = parent.clone();
        child.learn(Epoch::new(ThreadId(70), 2));
        let shared = |a: &Option<Arc<Chunk>>, b: &Option<Arc<Chunk>>| {
            Arc::ptr_eq(a.as_ref().unwrap(), b.as_ref().unwrap())
        };
        let same: Vec<_> = parent.0.iter().zip(&child.0).map(|(a, b)| shared(a, b)).collect();
        assert_eq!(same, [true, true, false, true]);
        assert!(parent != child && parent.le(&child));
        assert!(parent.join(&child) && parent == child);
        assert_eq!(child.epochs().count(), 100);
    }
}
