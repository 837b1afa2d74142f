//! Condition variables on real threads: a queue in the kernel.
//!
//! The mutex is released and the thread queued in one visit to the kernel, so no notification can
//! fall in between. A notification that finds no waiter only leaves its place in the condition
//! variable; the detector hears of it when a thread waits there later, which is when it matters.

use std::{panic::Location, ptr, sync::atomic::Ordering};

use lockwise_detector::{
    Action, Site,
    op::{Mode, WaitFor},
};

use super::{
    held::Hold,
    kernel::{Cancel, Entered, Kernel, Wait},
    local::local,
    mutex::{self, deadline},
    record::Record,
};
use crate::rt::{RawCondvar, RawMutex, Until, Wake};

/// Releases `mutex`, waits, and acquires it again.
///
/// # Safety
///
/// The calling thread holds `mutex`.
#[track_caller]
pub(super) unsafe fn wait(
    condvar: &RawCondvar,
    raw: &RawMutex,
    on: Option<WaitFor>,
    until: Until,
) -> Wake {
    // SAFETY: the caller's promise.
    let wake = unsafe { wait_released(condvar, raw, on, until) };
    mutex::lock(raw, Until::Forever);
    wake
}

/// Releases `mutex` and waits.
///
/// # Safety
///
/// The calling thread holds `mutex`.
#[track_caller]
pub(super) unsafe fn wait_released(
    condvar: &RawCondvar,
    raw: &RawMutex,
    on: Option<WaitFor>,
    until: Until,
) -> Wake {
    let local = local();
    let Some(record) = local.shared_record() else {
        // SAFETY: the caller's promise.
        return unsafe { wait_unseen(raw, until) };
    };
    let mut kernel = Kernel::enter();
    condvar.waiters.fetch_add(1, Ordering::SeqCst);
    // SAFETY: the caller's promise.
    unsafe { release(&mut kernel, raw, &record) };
    if let Some(on) = on {
        announce(&mut kernel, condvar, &record, on, until);
    }
    let wait = Wait {
        key: key(condvar),
        mode: Mode::Exclusive,
        deadline: deadline(until),
        announced: on.is_some(),
        cancel: Cancel::unless_panicking(),
    };
    let outcome = match kernel.doom(&record) {
        Some(stuck) => {
            kernel.leave_quietly();
            Err(stuck)
        }
        None => kernel.sleep(&record, wait),
    };
    condvar.waiters.fetch_sub(1, Ordering::SeqCst);
    record.memory.deal();
    outcome.unwrap_or_else(|stuck| stuck.raise())
}

#[track_caller]
fn announce(
    kernel: &mut Entered,
    condvar: &RawCondvar,
    record: &Record,
    on: WaitFor,
    until: Until,
) {
    kernel.tell_held(record);
    if let Some(meta) = &condvar.meta {
        let object = kernel.introduce(record, meta);
        if let Some((by, site)) = take_unheard(condvar) {
            let notify = Action::Notify { object, all: false, woken: Vec::new() };
            kernel.emit_for(record, by, site, notify);
        }
    }
    let timed = until != Until::Forever;
    let action = Action::Block { on, timed };
    let stack = crate::report::capture_if_new(Location::caller());
    kernel.emit_with_stack(record, Location::caller().into(), stack, action);
}

/// Who last notified while nobody waited, and where; once.
fn take_unheard(condvar: &RawCondvar) -> Option<(u32, Site)> {
    let by = condvar.unheard_by.swap(0, Ordering::Acquire);
    let place = condvar.unheard_at.load(Ordering::Relaxed);
    // SAFETY: only `notify` stores there, and it stores a `&'static Location`.
    let place = unsafe { place.as_ref() };
    place.filter(|_| by != 0).map(|place| (by, place.into()))
}

/// In the kernel: releases the mutex and tells the detector.
///
/// # Safety
///
/// The calling thread, whose record is `record`, holds `raw`.
#[track_caller]
unsafe fn release(kernel: &mut Entered, raw: &RawMutex, record: &Record) {
    if let Some(meta) = &raw.meta {
        let object = kernel.introduce(record, meta);
        record.held.pop(Hold::of_mutex(meta.id()));
        raw.last_release.store(record.release_epoch(), Ordering::Relaxed);
        if kernel.holds(record, object) {
            let action = Action::Release { object, mode: Mode::Exclusive };
            kernel.emit(record, Location::caller().into(), action);
        }
    }
    mutex::release_word(kernel, raw);
}

/// Waits for a thread that cannot be queued: as if woken for no reason, after a moment.
///
/// # Safety
///
/// The calling thread holds `raw`.
#[cold]
unsafe fn wait_unseen(raw: &RawMutex, until: Until) -> Wake {
    // SAFETY: the caller's promise.
    unsafe { mutex::unlock(raw) };
    std::thread::sleep(std::time::Duration::from_millis(1));
    match until {
        Until::Deadline(deadline) if std::time::Instant::now() >= deadline => Wake::TimedOut,
        _ => Wake::Notified,
    }
}

/// Wakes one waiter, or all.
#[track_caller]
pub(super) fn notify(condvar: &RawCondvar, all: bool) {
    let local = local();
    let record = local.record();
    if condvar.waiters.load(Ordering::SeqCst) == 0 {
        if let Some(record) = record.filter(|_| condvar.meta.is_some()) {
            let place = ptr::from_ref(Location::caller()).cast_mut();
            condvar.unheard_at.store(place, Ordering::Relaxed);
            condvar.unheard_by.store(record.serial, Ordering::Release);
        }
        return;
    }
    if local.is_in_kernel() {
        local.miss_wake();
        return;
    }
    notify_waiters(condvar, all, record);
}

#[track_caller]
fn notify_waiters(condvar: &RawCondvar, all: bool, record: Option<&Record>) {
    let mut kernel = Kernel::enter();
    let mut woken = Vec::new();
    while let Some(waiter) = kernel.wake_one(key(condvar)) {
        if record.is_some_and(|record| record.session == waiter.session) {
            woken.push(waiter.id);
        }
        if !all {
            break;
        }
    }
    if let (Some(meta), Some(record)) = (&condvar.meta, record) {
        let object = kernel.introduce(record, meta);
        let action = Action::Notify { object, all, woken };
        kernel.emit(record, Location::caller().into(), action);
    }
    kernel.leave_quietly();
}

fn key(condvar: &RawCondvar) -> usize {
    ptr::from_ref(condvar).addr()
}
