//! Locks of other crates on real threads.
//!
//! As with locks of ours, an acquisition goes to the kernel only if the detector could learn from
//! it (see [`mutex`](super::mutex)). Of such a lock a thread tells all that it holds when it waits
//! for something itself: what others wait for, and who keeps it from them, is then known.

use lockwise_detector::{
    Action, ObjectId, Stack,
    op::{Mode, ObjectKind, Patience},
};

use super::{
    kernel::{Entered, Kernel},
    known::{self, Known},
    local::{self, local, manner},
    record::Record,
};
use crate::{
    report,
    rt::{
        Stop,
        foreign::{self, Deed, Foreign},
        thread::Thread,
    },
};

/// See [`World::foreign`](crate::rt::World::foreign).
#[inline]
pub(super) fn tell(lock: &Foreign, deed: Deed<'_>) -> Result<(), Stop> {
    let done = match deed {
        Deed::Own => own_quickly(lock),
        Deed::Disown => disown_quickly(lock.key),
        _ => false,
    };
    if done { Ok(()) } else { tell_slowly(lock, deed) }
}

/// Acquires, if the detector can learn nothing from that.
#[inline]
fn own_quickly(lock: &Foreign) -> bool {
    let local = local();
    let (Some(record), Some(known)) = (local.active_record(), known::nearby(lock.key)) else {
        return false;
    };
    let hold = known.hold(lock.mode);
    let depth = record.held.depth();
    let context = hold.after(record.held.context());
    let told_as = manner(context, lock.patience);
    let quick = known.admits(lock)
        && !local.might_tell(record, depth, told_as)
        && (!counts_alone(lock) || local.has_seen(told_as))
        && known.is_old(lock.mode, local, record);
    if quick {
        known.take(lock.mode, record);
        record.held.push_foreign(depth, hold, known, lock.site, context);
    }
    quick
}

/// Releases, if the detector was not told of the acquisition.
#[inline]
fn disown_quickly(key: usize) -> bool {
    let (Some(record), Some(known)) = (local().active_record(), known::nearby(key)) else {
        return false;
    };
    let quick = record.held.pop_untold(known.hold(known.mode_of(record.serial)));
    if quick {
        known.let_go(record);
    }
    quick
}

/// Whether the detector learns from the acquisition by a thread that holds nothing else: from a
/// write, that others could be held up by it between two of their reads.
#[inline]
fn counts_alone(lock: &Foreign) -> bool {
    lock.kind == ObjectKind::RwLock && lock.mode == Mode::Exclusive
}

#[inline(never)]
fn tell_slowly(lock: &Foreign, deed: Deed<'_>) -> Result<(), Stop> {
    let Some(record) = local().record() else { return Ok(()) };
    let mut kernel = Kernel::enter();
    match deed {
        Deed::Request => {
            let object = introduce(&mut kernel, record, lock);
            let action = Action::Request { object, mode: lock.mode, patience: lock.patience };
            return wait(kernel, record, lock, action, Some(Action::GiveUp { object }));
        }
        Deed::Block(mutex) => {
            let object = introduce(&mut kernel, record, lock);
            let mutex = mutex.map(|mutex| introduce(&mut kernel, record, mutex));
            let on = foreign::wait_for(object, mutex);
            let timed = lock.patience != Patience::Forever;
            return wait(kernel, record, lock, Action::Block { on, timed }, None);
        }
        Deed::Own => {
            own(kernel, record, lock);
            return Ok(());
        }
        Deed::Disown => disown(&mut kernel, record, lock),
        Deed::Withdraw => {
            let object = introduce(&mut kernel, record, lock);
            kernel.emit(record, *lock.site, Action::GiveUp { object });
        }
        Deed::Unblock => kernel.emit(record, *lock.site, Action::Unblock),
        Deed::Wake(thread, token) => {
            let object = introduce(&mut kernel, record, lock);
            kernel.emit(record, *lock.site, Action::Publish { object, token });
            if let Some(woken) = thread.and_then(Thread::as_os) {
                kernel.emit_on_behalf(woken, *lock.site, Action::Unblock);
            }
        }
        Deed::Observe(token) => {
            let object = introduce(&mut kernel, record, lock);
            kernel.emit(record, *lock.site, Action::Observe { object, token });
            local().synchronised();
        }
    }
    kernel.leave_quietly();
    Ok(())
}

