//! [`Local`]: the calling thread's own corner, read on every operation.

use std::{
    cell::{Cell, RefCell},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use lockwise_detector::{Epoch, ObjectId, op::Patience};

use super::{
    held::Depth,
    kernel,
    record::Record,
    seen::{SEEN, Table},
};

/// How many other threads' moments a thread remembers.
const KNOWN: usize = 16;

/// How many object ids a thread draws from the common counter at once.
const ID_BLOCK: u64 = 1 << 16;

/// What a thread keeps for itself.
pub(super) struct Local {
    record: Cell<*const Record>,
    /// `record` while it is to be used: null while the runtime itself is at work.
    active: Cell<*const Record>,
    /// `record`'s lock word: a locked instruction waits for the load of its operand, so that has
    /// to be a single one.
    word: Cell<u32>,
    /// Above 0 while the runtime itself runs on this thread: it must not observe itself.
    inside: Cell<u32>,
    /// How often it was entered for that: less often if the thread is only not to be observed.
    at_work: Cell<u32>,
    /// Whether this thread holds the kernel's lock.
    in_kernel: Cell<bool>,
    /// Whether a lock was released meanwhile whose waiters could not be woken.
    missed_wake: Cell<bool>,
    /// The context (see `held`) of holding nothing: another one after each time that something
    /// synchronises with this thread.
    seed: Cell<u64>,
    synchronised: Cell<u64>,
    seen: Cell<*mut [u64; SEEN]>,
    known: [Cell<u64>; KNOWN],
    next_id: Cell<u64>,
    last_id: Cell<u64>,
}

thread_local! {
    // No destructor, so that it can be read at any time, also while others are destroyed.
    static LOCAL: Local = const { Local {
        record: Cell::new(std::ptr::null()),
        active: Cell::new(std::ptr::null()),
        word: Cell::new(0),
        inside: Cell::new(0),
        at_work: Cell::new(0),
        in_kernel: Cell::new(false),
        missed_wake: Cell::new(false),
        seed: Cell::new(1),
        synchronised: Cell::new(0),
        seen: Cell::new(std::ptr::null_mut()),
        known: [const { Cell::new(0) }; KNOWN],
        next_id: Cell::new(0),
        last_id: Cell::new(0),
    } };

    /// Owns what [`LOCAL`] points to, and tells of the thread's end.
    static OWNER: RefCell<Option<Owner>> = const { RefCell::new(None) };
}

/// The calling thread's [`Local`].
#[inline]
pub(super) fn local() -> &'static Local {
    // SAFETY: LOCAL has no destructor, so it lives as long as the thread; and it is not Sync, so
    // the reference cannot leave the thread.
    LOCAL.with(|local| unsafe { &*std::ptr::from_ref(local) })
}

struct Owner {
    record: Arc<Record>,
    seen: Table,
    /// Whether nobody else tells of the thread's end.
    root: bool,
}

impl Drop for Owner {
    fn drop(&mut self) {
        let local = local();
        if self.root {
            kernel::thread_ends(&self.record);
        }
        local.set_record(std::ptr::null());
        local.seen.set(std::ptr::null_mut());
        // From here on the thread is not observed: destructors of its other locals may still run.
        local.retire();
    }
}

