//! Mutexes and reader-writer locks.

use std::panic::Location;

use lockwise_detector::{
    Action,
    explore::{Step, Update},
    op::{Mode, Patience},
};
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};

use super::{
    observer::{introduce, tell},
    state::{Failure, State, act, look, on_state, pass, refuse, replan, suspend},
    thread::{patiently, time_runs_out},
};
use crate::rt::{Meta, RawMutex, RawRwLock, Until, model::Slot, world::Place};

/// How a lock is taken.
#[derive(Clone, Copy, Debug)]
pub(super) enum Way {
    /// It is a mutex of the engine's.
    Lock(u32),
    /// It is tried: a location, 0 if it is free. A reader-writer lock that is read has the number
    /// of readers there; one that is written has [`WRITTEN`].
    Word(u32),
    /// A reader-writer lock that is never tried.
    Rw(u32),
    /// A channel's lane.
    Lane(u32),
    /// A condition variable, and its mutex.
    Condvar { waiters: u32, lock: u32 },
}

const WRITTEN: u64 = u64::MAX;

/// A reader-writer lock made of mutexes of the engine's.
#[derive(Debug)]
pub(super) struct RwState {
    /// The one for writers.
    writer: u32,
    /// The one for each thread that reads.
    readers: Vec<u32>,
    /// How many shared holds each thread has.
    holds: Vec<(usize, u32)>,
}

/// The way of an object of that slot, made now if this is its first use in the execution.
pub(super) fn way(state: &mut State, slot: &Slot, make: impl FnOnce(&mut State) -> Way) -> Way {
    if let Some(place) = slot.find(state.serial) {
        return state.ways[place as usize];
    }
    // It outlives executions, and so does what it guards. (The thread goes no further than its next
    // step.)
    if slot.was_used() && !state.alone {
        state.failure.get_or_insert(Failure::Alone);
    }
    let way = make(state);
    slot.set(state.serial, u32::try_from(state.ways.len()).unwrap_or(u32::MAX));
    state.ways.push(way);
    way
}

/// Where a lock was made.
fn made(meta: Option<&Meta>) -> usize {
    meta.map_or(0, |meta| std::ptr::from_ref(meta.origin().created).addr())
}

fn way_of_mutex(mutex: &RawMutex, place: Place) -> Way {
    let held = mutex.word.load(Relaxed) != 0;
    let way = on_state(|state| {
        if held && mutex.slot.find(state.serial).is_none() {
            return None;
        }
        Some(way(state, &mutex.slot, |state| {
            if state.plan.is_tried(made(mutex.meta.as_ref())) {
                Way::Word(state.atomics.draw(0))
            } else {
                Way::Lock(state.draw_lock())
            }
        }))
    });
    way.unwrap_or_else(|| held_outside(mutex.meta.as_ref(), place))
}

fn held_outside(meta: Option<&Meta>, place: Place) -> ! {
    let lock = meta.map_or_else(
        || "the inner lock of a primitive".to_owned(),
        |meta| format!("`{}`", meta.origin().info().type_name),
    );
    refuse(format!(
        "{lock} is held outside the exploration that uses it (at {place}); make it in the closure, \
         or release it before"
    ))
}

#[track_caller]
pub(super) fn lock(mutex: &RawMutex, until: Until) -> bool {
    let place = Location::caller();
    let way = way_of_mutex(mutex, place);
    let meta = mutex.meta.as_ref();
    let mode = Mode::Exclusive;
    let timed = until != Until::Forever;
    let attempts = matches!(until, Until::Now) || time_runs_out(place, until);
    match way {
        Way::Lock(_) if timed => {
            on_state(|state| state.plan.add_tried(made(meta)));
            replan()
        }
        Way::Lock(lock) => {
            request(meta, mode, until, place);
            look(place, u64::from(lock), Step::Lock(lock as usize));
        }
        Way::Word(location) => {
            let update = Update::compare_exchange(0, 1);
            if attempts {
                if !try_update(place, location, update) {
                    return false;
                }
                if let Until::Deadline(_) = until {
                    // There was no time to run out.
                    never();
                }
            } else {
                request(meta, mode, until, place);
                patiently(timed, || await_update(place, location, update));
            }
        }
        Way::Rw(_) | Way::Lane(_) | Way::Condvar { .. } => {}
    }
    acquired(meta, mode, until, place);
    true
}

