//! The blocks of an execution, and what is left of them.
//!
//! What threads still own when an execution is broken off is lost: nobody has it any more, unless a
//! static that is not ours refers to it. That is looked for in all statics, as conservative garbage
//! collectors do. Where an execution ended by itself, whatever it has left is taken to be in use.

use std::{alloc::Layout, collections::HashSet, ptr, sync::atomic::Ordering::Relaxed};

use lockwise_detector::ObjectId;

use super::arena::{Arena, LANE, LANES, lane_of};
use crate::rt::{model::for_words, world::Place};

/// In front of each block.
pub(super) const IN_USE: u64 = 0x5c3a_91f0_27be_6d14;
pub(super) const FREED: u64 = 0xe80d_446b_b951_f327;

/// The blocks of an execution.
#[derive(Default)]
pub(in super::super) struct Blocks {
    arena: Option<Arena>,
    lanes: Vec<Vec<Block>>,
    pub(super) freed_twice: usize,
    /// Whether threads of the execution were given up where they were.
    pub(in super::super) is_broken: bool,
}

/// A block, and when it was allocated.
pub(super) struct Block {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) thread: usize,
    pub(super) after: usize,
    pub(super) place: Place,
    /// Which threads have used an atomic in it, as bits.
    pub(super) users: u64,
    /// What analyses know it as; 0 if they do not.
    pub(super) object: ObjectId,
}

impl Block {
    /// # Safety
    ///
    /// Its memory is not that of another execution yet.
    unsafe fn is_in_use(&self) -> bool {
        // SAFETY: the mark is in front of the block, and the caller promises that it is this one's.
        unsafe { ptr::with_exposed_provenance::<u64>(self.start).sub(1).read() == IN_USE }
    }

    /// # Safety
    ///
    /// As for [`Block::is_in_use`].
    unsafe fn words(&self) -> impl Iterator<Item = usize> {
        let first = self.start.next_multiple_of(size_of::<usize>());
        let words = (self.end.saturating_sub(first)) / size_of::<usize>();
        let first = ptr::with_exposed_provenance::<usize>(first);
        // SAFETY: they are in the block. They may be any; they are read volatile so as to be some.
        (0..words).map(move |index| unsafe { first.add(index).read_volatile() })
    }
}

impl Blocks {
    /// Another execution begins. Returns whether its memory lies elsewhere.
    pub(in super::super) fn begin(&mut self) -> bool {
        let moves = self.close();
        self.lanes.iter_mut().for_each(Vec::clear);
        (self.freed_twice, self.is_broken) = (0, false);
        moves
    }

    /// Adds a block of this layout to a lane, if there is room.
    pub(super) fn add(
        &mut self,
        lane: usize,
        layout: Layout,
        block: impl FnOnce(usize, usize) -> Block,
    ) -> Option<usize> {
        if lane >= LANES {
            return None;
        }
        if self.arena.is_none() {
            self.arena = Arena::take();
        }
        let arena = self.arena.as_ref()?;
        let (begin, shared) = (arena.start(lane), &arena.lanes()[lane]);
        if self.lanes.len() <= lane {
            self.lanes.resize_with(lane + 1, Vec::new);
        }
        let free = match self.lanes[lane].last() {
            Some(last) => last.end,
            None => begin + shared.base.load(Relaxed),
        };
        let align = layout.align().max(align_of::<u64>());
        let start = free.checked_add(size_of::<u64>())?.checked_next_multiple_of(align)?;
        let end = start.checked_add(layout.size()).filter(|end| *end <= begin + LANE)?;
        shared.top.store(end - begin, Relaxed);
        shared.used.fetch_add(1, Relaxed);
        self.lanes[lane].push(block(start, end));
        Some(start)
    }

    /// The block that an address is in.
    pub(super) fn at(&mut self, address: usize) -> Option<&mut Block> {
        let (lane, index) = self.find(address)?;
        Some(&mut self.lanes[lane][index])
    }

    fn find(&self, address: usize) -> Option<(usize, usize)> {
        let lane = lane_of(address)?.lane;
        let blocks = self.lanes.get(lane)?;
        let index = blocks.partition_point(|block| block.start <= address).checked_sub(1)?;
        (address < blocks[index].end).then_some((lane, index))
    }

    /// The execution is over. Lanes in which something is still in use begin behind that from now
    /// on; returns whether there are any.
    fn close(&mut self) -> bool {
        let Some(arena) = &self.arena else { return false };
        let left: Vec<_> =
            arena.lanes().iter().map(|lane| lane.used.swap(0, Relaxed) > 0).collect();
        let used = match left.contains(&true) && self.is_broken {
            true => self.held_by_statics(),
            false => left,
        };
        for (lane, _) in arena.lanes().iter().zip(&used).filter(|(_, used)| **used) {
            lane.base.store(lane.top.load(Relaxed), Relaxed);
        }
        used.contains(&true)
    }

    /// For each lane, whether a static refers to a block in it, also by way of others.
    fn held_by_statics(&self) -> Vec<bool> {
        let (mut held, mut seen, mut pending) = (vec![false; LANES], HashSet::new(), Vec::new());
        let mut meet = |word, pending: &mut Vec<_>| {
            if let Some(found) = self.find(word).filter(|found| seen.insert(*found)) {
                pending.push(found);
            }
        };
        for_words(|word| meet(word, &mut pending));
        while let Some((lane, index)) = pending.pop() {
            let block = &self.lanes[lane][index];
            // SAFETY: the execution of these blocks has just ended.
            unsafe {
                if block.is_in_use() {
                    held[lane] = true;
                    block.words().for_each(|word| meet(word, &mut pending));
                }
            }
        }
        held
    }
}

impl Drop for Blocks {
    fn drop(&mut self) {
        self.close();
    }
}
