//! [`HeldStack`]: the locks that a thread holds.

use std::{
    panic::Location,
    ptr,
    sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, AtomicU64, Ordering::Relaxed},
};

use lockwise_detector::{
    ObjectId, Site,
    op::{Mode, ObjectKind},
};

use crate::rt::{Meta, Origin, world::Place};

/// How many locks a thread can hold and still be on the fast path.
const SLOTS: usize = 64;

/// The locks that a thread holds, in the order of acquisition.
///
/// Only the thread itself writes; see [`Record`](super::Record) for who may read.
pub(super) struct HeldStack {
    /// The index of the last held slot.
    depth: AtomicU32,
    /// The first slot stands for holding nothing.
    slots: [Slot; SLOTS + 1],
}

/// A lock that the thread holds. Nothing here leads to the lock itself, which may be gone if its
/// guard was leaked.
struct Slot {
    /// See [`Hold`].
    hold: AtomicU64,
    type_name: AtomicPtr<()>,
    created: AtomicPtr<Location<'static>>,
    site: AtomicPtr<Location<'static>>,
    /// The context from here on: see [`Hold::after`].
    context: AtomicU64,
    /// Whether the detector was told by the thread itself.
    told: AtomicBool,
}

/// A lock and a mode, in one word: the object's id, four times, plus [`SHARED`] and [`RWLOCK`]
/// (the only kinds that stacks hold are mutexes and rwlocks).
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Hold(u64);

const SHARED: u64 = 1;
const RWLOCK: u64 = 2;

impl Hold {
    #[inline]
    pub(super) fn of_mutex(meta: &Meta) -> Self {
        Self(meta.id().0 << 2)
    }

    #[inline]
    pub(super) fn of_rwlock(meta: &Meta, mode: Mode) -> Self {
        let shared = if mode == Mode::Shared { SHARED } else { 0 };
        Self((meta.id().0 << 2) | RWLOCK | shared)
    }

    /// The context that this hold makes of the one before it. A context is a hash of the sequence
    /// of locks held.
    #[inline]
    pub(super) fn after(self, context: u64) -> u64 {
        (context.rotate_left(23) ^ self.0).wrapping_mul(0x9E37_79B9_7F4A_7C15)
    }

    fn object(self) -> ObjectId {
        ObjectId(self.0 >> 2)
    }

    fn mode(self) -> Mode {
        if self.0 & SHARED == 0 { Mode::Exclusive } else { Mode::Shared }
    }

    fn kind(self) -> ObjectKind {
        if self.0 & RWLOCK == 0 { ObjectKind::Mutex } else { ObjectKind::RwLock }
    }
}

/// A copy of a held slot.
#[derive(Clone, Copy)]
pub(super) struct HeldLock {
    pub(super) index: usize,
    pub(super) object: ObjectId,
    pub(super) mode: Mode,
    pub(super) origin: Origin,
    pub(super) site: Site,
    pub(super) told: bool,
}

impl HeldStack {
    pub(super) fn new() -> Self {
        Self {
            depth: AtomicU32::new(0),
            slots: std::array::from_fn(|_| Slot {
                hold: AtomicU64::new(0),
                type_name: AtomicPtr::new(ptr::null_mut()),
                created: AtomicPtr::new(ptr::null_mut()),
                site: AtomicPtr::new(ptr::null_mut()),
                context: AtomicU64::new(0),
                told: AtomicBool::new(false),
            }),
        }
    }

