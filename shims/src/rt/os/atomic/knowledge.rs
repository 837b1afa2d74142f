//! What threads hand on through atomics, told to the detector only where it is new to somebody.
//!
//! A thread has *news* when the detector hears of something that it did and that an analysis may
//! date ([`Context::is_dated`](lockwise_detector::Context::is_dated)), or when it learns something.
//! What is handed on is kept not for each atomic but for each of [`SLOTS`] slots, into which
//! addresses are hashed: in the detector a slot is one object. A slot has a *stamp*, which changes
//! when what is handed on there does. For each slot a thread remembers its *claim*: which of its
//! news it has given there, and which stamp it has taken.
//!
//! - A write gives before it is done: the detector hears of it unless the thread's news were given
//!   to the slot already. (What is given is never withdrawn.)
//! - A read takes after it is done: the detector hears of it unless the slot has the stamp that was
//!   taken there already.
//!
//! As long as nothing that can be dated has happened in the process ([`matters`]), nobody gives or
//! takes at all: an order of two events consists of steps that all come after the first of them.
//!
//! *Why no order is missed* (which would be a false alarm). Let a read acquire what a release has
//! published. The writer gave before it wrote, or had given the same before; either way the slot's
//! stamp was set before the write. The reader looks at the stamp after the read, and the real
//! accesses are made to release and to acquire at least, so it sees that stamp or a later one. If it
//! has taken that one, it knows. Otherwise it goes to the detector, where the gift has arrived:
//! stamps change within the kernel. Weaker orderings are told apart: a relaxed read that was taken
//! does not do for one that acquires, nor a relaxed gift for one that releases; and what a fence
//! changes, or a relaxed read makes a later fence learn, is news too.
//!
//! *What is added* to the order of events (so that a fault can be missed): an atomic hands on what
//! was ever released there, also after a plain store has ended the release sequence; a read learns
//! what was given by a write that comes after it; a failed compare-exchange gives; atomics share
//! slots; and what was given by atomics whose memory is used again stays.

use std::sync::{
    OnceLock,
    atomic::{
        AtomicU32, AtomicU64,
        Ordering::{self, Relaxed},
    },
};

use lockwise_detector::{
    Action, ObjectId, Op, Tick,
    op::{ObjectInfo, ObjectKind, Relay},
};

use super::{Accessed, acquires, releases};
use crate::rt::{
    foreign,
    os::{
        kernel::{Entered, Kernel},
        local::{draw_object_id, local},
        record::Record,
    },
};

/// How many slots there are: each takes 8 bytes of every thread that gives or takes.
const SLOTS: usize = 4096;

/// The stamp of each slot; 0 as long as nothing was given there. Changed in the kernel only.
static STAMPS: [AtomicU32; SLOTS] = [const { AtomicU32::new(0) }; SLOTS];

/// Whether what threads know of each other matters yet, in the lowest bit; above it, a count that
/// grows when threads deal with each other by other means than atomics.
static PULSE: AtomicU64 = AtomicU64::new(0);

/// What [`PULSE`] is.
#[derive(Clone, Copy)]
pub(super) struct Pulse(u64);

impl Pulse {
    #[inline(always)]
    pub(super) fn now() -> Self {
        Self(PULSE.load(Relaxed))
    }

    /// Whether somebody may come to ask what threads know of each other.
    #[inline(always)]
    pub(super) fn matters(self) -> bool {
        self.0 & 1 != 0
    }

    /// How often threads had dealt with each other.
    #[inline(always)]
    pub(super) fn beats(self) -> u32 {
        (self.0 >> 1) as u32
    }
}

/// From here on it matters what threads know of each other.
pub(in crate::rt::os) fn matter() {
    PULSE.fetch_or(1, Relaxed);
}

/// Threads deal with each other.
pub(in crate::rt::os) fn beat() {
    PULSE.fetch_add(2, Relaxed);
}

