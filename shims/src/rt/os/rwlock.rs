//! Reader-writer locks on real threads.
//!
//! The word: the number of readers in the lower half, the writer's serial number in the upper
//! half, and [`PARKED`] between them, with the same meaning as for mutexes. Writers are preferred:
//! a new reader queues behind a waiting writer, as in std.
//!
//! What a reader does happens before what the next writer does. So as not to write a shared word
//! on every read, readers leave one bit each (their serial number modulo 64), once; the next
//! writer then learns all that those threads have done so far. That is more than the standard's
//! happens-before, by what they did after their release: it can hide a race, never invent one.

use std::sync::atomic::Ordering;

use lockwise_detector::{
    Action, Epoch,
    op::{Mode, Patience},
};

use super::{
    backoff::look_again,
    held::Hold,
    kernel::{Cancel, Entered, Kernel, Stuck, Wait},
    local::{Local, local, manner},
    mutex::{deadline, far_away},
    record::Record,
};
use crate::{
    report,
    rt::{RawRwLock, Until, Wake, world::Place},
};

/// Threads wait for the lock.
const PARKED: u64 = 1 << 31;
/// The number of readers.
const READERS: u64 = PARKED - 1;
/// Where the writer's serial number begins.
const WRITER_SHIFT: u32 = 32;
/// The writer where the thread has no record.
const NOBODY: u64 = (u32::MAX as u64) << WRITER_SHIFT;

fn writer(word: u64) -> u64 {
    word >> WRITER_SHIFT
}

/// The word after one more hold in `mode`, if that is possible at once.
#[inline]
fn granted(word: u64, mode: Mode, me: u64) -> Option<u64> {
    match mode {
        Mode::Shared if writer(word) == 0 && word & READERS < READERS => Some(word + 1),
        Mode::Exclusive if word & !PARKED == 0 => Some(word | me),
        _ => None,
    }
}

fn me(record: Option<&Record>) -> u64 {
    record.map_or(NOBODY, |record| u64::from(record.serial) << WRITER_SHIFT)
}

// Always, and without what is rare, for the same reasons as a mutex's.
#[inline(always)]
#[track_caller]
pub(super) fn lock(lock: &RawRwLock, mode: Mode, until: Until) -> bool {
    let local = local();
    let (Some(record), Some(object)) = (local.active_record(), lock.meta.drawn_id()) else {
        return lock_slowly(lock, mode, until);
    };
    let hold = Hold::of_rwlock(object, mode);
    let depth = record.held.depth();
    let context = hold.after(record.held.context());
    if local.might_tell(record, depth, manner(context, until.patience()))
        || !take(lock, mode, record)
    {
        return lock_slowly(lock, mode, until);
    }
    if !is_own(lock, mode, record) {
        return lock_after_another(lock, mode, record);
    }
    record.held.push(depth, hold, lock.meta.origin(), std::panic::Location::caller(), context);
    true
}

#[cold]
#[track_caller]
fn lock_slowly(lock: &RawRwLock, mode: Mode, until: Until) -> bool {
    let local = local();
    let Some(record) = local.record() else {
        return lock_unseen(lock, mode, until);
    };
    let hold = Hold::of_rwlock(lock.meta.id(), mode);
    let context = manner(hold.after(record.held.context()), until.patience());
    let told = local.should_tell(record, context);
    if !take(lock, mode, record) && !spin(lock, mode, record, until) {
        return lock_contended(lock, mode, record, until);
    }
    if told || !is_known(lock, mode, local, record) {
        admit(lock, mode, record, until.patience(), told);
    }
    record.held.push_slowly(hold, lock.meta.origin(), std::panic::Location::caller(), told);
    if told {
        local.set_seen(context);
        stop_if_found(lock, mode);
    }
    true
}

/// The rest of an acquisition, in a context that the detector knows, of a lock that another thread
/// released last.
#[inline(never)]
#[track_caller]
fn lock_after_another(lock: &RawRwLock, mode: Mode, record: &Record) -> bool {
    if !is_known(lock, mode, local(), record) {
        admit(lock, mode, record, Patience::Forever, false);
    }
    let hold = Hold::of_rwlock(lock.meta.id(), mode);
    record.held.push_slowly(hold, lock.meta.origin(), std::panic::Location::caller(), false);
    true
}

