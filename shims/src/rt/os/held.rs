//! [`HeldStack`]: the locks that a thread holds.

use std::{
    panic::Location,
    ptr,
    sync::atomic::{
        AtomicPtr, AtomicU32, AtomicU64,
        Ordering::{Acquire, Relaxed, Release},
    },
};

use lockwise_detector::{
    ObjectId, Site,
    op::{Mode, ObjectKind},
};

use super::known::Known;
use crate::rt::{Origin, world::Place};

/// How many locks a thread can hold and still be on the fast path. One less than a power of two,
/// so that a mask keeps every index within bounds.
const SLOTS: usize = 63;

/// The locks that a thread holds, in the order of acquisition.
///
/// Only the thread itself writes; see [`Record`](super::Record) for who may read.
pub(super) struct HeldStack {
    /// How many locks are held in slots: the index of the last one.
    depth: AtomicU32,
    /// The context of what is held now: see [`Hold::after`]. It is kept here alone: a pop gets the
    /// one before by calculation, which is quicker than a load that waits for another one.
    context: AtomicU64,
    /// The context of holding nothing.
    nothing: AtomicU64,
    /// The first slot is never used.
    slots: [Slot; SLOTS + 1],
}

/// A lock that the thread holds. Nothing here leads to the lock itself, which may be gone if its
/// guard was leaked. A line of the cache each: a push touches one, and finds it by a shift.
#[repr(align(64))]
struct Slot {
    /// See [`Hold`]. With [`TOLD`] if the detector was told by the thread itself.
    hold: AtomicU64,
    /// A `fn() -> &'static str`; null if the lock is another crate's.
    type_name: AtomicPtr<()>,
    /// Where it was made, a `Location`; what is known of it, a [`Known`], if it is another crate's.
    /// As with `site`, the latter is [`mark`]ed: whoever looks on while the slot changes must not
    /// take the one for the other.
    origin: AtomicPtr<()>,
    /// Where it was acquired: a `Location`, or a [`Site`].
    site: AtomicPtr<()>,
}

/// A lock and a mode, in one word: the object's id, sixteen times, plus [`SHARED`], [`RWLOCK`]
/// (the only kinds that stacks hold are mutexes and rwlocks) and [`FOREIGN`]. [`TOLD`] is for slots
/// alone.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Hold(u64);

const SHARED: u64 = 1;
const RWLOCK: u64 = 2;
const TOLD: u64 = 4;
/// It is another crate's.
const FOREIGN: u64 = 8;
const ID_SHIFT: u32 = 4;

/// What a context is multiplied with (2^64 divided by the golden ratio), and the inverse of that
/// modulo 2^64.
const FACTOR: u64 = 0x9E37_79B9_7F4A_7C15;
const INVERSE: u64 = 0xF1DE_83E1_9937_733D;
const _: () = assert!(FACTOR.wrapping_mul(INVERSE) == 1);
const ROTATION: u32 = 23;

impl Hold {
    #[inline]
    pub(super) fn of_mutex(object: ObjectId) -> Self {
        Self(object.0 << ID_SHIFT)
    }

    #[inline]
    pub(super) fn of_rwlock(object: ObjectId, mode: Mode) -> Self {
        let shared = if mode == Mode::Shared { SHARED } else { 0 };
        Self((object.0 << ID_SHIFT) | RWLOCK | shared)
    }

    #[inline]
    pub(super) fn of_foreign(object: ObjectId, is_rwlock: bool, mode: Mode) -> Self {
        let own = if is_rwlock { Self::of_rwlock(object, mode) } else { Self::of_mutex(object) };
        Self(own.0 | FOREIGN)
    }

    /// The context that this hold makes of the one before it. A context is a hash of the sequence
    /// of locks held.
    #[inline]
    pub(super) fn after(self, context: u64) -> u64 {
        (context.rotate_left(ROTATION) ^ self.0).wrapping_mul(FACTOR)
    }

    /// The context of which this hold made `context`.
    #[inline]
    fn before(self, context: u64) -> u64 {
        (context.wrapping_mul(INVERSE) ^ self.0).rotate_right(ROTATION)
    }

    fn object(self) -> ObjectId {
        ObjectId(self.0 >> ID_SHIFT)
    }

    fn mode(self) -> Mode {
        if self.0 & SHARED == 0 { Mode::Exclusive } else { Mode::Shared }
    }

    fn kind(self) -> ObjectKind {
        if self.0 & RWLOCK == 0 { ObjectKind::Mutex } else { ObjectKind::RwLock }
    }
}

/// The address of what is aligned, with its lowest bit set.
#[inline]
fn mark<T>(target: &'static T) -> *mut () {
    const { assert!(align_of::<T>() > 1) };
    ptr::from_ref(target).map_addr(|address| address | 1).cast_mut().cast()
}

/// What [`mark`] made `pointer` of, if it did.
///
/// # Safety
///
/// `pointer` is of a `T`, or not from [`mark`], and then of what is aligned.
unsafe fn marked<T>(pointer: *mut ()) -> Option<&'static T> {
    let is_marked = pointer.addr() & 1 != 0;
    // SAFETY: `mark` got a reference that lives for good.
    is_marked.then(|| unsafe { &*pointer.map_addr(|address| address & !1).cast::<T>() })
}