/// A stamp or a count of news, and whether by an access that acquired or released; 0 for none.
fn mark(number: u32, strong: bool) -> u32 {
    number << 1 | u32::from(strong)
}

/// The stamp after `stamp`: a mark has room for 31 bits of it.
fn next(stamp: u32) -> u32 {
    (stamp % (u32::MAX / 2)) + 1
}

/// Whether `claimed` says all that an access would which is `strong` or not.
#[inline(always)]
fn says(claimed: u32, number: u32, strong: bool) -> bool {
    let strongest = mark(number, true);
    claimed == strongest || (!strong && claimed == strongest - 1)
}

/// What a thread has given and taken.
#[derive(Debug)]
pub(in crate::rt::os) struct Knowledge {
    /// How often the thread had news, from 1.
    news: AtomicU32,
    /// The last tick of the thread of which the detector has heard.
    sent: AtomicU64,
    /// The count of news at the last fence that acquired, and at the last that released.
    acquired: AtomicU32,
    released: AtomicU32,
    /// For each slot, what was taken (the lower half) and what was given.
    claims: OnceLock<Box<[AtomicU64; SLOTS]>>,
}

impl Default for Knowledge {
    fn default() -> Self {
        Self {
            news: AtomicU32::new(1),
            sent: AtomicU64::new(0),
            acquired: AtomicU32::new(0),
            released: AtomicU32::new(0),
            claims: OnceLock::new(),
        }
    }
}

impl Knowledge {
    /// The detector hears of what the thread did at `tick`.
    pub(in crate::rt::os) fn sent(&self, tick: Tick) {
        self.sent.fetch_max(tick, Relaxed);
    }

    /// How often the thread had something new to hand on.
    pub(in crate::rt::os) fn news(&self) -> u32 {
        self.news.load(Relaxed)
    }

    /// The thread has something new to hand on.
    pub(in crate::rt::os) fn has_news(&self) {
        self.news.fetch_add(1, Relaxed);
    }

    #[inline(always)]
    fn claim(&self, slot: usize) -> u64 {
        self.claims.get().map_or(0, |claims| claims[slot].load(Relaxed))
    }

    /// Whether a write would hand on nothing new.
    #[inline(always)]
    fn has_given(&self, slot: usize, strong: bool) -> bool {
        says((self.claim(slot) >> 32) as u32, self.news.load(Relaxed), strong)
    }

    /// Whether a read just done has handed on nothing new.
    #[inline(always)]
    fn has_taken(&self, slot: usize, strong: bool) -> bool {
        let stamp = STAMPS[slot].load(Relaxed);
        stamp == 0 || says(self.claim(slot) as u32, stamp, strong)
    }

    /// In the kernel: `relay` has changed the slot's stamp from `before` to `now`.
    fn set_claim(&self, slot: usize, relay: Relay, ordering: Ordering, before: u32, now: u32) {
        let claims = self.claims.get_or_init(|| super::boxed(AtomicU64::default));
        let claim = claims[slot].load(Relaxed);
        let (mut taken, mut given) = (claim as u32, (claim >> 32) as u32);
        if relay != Relay::Give {
            taken = mark(now, acquires(ordering));
        } else if taken >> 1 == before && before != 0 {
            // It knows what it has given itself.
            taken = mark(now, taken & 1 != 0);
        }
        if relay != Relay::Take {
            given = mark(self.news.load(Relaxed), releases(ordering));
        }
        claims[slot].store(u64::from(given) << 32 | u64::from(taken), Relaxed);
    }

    /// Whether a fence would change nothing.
    #[inline(always)]
    fn is_fenced(&self, ordering: Ordering) -> bool {
        let news = self.news.load(Relaxed);
        (!acquires(ordering) || self.acquired.load(Relaxed) == news)
            && (!releases(ordering) || self.released.load(Relaxed) == news)
    }