/// Acquires if nobody holds it in a conflicting mode and nobody waits.
#[inline]
fn take(lock: &RawRwLock, mode: Mode, record: &Record) -> bool {
    let word = lock.word.load(Ordering::Relaxed);
    if word & PARKED != 0 {
        return false;
    }
    granted(word, mode, me(Some(record))).is_some_and(|next| {
        lock.word.compare_exchange(word, next, Ordering::Acquire, Ordering::Relaxed).is_ok()
    })
}

#[cold]
fn spin(lock: &RawRwLock, mode: Mode, record: &Record, until: Until) -> bool {
    let look = || {
        let parked = || lock.word.load(Ordering::Relaxed) & PARKED != 0;
        take(lock, mode, record).then_some(true).or_else(|| parked().then_some(false))
    };
    match until {
        Until::Now => look() == Some(true),
        _ => look_again(look) == Some(true),
    }
}

/// Whether the detector knows that what was released before comes before this thread's present.
fn is_known(lock: &RawRwLock, mode: Mode, local: &Local, record: &Record) -> bool {
    local.knows(record, lock.last_write.load(Ordering::Relaxed)) && is_unread(lock, mode, record)
}

/// The same without a look at what this thread knows of others.
#[inline]
fn is_own(lock: &RawRwLock, mode: Mode, record: &Record) -> bool {
    let written = Epoch::from_bits(lock.last_write.load(Ordering::Relaxed));
    record.is_own(written) && is_unread(lock, mode, record)
}

/// Whether no other thread's reading comes before an acquisition in `mode`.
#[inline]
fn is_unread(lock: &RawRwLock, mode: Mode, record: &Record) -> bool {
    mode == Mode::Shared || lock.readers.load(Ordering::Relaxed) & !bit(record) == 0
}

fn bit(record: &Record) -> u64 {
    1 << (record.serial % 64)
}

#[cold]
#[track_caller]
fn admit(lock: &RawRwLock, mode: Mode, record: &Record, patience: Patience, told: bool) {
    let place: Place = std::panic::Location::caller();
    let mut kernel = Kernel::enter();
    tell_release(&mut kernel, lock, mode, record, place);
    if told {
        acquired(&mut kernel, lock, mode, record, patience, place);
    }
    kernel.leave_quietly();
}

fn tell_release(kernel: &mut Entered, lock: &RawRwLock, mode: Mode, record: &Record, place: Place) {
    let written = lock.last_write.load(Ordering::Relaxed);
    kernel.tell_synchronised(record, written, place.into());
    local().set_known(written);
    if mode == Mode::Exclusive {
        for read in kernel.epochs_of(lock.readers.swap(0, Ordering::Relaxed)) {
            kernel.tell_synchronised(record, read, place.into());
        }
    }
}

fn acquired(
    kernel: &mut Entered,
    lock: &RawRwLock,
    mode: Mode,
    record: &Record,
    patience: Patience,
    place: Place,
) {
    kernel.tell_held(record);
    let object = kernel.introduce(record, &lock.meta);
    let action = Action::Acquire { object, mode, patience };
    kernel.emit_with_stack(record, place.into(), report::capture_if_new(place), action);
}

#[track_caller]
fn stop_if_found(lock: &RawRwLock, mode: Mode) {
    if let Some(stop) = report::take_stop() {
        // SAFETY: this thread has just acquired the lock, and its caller does not get it.
        unsafe { unlock(lock, mode) };
        report::stop(&stop);
    }
}

#[cold]
#[track_caller]
fn lock_contended(lock: &RawRwLock, mode: Mode, record: &Record, until: Until) -> bool {
    let place: Place = std::panic::Location::caller();
    let mut kernel = Kernel::enter();
    let mut requested = false;
    loop {
        if take_parked(&kernel, lock, mode, record, requested) {
            finish(kernel, lock, mode, record, until, place);
            stop_if_found(lock, mode);
            return true;
        }
        if until == Until::Now {
            kernel.leave_quietly();
            return false;
        }
        tell_owners(&mut kernel, lock);
        if !requested {
            requested = true;
            kernel.tell_held(record);
            let object = kernel.introduce(record, &lock.meta);
            let action = Action::Request { object, mode, patience: until.patience() };
            kernel.emit_with_stack(record, place.into(), report::capture_if_new(place), action);
        }
        let (entered, outcome) = match kernel.doom(record) {
            Some(stuck) => (kernel, Err(stuck)),
            None => block(kernel, lock, mode, until),
        };
        kernel = entered;
        if outcome.as_ref().is_ok_and(|wake| *wake == Wake::Notified) {
            continue;
        }
        kernel.emit(record, place.into(), Action::GiveUp { object: lock.meta.id() });
        kernel.leave_quietly();
        match outcome {
            Err(stuck) => stuck.raise(),
            Ok(_) => return false,
        }
    }
}