/// Tells of a wait that begins with `action`, and if it must not, of its `end`.
fn wait(
    mut kernel: Entered,
    record: &Record,
    lock: &Foreign,
    action: Action,
    end: Option<Action>,
) -> Result<(), Stop> {
    kernel.tell_held(record);
    kernel.emit_with_stack(record, *lock.site, stack(lock), action);
    let doom = kernel.doom(record);
    kernel.leave_quietly();
    let stop = match (report::take_stop(), doom) {
        (_, Some(stuck)) => stuck.into(),
        (Some(stop), None) => Stop(stop),
        (None, None) => return Ok(()),
    };
    if let Some(end) = end {
        let mut kernel = Kernel::enter();
        kernel.emit(record, *lock.site, end);
        kernel.leave_quietly();
    }
    Err(stop)
}

/// The thread has the lock: whoever was said to keep it out does not.
fn own(mut kernel: Entered, record: &Record, lock: &Foreign) {
    let Foreign { mode, patience, site, .. } = *lock;
    forget_gone(&mut kernel, record, lock, true);
    let known = kernel.foreign.at(lock);
    if mode == Mode::Shared {
        downgrade(&mut kernel, known, lock);
    }
    synchronise(&mut kernel, record, known, lock);
    kernel.settle(record);
    let hold = known.hold(mode);
    let context = manner(hold.after(record.held.context()), patience);
    let told =
        local().should_tell(record, context) || counts_alone(lock) && !local().has_seen(context);
    if told {
        kernel.tell_held(record);
        let object = known.object();
        kernel.introduce_with(record, object, |_| known.info().into());
        let action = Action::Acquire { object, mode, patience };
        kernel.emit_with_stack(record, *site, stack(lock), action);
    }
    known.take(mode, record);
    kernel.leave_quietly();
    record.held.push_foreign_slowly(hold, known, site, told);
    if told {
        local().set_seen(context);
    }
    known::remember(known);
}

/// What was released before, by others too, comes before what follows.
fn synchronise(kernel: &mut Entered, record: &Record, known: &Known, lock: &Foreign) {
    if let Some(released) = known.news(local(), record) {
        kernel.tell_synchronised(record, released, *lock.site);
        local().set_known(released);
    }
    for read in kernel.epochs_of(known.take_readers(lock.mode)) {
        kernel.tell_synchronised(record, read, *lock.site);
    }
}

/// A reader has the lock: if a writer is said to have it, it has become a reader.
fn downgrade(kernel: &mut Entered, known: &Known, lock: &Foreign) {
    let owner = known.downgrade().and_then(|serial| kernel.record(serial));
    if let Some(owner) = owner.filter(|owner| kernel.holds(owner, known.object())) {
        let object = known.object();
        let release = Action::Release { object, mode: Mode::Exclusive };
        kernel.emit_on_behalf(&owner, *lock.site, release);
        let (mode, patience) = (Mode::Shared, Patience::Try);
        kernel.emit_on_behalf(&owner, *lock.site, Action::Acquire { object, mode, patience });
    }
}

/// A guard may have been sent to another thread than the owner.
fn disown(kernel: &mut Entered, record: &Record, lock: &Foreign) {
    let Some(known) = kernel.foreign.get(lock.key) else { return };
    let object = known.object();
    let own = record.held.pop_object(object).is_some() || kernel.holds(record, object);
    if own {
        kernel.tell_released(record, object, |kernel, action| {
            kernel.emit(record, *lock.site, action);
        });
    } else {
        let owner = known.owner().and_then(|serial| kernel.record(serial));
        let owner = owner.or_else(|| kernel.holders(object).pop());
        if let Some(owner) = owner {
            kernel.end_hold(&owner, object, *lock.site);
        }
    }
    known.let_go(record);
}

/// What is at this address, made known to the thread's detector.
fn introduce(kernel: &mut Entered, record: &Record, lock: &Foreign) -> ObjectId {
    forget_gone(kernel, record, lock, false);
    let object = kernel.foreign.at(lock).object();
    kernel.introduce_with(record, object, |_| lock.info().into());
    object
}

fn forget_gone(kernel: &mut Entered, record: &Record, lock: &Foreign, owned: bool) {
    let Some(gone) = kernel.foreign.replace_gone(lock, owned) else { return };
    for owner in kernel.holders(gone) {
        kernel.end_hold(&owner, gone, *lock.site);
    }
    kernel.settle(record);
    kernel.object_gone(record, gone);
}

