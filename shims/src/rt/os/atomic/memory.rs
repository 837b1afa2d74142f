//! A thread's memory of its last accesses to atomics, and updates that are lost by the look of it.
//!
//! Each thread keeps its last load and its last write of an atomic, by address, in a table in which
//! newer addresses push out older ones. A store by a thread whose last access to the atomic was a
//! load is done as a swap: if that brings back another value than the one loaded, somebody wrote in
//! between. Then the other threads' tables are asked who wrote that value, and the detector is told
//! of the three accesses (an [`Overwrite`]), to judge them.
//!
//! Nobody is asked if the two may have told each other. The thread counts its *dealings*: all
//! operations that hand something on or take something in, but for those of locks, whose order is
//! an accident. If it had none between load and store, then nobody can have known of its load, nor
//! it of the other's write. That is stricter than the rule: where it had some, the loss is missed.
//!
//! Nothing says when an atomic is gone, and its memory used for another one. So a write counts only
//! if it surely is not older than the load: neither known to the storing thread (the detector looks
//! at that), nor done before threads last dealt with each other, by other means than atomics,
//! before the load. What is pushed out of a table is missed, and so is what an ended thread wrote
//! if many have ended since.

use std::{
    hint,
    panic::Location,
    ptr,
    sync::{
        Arc, OnceLock,
        atomic::{
            AtomicPtr, AtomicU32, AtomicU64, AtomicUsize,
            Ordering::{Acquire, Relaxed, Release},
            fence,
        },
    },
};

use lockwise_detector::{
    Action, ObjectId, ThreadId, Tick,
    op::{Glance, Overwrite},
};

use super::{Accessed, knowledge};
use crate::rt::{
    foreign,
    os::{
        kernel::{Entered, Kernel},
        record::Record,
    },
    world::Place,
};

/// How many atomics a thread remembers.
const ENTRIES: usize = 256;

/// How often another's table is looked at again if nobody seems to have written the value: who did
/// may not have noted it yet.
const LOOKS: usize = 200;

/// A thread's last accesses.
#[derive(Default)]
pub(in crate::rt::os) struct Memory {
    dealings: AtomicU32,
    entries: OnceLock<Box<[Entry; ENTRIES]>>,
}

/// The last accesses to one atomic. Only the thread itself writes; others read the address and the
/// write, of which `version` is odd while they change.
#[derive(Default, Debug)]
struct Entry {
    version: AtomicU32,
    address: AtomicUsize,
    /// Null if the last access was no load.
    read_at: AtomicPtr<Location<'static>>,
    read: AtomicU64,
    read_tick: AtomicU64,
    read_dealings: AtomicU32,
    read_beats: AtomicU32,
    /// Null if there was no write.
    wrote_at: AtomicPtr<Location<'static>>,
    wrote: AtomicU64,
    wrote_tick: AtomicU64,
    wrote_beats: AtomicU32,
    wrote_how: AtomicU32,
}

/// In `wrote_how`: by a read-modify-write.
const UPDATES: u32 = 1;
/// In `wrote_how`: after a load, or by a read-modify-write.
const BASED: u32 = 2;

/// A load that a store may be based on.
#[derive(Clone, Copy)]
pub(super) struct Base {
    place: Place,
    value: u64,
    tick: Tick,
    beats: u32,
    /// Whether the thread had written before.
    written: bool,
    /// Whether the thread has dealt with others since.
    dealt: bool,
}

impl Base {
    /// Whether a store of `stored` which has overwritten `old` may be worth a look.
    #[inline(always)]
    pub(super) fn may_lose(&self, old: u64, stored: u64) -> bool {
        old != self.value && stored != self.value && !self.dealt
    }
}

/// A write, as others see it.
struct Write {
    thread: ThreadId,
    glance: Glance,
    beats: u32,
    how: u32,
}

/// What is noted of each access besides its value.
#[derive(Clone, Copy)]
pub(super) struct Noted {
    pub(super) address: usize,
    pub(super) place: Place,
    pub(super) tick: Tick,
    pub(super) beats: u32,
}

impl Memory {
    /// The thread hands something on, or takes something in.
    #[inline(always)]
    pub(in crate::rt::os) fn deal(&self) {
        self.dealings.store(self.dealings.load(Relaxed).wrapping_add(1), Relaxed);
    }

    /// Whether the thread has accessed atomics.
    pub(in crate::rt::os) fn is_used(&self) -> bool {
        self.entries.get().is_some()
    }

    /// The entry of an atomic, which may not stand there yet.
    #[inline(always)]
    fn entry(&self, address: usize) -> &Entry {
        let entries = match self.entries.get() {
            Some(entries) => entries,
            None => self.make(),
        };
        let entry = &entries[index_of(address)];
        if entry.address.load(Relaxed) != address {
            entry.forget(address);
        }
        entry
    }

    #[cold]
    #[inline(never)]
    fn make(&self) -> &[Entry; ENTRIES] {
        // The allocator may use our types.
        crate::rt::os::local::unobserved(|| {
            self.entries.get_or_init(|| super::boxed(Entry::default))
        })
    }

    /// A load has read `value`.
    #[inline(always)]
    pub(super) fn note_read(&self, noted: Noted, value: u64) {
        let entry = self.entry(noted.address);
        entry.read.store(value, Relaxed);
        entry.read_at.store(ptr::from_ref(noted.place).cast_mut(), Relaxed);
        entry.read_tick.store(noted.tick, Relaxed);
        entry.read_dealings.store(self.dealings.load(Relaxed), Relaxed);
        entry.read_beats.store(noted.beats, Relaxed);
    }

