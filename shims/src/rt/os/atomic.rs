//! Atomics and tracked cells on real threads.
//!
//! An atomic has the size of its value, so what is known of it stands in a table by address. The
//! access itself is done in the kernel, so that the detector hears of accesses to one atomic in
//! its modification order, and of each load right after the store that it read.
//!
//! Nothing says when an atomic is gone. A value other than the last one seen shows that the memory
//! belongs to something new; the analyses must not rely on more.

use std::{collections::HashMap, panic::Location, sync::atomic::Ordering};

use lockwise_detector::{
    Action, ObjectId, Site,
    op::{AtomicAccess, ObjectInfo, ObjectKind},
};

use super::{
    kernel::Kernel,
    local::{draw_object_id, local},
    record::Record,
};
use crate::rt::{
    Meta,
    atomic::{Exchange, Primitive, Rmw},
    foreign,
};

/// What is known of atomics, by session and address.
#[derive(Default)]
pub(super) struct Shadows(HashMap<(u64, usize), Shadow>);

impl Shadows {
    /// Forgets what a session knew that is over.
    pub(super) fn forget(&mut self, session: u64) {
        self.0.retain(|(of, _), _| *of != session);
    }
}

struct Shadow {
    object: ObjectId,
    value: u64,
}

/// Does `access` to `atomic` and tells the detector what `describe` makes of its result.
#[track_caller]
fn observed<A: Primitive, R>(
    atomic: &A,
    access: impl FnOnce(&A) -> R,
    describe: impl FnOnce(&R) -> (AtomicAccess, u64),
) -> R {
    let local = local();
    let Some(record) = local.record() else { return access(atomic) };
    let place = Location::caller();
    if foreign::is_in_source(place) {
        return access(atomic);
    }
    let site: Site = place.into();
    let mut kernel = Kernel::enter();
    let object = shadow(&mut kernel, record, atomic, site);
    let result = access(atomic);
    let (access, value) = describe(&result);
    if let Some(shadow) = kernel.shadows.0.get_mut(&key(record, atomic)) {
        shadow.value = value;
    }
    kernel.emit(record, site, Action::Atomic { object, access });
    if acquires(&access) {
        local.synchronised();
    }
    kernel.leave();
    result
}

fn key<A>(record: &Record, atomic: &A) -> (u64, usize) {
    (record.session, std::ptr::from_ref(atomic).addr())
}

/// The id of the atomic at this address: a new one if it was never seen, or if its value was
/// changed by something that is no atomic access.
fn shadow<A: Primitive>(kernel: &mut Kernel, record: &Record, atomic: &A, site: Site) -> ObjectId {
    let value = A::to_bits(atomic.load(Ordering::Relaxed));
    let key = key(record, atomic);
    if let Some(shadow) = kernel.shadows.0.get(&key) {
        let object = shadow.object;
        if shadow.value == value {
            return object;
        }
        kernel.emit(record, site, Action::Destroy { object });
    }
    let object = ObjectId(draw_object_id());
    kernel.shadows.0.insert(key, Shadow { object, value });
    let info = ObjectInfo {
        kind: ObjectKind::Atomic,
        type_name: lockwise_detector::render::short_type(std::any::type_name::<A>()),
        name: None,
        created: site,
    };
    kernel.emit(record, site, Action::Create { object, info: info.into() });
    object
}

fn acquires(access: &AtomicAccess) -> bool {
    let (AtomicAccess::Load { ordering, .. }
    | AtomicAccess::Store { ordering, .. }
    | AtomicAccess::Rmw { ordering, .. }) = access;
    let stores_only = matches!(access, AtomicAccess::Store { .. });
    !stores_only && matches!(ordering, Ordering::Acquire | Ordering::AcqRel | Ordering::SeqCst)
}

#[track_caller]
pub(super) fn load<A: Primitive>(atomic: &A, ordering: Ordering) -> A::Value {
    observed(
        atomic,
        |atomic| atomic.load(ordering),
        |read| {
            let value = A::to_bits(*read);
            (AtomicAccess::Load { ordering, value }, value)
        },
    )
}

#[track_caller]
pub(super) fn store<A: Primitive>(atomic: &A, value: A::Value, ordering: Ordering) {
    let bits = A::to_bits(value);
    observed(
        atomic,
        |atomic| atomic.store(value, ordering),
        |()| (AtomicAccess::Store { ordering, value: bits }, bits),
    );
}

#[track_caller]
pub(super) fn rmw<A: Primitive>(
    atomic: &A,
    rmw: Rmw,
    operand: A::Value,
    ordering: Ordering,
) -> A::Value {
    observed(
        atomic,
        |atomic| atomic.rmw(rmw, operand, ordering),
        |old| {
            let wrote = A::to_bits(A::apply(rmw, *old, operand));
            (AtomicAccess::Rmw { ordering, read: A::to_bits(*old), wrote }, wrote)
        },
    )
}

#[track_caller]
pub(super) fn exchange<A: Primitive>(
    atomic: &A,
    exchange: Exchange<A::Value>,
) -> Result<A::Value, A::Value> {
    observed(
        atomic,
        |atomic| atomic.exchange(exchange),
        |result| match result {
            Ok(old) => {
                let wrote = A::to_bits(exchange.new);
                let read = A::to_bits(*old);
                (AtomicAccess::Rmw { ordering: exchange.success, read, wrote }, wrote)
            }
            Err(seen) => {
                let value = A::to_bits(*seen);
                (AtomicAccess::Load { ordering: exchange.failure, value }, value)
            }
        },
    )
}

#[track_caller]
pub(super) fn fence(ordering: Ordering) {
    std::sync::atomic::fence(ordering);
    let local = local();
    if let Some(record) = local.record() {
        let mut kernel = Kernel::enter();
        kernel.emit(record, Location::caller().into(), Action::Fence { ordering });
        local.synchronised();
        kernel.leave();
    }
}

/// An access to a tracked cell.
#[track_caller]
pub(super) fn cell(meta: &Meta, write: bool) {
    let Some(record) = local().record() else { return };
    let mut kernel = Kernel::enter();
    kernel.tell_held(record);
    let object = kernel.introduce(record, meta);
    let action = if write { Action::Write { object } } else { Action::Read { object } };
    let stack = crate::report::capture_if_new(Location::caller());
    kernel.emit_with_stack(record, Location::caller().into(), stack, action);
    kernel.leave();
}