impl Local {
    /// This thread's record, valid until the thread adopts another: made now, if the thread is
    /// seen for the first time. `None` if the runtime itself is at work on this thread, or the
    /// thread is as good as gone.
    #[inline]
    pub(super) fn record(&'static self) -> Option<&'static Record> {
        let active = self.active.get();
        if !active.is_null() {
            // SAFETY: OWNER keeps the record alive, and clears the pointer before it lets go.
            return Some(unsafe { &*active });
        }
        self.first_record()
    }

    /// The same if there is no more to it than to look it up.
    #[inline]
    pub(super) fn active_record(&'static self) -> Option<&'static Record> {
        // SAFETY: as for `record`.
        unsafe { self.active.get().as_ref() }
    }

    #[cold]
    fn first_record(&'static self) -> Option<&'static Record> {
        if self.inside.get() > 0 {
            return None;
        }
        OWNER.try_with(|_| ()).ok()?;
        // What follows allocates, and the allocator may use our types.
        let inside = self.enter();
        self.adopt(kernel::begin_root(name_of_this_thread()), true);
        drop(inside);
        // SAFETY: as above.
        unsafe { self.active.get().as_ref() }
    }

    fn set_record(&self, record: *const Record) {
        self.record.set(record);
        self.active.set(if self.inside.get() == 0 { record } else { std::ptr::null() });
    }

    /// This thread's record, to keep.
    pub(super) fn shared_record(&'static self) -> Option<Arc<Record>> {
        self.record()?;
        self.own_record()
    }

    /// The same while the runtime is at work.
    pub(super) fn own_record(&self) -> Option<Arc<Record>> {
        let owner = OWNER.try_with(|owner| owner.borrow().as_ref().map(|o| Arc::clone(&o.record)));
        owner.ok().flatten()
    }

    /// This thread's record, at any time: while the last of its locals are destroyed, one that
    /// only tells which thread it is.
    pub(super) fn any_record(&'static self) -> Arc<Record> {
        let record = self.shared_record().or_else(|| self.own_record());
        record.unwrap_or_else(|| Arc::new(Record::of_retired(self.word.get() >> 1)))
    }

    /// Makes `record` this thread's; `root` if the end of the thread is the end of the record.
    /// Returns the record that it had, whose end is then nobody's business but the caller's.
    pub(super) fn adopt(
        &'static self,
        record: Arc<Record>,
        root: bool,
    ) -> Option<(Arc<Record>, bool)> {
        let _inside = self.enter();
        let mut owner = Owner { record, seen: Table::new(), root };
        owner.record.begin_to_run();
        self.word.set(owner.record.word());
        self.set_record(Arc::as_ptr(&owner.record));
        owner.record.held.rebase(self.seed.get());
        self.seen.set(owner.seen.as_mut_ptr());
        self.known.iter().for_each(|known| known.set(0));
        let before = OWNER.try_with(|slot| slot.borrow_mut().replace(owner)).ok().flatten()?;
        let before = std::mem::ManuallyDrop::new(before);
        // SAFETY: `before` is never dropped, so each field is taken out once.
        unsafe {
            drop(std::ptr::read(&raw const before.seen));
            Some((std::ptr::read(&raw const before.record), before.root))
        }
    }

    /// Takes this thread's record away: it is not observed until it is seen anew.
    pub(super) fn abandon(&self) {
        let owner = OWNER.try_with(|owner| owner.borrow_mut().take());
        self.set_record(std::ptr::null());
        self.seen.set(std::ptr::null_mut());
        // Not dropped as an end of the thread: that is for whoever made the record to tell.
        if let Ok(Some(mut owner)) = owner {
            owner.root = false;
            let inside = self.inside.get();
            drop(owner);
            self.inside.set(inside);
            self.set_record(std::ptr::null());
        }
    }

    /// What the locks of this thread's record hold in their words.
    #[inline]
    pub(super) fn word(&self) -> u32 {
        self.word.get()
    }

    /// Says that the runtime is at work, until the guard is dropped.
    pub(super) fn enter(&'static self) -> Inside {
        self.inside.set(self.inside.get() + 1);
        self.at_work.set(self.at_work.get() + 1);
        self.active.set(std::ptr::null());
        Inside(self)
    }

    /// From here on this thread is not observed: only destructors of its locals are left to run, or
    /// it holds a lock under which it must not be, until [`Local::come_back`].
    pub(super) fn retire(&self) {
        self.inside.set(self.inside.get() + 1);
        self.active.set(std::ptr::null());
    }

    pub(super) fn come_back(&self) {
        self.inside.set(self.inside.get() - 1);
        self.set_record(self.record.get());
    }

    /// Whether the runtime itself is at work on this thread.
    pub(super) fn is_at_work(&self) -> bool {
        self.at_work.get() > 0
    }

    pub(super) fn is_in_kernel(&self) -> bool {
        self.in_kernel.get()
    }

    pub(super) fn set_in_kernel(&self, inside: bool) {
        self.in_kernel.set(inside);
    }

    /// A lock with waiters was released from within the kernel (by an allocator that uses our
    /// types, say): they are woken when the kernel is left.
    pub(super) fn miss_wake(&self) {
        self.missed_wake.set(true);
    }

    pub(super) fn take_missed_wake(&self) -> bool {
        self.missed_wake.take()
    }

    /// Whether the detector has to be told of a hold that makes `context`: it is not the only one,
    /// and this sequence is new; or it is among locks that are not all known here.
    pub(super) fn should_tell(&self, record: &Record, context: u64) -> bool {
        let depth = record.held.depth();
        record.loose.load(Ordering::Relaxed) != 0
            || (!depth.is_empty() && (depth.is_full() || !self.has_seen(context)))
    }

    /// The same at first sight: what this says need not be told, need not.
    #[inline]
    pub(super) fn might_tell(&self, record: &Record, depth: Depth, context: u64) -> bool {
        record.loose.load(Ordering::Relaxed) != 0
            || depth.is_full()
            || (!depth.is_empty() && !self.is_seen_at(seen_index(context), context))
    }

    /// Something that must happen before what follows reached this thread: lock orders that were
    /// impossible before may be possible now, so they have to be told again. So as not to tell
    /// all of them after every message, from the 64th time on only powers of two count.
    pub(super) fn synchronised(&self) {
        let count = self.synchronised.get() + 1;
        self.synchronised.set(count);
        if count < 64 || count.is_power_of_two() {
            self.seed.set(self.seed.get() + 1);
            // SAFETY: OWNER keeps the record alive as long as the pointer is set.
            if let Some(record) = unsafe { self.record.get().as_ref() } {
                record.held.rebase(self.seed.get());
            }
        }
    }

    /// Whether the detector was told of this sequence of locks.
    pub(super) fn has_seen(&self, context: u64) -> bool {
        let index = seen_index(context);
        self.is_seen_at(index, context) || self.is_seen_at(index ^ 1, context)
    }

    #[inline]
    fn is_seen_at(&self, index: usize, context: u64) -> bool {
        let seen = self.seen.get();
        // SAFETY: the pointer is null or leads to the table that OWNER keeps, which only this
        // thread touches, and no reference into it outlives a statement.
        !seen.is_null() && unsafe { (&*seen)[index % SEEN] == context }
    }

    pub(super) fn set_seen(&self, context: u64) {
        let seen = self.seen.get();
        if seen.is_null() || self.has_seen(context) {
            return;
        }
        let index = seen_index(context);
        // SAFETY: as for `is_seen_at`.
        let seen = unsafe { &mut *seen };
        // What is newer is looked up at first sight; what was there is kept beside it.
        seen[index ^ 1] = seen[index];
        seen[index] = context;
    }

    /// Whether the detector knows that `released` comes before this thread's present.
    pub(super) fn knows(&self, record: &Record, released: u64) -> bool {
        let epoch = Epoch::from_bits(released);
        record.is_own(epoch) || {
            let known = Epoch::from_bits(self.known[epoch.thread().index() % KNOWN].get());
            known.thread() == epoch.thread() && known.tick() >= epoch.tick()
        }
    }

    pub(super) fn set_known(&self, released: u64) {
        let index = Epoch::from_bits(released).thread().index() % KNOWN;
        self.known[index].set(released);
    }
}

/// A context in which a lock was acquired, for the detector: it learns less from one who would not
/// have waited.
#[inline]
pub(super) fn manner(context: u64, patience: Patience) -> u64 {
    if patience == Patience::Forever {
        context
    } else {
        context.wrapping_mul(0xD1B5_4A32_D192_ED03)
    }
}

/// Contexts are products: of those the upper bits depend on all bits of the factors.
#[inline]
fn seen_index(context: u64) -> usize {
    (context >> (u64::BITS - SEEN.ilog2())) as usize % SEEN
}

/// See [`Local::enter`].
pub(super) struct Inside(&'static Local);

impl Drop for Inside {
    fn drop(&mut self) {
        self.0.inside.set(self.0.inside.get() - 1);
        self.0.at_work.set(self.0.at_work.get() - 1);
        self.0.set_record(self.0.record.get());
    }
}

/// Does the runtime's own work.
pub(crate) fn unobserved<T>(f: impl FnOnce() -> T) -> T {
    let _inside = local().enter();
    f()
}

pub(super) fn name_of_this_thread() -> Option<Arc<str>> {
    std::thread::current().name().map(Arc::from)
}

/// An object id that was never drawn before.
pub(crate) fn draw_object_id() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let local = local();
    if local.next_id.get() == local.last_id.get() {
        let first = NEXT.fetch_add(ID_BLOCK, Ordering::Relaxed);
        local.next_id.set(first);
        local.last_id.set(first + ID_BLOCK);
    }
    let id = local.next_id.get();
    local.next_id.set(id + 1);
    id
}

/// Whether this is the first time that this thread comes by `place`, as far as it remembers.
pub(crate) fn is_new_place(place: &'static std::panic::Location<'static>) -> bool {
    is_new_address(std::ptr::from_ref(place).addr())
}

/// The same for a place that has this address, or a number of its own.
pub(crate) fn is_new_address(place: usize) -> bool {
    let local = local();
    // An odd multiple of an address is no context of locks, but for the rarest of accidents.
    let mark = (place as u64).wrapping_mul(0xD6E8_FEB8_6659_FD93);
    let new = !local.has_seen(mark);
    local.set_seen(mark);
    new
}

/// What a thread does to an object for the first time.
#[derive(Clone, Copy)]
pub(super) enum First {
    /// Sees that it is complete.
    Sight,
    /// Is about to wait at it.
    Wait,
    /// Publishes this token.
    Publishing(u64),
    /// Observes this token.
    Observing(u64),
}

/// Whether this is the first time for this thread, as far as it remembers.
#[inline]
pub(super) fn is_first(object: ObjectId, what: First) -> bool {
    let local = local();
    // As for places: odd multiples of the id are no contexts of locks.
    let (factor, token) = match what {
        First::Sight => (0xA24B_AED4_963E_E407, 0),
        First::Wait => (0x9FB2_1C65_1E98_DF25, 0),
        First::Publishing(token) => (0xD134_2543_DE82_EF95, token),
        First::Observing(token) => (0xDA94_2042_E4DD_58B5, token),
    };
    let token = token.wrapping_mul(0xAF25_1AF3_B0F0_25B5);
    let mark = object.0.wrapping_mul(factor).wrapping_add(token);
    let first = !local.has_seen(mark);
    if first {
        local.set_seen(mark);
    }
    first
}

/// Whether nobody of ours started this thread.
pub(crate) fn is_root() -> bool {
    OWNER
        .try_with(|owner| owner.try_borrow().is_ok_and(|o| o.as_ref().is_none_or(|o| o.root)))
        .unwrap_or(true)
}