    /// A store of `value` is about to be done. Returns what it is based on.
    #[inline(always)]
    pub(super) fn note_store(&self, noted: Noted, value: u64) -> Option<Base> {
        let entry = self.entry(noted.address);
        let base = self.base(entry);
        entry.note_write(noted, value, if base.is_some() { BASED } else { 0 });
        base
    }

    /// A read-modify-write has written `value`.
    #[inline(always)]
    pub(super) fn note_update(&self, noted: Noted, value: u64) {
        self.entry(noted.address).note_write(noted, value, BASED | UPDATES);
    }

    #[inline(always)]
    fn base(&self, entry: &Entry) -> Option<Base> {
        let place = entry.read_at.load(Relaxed);
        // SAFETY: only `note_read` stores there what is not null, and it is a `Place`.
        let place: Place = unsafe { place.as_ref() }?;
        Some(Base {
            place,
            value: entry.read.load(Relaxed),
            tick: entry.read_tick.load(Relaxed),
            beats: entry.read_beats.load(Relaxed),
            written: !entry.wrote_at.load(Relaxed).is_null(),
            dealt: entry.read_dealings.load(Relaxed) != self.dealings.load(Relaxed),
        })
    }

    /// What this thread, which is `thread`, wrote last to the atomic at `address`. For others.
    fn last_write(&self, thread: ThreadId, address: usize) -> Option<Write> {
        let entry = &self.entries.get()?[index_of(address)];
        let version = entry.version.load(Acquire);
        if version % 2 != 0 || entry.address.load(Relaxed) != address {
            return None;
        }
        let place = entry.wrote_at.load(Relaxed);
        let (value, at) = (entry.wrote.load(Relaxed), entry.wrote_tick.load(Relaxed));
        let (beats, how) = (entry.wrote_beats.load(Relaxed), entry.wrote_how.load(Relaxed));
        fence(Acquire);
        if entry.version.load(Relaxed) != version {
            return None;
        }
        // SAFETY: only `note_write` stores there what is not null, and it is a `Place`.
        let place: Place = unsafe { place.as_ref() }?;
        Some(Write { thread, glance: Glance { at, site: place.into(), value }, beats, how })
    }
}

impl Entry {
    #[inline(always)]
    fn change(&self, change: impl FnOnce()) {
        let version = self.version.load(Relaxed);
        self.version.store(version.wrapping_add(1), Relaxed);
        fence(Release);
        change();
        self.version.store(version.wrapping_add(2), Release);
    }

    #[cold]
    fn forget(&self, address: usize) {
        self.change(|| {
            self.wrote_at.store(ptr::null_mut(), Relaxed);
            self.address.store(address, Relaxed);
        });
        self.read_at.store(ptr::null_mut(), Relaxed);
    }

    #[inline(always)]
    fn note_write(&self, noted: Noted, value: u64, how: u32) {
        self.read_at.store(ptr::null_mut(), Relaxed);
        self.change(|| {
            self.wrote.store(value, Relaxed);
            self.wrote_at.store(ptr::from_ref(noted.place).cast_mut(), Relaxed);
            self.wrote_tick.store(noted.tick, Relaxed);
            self.wrote_beats.store(noted.beats, Relaxed);
            self.wrote_how.store(how, Relaxed);
        });
    }
}

#[inline(always)]
pub(super) fn index_of(address: usize) -> usize {
    let hash = (address as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    (hash >> (u64::BITS - ENTRIES.ilog2())) as usize % ENTRIES
}

/// A store of `stored`, based on `base`, has overwritten `old`: tells the detector who wrote that.
#[cold]
#[inline(never)]
#[track_caller]
pub(super) fn overwritten(
    record: &Record,
    accessed: Accessed,
    base: Base,
    (old, stored): (u64, u64),
) {
    if foreign::is_in_source(accessed.place) {
        return;
    }
    let mut kernel = Kernel::enter();
    if let Some(overwrite) = find(&kernel, record, accessed.address, base, (old, stored)) {
        let object = object_of(&mut kernel, record, accessed);
        let overwrite = Arc::new(overwrite);
        let action = Action::Overwrite { object, overwrite };
        kernel.emit(record, accessed.place.into(), action);
    }
    kernel.leave();
}

fn find(
    kernel: &Kernel,
    record: &Record,
    address: usize,
    base: Base,
    (old, stored): (u64, u64),
) -> Option<Overwrite> {
    let is_recent = |write: &Write| write.beats.wrapping_sub(base.beats).cast_signed() >= 0;
    let writes = || kernel.peers(record).filter_map(|p| p.memory.last_write(p.id, address));
    let mut candidates = Vec::new();
    for _ in 0..LOOKS {
        candidates = writes().filter(|w| w.glance.value == old && is_recent(w)).collect();
        if !candidates.is_empty() {
            break;
        }
        hint::spin_loop();
    }
    // If several have written the same, it is not known whose write was the last.
    let based = candidates.iter().all(|write| write.how & BASED != 0);
    let write = candidates.into_iter().max_by_key(|write| (write.beats, write.thread))?;
    Some(Overwrite {
        read: Glance { at: base.tick, site: base.place.into(), value: base.value },
        initial: !base.written && writes().all(|write| is_recent(&write)),
        other: write.thread,
        write: write.glance,
        updates: write.how & UPDATES != 0,
        based,
        stored,
    })
}

/// What stands for an atomic in the detector.
fn object_of(kernel: &mut Entered, record: &Record, accessed: Accessed) -> ObjectId {
    let key = (record.session, accessed.address);
    if let Some(object) = kernel.shadows.atomics.get(&key) {
        return *object;
    }
    let object = knowledge::create(kernel, record, accessed);
    kernel.shadows.atomics.insert(key, object);
    object
}
