//! Atomics, cells and fences.
//!
//! An atomic is known by its address. It may be moved when it is not shared, and has no destructor:
//! so that its value goes with it, what is newest of it is also kept in its bytes; bytes that
//! changed by themselves belong to something new. A static cannot go anywhere: its bytes stay as
//! they are, and each execution finds the initial value there.
//!
//! When an execution is over, the engine has no answers any more; the destructors of the threads
//! that are unwound then find what was newest, so that what they take apart is whole.

use std::{
    panic::Location,
    ptr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use lockwise_detector::{
    Action, ObjectId,
    explore::{Answer, CellAccess, Step, Update},
    hash::IdMap,
    op::{AtomicAccess, ObjectInfo, ObjectKind},
};

use super::{
    attempt, heap,
    observer::{introduce, introduce_as, is_observed, tell},
    state::{act, look, on_state},
};
use crate::rt::{
    Meta,
    atomic::{Exchange, Primitive, Rmw},
    model::is_static,
    os::local::draw_object_id,
    world::Place,
};

/// The locations of an execution.
#[derive(Default)]
pub(super) struct Atomics {
    by_address: IdMap<usize, Known>,
    /// What each location holds at first, by key.
    initial: Vec<u64>,
}

/// An atomic that has been used.
#[derive(Clone, Copy)]
struct Known {
    key: u32,
    /// What its bytes are if it is still the same.
    bytes: u64,
    /// What is newest of it.
    newest: u64,
    is_static: bool,
    /// What analyses know it as; 0 if they do not.
    object: u64,
}

/// The cells of an execution.
#[derive(Default)]
pub(super) struct Cells {
    keys: IdMap<u64, u32>,
    /// For each cell, how often it was written, and what each thread had read when it last did.
    versions: Vec<(u32, Vec<(usize, u32)>)>,
}

impl Atomics {
    pub(super) fn clear(&mut self) {
        self.by_address.clear();
        self.initial.clear();
    }

    /// A new location.
    pub(super) fn draw(&mut self, initial: u64) -> u32 {
        self.initial.push(initial);
        u32::try_from(self.initial.len() - 1).unwrap_or(u32::MAX)
    }

    pub(super) fn initial(&self, key: usize) -> u64 {
        self.initial.get(key).copied().unwrap_or(0)
    }
}

impl Cells {
    /// The cell of that number.
    pub(super) fn key(&mut self, id: u64) -> u32 {
        let next = u32::try_from(self.keys.len()).unwrap_or(u32::MAX);
        *self.keys.entry(id).or_insert(next)
    }

    pub(super) fn clear(&mut self) {
        self.keys.clear();
        self.versions.clear();
    }
}

/// The location of an atomic.
fn known<A: Primitive>(atomic: &A, place: Place) -> Known {
    let address = ptr::from_ref(atomic).addr();
    heap::uses(address, place);
    let bytes = A::to_bits(atomic.load(Ordering::Relaxed));
    on_state(|state| {
        let known = state.atomics.by_address.get(&address).copied();
        if let Some(known) = known.filter(|known| known.bytes == bytes) {
            return known;
        }
        let is_static = is_static(address);
        let key = state.atomics.draw(bytes);
        let known = Known { key, bytes, newest: bytes, is_static, object: 0 };
        state.atomics.by_address.insert(address, known);
        known
    })
}

/// What analyses know an atomic as.
fn object_of<A: Primitive>(atomic: &A, known: Known, place: Place) -> ObjectId {
    if !is_observed() {
        return ObjectId(0);
    }
    if known.object != 0 {
        return ObjectId(known.object);
    }
    let object = draw_object_id();
    let address = ptr::from_ref(atomic).addr();
    on_state(|state| {
        if let Some(known) = state.atomics.by_address.get_mut(&address) {
            known.object = object;
        }
    });
    introduce_as(ObjectId(object), || {
        Arc::new(ObjectInfo {
            kind: ObjectKind::Atomic,
            type_name: lockwise_detector::render::short_type(std::any::type_name::<A>()),
            name: None,
            created: place.into(),
        })
    });
    ObjectId(object)
}

/// Keeps what is newest of an atomic, also in its bytes.
fn keep<A: Primitive>(atomic: &A, known: Known, value: A::Value, newest: bool) {
    let bits = A::to_bits(value);
    let address = ptr::from_ref(atomic).addr();
    let kept = on_state(|state| {
        if !newest && state.over.is_none() {
            return false;
        }
        if let Some(known) = state.atomics.by_address.get_mut(&address) {
            known.newest = bits;
            known.bytes = if known.is_static { known.bytes } else { bits };
        }
        !known.is_static
    });
    if kept {
        atomic.store(value, Ordering::Relaxed);
    }
}

/// What an operation sees, by the engine's answer if there is one.
fn seen(known: Known, answer: Answer) -> u64 {
    on_state(|state| if state.over.is_some() { known.newest } else { answer.value })
}

#[track_caller]
pub(super) fn load<A: Primitive>(atomic: &A, ordering: Ordering) -> A::Value {
    let place = Location::caller();
    assert!(
        !matches!(ordering, Ordering::Release | Ordering::AcqRel),
        "there is no such thing as a release load"
    );
    let known = known(atomic, place);
    let object = object_of(atomic, known, place);
    let step = Step::Load { location: known.key as usize, ordering };
    let value = seen(known, look(place, tag(known), step));
    tell(place, || Action::Atomic { object, access: AtomicAccess::Load { ordering, value } });
    A::from_bits(value)
}

/// What a look at an atomic is told by.
fn tag(known: Known) -> u64 {
    u64::from(known.key) | 2 << 32
}

#[track_caller]
pub(super) fn store<A: Primitive>(atomic: &A, value: A::Value, ordering: Ordering) {
    let place = Location::caller();
    assert!(
        !matches!(ordering, Ordering::Acquire | Ordering::AcqRel),
        "there is no such thing as an acquire store"
    );
    let known = known(atomic, place);
    let object = object_of(atomic, known, place);
    let bits = A::to_bits(value);
    let answer = act(place, Step::Store { location: known.key as usize, value: bits, ordering });
    keep(atomic, known, value, answer.newest);
    let access = AtomicAccess::Store { ordering, value: bits };
    tell(place, || Action::Atomic { object, access });
}

#[track_caller]
pub(super) fn rmw<A: Primitive>(
    atomic: &A,
    rmw: Rmw,
    operand: A::Value,
    ordering: Ordering,
) -> A::Value {
    let place = Location::caller();
    let known = known(atomic, place);
    let object = object_of(atomic, known, place);
    // The operands say which operation it is too, so that another one is noticed.
    let operands = [A::to_bits(operand), rmw as u64];
    let update = Update::new(apply::<A>, operands);
    let (success, failure) = (ordering, Ordering::Relaxed);
    let answer =
        act(place, Step::Update { location: known.key as usize, update, success, failure });
    let bits = seen(known, answer);
    let read = A::from_bits(bits);
    let wrote = A::apply(rmw, read, operand);
    keep(atomic, known, wrote, answer.newest);
    let access = AtomicAccess::Rmw { ordering, read: bits, wrote: A::to_bits(wrote) };
    tell(place, || Action::Atomic { object, access });
    read
}

/// A read-modify-write, given its operand and which one it is.
fn apply<A: Primitive>(old: u64, [operand, rmw]: [u64; 2]) -> Option<u64> {
    const ALL: [Rmw; 9] =
        [Rmw::Swap, Rmw::Add, Rmw::Sub, Rmw::And, Rmw::Nand, Rmw::Or, Rmw::Xor, Rmw::Max, Rmw::Min];
    let rmw = ALL.into_iter().find(|known| *known as u64 == rmw)?;
    Some(A::to_bits(A::apply(rmw, A::from_bits(old), A::from_bits(operand))))
}

#[track_caller]
pub(super) fn exchange<A: Primitive>(
    atomic: &A,
    exchange: Exchange<A::Value>,
) -> Result<A::Value, A::Value> {
    let place = Location::caller();
    let known = known(atomic, place);
    let object = object_of(atomic, known, place);
    let Exchange { current, new, success, failure, .. } = exchange;
    let (expected, wrote) = (A::to_bits(current), A::to_bits(new));
    let update = Update::compare_exchange(expected, wrote);
    let step = Step::Update { location: known.key as usize, update, success, failure };
    let answer = look(place, tag(known), step);
    let read = seen(known, answer);
    if read == expected {
        attempt::changed();
        keep(atomic, known, new, answer.newest);
        let access = AtomicAccess::Rmw { ordering: success, read, wrote };
        tell(place, || Action::Atomic { object, access });
        Ok(A::from_bits(read))
    } else {
        let access = AtomicAccess::Load { ordering: failure, value: read };
        tell(place, || Action::Atomic { object, access });
        Err(A::from_bits(read))
    }
}

/// An acquire load of which the detector does not hear.
pub(crate) fn load_quietly(flag: &AtomicBool) -> bool {
    let place = Location::caller();
    let known = known(flag, place);
    let location = known.key as usize;
    let step = Step::Load { location, ordering: Ordering::Acquire };
    seen(known, look(place, tag(known), step)) != 0
}

/// A release store of which the detector does not hear.
pub(crate) fn store_quietly(flag: &AtomicBool, value: bool) {
    let place = Location::caller();
    let known = known(flag, place);
    let (location, bits) = (known.key as usize, u64::from(value));
    let step = Step::Store { location, value: bits, ordering: Ordering::Release };
    let answer = act(place, step);
    keep(flag, known, value, answer.newest);
}

/// Loads a location of the runtime's own.
pub(super) fn load_word(place: Place, location: u32) -> u64 {
    let step = Step::Load { location: location as usize, ordering: Ordering::Acquire };
    look(place, u64::from(location) | 2 << 32, step).value
}

/// Stores to a location of the runtime's own.
pub(super) fn store_word(place: Place, location: u32, value: u64) {
    act(place, Step::Store { location: location as usize, value, ordering: Ordering::Release });
}

#[track_caller]
pub(super) fn fence(ordering: Ordering) {
    let place = Location::caller();
    assert!(ordering != Ordering::Relaxed, "there is no such thing as a relaxed fence");
    look(place, 3 << 32, Step::Fence(ordering));
    tell(place, || Action::Fence { ordering });
}

/// An access to plain memory. It is no step: its order with others is what is to be found out.
#[track_caller]
pub(super) fn cell(meta: &Meta, write: bool) {
    let place = Location::caller();
    if write {
        attempt::changed();
    }
    let id = meta.id().0;
    on_state(|state| {
        if state.over.is_some() {
            return;
        }
        let cell = state.cells.key(id);
        let (thread, me) = (state.current, state.me());
        let access = CellAccess {
            cell,
            thread: u32::try_from(thread).unwrap_or(u32::MAX),
            after: u32::try_from(me.events).unwrap_or(u32::MAX),
            write,
        };
        if state.accesses.last() != Some(&access) {
            state.accesses.push(access);
            state.access_places.push(place);
        }
        if state.cells.note(cell, thread, write) {
            state.stale.get_or_insert(place);
        }
    });
    if is_observed() {
        let object = introduce(meta);
        tell(place, || match write {
            true => Action::Write { object },
            false => Action::Read { object },
        });
    }
}

impl Cells {
    /// Takes note of an access; returns whether it overwrites what the thread has not read.
    fn note(&mut self, cell: u32, thread: usize, write: bool) -> bool {
        let cell = cell as usize;
        if self.versions.len() <= cell {
            self.versions.resize_with(cell + 1, Default::default);
        }
        let (version, read) = &mut self.versions[cell];
        let seen = read.iter_mut().find(|(reader, _)| *reader == thread);
        let stale = write && seen.as_ref().is_some_and(|(_, seen)| seen != version);
        *version += u32::from(write);
        match seen {
            Some((_, seen)) => *seen = *version,
            None => read.push((thread, *version)),
        }
        stale
    }
}
