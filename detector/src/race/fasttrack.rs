//! FastTrack (Flanagan and Freund, PLDI 2009): races by happens-before, in constant time for most
//! accesses.
//!
//! Of all writes only the last is kept: as long as a cell has not raced, it comes after all others.
//! Of reads the last one is kept while each comes after the one before, and one for each thread
//! once they are concurrent. So each report is a race, the first race of each cell is reported,
//! and after that some pairs of accesses of the same cell may be left out.

use std::sync::Arc;

use super::access::Access;
use crate::{Epoch, clock::Knowledge, finding::Verb};

#[derive(Default, Debug)]
pub(super) struct FastTrack {
    write: Option<Arc<Access>>,
    /// The reads since, by ascending thread.
    reads: Vec<Arc<Access>>,
}

impl FastTrack {
    /// Whether the thread has done the same within this tick, and nobody has written since: then
    /// there is nothing new to learn from the access, for any of the rules.
    pub(super) fn repeats(&self, epoch: Epoch, verb: Verb) -> bool {
        let same = |access: &Arc<Access>| access.epoch == epoch;
        match verb {
            Verb::Write => self.write.as_ref().is_some_and(same) && self.reads.is_empty(),
            _ => self.slot(epoch).is_ok_and(|slot| same(&self.reads[slot])),
        }
    }

    /// Takes in an access of a thread that knows `clock`; returns those it races with.
    pub(super) fn observe(
        &mut self,
        access: &Arc<Access>,
        clock: Knowledge<'_>,
    ) -> Vec<Arc<Access>> {
        let mut races = Vec::new();
        let mut check = |earlier: &Arc<Access>| {
            if earlier.thread() != access.thread() && !clock.knows(earlier.epoch) {
                races.push(Arc::clone(earlier));
            }
        };
        self.write.iter().for_each(&mut check);
        if access.writes() {
            self.reads.drain(..).for_each(|read| check(&read));
            self.write = Some(Arc::clone(access));
        } else {
            self.keep_read(access, clock);
        }
        races
    }

    fn keep_read(&mut self, access: &Arc<Access>, clock: Knowledge<'_>) {
        if let [only] = &mut self.reads[..]
            && clock.knows(only.epoch)
        {
            *only = Arc::clone(access);
            return;
        }
        match self.slot(access.epoch) {
            Ok(slot) => self.reads[slot] = Arc::clone(access),
            Err(slot) => self.reads.insert(slot, Arc::clone(access)),
        }
    }

    /// The place of `epoch`'s thread among the reads.
    fn slot(&self, epoch: Epoch) -> Result<usize, usize> {
        self.reads.binary_search_by_key(&epoch.thread(), |read| read.thread())
    }
}