    /// In the kernel: the detector has heard of a fence.
    fn set_fenced(&self, ordering: Ordering) {
        let up_to_date = self.acquired.load(Relaxed) == self.news.load(Relaxed);
        if releases(ordering) {
            // From here on relaxed writes hand on more.
            self.has_news();
            self.released.store(self.news.load(Relaxed), Relaxed);
        }
        if acquires(ordering) || up_to_date {
            self.acquired.store(self.news.load(Relaxed), Relaxed);
        }
    }
}

#[inline(always)]
fn slot_of(address: usize) -> usize {
    let hash = (address as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    (hash >> (u64::BITS - SLOTS.ilog2())) as usize % SLOTS
}

/// A write is about to be done.
#[inline(always)]
pub(super) fn before_write(record: &Record, accessed: Accessed, ordering: Ordering) {
    let slot = slot_of(accessed.address);
    if !record.knowledge.has_given(slot, releases(ordering)) {
        relay(record, accessed, Relay::Give, ordering);
    }
}

/// A read has been done; a write by the same operation, if `wrote`.
#[inline(always)]
pub(super) fn after_read(record: &Record, accessed: Accessed, ordering: Ordering, wrote: bool) {
    let slot = slot_of(accessed.address);
    if !record.knowledge.has_taken(slot, acquires(ordering)) {
        // What it takes it hands on by what it wrote: that saves the next write the trouble.
        relay(record, accessed, if wrote { Relay::Both } else { Relay::Take }, ordering);
    }
}

#[cold]
#[inline(never)]
fn relay(record: &Record, accessed: Accessed, relay: Relay, ordering: Ordering) {
    if foreign::is_in_source(accessed.place) {
        return;
    }
    let slot = slot_of(accessed.address);
    let site = accessed.place.into();
    let mut kernel = Kernel::enter();
    let object = object_of(&mut kernel, record, slot, accessed);
    // Whoever learns of this learns of all that was sent, and not of what follows it.
    let at = record.knowledge.sent.load(Relaxed).max(1);
    if record.tick() <= at {
        record.advance();
    }
    let (lessons, changes) = kernel.relayed(record, object);
    let action = Action::Relay { object, relay, ordering };
    kernel.send_of(record, Op { thread: record.id, at, site, stack: None, action });
    let (lessons_now, changes_now) = kernel.relayed(record, object);
    let before = STAMPS[slot].load(Relaxed);
    let now = if changes_now == changes { before } else { next(before) };
    STAMPS[slot].store(now, Relaxed);
    record.knowledge.set_claim(slot, relay, ordering, before, now);
    if lessons_now != lessons || changes_now != changes {
        local().synchronised();
    }
    kernel.leave_quietly();
}

/// What stands for a slot in the detector. It is called after the first atomic that came there.
fn object_of(kernel: &mut Entered, record: &Record, slot: usize, accessed: Accessed) -> ObjectId {
    let key = (record.session, slot);
    if let Some(object) = kernel.shadows.slots.get(&key) {
        return *object;
    }
    let object = create(kernel, record, accessed);
    kernel.shadows.slots.insert(key, object);
    object
}

/// Has the detector know of an atomic.
pub(super) fn create(kernel: &mut Entered, record: &Record, accessed: Accessed) -> ObjectId {
    let object = ObjectId(draw_object_id());
    let info = ObjectInfo {
        kind: ObjectKind::Atomic,
        type_name: lockwise_detector::render::short_type((accessed.type_name)()),
        name: None,
        created: accessed.place.into(),
    };
    let site = accessed.place.into();
    kernel.emit(record, site, Action::Create { object, info: info.into() });
    object
}

/// A fence has been done.
#[inline(always)]
pub(super) fn after_fence(record: &Record, ordering: Ordering, accessed: crate::rt::world::Place) {
    if record.knowledge.is_fenced(ordering) {
        return;
    }
    let mut kernel = Kernel::enter();
    kernel.emit(record, accessed.into(), Action::Fence { ordering });
    record.knowledge.set_fenced(ordering);
    local().synchronised();
    kernel.leave_quietly();
}