/// This is not how it goes: the other way has been explored.
fn never() {
    patiently(true, || suspend(Step::Never));
}

fn request(meta: Option<&Meta>, mode: Mode, until: Until, place: Place) {
    if let Some(meta) = meta {
        let object = introduce(meta);
        tell(place, || Action::Request { object, mode, patience: until.patience() });
    }
}

fn acquired(meta: Option<&Meta>, mode: Mode, until: Until, place: Place) {
    if let Some(meta) = meta {
        let object = introduce(meta);
        tell(place, || Action::Acquire { object, mode, patience: until.patience() });
    }
}

/// Updates a lock's word if it is free; returns whether it was.
fn try_update(place: Place, location: u32, update: Update) -> bool {
    let step =
        Step::Update { location: location as usize, update, success: Acquire, failure: Relaxed };
    let value = look(place, u64::from(location) | 1 << 32, step).value;
    update.apply(value).is_some()
}

/// Updates a lock's word as soon as it is free.
fn await_update(place: Place, location: u32, update: Update) {
    while !try_update(place, location, update) {
        suspend(Step::Stuck { events: 1, again: false });
    }
}

#[track_caller]
pub(super) fn unlock(mutex: &RawMutex, changed: bool) {
    let place = Location::caller();
    if let Some(way) = on_state(|state| {
        let way = mutex.slot.find(state.serial)?;
        Some(state.ways[way as usize])
    }) {
        release(way, changed, place);
    }
    if let Some(meta) = &mutex.meta {
        let object = introduce(meta);
        tell(place, || Action::Release { object, mode: Mode::Exclusive });
    }
}

fn release(way: Way, changed: bool, place: Place) {
    match way {
        Way::Lock(lock) if changed => drop(act(place, Step::Unlock(lock as usize))),
        Way::Lock(lock) => drop(pass(place, Step::Unlock(lock as usize))),
        Way::Word(location) => {
            let step = Step::Store { location: location as usize, value: 0, ordering: Release };
            match changed {
                true => act(place, step),
                false => pass(place, step),
            };
        }
        Way::Rw(_) | Way::Lane(_) | Way::Condvar { .. } => {}
    }
}

fn way_of_rwlock(raw: &RawRwLock, place: Place) -> Way {
    let held = raw.word.load(Relaxed) != 0;
    let way = on_state(|state| {
        if held && raw.slot.find(state.serial).is_none() {
            return None;
        }
        Some(way(state, &raw.slot, |state| {
            if state.plan.is_tried(made(Some(&raw.meta))) {
                return Way::Word(state.atomics.draw(0));
            }
            let writer = state.draw_lock();
            let readers = (0..state.plan.readers()).map(|_| state.draw_lock()).collect();
            state.rwlocks.push(RwState { writer, readers, holds: Vec::new() });
            Way::Rw(u32::try_from(state.rwlocks.len() - 1).unwrap_or(u32::MAX))
        }))
    });
    way.unwrap_or_else(|| held_outside(Some(&raw.meta), place))
}

#[track_caller]
pub(super) fn rw_lock(raw: &RawRwLock, mode: Mode, until: Until) -> bool {
    let place = Location::caller();
    let way = way_of_rwlock(raw, place);
    let timed = until != Until::Forever;
    let attempts = matches!(until, Until::Now) || time_runs_out(place, until);
    match way {
        Way::Rw(_) if timed => {
            on_state(|state| state.plan.add_tried(made(Some(&raw.meta))));
            replan()
        }
        Way::Rw(lock) => {
            request(Some(&raw.meta), mode, until, place);
            match mode {
                Mode::Shared => read(lock, place),
                Mode::Exclusive => write(lock, place),
            }
        }
        Way::Word(location) => {
            let update = match mode {
                Mode::Shared => {
                    Update::new(|old, _| (old != WRITTEN).then(|| old.wrapping_add(1)), [0, 0])
                }
                Mode::Exclusive => Update::compare_exchange(0, WRITTEN),
            };
            if attempts {
                if !try_update(place, location, update) {
                    return false;
                }
                if let Until::Deadline(_) = until {
                    never();
                }
            } else {
                request(Some(&raw.meta), mode, until, place);
                patiently(timed, || await_update(place, location, update));
            }
        }
        Way::Lock(_) | Way::Lane(_) | Way::Condvar { .. } => {}
    }
    acquired(Some(&raw.meta), mode, until, place);
    true
}

