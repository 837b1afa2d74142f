//! Atomics and tracked cells on real threads.
//!
//! An access is std's own, with a look at two things that are kept apart from it: what the thread
//! and its peers know of each other, for the order of events ([`knowledge`]), and what the thread
//! last did to the atomic, for updates that are lost ([`memory`]). As long as neither has anything
//! new to tell, an access touches nothing shared but the atomic itself and words that seldom
//! change, takes no lock, and allocates nothing but a thread's tables at its first access.
//!
//! All of the fast path is inlined, by force, into one function for each operation and type, which
//! is compiled in this crate (see `sync::atomic`).
//!
//! An atomic has the size of its value, so all that is known of it stands in tables by its address.

mod knowledge;
mod memory;
#[cfg(test)]
mod tests;

use std::{
    collections::HashMap,
    panic::Location,
    sync::atomic::Ordering::{self, AcqRel, Acquire, Relaxed, Release, SeqCst},
};

use lockwise_detector::{Action, ObjectId};

use self::{knowledge::Pulse, memory::Noted};
pub(super) use self::{
    knowledge::{Knowledge, beat, matter},
    memory::Memory,
};
use super::{kernel::Kernel, local::local, record::Record};
use crate::rt::{
    Meta,
    atomic::{Exchange, Primitive, Rmw},
    world::Place,
};

/// The detector's names for what stands at addresses, by session.
#[derive(Default)]
pub(super) struct Shadows {
    slots: HashMap<(u64, usize), ObjectId>,
    atomics: HashMap<(u64, usize), ObjectId>,
}

impl Shadows {
    /// Forgets what a session knew that is over.
    pub(super) fn forget(&mut self, session: u64) {
        self.slots.retain(|(of, _), _| *of != session);
        self.atomics.retain(|(of, _), _| *of != session);
    }
}

/// Whether by `action` a thread hands something on or takes something in, whatever the order of
/// critical sections.
pub(super) fn is_dealing(action: &Action) -> bool {
    match action {
        Action::Notify { woken, .. } => !woken.is_empty(),
        Action::Spawn { .. }
        | Action::Exit
        | Action::Join { .. }
        | Action::Unpark { .. }
        | Action::Unparked
        | Action::Publish { .. }
        | Action::Observe { .. }
        | Action::Fence { .. } => true,
        _ => false,
    }
}

/// An atomic, and where in the user's code it is accessed.
#[derive(Clone, Copy)]
struct Accessed {
    address: usize,
    place: Place,
    type_name: fn() -> &'static str,
}

fn acquires(ordering: Ordering) -> bool {
    matches!(ordering, Acquire | AcqRel | SeqCst)
}

fn releases(ordering: Ordering) -> bool {
    matches!(ordering, Release | AcqRel | SeqCst)
}

/// A thread that accesses an atomic.
#[derive(Clone, Copy)]
struct Actor<'a> {
    record: &'a Record,
    accessed: Accessed,
    pulse: Pulse,
}

impl<'a> Actor<'a> {
    #[inline(always)]
    fn new<A: Primitive>(record: &'a Record, atomic: &A, place: Place) -> Self {
        let address = std::ptr::from_ref(atomic).addr();
        let accessed = Accessed { address, place, type_name: std::any::type_name::<A> };
        Self { record, accessed, pulse: Pulse::now() }
    }

    #[inline(always)]
    fn noted(self) -> Noted {
        let Accessed { address, place, .. } = self.accessed;
        Noted { address, place, tick: self.record.tick(), beats: self.pulse.beats() }
    }

    #[inline(always)]
    fn deal_unless_relaxed(self, ordering: Ordering) {
        if ordering != Relaxed {
            self.record.memory.deal();
        }
    }

    #[inline(always)]
    fn before_write(self, ordering: Ordering) {
        if self.pulse.matters() {
            knowledge::before_write(self.record, self.accessed, ordering);
        }
    }

    #[inline(always)]
    fn after_read(self, ordering: Ordering, wrote: bool) {
        // Asked again: whoever has written what was read may be who made it matter.
        if Pulse::now().matters() {
            knowledge::after_read(self.record, self.accessed, ordering, wrote);
        }
    }

    #[inline(always)]
    fn has_read(self, value: u64, ordering: Ordering) {
        self.deal_unless_relaxed(ordering);
        self.record.memory.note_read(self.noted(), value);
        self.after_read(ordering, false);
    }

    #[inline(always)]
    fn has_updated(self, value: u64, ordering: Ordering) {
        self.deal_unless_relaxed(ordering);
        self.record.memory.note_update(self.noted(), value);
        self.after_read(ordering, true);
    }
}

/// A table too large for a stack.
fn boxed<T: std::fmt::Debug, const N: usize>(make: fn() -> T) -> Box<[T; N]> {
    let table: Vec<T> = std::iter::repeat_with(make).take(N).collect();
    table.try_into().expect("N were collected")
}