/// The stack of the caller, the first time that this thread acts from there.
fn stack(lock: &Foreign) -> Option<Stack> {
    if local::is_new_address(lock.address) { report::capture_from(lock.address) } else { None }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use lockwise_detector::Site;

    use super::*;
    use crate::rt::{
        Until,
        thread::Spawn,
        world::{World, dispatch},
    };

    const FIRST: usize = 0x10;
    const SECOND: usize = 0x20;
    const THIRD: usize = 0x30;

    fn mutex(key: usize) -> Foreign {
        let (kind, mode, patience) = (ObjectKind::Mutex, Mode::Exclusive, Patience::Forever);
        Foreign { key, kind, mode, patience, site: &Site::UNKNOWN, address: 0 }
    }

    fn rwlock(key: usize, mode: Mode) -> Foreign {
        Foreign { kind: ObjectKind::RwLock, mode, ..mutex(key) }
    }

    fn with(lock: Foreign, f: impl FnOnce()) {
        tell(&lock, Deed::Own).unwrap();
        f();
        tell(&lock, Deed::Disown).unwrap();
    }

    /// Runs two threads that nothing orders, the second when the first is done. Gives what was
    /// found.
    fn rules(
        first: impl FnOnce() + Send + 'static,
        second: impl FnOnce() + Send + 'static,
    ) -> Vec<&'static str> {
        let spawn = |body: Box<dyn FnOnce() + Send>| {
            let spawn = Spawn { name: None, stack_size: None, body };
            dispatch!(world => world.spawn(spawn)).unwrap()
        };
        let findings = crate::rt::os::record(|| {
            let (done, wait) = mpsc::channel();
            let first = spawn(Box::new(move || {
                first();
                done.send(()).unwrap();
            }));
            let second = spawn(Box::new(move || {
                wait.recv().unwrap();
                second();
            }));
            for thread in [first, second] {
                assert!(dispatch!(world => world.join(&thread, Until::Forever, false)));
            }
        });
        findings.iter().map(lockwise_detector::Finding::rule).collect()
    }

    // One after the other: they would stand for each other's locks.
    static ONE_AT_A_TIME: std::sync::Mutex<()> = std::sync::Mutex::new(());

    #[test]
    fn what_was_acquired_quickly_is_told_when_it_matters() {
        let _one = ONE_AT_A_TIME.lock();
        let nested = |outer, inner| {
            move || {
                for _ in 0..3 {
                    with(mutex(outer), || ());
                    with(mutex(inner), || ());
                }
                with(mutex(outer), || with(mutex(inner), || ()));
            }
        };
        assert_eq!(rules(nested(FIRST, SECOND), nested(SECOND, FIRST)), ["lock-order-cycle"]);
        assert_eq!(rules(nested(FIRST, SECOND), nested(FIRST, SECOND)), [""; 0]);
    }

    #[test]
    fn what_was_tried_once_is_told_when_it_is_waited_for() {
        let _one = ONE_AT_A_TIME.lock();
        let tried = Foreign { patience: Patience::Try, ..mutex(SECOND) };
        let second = || with(mutex(SECOND), || with(mutex(FIRST), || ()));
        let only_tries = move || with(mutex(FIRST), || with(tried, || ()));
        assert_eq!(rules(only_tries, second), [""; 0]);
        let tries_first = move || {
            with(mutex(FIRST), || {
                with(tried, || ());
                with(mutex(SECOND), || ());
            });
        };
        assert_eq!(rules(tries_first, second), ["lock-order-cycle"]);
    }

    #[test]
    fn a_guard_can_end_in_another_thread() {
        let _one = ONE_AT_A_TIME.lock();
        let first = || {
            tell(&mutex(FIRST), Deed::Own).unwrap();
            std::thread::spawn(|| tell(&mutex(FIRST), Deed::Disown).unwrap()).join().unwrap();
            with(mutex(SECOND), || with(mutex(THIRD), || ()));
        };
        let second = || with(mutex(SECOND), || with(mutex(FIRST), || ()));
        assert_eq!(rules(first, second), [""; 0]);
    }

    #[test]
    fn a_write_counts_though_nothing_else_is_held() {
        let _one = ONE_AT_A_TIME.lock();
        let (read, write) = (rwlock(FIRST, Mode::Shared), rwlock(FIRST, Mode::Exclusive));
        let reads = move || with(read, || with(read, || ()));
        assert_eq!(rules(move || with(write, || ()), reads), ["rwlock-recursion"]);
        assert_eq!(rules(move || with(read, || ()), reads), [""; 0]);
    }

    #[test]
    fn a_lock_that_was_never_released_is_gone_when_its_memory_is_used_again() {
        let _one = ONE_AT_A_TIME.lock();
        let first = || {
            tell(&mutex(FIRST), Deed::Own).unwrap();
            with(mutex(FIRST), || ());
            with(mutex(SECOND), || ());
        };
        let second = || with(mutex(SECOND), || with(mutex(FIRST), || ()));
        assert_eq!(rules(first, second), [""; 0]);
    }
}