/// A copy of a held slot.
#[derive(Clone, Copy)]
pub(super) struct HeldLock {
    pub(super) index: usize,
    pub(super) object: ObjectId,
    pub(super) mode: Mode,
    pub(super) whose: Whose,
    pub(super) site: Site,
    pub(super) told: bool,
}

/// Whose lock it is, and what is known of it.
#[derive(Clone, Copy)]
pub(super) enum Whose {
    Ours(Origin),
    Foreign(&'static Known),
}

impl HeldStack {
    pub(super) fn new() -> Self {
        Self {
            depth: AtomicU32::new(0),
            context: AtomicU64::new(0),
            nothing: AtomicU64::new(0),
            slots: std::array::from_fn(|_| Slot {
                hold: AtomicU64::new(0),
                type_name: AtomicPtr::new(ptr::null_mut()),
                origin: AtomicPtr::new(ptr::null_mut()),
                site: AtomicPtr::new(ptr::null_mut()),
            }),
        }
    }

    /// How many locks are held, as far as there is room.
    #[inline]
    pub(super) fn depth(&self) -> Depth {
        Depth(self.depth.load(Relaxed))
    }

    /// The context of what is held now.
    #[inline]
    pub(super) fn context(&self) -> u64 {
        self.context.load(Relaxed)
    }

    #[inline]
    fn slot(&self, index: u32) -> &Slot {
        &self.slots[index as usize & SLOTS]
    }

    /// Adds a hold to those of the present `depth`, if there is room; `context` is the one with it.
    #[inline]
    pub(super) fn push(
        &self,
        depth: Depth,
        hold: Hold,
        origin: &Origin,
        place: Place,
        context: u64,
    ) {
        let type_name = origin.type_name as *mut ();
        let created = ptr::from_ref(origin.created).cast_mut().cast();
        let place = ptr::from_ref(place).cast_mut().cast();
        self.push_any(depth, hold, (type_name, created), place, context);
    }

    /// The same for another crate's lock.
    #[inline]
    pub(super) fn push_foreign(
        &self,
        depth: Depth,
        hold: Hold,
        known: &'static Known,
        site: &'static Site,
        context: u64,
    ) {
        let (origin, site) = (mark(known), mark(site));
        self.push_any(depth, hold, (ptr::null_mut(), origin), site, context);
    }

    #[inline]
    fn push_any(
        &self,
        depth: Depth,
        hold: Hold,
        (type_name, origin): (*mut (), *mut ()),
        site: *mut (),
        context: u64,
    ) {
        if depth.is_full() {
            return;
        }
        let slot = self.slot(depth.0 + 1);
        // Often the slot last held the same object, whose origin never changes.
        if slot.hold.load(Relaxed) != hold.0 {
            slot.type_name.store(type_name, Relaxed);
            slot.origin.store(origin, Relaxed);
            // Last: whoever finds the hold finds what belongs to it.
            slot.hold.store(hold.0, Release);
        }
        slot.site.store(site, Relaxed);
        self.context.store(context, Relaxed);
        self.depth.store(depth.0 + 1, Relaxed);
    }

    /// Adds a hold, if there is room; `told` says whether the thread itself told the detector of it.
    pub(super) fn push_slowly(&self, hold: Hold, origin: &Origin, place: Place, told: bool) {
        let hold = if told { Hold(hold.0 | TOLD) } else { hold };
        let context = Hold(hold.0 & !TOLD).after(self.context());
        self.push(self.depth(), hold, origin, place, context);
    }

    /// [`HeldStack::push_slowly`] for another crate's lock.
    pub(super) fn push_foreign_slowly(
        &self,
        hold: Hold,
        known: &'static Known,
        site: &'static Site,
        told: bool,
    ) {
        let context = hold.after(self.context());
        let hold = if told { Hold(hold.0 | TOLD) } else { hold };
        self.push_foreign(self.depth(), hold, known, site, context);
    }

    /// Removes a hold if it is the last, and the detector was not told of it by the thread itself.
    #[inline]
    pub(super) fn pop_untold(&self, hold: Hold) -> bool {
        let Depth(depth) = self.depth();
        let is_last = self.slot(depth).hold.load(Relaxed) == hold.0;
        if is_last {
            self.context.store(hold.before(self.context()), Relaxed);
            self.depth.store(depth.wrapping_sub(1), Relaxed);
        }
        is_last
    }

    /// Removes a hold. Returns whether the detector had been told of it by the thread itself;
    /// `None` if it is not here, for want of room.
    pub(super) fn pop(&self, hold: Hold) -> Option<bool> {
        self.pop_where(|held| held == hold)
    }

    /// Removes a hold of the object, in whatever mode it was acquired.
    pub(super) fn pop_object(&self, object: ObjectId) -> Option<bool> {
        self.pop_where(|held| held.object() == object)
    }

