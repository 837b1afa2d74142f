//! [`Plan`]: what has to be known of a program from the first step of its first execution on.
//!
//! It shows only on the way. Where it does, the exploration begins anew with a better plan; that
//! happens a few times at most, and in the first executions.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError},
};

use lockwise_detector::hash::IdMap;

/// How often an exploration begins anew because memory was left in use.
const MOST_MOVES: u32 = 4;

/// What an exploration has learnt.
#[derive(Clone, Default, Debug)]
pub(super) struct Plan {
    /// Where locks are made that are tried (see the module `lock`), by address of the place.
    tried: HashSet<usize>,
    /// The threads that read-lock anything, by identity.
    readers: Vec<u32>,
    /// Whether threads look whether others have ended.
    watches_ends: bool,
    /// How often the exploration began anew because memory was left in use.
    moves: u32,
    /// The identity of each thread, by that of its parent and its place among its siblings: the
    /// same in each execution, and for each worker.
    identities: Arc<Mutex<IdMap<(u32, u32), u32>>>,
    /// Those that this worker knows.
    known: IdMap<(u32, u32), u32>,
}

impl Plan {
    /// Whether locks made at this place are tried.
    pub(super) fn is_tried(&self, place: usize) -> bool {
        self.tried.contains(&place)
    }

    /// Locks made at this place are tried.
    pub(super) fn add_tried(&mut self, place: usize) {
        self.tried.insert(place);
    }

    /// The place of a thread among those that read.
    pub(super) fn reader(&self, thread: u32) -> Option<usize> {
        self.readers.iter().position(|reader| *reader == thread)
    }

    pub(super) fn readers(&self) -> usize {
        self.readers.len()
    }

    pub(super) fn add_reader(&mut self, thread: u32) {
        self.readers.push(thread);
    }

    pub(super) fn watches_ends(&self) -> bool {
        self.watches_ends
    }

    pub(super) fn watch_ends(&mut self) {
        self.watches_ends = true;
    }

    /// Memory that an execution has left in use moves what later ones allocate. Whether it helps to
    /// begin anew: it does if that was made once and for all, and not if each execution leaves some.
    pub(super) fn moves(&mut self) -> bool {
        self.moves += 1;
        self.moves <= MOST_MOVES
    }

    /// The identity of the thread that `parent` spawned after so many others. 0 is the first.
    pub(super) fn identity(&mut self, parent: u32, place: u32) -> u32 {
        *self.known.entry((parent, place)).or_insert_with(|| {
            let mut all = self.identities.lock().unwrap_or_else(PoisonError::into_inner);
            let next = u32::try_from(all.len() + 1).unwrap_or(u32::MAX);
            *all.entry((parent, place)).or_insert(next)
        })
    }

    /// Takes in what another worker has learnt.
    pub(super) fn extend(&mut self, other: Self) {
        self.tried.extend(other.tried);
        for reader in other.readers {
            if !self.readers.contains(&reader) {
                self.readers.push(reader);
            }
        }
        self.watches_ends |= other.watches_ends;
        self.moves = self.moves.max(other.moves);
        if self.known.is_empty() {
            (self.identities, self.known) = (other.identities, other.known);
        }
    }
}
