//! Mutexes on real threads.
//!
//! The word is the owner's serial number, twice, or 0; the lowest bit ([`PARKED`]) says that
//! threads wait. With it set, every acquisition and release goes through the kernel, so that the
//! detector's idea of who owns a lock that somebody waits for is exact. Without it, locking is one
//! compare-exchange, as in std, and the detector is told only if it could learn from it:
//!
//! - other locks are held, in a sequence that this thread has not told it of; or
//! - the last release was another thread's, at a moment that this thread does not know of.

use std::{
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

use lockwise_detector::{
    Action, Epoch,
    op::{Mode, Patience},
};

use super::{
    backoff::look_again,
    held::Hold,
    kernel::{Cancel, Entered, Kernel, Stuck, Wait},
    local::{local, manner},
    record::Record,
};
use crate::{
    report,
    rt::{Meta, RawMutex, Until, Wake, world::Place},
};

/// Threads wait for the lock.
const PARKED: u32 = 1;

/// The owner where the thread has no record: the runtime itself, or a thread that is nearly gone.
const NOBODY: u32 = u32::MAX - PARKED;

// Always: a call would save and restore registers, and those stores have to drain before the next
// locked instruction. What is rare is left out whole, for the same reason.
#[inline(always)]
#[track_caller]
pub(super) fn lock(mutex: &RawMutex, until: Until) -> bool {
    let local = local();
    let known = mutex.meta.as_ref().and_then(|meta| Some((meta, meta.drawn_id()?)));
    let (Some(record), Some((meta, object))) = (local.active_record(), known) else {
        return lock_slowly(mutex, until);
    };
    // What can be done before the locked instruction is: a chain of loads behind it would be paid
    // for in full.
    let hold = Hold::of_mutex(object);
    let depth = record.held.depth();
    let context = hold.after(record.held.context());
    if local.might_tell(record, depth, manner(context, until.patience()))
        || !take(mutex, local.word())
    {
        return lock_slowly(mutex, until);
    }
    if !record.is_own(Epoch::from_bits(mutex.last_release.load(Ordering::Relaxed))) {
        return lock_after_another(mutex, meta, record);
    }
    record.held.push(depth, hold, meta.origin(), std::panic::Location::caller(), context);
    true
}

#[cold]
#[track_caller]
fn lock_slowly(mutex: &RawMutex, until: Until) -> bool {
    match (&mutex.meta, local().record()) {
        (Some(meta), Some(record)) => lock_observed(mutex, meta, record, until),
        (_, record) => lock_quiet(mutex, record, until),
    }
}

#[track_caller]
fn lock_observed(mutex: &RawMutex, meta: &Meta, record: &Record, until: Until) -> bool {
    let local = local();
    let hold = Hold::of_mutex(meta.id());
    let context = manner(hold.after(record.held.context()), until.patience());
    let told = local.should_tell(record, context);
    if !take(mutex, local.word()) && !spin(mutex, local.word(), until) {
        return lock_contended(mutex, meta, record, until);
    }
    if told || !local.knows(record, mutex.last_release.load(Ordering::Relaxed)) {
        admit(mutex, meta, record, until.patience(), told);
    }
    record.held.push_slowly(hold, meta.origin(), std::panic::Location::caller(), told);
    if told {
        local.set_seen(context);
        stop_if_found(mutex);
    }
    true
}

/// The rest of an acquisition, in a context that the detector knows, of a lock that another thread
/// released last.
#[inline(never)]
#[track_caller]
fn lock_after_another(mutex: &RawMutex, meta: &Meta, record: &Record) -> bool {
    if !local().knows(record, mutex.last_release.load(Ordering::Relaxed)) {
        admit(mutex, meta, record, Patience::Forever, false);
    }
    let hold = Hold::of_mutex(meta.id());
    record.held.push_slowly(hold, meta.origin(), std::panic::Location::caller(), false);
    true
}

#[inline]
fn take(mutex: &RawMutex, word: u32) -> bool {
    exchange(mutex, 0, word)
}

#[inline]
fn exchange(mutex: &RawMutex, before: u32, after: u32) -> bool {
    mutex.word.compare_exchange(before, after, Ordering::Acquire, Ordering::Relaxed).is_ok()
}

/// Tells the detector of an acquisition that it may learn from.
#[cold]
#[track_caller]
fn admit(mutex: &RawMutex, meta: &Meta, record: &Record, patience: Patience, told: bool) {
    let place: Place = std::panic::Location::caller();
    let mut kernel = Kernel::enter();
    tell_release(&mut kernel, mutex, record, place);
    if told {
        kernel.tell_held(record);
        acquired(&mut kernel, meta, record, patience, place);
    }
    kernel.leave_quietly();
}

fn tell_release(kernel: &mut Entered, mutex: &RawMutex, record: &Record, place: Place) {
    let released = mutex.last_release.load(Ordering::Relaxed);
    kernel.tell_synchronised(record, released, place.into());
    local().set_known(released);
}

fn acquired(kernel: &mut Entered, meta: &Meta, record: &Record, patience: Patience, place: Place) {
    let object = kernel.introduce(record, meta);
    let action = Action::Acquire { object, mode: Mode::Exclusive, patience };
    kernel.emit_with_stack(record, place.into(), report::capture_if_new(place), action);
}

/// In the plain mode of `cargo test`, gives the lock back and panics if the acquisition has just
/// been found to be a fault.
#[track_caller]
fn stop_if_found(mutex: &RawMutex) {
    if let Some(stop) = report::take_stop() {
        // SAFETY: this thread has just acquired the lock, and its caller does not get it.
        unsafe { unlock(mutex) };
        report::stop(&stop);
    }
}

#[cold]
#[track_caller]
fn lock_contended(mutex: &RawMutex, meta: &Meta, record: &Record, until: Until) -> bool {
    if meta.is_silent() {
        return lock_unseen(mutex, until);
    }
    let place: Place = std::panic::Location::caller();
    let mut kernel = Kernel::enter();
    let mut requested = false;
    loop {
        if meta.is_silent() {
            // It has become so while this thread waited: so does whoever waits behind it.
            kernel.wake_one(key(mutex));
            give_up(kernel, meta, record, place, None);
            return lock_unseen(mutex, until);
        }
        if take_parked(mutex, record) {
            return finish(kernel, mutex, meta, record, until, place);
        }
        if until == Until::Now {
            kernel.leave_quietly();
            return false;
        }
        let owner = mutex.word.load(Ordering::Relaxed) >> 1;
        kernel.tell_owner(owner, meta, Mode::Exclusive);
        if !requested {
            requested = true;
            request(&mut kernel, meta, record, until.patience(), place);
        }
        if let Some(stuck) = kernel.doom(record) {
            return give_up(kernel, meta, record, place, Some(stuck));
        }
        let (entered, outcome) = block(kernel, mutex, until, Cancel::unless_panicking());
        kernel = entered;
        match outcome {
            Ok(Wake::Notified) => {}
            Ok(Wake::TimedOut) => return give_up(kernel, meta, record, place, None),
            Err(stuck) => return give_up(kernel, meta, record, place, Some(stuck)),
        }
    }
}

fn request(kernel: &mut Entered, meta: &Meta, record: &Record, patience: Patience, place: Place) {
    kernel.tell_held(record);
    let object = kernel.introduce(record, meta);
    let action = Action::Request { object, mode: Mode::Exclusive, patience };
    kernel.emit_with_stack(record, place.into(), report::capture_if_new(place), action);
}

#[track_caller]
fn give_up(
    mut kernel: Entered,
    meta: &Meta,
    record: &Record,
    place: Place,
    stuck: Option<Stuck>,
) -> bool {
    kernel.emit(record, place.into(), Action::GiveUp { object: meta.id() });
    kernel.leave_quietly();
    match stuck {
        Some(stuck) => stuck.raise(),
        None => false,
    }
}

/// The lock was acquired in contention: tells the detector, and keeps the hold.
#[track_caller]
fn finish(
    mut kernel: Entered,
    mutex: &RawMutex,
    meta: &Meta,
    record: &Record,
    until: Until,
    place: Place,
) -> bool {
    tell_release(&mut kernel, mutex, record, place);
    kernel.tell_held(record);
    acquired(&mut kernel, meta, record, until.patience(), place);
    kernel.leave_quietly();
    let hold = Hold::of_mutex(meta.id());
    record.held.push_slowly(hold, meta.origin(), place, true);
    local().set_seen(manner(record.held.context(), until.patience()));
    stop_if_found(mutex);
    true
}

/// Looks again for a moment. A lock that is free and waited for is acquired in the kernel; by such
/// as the detector does not hear of, at once.
#[cold]
fn spin(mutex: &RawMutex, me: u32, until: Until) -> bool {
    let look = || match mutex.word.load(Ordering::Relaxed) {
        0 => take(mutex, me).then_some(true),
        PARKED if mutex.meta.is_none() => exchange(mutex, PARKED, me | PARKED).then_some(true),
        word => (word == PARKED).then_some(false),
    };
    until != Until::Now && look_again(look) == Some(true)
}

/// In the kernel: acquires if the lock is free, and otherwise makes its owner come to the kernel
/// to release it.
fn take_parked(mutex: &RawMutex, record: &Record) -> bool {
    loop {
        let word = mutex.word.load(Ordering::Relaxed);
        let (next, taken) =
            if word & !PARKED == 0 { (word | record.word(), true) } else { (word | PARKED, false) };
        if exchange(mutex, word, next) {
            return taken;
        }
    }
}

fn block(
    kernel: Entered,
    mutex: &RawMutex,
    until: Until,
    cancel: Cancel,
) -> (Entered, Result<Wake, Stuck>) {
    let owner = mutex.word.load(Ordering::Relaxed) & !PARKED;
    // A part of something else is held for moments only; and a thread without a record goes on
    // without our knowing. Such a wait counts as one that ends by itself.
    let ends = mutex.meta.is_none() || owner == NOBODY;
    let deadline = deadline(until).or_else(|| ends.then(far_away));
    let key = key(mutex);
    let wait = Wait { key, mode: Mode::Exclusive, deadline, announced: false, cancel };
    match local().own_record() {
        Some(record) => kernel.block(&record, wait),
        None => (kernel, Ok(Wake::TimedOut)),
    }
}

/// The instant at which a wait ends by itself.
pub(super) fn deadline(until: Until) -> Option<Instant> {
    match until {
        Until::Forever => None,
        Until::Deadline(instant) => Some(instant),
        Until::Now => Some(Instant::now()),
    }
}

/// Later than any program runs: the deadline of a wait that somebody unknown will end.
pub(super) fn far_away() -> Instant {
    Instant::now() + Duration::from_secs(u32::MAX.into())
}

fn key(mutex: &RawMutex) -> usize {
    std::ptr::from_ref(mutex).addr()
}

/// Releases.
///
/// # Safety
///
/// The calling thread holds `mutex`, by [`lock`].
#[inline]
#[track_caller]
pub(super) unsafe fn unlock(mutex: &RawMutex) {
    let local = local();
    let known = mutex.meta.as_ref().and_then(Meta::drawn_id);
    let (Some(record), Some(object)) = (local.active_record(), known) else {
        return unlock_slowly(mutex);
    };
    if !record.held.pop_untold(Hold::of_mutex(object)) {
        return unlock_slowly(mutex);
    }
    mutex.last_release.store(record.release_epoch(), Ordering::Relaxed);
    let word = local.word();
    if mutex.word.compare_exchange(word, 0, Ordering::Release, Ordering::Relaxed).is_err() {
        unlock_parked(mutex, record);
    }
}

#[cold]
#[track_caller]
fn unlock_slowly(mutex: &RawMutex) {
    let local = local();
    let Some(record) = local.record() else {
        return unlock_untold(mutex);
    };
    if let Some(meta) = &mutex.meta {
        let told = record.held.pop(Hold::of_mutex(meta.id()));
        mutex.last_release.store(record.release_epoch(), Ordering::Relaxed);
        if told != Some(false) {
            return unlock_told(mutex, meta, record, told);
        }
    }
    let word = local.word();
    if mutex.word.compare_exchange(word, 0, Ordering::Release, Ordering::Relaxed).is_err() {
        unlock_parked(mutex, record);
    }
}

/// Releases a lock of which the detector knows.
#[cold]
#[track_caller]
fn unlock_told(mutex: &RawMutex, meta: &Meta, record: &Record, told: Option<bool>) {
    let site = std::panic::Location::caller().into();
    let mut kernel = Kernel::enter();
    let (object, mode) = (meta.id(), Mode::Exclusive);
    if kernel.holds(record, object) {
        meta.introduce();
        kernel.emit(record, site, Action::Release { object, mode });
    } else if told.is_none() {
        kernel.release_as_host(record, Hold::of_mutex(object), (object, mode), site);
    }
    release_word(&mut kernel, mutex);
    kernel.leave_quietly();
}

#[cold]
#[track_caller]
fn unlock_parked(mutex: &RawMutex, record: &Record) {
    match &mutex.meta {
        Some(meta) => unlock_told(mutex, meta, record, Some(false)),
        None => unlock_untold(mutex),
    }
}

/// Releases without telling anybody.
#[cold]
fn unlock_untold(mutex: &RawMutex) {
    if mutex.word.load(Ordering::Relaxed) & !PARKED == NOBODY {
        return unlock_unseen(mutex);
    }
    let word = mutex.word.load(Ordering::Relaxed) & !PARKED;
    if mutex.word.compare_exchange(word, 0, Ordering::Release, Ordering::Relaxed).is_ok() {
        return;
    }
    unlock_waited(mutex);
}

fn unlock_waited(mutex: &RawMutex) {
    if local().is_in_kernel() {
        mutex.word.store(PARKED, Ordering::Release);
        local().miss_wake();
        return;
    }
    let mut kernel = Kernel::enter();
    release_word(&mut kernel, mutex);
    kernel.leave_quietly();
}

/// In the kernel: the lock is free from here on, and the first waiter looks again.
pub(super) fn release_word(kernel: &mut Kernel, mutex: &RawMutex) {
    kernel.wake_one(key(mutex));
    let silent = mutex.meta.as_ref().is_some_and(Meta::is_silent);
    let word = if silent || kernel.has_waiters(key(mutex)) { PARKED } else { 0 };
    mutex.word.store(word, Ordering::Release);
}

/// Locks something that the analyses do not see, or for a thread that they do not see.
#[cold]
fn lock_quiet(mutex: &RawMutex, record: Option<&Record>, until: Until) -> bool {
    let Some(record) = record else { return lock_unseen(mutex, until) };
    if take(mutex, record.word()) || spin(mutex, record.word(), until) {
        return true;
    }
    loop {
        let kernel = Kernel::enter();
        if take_parked(mutex, record) {
            kernel.leave_quietly();
            return true;
        }
        if until == Until::Now {
            kernel.leave_quietly();
            return false;
        }
        // A quiet lock is held for moments, by a thread that runs: the wait always ends.
        let (kernel, outcome) = block(kernel, mutex, until, Cancel::Forbidden);
        kernel.leave_quietly();
        if outcome.is_ok_and(|wake| wake == Wake::TimedOut) {
            return false;
        }
    }
}

/// Locks for a thread without a record, which cannot wait in a queue, and for all threads a lock
/// that the runtime needs itself. What a thread does while it holds such a lock is not observed
/// either: it must not wait for the runtime.
#[cold]
fn lock_unseen(mutex: &RawMutex, until: Until) -> bool {
    loop {
        let word = mutex.word.load(Ordering::Relaxed);
        if word & !PARKED == 0 {
            let next = word | NOBODY;
            if exchange(mutex, word, next) {
                break;
            }
        } else if deadline(until).is_some_and(|deadline| Instant::now() >= deadline) {
            return false;
        } else {
            std::thread::yield_now();
        }
    }
    local().retire();
    if let Some(meta) = mutex.meta.as_ref().filter(|_| local().is_at_work()) {
        meta.silence();
        // From here on the word is never 0, so that nobody acquires without a look at the above.
        mutex.word.fetch_or(PARKED, Ordering::Relaxed);
        local().miss_wake();
    }
    true
}

/// Releases what [`lock_unseen`] acquired.
fn unlock_unseen(mutex: &RawMutex) {
    let exchange = || mutex.word.compare_exchange(NOBODY, 0, Ordering::Release, Ordering::Relaxed);
    if mutex.meta.as_ref().is_some_and(Meta::is_silent) {
        mutex.word.store(PARKED, Ordering::Release);
    } else if exchange().is_err() {
        unlock_waited(mutex);
    }
    local().come_back();
}