    #[inline]
    fn depth(&self) -> usize {
        self.depth.load(Relaxed) as usize
    }

    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.depth() == 0
    }

    #[inline]
    pub(super) fn is_full(&self) -> bool {
        self.depth() >= SLOTS
    }

    /// The context of what is held now.
    #[inline]
    pub(super) fn context(&self) -> u64 {
        self.slots.get(self.depth()).map_or(0, |slot| slot.context.load(Relaxed))
    }

    /// Adds a hold, if there is room; `context` is the one with it.
    #[inline]
    pub(super) fn push(&self, hold: Hold, origin: &Origin, place: Place, context: u64, told: bool) {
        let index = self.depth() + 1;
        let Some(slot) = self.slots.get(index) else { return };
        slot.hold.store(hold.0, Relaxed);
        slot.type_name.store(origin.type_name as *mut (), Relaxed);
        slot.created.store(ptr::from_ref(origin.created).cast_mut(), Relaxed);
        slot.site.store(ptr::from_ref(place).cast_mut(), Relaxed);
        slot.context.store(context, Relaxed);
        slot.told.store(told, Relaxed);
        self.depth.store(index as u32, Relaxed);
    }

    /// Removes a hold. Returns whether the detector had been told of it by the thread itself;
    /// `None` if it is not here, for want of room.
    #[inline]
    pub(super) fn pop(&self, hold: Hold) -> Option<bool> {
        let top = self.depth();
        if let Some(slot) = self.slots.get(top)
            && slot.hold.load(Relaxed) == hold.0
        {
            self.depth.store(top as u32 - 1, Relaxed);
            return Some(slot.told.load(Relaxed));
        }
        self.remove(hold)
    }

    /// Removes a hold that is not the last.
    #[cold]
    fn remove(&self, hold: Hold) -> Option<bool> {
        let depth = self.depth();
        let index = (1..=depth).rfind(|i| self.slots[*i].hold.load(Relaxed) == hold.0)?;
        let told = self.slots[index].told.load(Relaxed);
        for i in index..depth {
            let (to, from) = (&self.slots[i], &self.slots[i + 1]);
            to.hold.store(from.hold.load(Relaxed), Relaxed);
            to.type_name.store(from.type_name.load(Relaxed), Relaxed);
            to.created.store(from.created.load(Relaxed), Relaxed);
            to.site.store(from.site.load(Relaxed), Relaxed);
            to.told.store(from.told.load(Relaxed), Relaxed);
        }
        self.depth.store(depth as u32 - 1, Relaxed);
        self.rebase(self.slots[0].context.load(Relaxed));
        Some(told)
    }

    /// Makes all contexts anew, from that of holding nothing.
    pub(super) fn rebase(&self, nothing: u64) {
        self.slots[0].context.store(nothing, Relaxed);
        let held = &self.slots[1..=self.depth()];
        held.iter().fold(nothing, |context, slot| {
            let context = Hold(slot.hold.load(Relaxed)).after(context);
            slot.context.store(context, Relaxed);
            context
        });
    }

    /// The locks held now, in the order of acquisition.
    pub(super) fn iter(&self) -> impl Iterator<Item = HeldLock> + '_ {
        (1..=self.depth()).filter_map(|index| self.slots[index].read(index))
    }

    /// The detector now knows of the held lock at `index` from the thread itself.
    pub(super) fn set_told(&self, index: usize) {
        self.slots[index].told.store(true, Relaxed);
    }
}

impl Slot {
    /// What is held here. `None` if the thread that owns the slot is just filling it for the first
    /// time.
    fn read(&self, index: usize) -> Option<HeldLock> {
        let hold = Hold(self.hold.load(Relaxed));
        let type_name = self.type_name.load(Relaxed);
        // SAFETY: only `push` stores there, and it stores `&'static Location`s.
        let (created, site) =
            unsafe { (self.created.load(Relaxed).as_ref()?, self.site.load(Relaxed).as_ref()?) };
        if type_name.is_null() {
            return None;
        }
        // SAFETY: only `push` stores there, and what it stores is a function of this type.
        let type_name = unsafe { std::mem::transmute::<*mut (), fn() -> &'static str>(type_name) };
        Some(HeldLock {
            index,
            object: hold.object(),
            mode: hold.mode(),
            origin: Origin { kind: hold.kind(), type_name, name: None, created },
            site: site.into(),
            told: self.told.load(Relaxed),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn push(stack: &HeldStack, meta: &Meta) -> Hold {
        let hold = Hold::of_mutex(meta);
        let context = hold.after(stack.context());
        stack.push(hold, meta.origin(), Location::caller(), context, false);
        hold
    }

    #[test]
    fn a_hold_in_the_middle_can_end_first() {
        let stack = HeldStack::new();
        stack.rebase(9);
        let metas = [(); 3].map(|()| Meta::of::<()>(ObjectKind::Mutex));
        let holds = metas.each_ref().map(|meta| push(&stack, meta));
        assert_eq!(stack.pop(holds[1]), Some(false));
        assert_eq!(stack.context(), holds[2].after(holds[0].after(9)));
        let held: Vec<_> = stack.iter().map(|held| held.object).collect();
        assert_eq!(held, [metas[0].id(), metas[2].id()]);
        assert_eq!(stack.pop(holds[1]), None);
        assert_eq!(stack.pop(holds[2]), Some(false));
        assert_eq!(stack.context(), holds[0].after(9));
    }

    #[test]
    fn what_does_not_fit_is_not_kept() {
        let stack = HeldStack::new();
        let metas: Vec<_> = (0..=SLOTS).map(|_| Meta::of::<()>(ObjectKind::Mutex)).collect();
        let holds: Vec<_> = metas.iter().map(|meta| push(&stack, meta)).collect();
        assert!(stack.is_full());
        assert_eq!(stack.pop(holds[SLOTS]), None);
        assert!(stack.pop(holds[SLOTS - 1]).is_some());
    }
}
