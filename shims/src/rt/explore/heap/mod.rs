//! [`Heap`]: memory of which the explorer knows whose it is.
//!
//! Explored programs keep addresses in atomics. So what a thread allocates must lie at the same
//! address in each execution, whatever others allocate meanwhile: each thread takes its memory from
//! a *lane* of its own, block after block, and what is freed is not used again before the execution
//! is over. An *arena* is the lanes of one exploration. What is in use when its execution is over is not
//! overwritten; what comes later goes behind it.
//!
//! To allocate a block is to write to it: what is in it was initialised by the thread that
//! allocated it, at about that time. So a thread that uses an atomic in a block has to come after
//! its allocation; where nothing orders the two, a data race is found, however plain and unobserved
//! the initialisation itself is. (That it is freed is not taken for a write: who uses it last is
//! often ordered by what is not observed, such as the counter of an `Arc`.)

mod arena;
mod blocks;

use std::{
    alloc::{GlobalAlloc, Layout, System},
    ptr,
    sync::atomic::{AtomicBool, Ordering::Relaxed},
};

use lockwise_detector::{
    Action, ObjectId,
    explore::CellAccess,
    op::{ObjectInfo, ObjectKind},
};

pub(super) use self::blocks::Blocks;
use self::{
    arena::{Spot, lane_of},
    blocks::{Block, FREED, IN_USE},
};
use super::{
    observer::{introduce_memory, is_observed, tell},
    state::{State, on_state},
};
use crate::rt::{
    current::{self, Kind},
    os::local::draw_object_id,
    world::Place,
};

/// An allocator for programs that are explored: std's, except within an exploration.
///
/// There, what a thread allocates lies at the same address in each execution. Without it, a program
/// that keeps addresses in atomics may be taken for one that is not deterministic. Also, a data race
/// is found where a thread uses an atomic in memory that another has allocated, unordered; and a
/// block that is freed twice is [counted](double_frees) and does no harm.
///
/// ```
/// #[global_allocator]
/// static HEAP: lockwise::explore::Heap = lockwise::explore::Heap;
/// # fn main() {}
/// ```
///
/// What is freed is not used again before the execution is over. An exploration has one worker.
#[derive(Clone, Copy, Default, Debug)]
pub struct Heap;

// SAFETY: memory is the system's, or a part of an arena that nobody else has: lanes only grow while
// an execution is under way, and begin anew behind what is still in use.
unsafe impl GlobalAlloc for Heap {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if !IS_ALLOCATOR.load(Relaxed) {
            IS_ALLOCATOR.store(true, Relaxed);
        }
        if current::kind() == Kind::Explore
            && let Some(block) = take(layout)
        {
            return block;
        }
        // SAFETY: as the caller promises.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        match lane_of(block.addr()) {
            // SAFETY: the block is one of `take`'s.
            Some(at) => unsafe { give_back(block, at) },
            // SAFETY: it is none of ours, so the system's.
            None => unsafe { System.dealloc(block, layout) },
        }
    }
}

/// Whether it has ever allocated anything.
static IS_ALLOCATOR: AtomicBool = AtomicBool::new(false);

/// Whether programs have this heap. Then two workers cannot share an exploration: what lies where is
/// a matter of the worker too.
pub(super) fn is_allocator() -> bool {
    IS_ALLOCATOR.load(Relaxed)
}

/// How many blocks have been freed that had been freed before, in the execution under way.
#[must_use]
pub fn double_frees() -> usize {
    if current::kind() == Kind::Explore { on_state(|state| state.heap.freed_twice) } else { 0 }
}

/// Memory for the running thread, if there is room.
fn take(layout: Layout) -> Option<*mut u8> {
    let object = if is_observed() { ObjectId(draw_object_id()) } else { ObjectId(0) };
    let (start, place) = on_state(|state| {
        let (thread, me) = (state.current, state.me_ref());
        let place = me.place.unwrap_or_else(|| std::panic::Location::caller());
        let (lane, after) = (me.identity as usize, me.events);
        let block = |start, end| Block { start, end, thread, after, place, users: 0, object };
        Some((state.heap.add(lane, layout, block)?, place))
    })?;
    let block = ptr::with_exposed_provenance_mut::<u8>(start);
    // SAFETY: the block has room for the mark in front of it, aligned, which nobody else uses.
    unsafe { block.cast::<u64>().sub(1).write(IN_USE) };
    if object != ObjectId(0) {
        let _away = current::leave();
        let info = ObjectInfo {
            kind: ObjectKind::UnsafeCell,
            type_name: format!("block of {} bytes", layout.size()),
            name: Some("memory".to_owned()),
            created: place.into(),
        };
        introduce_memory(object, info);
        tell(place, || Action::Write { object });
    }
    Some(block)
}

/// # Safety
///
/// The block is one of [`take`]'s.
unsafe fn give_back(block: *mut u8, spot: Spot) {
    // SAFETY: each block of `take` has a mark in front of it.
    let mark = unsafe { &mut *block.cast::<u64>().sub(1) };
    if *mark == FREED {
        if current::kind() == Kind::Explore {
            on_state(|state| state.heap.freed_twice += 1);
        }
        return;
    }
    *mark = FREED;
    // What an earlier execution has left is not counted any more.
    if spot.offset >= spot.shared.base.load(Relaxed) {
        let less = |used: usize| used.checked_sub(1);
        let _ = spot.shared.used.fetch_update(Relaxed, Relaxed, less);
    }
}

/// The running thread is about to use the atomic at this address.
pub(super) fn uses(address: usize, place: Place) {
    if lane_of(address).is_none() {
        return;
    }
    let object =
        on_state(|state| if state.over.is_some() { None } else { state.note_use(address, place) });
    if let Some(object) = object {
        tell(place, || Action::Read { object });
    }
}

impl State {
    /// The first use of a block by a thread that has not allocated it: a read of what was written
    /// then.
    fn note_use(&mut self, address: usize, place: Place) -> Option<ObjectId> {
        let (current, events) = (self.current, self.me_ref().events);
        let block = self.heap.at(address)?;
        let bit = 1_u64.checked_shl(u32::try_from(current).ok()?)?;
        if block.thread == current || block.users & bit != 0 {
            return None;
        }
        let is_first = block.users == 0;
        block.users |= bit;
        let (id, object) = (1 << 63 | block.start as u64, block.object);
        let (thread, after, written) = (block.thread, block.after, block.place);
        let cell = self.cells.key(id);
        let access = |thread, after, write| {
            let narrow = |number| u32::try_from(number).unwrap_or(u32::MAX);
            CellAccess { cell, thread: narrow(thread), after: narrow(after), write }
        };
        if is_first {
            self.accesses.push(access(thread, after, true));
            self.access_places.push(written);
        }
        self.accesses.push(access(current, events, false));
        self.access_places.push(place);
        Some(object)
    }
}