    fn pop_where(&self, is_it: impl Fn(Hold) -> bool) -> Option<bool> {
        let depth = self.depth().0 as usize;
        let is_it = |index: &usize| is_it(Hold(self.slots[*index].hold.load(Relaxed) & !TOLD));
        let index = (1..=depth).rfind(is_it)?;
        let told = self.slots[index].hold.load(Relaxed) & TOLD != 0;
        for i in index..depth {
            let (to, from) = (&self.slots[i], &self.slots[i + 1]);
            to.hold.store(from.hold.load(Relaxed), Relaxed);
            to.type_name.store(from.type_name.load(Relaxed), Relaxed);
            to.origin.store(from.origin.load(Relaxed), Relaxed);
            to.site.store(from.site.load(Relaxed), Relaxed);
        }
        self.depth.store(depth as u32 - 1, Relaxed);
        self.rebase(self.nothing.load(Relaxed));
        Some(told)
    }

    /// Makes the context anew, from that of holding nothing.
    pub(super) fn rebase(&self, nothing: u64) {
        self.nothing.store(nothing, Relaxed);
        let holds = self.iter_slots().map(|(_, slot)| Hold(slot.hold.load(Relaxed) & !TOLD));
        self.context.store(holds.fold(nothing, |context, hold| hold.after(context)), Relaxed);
    }

    fn iter_slots(&self) -> impl Iterator<Item = (usize, &Slot)> {
        self.slots.iter().enumerate().skip(1).take(self.depth().0 as usize)
    }

    /// The locks held now, in the order of acquisition.
    pub(super) fn iter(&self) -> impl Iterator<Item = HeldLock> + '_ {
        self.iter_slots().filter_map(|(index, slot)| slot.read(index))
    }

    /// The detector now knows of the held lock at `index` from the thread itself.
    pub(super) fn set_told(&self, index: usize) {
        let hold = &self.slots[index].hold;
        hold.store(hold.load(Relaxed) | TOLD, Relaxed);
    }
}

/// How many locks a thread held at some moment.
#[derive(Clone, Copy)]
pub(super) struct Depth(u32);

impl Depth {
    #[inline]
    pub(super) fn is_empty(self) -> bool {
        self.0 == 0
    }

    #[inline]
    pub(super) fn is_full(self) -> bool {
        self.0 as usize >= SLOTS
    }
}

impl Slot {
    /// What is held here. `None` if the thread that owns the slot is just filling it for the first
    /// time, or anew.
    fn read(&self, index: usize) -> Option<HeldLock> {
        let hold = Hold(self.hold.load(Acquire));
        let type_name = self.type_name.load(Relaxed);
        let (origin, site) = (self.origin.load(Relaxed), self.site.load(Relaxed));
        if origin.is_null() || site.is_null() {
            return None;
        }
        // SAFETY: only `push` and `push_foreign` store there: a `Location`, or a marked `Site`.
        let site = unsafe {
            match marked::<Site>(site) {
                Some(site) => *site,
                None => (&*site.cast::<Location<'static>>()).into(),
            }
        };
        // SAFETY: the same of a `Location`, or a marked `Known`.
        let whose = match unsafe { marked::<Known>(origin) } {
            Some(known) => Whose::Foreign(known),
            None if type_name.is_null() => return None,
            None => {
                // SAFETY: as it is not marked.
                let created = unsafe { &*origin.cast::<Location<'static>>() };
                // SAFETY: only `push` stores what is not null, and that is a function of this type.
                let type_name =
                    unsafe { std::mem::transmute::<*mut (), fn() -> &'static str>(type_name) };
                Whose::Ours(Origin { kind: hold.kind(), type_name, name: None, created })
            }
        };
        if matches!(whose, Whose::Foreign(_)) != (hold.0 & FOREIGN != 0) {
            return None;
        }
        let told = hold.0 & TOLD != 0;
        Some(HeldLock { index, object: hold.object(), mode: hold.mode(), whose, site, told })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rt::Meta;

    fn push(stack: &HeldStack, meta: &Meta) -> Hold {
        let hold = Hold::of_mutex(meta.id());
        stack.push_slowly(hold, meta.origin(), Location::caller(), false);
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
        assert!(!stack.pop_untold(holds[0]));
        assert!(stack.pop_untold(holds[2]));
        assert_eq!(stack.context(), holds[0].after(9));
        stack.set_told(1);
        assert!(!stack.pop_untold(holds[0]));
        assert_eq!(stack.pop(holds[0]), Some(true));
        assert_eq!(stack.context(), 9);
    }

    #[test]
    fn what_does_not_fit_is_not_kept() {
        let stack = HeldStack::new();
        let metas: Vec<_> = (0..=SLOTS).map(|_| Meta::of::<()>(ObjectKind::Mutex)).collect();
        let holds: Vec<_> = metas.iter().map(|meta| push(&stack, meta)).collect();
        assert!(stack.depth().is_full());
        assert_eq!(stack.pop(holds[SLOTS]), None);
        assert!(stack.pop(holds[SLOTS - 1]).is_some());
    }
}
