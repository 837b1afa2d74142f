//! Locks of other crates on real threads. They send all their Ops: their atomics, which are as
//! many, are not told.

use std::sync::{Arc, atomic::Ordering};

use lockwise_detector::{
    Action, ObjectId, Stack,
    op::{Mode, Patience},
};

use super::{
    kernel::{Entered, Kernel},
    local::{self, draw_object_id, local},
    record::Record,
};
use crate::{
    report,
    rt::{
        Stop,
        foreign::{Deed, Foreign},
        thread::Thread,
    },
};

/// See [`World::foreign`](crate::rt::World::foreign).
pub(super) fn tell(lock: &Foreign, deed: Deed<'_>) -> Result<(), Stop> {
    let Some(record) = local().record() else { return Ok(()) };
    let mut kernel = Kernel::enter();
    match deed {
        Deed::Request => {
            let object = introduce(&mut kernel, record, lock);
            let action = Action::Request { object, mode: lock.mode, patience: lock.patience };
            return wait(kernel, record, lock, action, Some(Action::GiveUp { object }));
        }
        Deed::Block(on) => {
            let timed = lock.patience != Patience::Forever;
            return wait(kernel, record, lock, Action::Block { on, timed }, None);
        }
        Deed::Own => own(&mut kernel, record, lock),
        Deed::Disown => disown(&mut kernel, record, lock),
        Deed::Withdraw => {
            let object = introduce(&mut kernel, record, lock);
            kernel.emit(record, lock.site, Action::GiveUp { object });
        }
        Deed::Unblock => kernel.emit(record, lock.site, Action::Unblock),
        Deed::Wake(thread, token) => {
            let object = introduce(&mut kernel, record, lock);
            kernel.emit(record, lock.site, Action::Publish { object, token });
            if let Some(woken) = thread.and_then(Thread::as_os) {
                kernel.emit_on_behalf(woken, lock.site, Action::Unblock);
            }
        }
        Deed::Observe(token) => {
            let object = introduce(&mut kernel, record, lock);
            kernel.emit(record, lock.site, Action::Observe { object, token });
            local().synchronised();
        }
    }
    kernel.leave_quietly();
    Ok(())
}

/// See [`World::foreign_id`](crate::rt::World::foreign_id).
pub(super) fn id(lock: &Foreign) -> ObjectId {
    let Some(record) = local().record() else { return ObjectId(draw_object_id()) };
    let mut kernel = Kernel::enter();
    let object = introduce(&mut kernel, record, lock);
    kernel.leave_quietly();
    object
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
    kernel.emit_with_stack(record, lock.site, stack(lock), action);
    let doom = kernel.doom(record);
    kernel.leave_quietly();
    let stop = match (report::take_stop(), doom) {
        (_, Some(stuck)) => stuck.into(),
        (Some(stop), None) => Stop(stop),
        (None, None) => return Ok(()),
    };
    if let Some(end) = end {
        let mut kernel = Kernel::enter();
        kernel.emit(record, lock.site, end);
        kernel.leave_quietly();
    }
    Err(stop)
}

/// The thread has the lock: whoever was said to keep it out does not.
fn own(kernel: &mut Entered, record: &Record, lock: &Foreign) {
    kernel.tell_held(record);
    forget_gone(kernel, record, lock, true);
    let object = introduce(kernel, record, lock);
    for serial in kernel.foreign.own(lock, record.serial) {
        downgrade(kernel, serial, object, lock);
    }
    let action = Action::Acquire { object, mode: lock.mode, patience: lock.patience };
    kernel.emit_with_stack(record, lock.site, stack(lock), action);
    record.loose.fetch_add(1, Ordering::Relaxed);
}

fn downgrade(kernel: &mut Entered, serial: u32, object: ObjectId, lock: &Foreign) {
    let owner = kernel.record(serial);
    if let Some(owner) = owner.filter(|owner| kernel.holds(owner, object)) {
        let release = Action::Release { object, mode: Mode::Exclusive };
        kernel.emit_on_behalf(&owner, lock.site, release);
        let (mode, patience) = (Mode::Shared, Patience::Try);
        kernel.emit_on_behalf(&owner, lock.site, Action::Acquire { object, mode, patience });
    }
}

fn disown(kernel: &mut Entered, record: &Record, lock: &Foreign) {
    if let Some((object, owner, mode)) = kernel.foreign.disown(lock.key, record.serial) {
        release(kernel, record, owner, (object, mode), lock);
    }
}

/// The thread `serial`, perhaps another one than the caller, owns the object no longer.
fn release(
    kernel: &mut Entered,
    record: &Record,
    serial: u32,
    (object, mode): (ObjectId, Mode),
    lock: &Foreign,
) {
    let action = Action::Release { object, mode };
    if serial == record.serial {
        record.loose.fetch_sub(1, Ordering::Relaxed);
        if kernel.holds(record, object) {
            kernel.emit(record, lock.site, action);
        }
    } else if let Some(owner) = kernel.record(serial) {
        owner.loose.fetch_sub(1, Ordering::Relaxed);
        if kernel.holds(&owner, object) {
            kernel.emit_on_behalf(&owner, lock.site, action);
        }
    }
}

/// What is at this address, made known to the thread's detector.
fn introduce(kernel: &mut Entered, record: &Record, lock: &Foreign) -> ObjectId {
    forget_gone(kernel, record, lock, false);
    let object = kernel.foreign.id(lock);
    kernel.introduce_with(record, object, |_| Arc::new(lock.info()));
    object
}

fn forget_gone(kernel: &mut Entered, record: &Record, lock: &Foreign, owned: bool) {
    if let Some(gone) = kernel.foreign.take_gone(lock, owned) {
        for (serial, mode) in gone.owners {
            release(kernel, record, serial, (gone.object, mode), lock);
        }
        kernel.object_gone(record, gone.object);
    }
}

/// The stack of the caller, the first time that this thread acts from there.
fn stack(lock: &Foreign) -> Option<Stack> {
    if local::is_new_address(lock.address) { report::capture_from(lock.address) } else { None }
}
