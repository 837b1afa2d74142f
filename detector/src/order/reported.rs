//! What has been reported, so that nothing is reported twice.

use super::graph::ClassId;
use crate::{
    ObjectId,
    hash::{IdMap, IdSet},
};

/// The cycles and classes that have been reported.
#[derive(Default, Debug)]
pub(super) struct Reported {
    /// Sets of locks, sorted.
    sets: Vec<Vec<ObjectId>>,
    /// The sets that a lock is in.
    by_lock: IdMap<ObjectId, Vec<usize>>,
    classes: IdSet<ClassId>,
}

impl Reported {
    /// Whether all locks of some reported cycle are among `locks`, the last of them included.
    /// (Whoever adds locks one by one has asked for the others already.)
    pub(super) fn covers(&self, locks: &[ObjectId]) -> bool {
        let Some(sets) = locks.last().and_then(|last| self.by_lock.get(last)) else { return false };
        sets.iter().any(|&set| self.sets[set].iter().all(|lock| locks.contains(lock)))
    }

    /// Whether all locks of some reported cycle are among `locks`.
    pub(super) fn covers_any_of(&self, locks: &[ObjectId]) -> bool {
        (1..=locks.len()).any(|end| self.covers(&locks[..end]))
    }

    /// Notes a cycle through `locks`, which are sorted.
    pub(super) fn add(&mut self, locks: Vec<ObjectId>) {
        for &lock in &locks {
            self.by_lock.entry(lock).or_default().push(self.sets.len());
        }
        self.sets.push(locks);
    }

    /// Whether nothing was said of `class` so far.
    pub(super) fn is_news(&self, class: ClassId) -> bool {
        !self.classes.contains(&class)
    }

    /// Notes that something was said of `class`.
    pub(super) fn add_class(&mut self, class: ClassId) {
        self.classes.insert(class);
    }
}