/// The mutex of the running thread, as one that reads.
fn own_mutex(lock: u32) -> usize {
    let own = on_state(|state| {
        let identity = state.me().identity;
        let Some(place) = state.plan.reader(identity) else {
            state.plan.add_reader(identity);
            return None;
        };
        // One that was learnt in this execution has none.
        state.rwlocks[lock as usize].readers.get(place).copied()
    });
    match own {
        Some(own) => own as usize,
        None => replan(),
    }
}

fn read(lock: u32, place: Place) {
    let own = own_mutex(lock);
    let held = on_state(|state| {
        let me = state.current;
        let holds = &mut state.rwlocks[lock as usize].holds;
        let hold = holds.iter_mut().find(|(thread, _)| *thread == me);
        hold.map(|(_, count)| *count += 1).is_some()
    });
    if !held {
        look(place, own as u64, Step::Lock(own));
        on_state(|state| {
            let me = state.current;
            state.rwlocks[lock as usize].holds.push((me, 1));
        });
    }
}

/// Takes a lock as a writer: first among writers, and then with all that read. It queues for each
/// of their mutexes before it waits for any, so that whoever comes later waits behind it.
fn write(lock: u32, place: Place) {
    let (writer, readers) = on_state(|state| {
        let lock = &state.rwlocks[lock as usize];
        (lock.writer as usize, lock.readers.clone())
    });
    act(place, Step::Lock(writer));
    for reader in &readers {
        act(place, Step::Enter(*reader as usize));
    }
    for reader in readers {
        act(place, Step::Take(reader as usize));
    }
}

#[track_caller]
pub(super) fn rw_unlock(raw: &RawRwLock, mode: Mode) {
    let place = Location::caller();
    let way = on_state(|state| Some(state.ways[raw.slot.find(state.serial)? as usize]));
    match way {
        Some(Way::Rw(lock)) if mode == Mode::Shared => unread(lock, place),
        Some(Way::Rw(lock)) => unwrite(lock, place, None),
        Some(Way::Word(location)) if mode == Mode::Shared => {
            let location = location as usize;
            let update = Update::new(|old, _| Some(old.wrapping_sub(1)), [0, 0]);
            let (success, failure) = (Release, Relaxed);
            let step = Step::Update { location, update, success, failure };
            pass(place, step);
        }
        Some(word) => release(word, true, place),
        None => {}
    }
    let object = introduce(&raw.meta);
    tell(place, || Action::Release { object, mode });
}

fn unread(lock: u32, place: Place) {
    let own = on_state(|state| {
        let me = state.current;
        let identity = state.me().identity;
        let holds = &mut state.rwlocks[lock as usize].holds;
        let at = holds.iter().position(|(thread, _)| *thread == me)?;
        holds[at].1 -= 1;
        if holds[at].1 > 0 {
            return None;
        }
        holds.swap_remove(at);
        let place = state.plan.reader(identity)?;
        state.rwlocks[lock as usize].readers.get(place).copied()
    });
    if let Some(own) = own {
        pass(place, Step::Unlock(own as usize));
    }
}

/// Gives back what a writer has, but for one mutex.
fn unwrite(lock: u32, place: Place, but: Option<usize>) {
    let mutexes = on_state(|state| {
        let lock = &state.rwlocks[lock as usize];
        let mut all = lock.readers.clone();
        all.push(lock.writer);
        all
    });
    for mutex in mutexes {
        if Some(mutex as usize) != but {
            act(place, Step::Unlock(mutex as usize));
        }
    }
}

#[track_caller]
pub(super) fn rw_downgrade(raw: &RawRwLock) {
    let place = Location::caller();
    let way = on_state(|state| Some(state.ways[raw.slot.find(state.serial)? as usize]));
    match way {
        Some(Way::Rw(lock)) => {
            let own = own_mutex(lock);
            on_state(|state| {
                let me = state.current;
                state.rwlocks[lock as usize].holds.push((me, 1));
            });
            unwrite(lock, place, Some(own));
        }
        Some(Way::Word(location)) => {
            let step = Step::Store { location: location as usize, value: 1, ordering: Release };
            act(place, step);
        }
        _ => {}
    }
    let object = introduce(&raw.meta);
    tell(place, || Action::Release { object, mode: Mode::Exclusive });
    let (mode, patience) = (Mode::Shared, Patience::Try);
    tell(place, || Action::Acquire { object, mode, patience });
}