fn finish(
    mut kernel: Entered,
    lock: &RawRwLock,
    mode: Mode,
    record: &Record,
    until: Until,
    place: Place,
) {
    tell_release(&mut kernel, lock, mode, record, place);
    acquired(&mut kernel, lock, mode, record, until.patience(), place);
    kernel.leave_quietly();
    let hold = Hold::of_rwlock(lock.meta.id(), mode);
    record.held.push_slowly(hold, lock.meta.origin(), place, true);
    local().set_seen(manner(record.held.context(), until.patience()));
}

/// In the kernel: acquires if possible, and otherwise makes the owners come to the kernel to
/// release. A reader that comes new waits behind a waiting writer; one that was woken does not.
fn take_parked(
    kernel: &Kernel,
    lock: &RawRwLock,
    mode: Mode,
    record: &Record,
    woken: bool,
) -> bool {
    let behind = mode == Mode::Shared && !woken && kernel.has_writer(key(lock));
    loop {
        let word = lock.word.load(Ordering::Relaxed);
        let next = granted(word, mode, me(Some(record))).filter(|_| !behind);
        let exchanged = lock.word.compare_exchange(
            word,
            next.unwrap_or(word | PARKED),
            Ordering::Acquire,
            Ordering::Relaxed,
        );
        if exchanged.is_ok() {
            return next.is_some();
        }
    }
}

fn tell_owners(kernel: &mut Entered, lock: &RawRwLock) {
    match writer(lock.word.load(Ordering::Relaxed)) {
        0 => kernel.tell_readers(&lock.meta),
        serial => kernel.tell_owner(serial as u32, &lock.meta, Mode::Exclusive),
    }
}

fn block(
    kernel: Entered,
    lock: &RawRwLock,
    mode: Mode,
    until: Until,
) -> (Entered, Result<Wake, Stuck>) {
    let unseen = lock.word.load(Ordering::Relaxed) & NOBODY == NOBODY;
    let wait = Wait {
        key: key(lock),
        mode,
        deadline: deadline(until).or_else(|| unseen.then(far_away)),
        announced: false,
        cancel: Cancel::unless_panicking(),
    };
    match local().own_record() {
        Some(record) => kernel.block(&record, wait),
        None => (kernel, Ok(Wake::TimedOut)),
    }
}

fn key(lock: &RawRwLock) -> usize {
    std::ptr::from_ref(lock).addr()
}

/// Releases a hold in `mode`.
///
/// # Safety
///
/// The calling thread holds `lock` in `mode`, by [`lock()`].
#[inline]
#[track_caller]
pub(super) unsafe fn unlock(lock: &RawRwLock, mode: Mode) {
    let known = (local().active_record(), lock.meta.drawn_id());
    if let (Some(record), Some(object)) = known
        && record.held.pop_untold(Hold::of_rwlock(object, mode))
    {
        leave_trace(lock, mode, record);
        if release_word(lock, mode) & PARKED != 0 {
            tell_and_wake(lock, mode, Some(false));
        }
    } else {
        unlock_slowly(lock, mode);
    }
}

#[cold]
#[track_caller]
fn unlock_slowly(lock: &RawRwLock, mode: Mode) {
    let mut told = Some(false);
    if let Some(record) = local().record() {
        told = record.held.pop(Hold::of_rwlock(lock.meta.id(), mode));
        leave_trace(lock, mode, record);
    }
    let before = release_word(lock, mode);
    if told != Some(false) || before & PARKED != 0 {
        tell_and_wake(lock, mode, told);
    }
}

