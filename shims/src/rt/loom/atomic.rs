//! Atomics, cells and fences.
//!
//! # Objects from the beginning
//!
//! Whoever makes a loom atomic or cell counts as having written it, so if each were made at its
//! first use, two threads that first meet at an atomic would race with its making. They are
//! therefore taken from a pool that is made before the execution's first step. What is missing in
//! the pool, as the first execution shows, has the exploration begin anew with a larger one.
//!
//! A pooled atomic starts at 0, and ours at whatever their bytes say: what loom stores is the value
//! *xor* that initial one. Operations that this does not commute with (all arithmetic) are loops of
//! compare-exchange in loom.
//!
//! # Values
//!
//! An atomic that is not a static may be moved when it is not shared, and has no destructor. So
//! that its value goes with it, each store also goes to its bytes; bytes that changed by
//! themselves belong to something new. A static cannot go anywhere: its bytes stay as they are,
//! and each execution finds the initial value there.
//!
//! # What the detector hears
//!
//! It hears of an atomic's accesses in the order in which they ran. A load that reads an older
//! store than the last is told like one that reads the last, preceded by the edge from the store
//! that it read. That can be an edge too many; loom's own check of cells sees the race that it
//! hides.

use std::{
    collections::HashMap,
    panic::Location,
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use lockwise_detector::{
    Action, Epoch, ObjectId,
    op::{AtomicAccess, ObjectInfo, ObjectKind},
};
use loom::{cell::UnsafeCell as LoomUnsafeCell, sync::atomic::AtomicU64 as LoomAtomic};

use super::{
    carrier::{end, halt_if_over, in_loom},
    execution::{Execution, introduce, introduce_as, on_execution, tell, tell_quietly},
    explore::End,
};
use crate::rt::{
    Meta,
    atomic::{Exchange, Primitive, Rmw},
    model::is_static,
    world::Place,
};

/// How many of an atomic's stores are remembered: more than loom does.
const REMEMBERED: usize = 8;

/// The atomics of an execution.
pub(super) struct Atomics {
    pool: Vec<Arc<LoomAtomic>>,
    by_address: HashMap<usize, Known>,
}

/// The cells of an execution.
pub(super) struct Cells {
    pool: Vec<Rc<LoomUnsafeCell<()>>>,
    by_object: HashMap<ObjectId, Rc<LoomUnsafeCell<()>>>,
}

/// An atomic that has been used.
struct Known {
    word: Word,
    /// What its bytes are if it is still the same.
    bytes: u64,
    stores: Vec<Store>,
}

#[derive(Clone)]
struct Word {
    object: ObjectId,
    loom: Arc<LoomAtomic>,
    /// The initial value.
    mask: u64,
    is_static: bool,
}

#[derive(Clone, Default)]
struct Store {
    value: u64,
    /// The moments that an acquiring load of it happens after.
    releases: Vec<Epoch>,
}

impl Atomics {
    /// A pool of `count`. In loom, before the first step of an execution.
    pub(super) fn new(count: usize) -> Self {
        let pool = (0..count).map(|_| Arc::new(LoomAtomic::new(0))).collect();
        Self { pool, by_address: HashMap::new() }
    }
}

impl Cells {
    /// As [`Atomics::new`].
    pub(super) fn new(count: usize) -> Self {
        let pool = (0..count).map(|_| Rc::new(LoomUnsafeCell::new(()))).collect();
        Self { pool, by_object: HashMap::new() }
    }
}

/// One from a pool. While there is only one thread, a new one is as old as the execution.
fn draw<T>(pool: impl FnOnce(&mut Execution) -> &mut Vec<T>, make: impl FnOnce() -> T) -> T {
    let (pooled, alone) = on_execution(|execution| {
        let alone = execution.threads.len() == 1;
        (pool(execution).pop(), alone)
    });
    match pooled {
        Some(pooled) => pooled,
        None if alone => in_loom(make),
        None => end(End::PoolEmpty),
    }
}

/// A loom atomic that nobody else uses.
pub(super) fn draw_atomic() -> Arc<LoomAtomic> {
    draw(|execution| &mut execution.atomics.pool, || Arc::new(LoomAtomic::new(0)))
}

fn word<A: Primitive>(atomic: &A, place: Place) -> Word {
    let (word, new) = word_of(atomic);
    if new {
        introduce_as(word.object, || info::<A>(place));
    }
    word
}

/// The word of an atomic, and whether this is its first use.
fn word_of<A: Primitive>(atomic: &A) -> (Word, bool) {
    let address = std::ptr::from_ref(atomic).addr();
    let bytes = A::to_bits(atomic.load(Ordering::Relaxed));
    let known = on_execution(|execution| {
        let known = execution.atomics.by_address.get(&address)?;
        (known.bytes == bytes).then(|| (known.word.clone(), false))
    });
    known.unwrap_or_else(|| {
        let loom = draw_atomic();
        let object = ObjectId(crate::rt::os::local::draw_object_id());
        let word = Word { object, loom, mask: bytes, is_static: is_static(address) };
        let first = Store { value: bytes, releases: Vec::new() };
        let known = Known { word: word.clone(), bytes, stores: vec![first] };
        on_execution(|execution| execution.atomics.by_address.insert(address, known));
        (word, true)
    })
}

fn info<A>(place: Place) -> Arc<ObjectInfo> {
    Arc::new(ObjectInfo {
        kind: ObjectKind::Atomic,
        type_name: lockwise_detector::render::short_type(std::any::type_name::<A>()),
        name: None,
        created: place.into(),
    })
}

/// Does `f` with what is known of an atomic.
fn with_known<A, R>(atomic: &A, f: impl FnOnce(&mut Known) -> R) -> Option<R> {
    let address = std::ptr::from_ref(atomic).addr();
    on_execution(|execution| execution.atomics.by_address.get_mut(&address).map(f))
}

fn acquires(ordering: Ordering) -> bool {
    matches!(ordering, Ordering::Acquire | Ordering::AcqRel | Ordering::SeqCst)
}

fn releases(ordering: Ordering) -> bool {
    matches!(ordering, Ordering::Release | Ordering::AcqRel | Ordering::SeqCst)
}

#[track_caller]
pub(super) fn load<A: Primitive>(atomic: &A, ordering: Ordering) -> A::Value {
    let place = Location::caller();
    let word = word(atomic, place);
    let value = in_loom(|| word.loom.load(ordering)) ^ word.mask;
    loaded(atomic, &word, value, ordering, place);
    A::from_bits(value)
}

fn loaded<A>(atomic: &A, word: &Word, value: u64, ordering: Ordering, place: Place) {
    let stale = with_known(atomic, |known| {
        let last = known.stores.last().is_some_and(|store| store.value == value);
        let read = || known.stores.iter().rev().find(|store| store.value == value);
        (!last).then(|| read().cloned().unwrap_or_default())
    });
    if let Some(store) = stale.flatten() {
        for from in store.releases.into_iter().filter(|_| acquires(ordering)) {
            tell_quietly(place, Action::Synchronize { from });
        }
    }
    let access = AtomicAccess::Load { ordering, value };
    tell(place, Action::Atomic { object: word.object, access });
}

#[track_caller]
pub(super) fn store<A: Primitive>(atomic: &A, value: A::Value, ordering: Ordering) {
    let place = Location::caller();
    let word = word(atomic, place);
    let bits = A::to_bits(value);
    in_loom(|| word.loom.store(bits ^ word.mask, ordering));
    let access = AtomicAccess::Store { ordering, value: bits };
    tell_quietly(place, Action::Atomic { object: word.object, access });
    stored(atomic, &word, value, ordering, Vec::new());
    halt_if_over();
}

/// Remembers a store, `inherited` being what the release sequence that it continues releases.
fn stored<A: Primitive>(
    atomic: &A,
    word: &Word,
    value: A::Value,
    ordering: Ordering,
    inherited: Vec<Epoch>,
) {
    let released = on_execution(|execution| {
        let now = releases(ordering).then(|| execution.last_epoch());
        now.or(execution.me().fenced)
    });
    if !word.is_static {
        atomic.store(value, Ordering::Relaxed);
    }
    with_known(atomic, |known| {
        let mut releases = inherited;
        releases.extend(released);
        if known.stores.len() == REMEMBERED {
            known.stores.remove(0);
        }
        let value = A::to_bits(value);
        known.stores.push(Store { value, releases });
        if !word.is_static {
            known.bytes = value;
        }
    });
}

/// A read-modify-write has read `read` and written `wrote`.
fn updated<A: Primitive>(
    atomic: &A,
    word: &Word,
    (read, wrote): (u64, A::Value),
    ordering: Ordering,
    place: Place,
) {
    let access = AtomicAccess::Rmw { ordering, read, wrote: A::to_bits(wrote) };
    tell_quietly(place, Action::Atomic { object: word.object, access });
    let inherited = with_known(atomic, |known| {
        let store = known.stores.iter().rev().find(|store| store.value == read);
        store.map(|store| store.releases.clone()).unwrap_or_default()
    });
    stored(atomic, word, wrote, ordering, inherited.unwrap_or_default());
    halt_if_over();
}

#[track_caller]
pub(super) fn rmw<A: Primitive>(
    atomic: &A,
    rmw: Rmw,
    operand: A::Value,
    ordering: Ordering,
) -> A::Value {
    let place = Location::caller();
    let word = word(atomic, place);
    let bits = A::to_bits(operand);
    let read = match rmw {
        Rmw::Swap => in_loom(|| word.loom.swap(bits ^ word.mask, ordering)) ^ word.mask,
        Rmw::Xor => in_loom(|| word.loom.fetch_xor(bits, ordering)) ^ word.mask,
        _ => compute::<A>(atomic, &word, rmw, operand, ordering),
    };
    let old = A::from_bits(read);
    updated(atomic, &word, (read, A::apply(rmw, old, operand)), ordering, place);
    old
}

/// A read-modify-write as a loop of compare-exchange. It nearly always succeeds at once: loom lets
/// it read another store than the last only where two are unordered.
fn compute<A: Primitive>(
    atomic: &A,
    word: &Word,
    rmw: Rmw,
    operand: A::Value,
    ordering: Ordering,
) -> u64 {
    let last = with_known(atomic, |known| known.stores.last().map(|store| store.value));
    let mut guess = last.flatten().unwrap_or(word.mask);
    loop {
        let new = A::to_bits(A::apply(rmw, A::from_bits(guess), operand));
        match compare_exchange(word, (guess, new), ordering, Ordering::Relaxed) {
            Ok(read) => return read,
            Err(read) => guess = read,
        }
    }
}

fn compare_exchange(
    word: &Word,
    (current, new): (u64, u64),
    success: Ordering,
    failure: Ordering,
) -> Result<u64, u64> {
    let (current, new) = (current ^ word.mask, new ^ word.mask);
    let result = in_loom(|| word.loom.compare_exchange(current, new, success, failure));
    result.map(|read| read ^ word.mask).map_err(|read| read ^ word.mask)
}

#[track_caller]
pub(super) fn exchange<A: Primitive>(
    atomic: &A,
    exchange: Exchange<A::Value>,
) -> Result<A::Value, A::Value> {
    let place = Location::caller();
    let word = word(atomic, place);
    let values = (A::to_bits(exchange.current), A::to_bits(exchange.new));
    match compare_exchange(&word, values, exchange.success, exchange.failure) {
        Ok(read) => {
            updated(atomic, &word, (read, exchange.new), exchange.success, place);
            Ok(A::from_bits(read))
        }
        Err(read) => {
            loaded(atomic, &word, read, exchange.failure, place);
            Err(A::from_bits(read))
        }
    }
}

/// An acquire load of which the detector does not hear.
pub(crate) fn load_quietly(flag: &AtomicBool) -> bool {
    let (word, _) = word_of(flag);
    (in_loom(|| word.loom.load(Ordering::Acquire)) ^ word.mask) != 0
}

/// A release store of which the detector does not hear.
pub(crate) fn store_quietly(flag: &AtomicBool, value: bool) {
    let (word, _) = word_of(flag);
    in_loom(|| word.loom.store(u64::from(value) ^ word.mask, Ordering::Release));
    stored(flag, &word, value, Ordering::Relaxed, Vec::new());
}

#[track_caller]
pub(super) fn fence(ordering: Ordering) {
    in_loom(|| loom::sync::atomic::fence(ordering));
    tell(Location::caller(), Action::Fence { ordering });
    if releases(ordering) {
        on_execution(|execution| execution.me().fenced = Some(execution.last_epoch()));
    }
}

#[track_caller]
pub(super) fn cell(meta: &Meta, write: bool) {
    let object = introduce(meta);
    let action = if write { Action::Write { object } } else { Action::Read { object } };
    // Ours first: it names both sides.
    tell(Location::caller(), action);
    let known = on_execution(|execution| execution.cells.by_object.get(&object).cloned());
    let cell = known.unwrap_or_else(|| {
        let cell = draw(|execution| &mut execution.cells.pool, || Rc::new(LoomUnsafeCell::new(())));
        let ours = Rc::clone(&cell);
        on_execution(|execution| execution.cells.by_object.insert(object, ours));
        cell
    });
    in_loom(|| if write { cell.with_mut(|_| ()) } else { cell.with(|_| ()) });
}