/// `ordering` of a load, made strong enough for [`knowledge`].
#[inline(always)]
fn reading(ordering: Ordering) -> Ordering {
    if ordering == Relaxed { Acquire } else { ordering }
}

/// The same of a store.
#[inline(always)]
fn writing(ordering: Ordering) -> Ordering {
    if ordering == Relaxed { Release } else { ordering }
}

/// The same of a read-modify-write.
#[inline(always)]
fn updating(ordering: Ordering) -> Ordering {
    if ordering == SeqCst { SeqCst } else { AcqRel }
}

#[inline(always)]
#[track_caller]
pub(super) fn load<A: Primitive>(atomic: &A, ordering: Ordering) -> A::Value {
    match local().record() {
        Some(record) => load_of(record, atomic, ordering, Location::caller()),
        None => atomic.load(ordering),
    }
}

#[inline(always)]
fn load_of<A: Primitive>(
    record: &Record,
    atomic: &A,
    ordering: Ordering,
    place: Place,
) -> A::Value {
    let actor = Actor::new(record, atomic, place);
    let value = atomic.load(reading(ordering));
    actor.has_read(A::to_bits(value), ordering);
    value
}

#[inline(always)]
#[track_caller]
pub(super) fn store<A: Primitive>(atomic: &A, value: A::Value, ordering: Ordering) {
    match local().record() {
        Some(record) => store_of(record, atomic, value, ordering, Location::caller()),
        None => atomic.store(value, ordering),
    }
}

#[inline(always)]
fn store_of<A: Primitive>(
    record: &Record,
    atomic: &A,
    value: A::Value,
    ordering: Ordering,
    place: Place,
) {
    if matches!(ordering, Acquire | AcqRel) {
        // Panics: there is no such store.
        return atomic.store(value, ordering);
    }
    let actor = Actor::new(record, atomic, place);
    actor.before_write(ordering);
    let bits = A::to_bits(value);
    let base = record.memory.note_store(actor.noted(), bits);
    actor.deal_unless_relaxed(ordering);
    let Some(base) = base else {
        return atomic.store(value, writing(ordering));
    };
    let old = A::to_bits(atomic.rmw(Rmw::Swap, value, writing(ordering)));
    if base.may_lose(old, bits) {
        memory::overwritten(record, actor.accessed, base, (old, bits));
    }
}

#[inline(always)]
#[track_caller]
pub(super) fn rmw<A: Primitive>(
    atomic: &A,
    rmw: Rmw,
    operand: A::Value,
    ordering: Ordering,
) -> A::Value {
    match local().record() {
        Some(record) => rmw_of(record, atomic, (rmw, operand), ordering, Location::caller()),
        None => atomic.rmw(rmw, operand, ordering),
    }
}

#[inline(always)]
fn rmw_of<A: Primitive>(
    record: &Record,
    atomic: &A,
    (rmw, operand): (Rmw, A::Value),
    ordering: Ordering,
    place: Place,
) -> A::Value {
    let actor = Actor::new(record, atomic, place);
    actor.before_write(ordering);
    let old = atomic.rmw(rmw, operand, updating(ordering));
    actor.has_updated(A::to_bits(A::apply(rmw, old, operand)), ordering);
    old
}

#[inline(always)]
#[track_caller]
pub(super) fn exchange<A: Primitive>(
    atomic: &A,
    exchange: Exchange<A::Value>,
) -> Result<A::Value, A::Value> {
    match local().record() {
        Some(record) => exchange_of(record, atomic, exchange, Location::caller()),
        None => atomic.exchange(exchange),
    }
}

#[inline(always)]
fn exchange_of<A: Primitive>(
    record: &Record,
    atomic: &A,
    exchange: Exchange<A::Value>,
    place: Place,
) -> Result<A::Value, A::Value> {
    let actor = Actor::new(record, atomic, place);
    actor.before_write(exchange.success);
    let (success, failure) = (updating(exchange.success), reading(exchange.failure));
    let result = atomic.exchange(Exchange { success, failure, ..exchange });
    match result {
        Ok(_) => actor.has_updated(A::to_bits(exchange.new), exchange.success),
        Err(seen) => actor.has_read(A::to_bits(seen), exchange.failure),
    }
    result
}

#[track_caller]
pub(super) fn fence(ordering: Ordering) {
    std::sync::atomic::fence(ordering);
    if let Some(record) = local().record() {
        fence_of(record, ordering, Location::caller());
    }
}

#[inline(always)]
fn fence_of(record: &Record, ordering: Ordering, place: Place) {
    record.memory.deal();
    if Pulse::now().matters() {
        knowledge::after_fence(record, ordering, place);
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