/// Gives the hold back, and returns the word as it was before.
#[inline]
fn release_word(lock: &RawRwLock, mode: Mode) -> u64 {
    match mode {
        Mode::Shared => lock.word.fetch_sub(1, Ordering::Release),
        Mode::Exclusive => lock.word.fetch_and(PARKED, Ordering::Release),
    }
}

/// Leaves the moment of the release for those who acquire later.
#[inline]
fn leave_trace(lock: &RawRwLock, mode: Mode, record: &Record) {
    match mode {
        Mode::Exclusive => lock.last_write.store(record.release_epoch(), Ordering::Relaxed),
        Mode::Shared => {
            record.advance();
            if lock.readers.load(Ordering::Relaxed) & bit(record) == 0 {
                lock.readers.fetch_or(bit(record), Ordering::Relaxed);
            }
        }
    }
}

/// Tells the detector of a release that it knows the acquisition of, and wakes those who wait.
#[cold]
#[track_caller]
fn tell_and_wake(lock: &RawRwLock, mode: Mode, told: Option<bool>) {
    let site = std::panic::Location::caller().into();
    if local().is_in_kernel() {
        local().miss_wake();
        return;
    }
    let record = local().record();
    let mut kernel = Kernel::enter();
    let object = lock.meta.id();
    if let Some(record) = record {
        if kernel.holds(record, object) {
            lock.meta.introduce();
            kernel.emit(record, site, Action::Release { object, mode });
        } else if told.is_none() {
            let hold = Hold::of_rwlock(object, mode);
            kernel.release_as_host(record, hold, (object, mode), site);
        }
    }
    wake(&mut kernel, lock);
    kernel.leave_quietly();
}

/// In the kernel: if the lock is free, the first waiters look again.
fn wake(kernel: &mut Kernel, lock: &RawRwLock) {
    let word = lock.word.load(Ordering::Relaxed);
    if word & PARKED == 0 || writer(word) != 0 {
        return;
    }
    if word & READERS == 0 || !kernel.has_writer(key(lock)) {
        kernel.wake_compatible(key(lock));
    }
    if !kernel.has_waiters(key(lock)) {
        lock.word.fetch_and(!PARKED, Ordering::Relaxed);
    }
}

/// Turns an exclusive hold into a shared one.
///
/// # Safety
///
/// The calling thread holds `lock` exclusively.
#[track_caller]
pub(super) unsafe fn downgrade(lock: &RawRwLock) {
    let place: Place = std::panic::Location::caller();
    let local = local();
    let Some(record) = local.record() else {
        lock.word.store(1 | lock.word.load(Ordering::Relaxed) & PARKED, Ordering::Release);
        return;
    };
    let object = lock.meta.id();
    record.held.pop(Hold::of_rwlock(lock.meta.id(), Mode::Exclusive));
    lock.last_write.store(record.release_epoch(), Ordering::Relaxed);
    let mut kernel = Kernel::enter();
    if kernel.holds(record, object) {
        kernel.emit(record, place.into(), Action::Release { object, mode: Mode::Exclusive });
        kernel.tell_held(record);
        let action = Action::Acquire { object, mode: Mode::Shared, patience: Patience::Try };
        kernel.emit(record, place.into(), action);
    }
    let told = kernel.holds(record, object);
    // In the kernel, waiters neither come nor go.
    let parked = lock.word.load(Ordering::Relaxed) & PARKED;
    lock.word.store(1 | parked, Ordering::Release);
    wake(&mut kernel, lock);
    kernel.leave_quietly();
    let hold = Hold::of_rwlock(lock.meta.id(), Mode::Shared);
    record.held.push_slowly(hold, lock.meta.origin(), place, told);
}

/// Locks for a thread without a record, which cannot wait in a queue.
#[cold]
fn lock_unseen(lock: &RawRwLock, mode: Mode, until: Until) -> bool {
    loop {
        let word = lock.word.load(Ordering::Relaxed);
        if let Some(next) = granted(word, mode, me(None)) {
            let exchanged =
                lock.word.compare_exchange(word, next, Ordering::Acquire, Ordering::Relaxed);
            if exchanged.is_ok() {
                return true;
            }
        } else if deadline(until).is_some_and(|deadline| std::time::Instant::now() >= deadline) {
            return false;
        } else {
            std::thread::yield_now();
        }
    }
}
