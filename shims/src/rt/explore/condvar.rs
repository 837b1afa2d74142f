//! Condition variables: who waits, and whom a notification wakes.
//!
//! A condition variable that analyses see has a mutex of its own, which orders waits and
//! notifications where the program does not. A quiet one is only ever used under the lock of its
//! monitor.

use std::panic::Location;

use lockwise_detector::{Action, explore::Step, op::WaitFor};

use super::{
    attempt,
    lock::{self, Way, way},
    observer::{self, introduce, tell, tell_of},
    state::{State, act, look, on_state},
    thread::{patiently, time_runs_out},
};
use crate::rt::{RawCondvar, RawMutex, Until, Wake, world::Place};

/// Who waits for a notification.
#[derive(Clone, Copy, Debug)]
pub(super) struct Waiter {
    thread: usize,
    signal: u32,
    /// Whether the detector was told that it waits.
    announced: bool,
}

/// Where the waiters are, and the mutex that orders what is done to them.
fn queue(condvar: &RawCondvar) -> (usize, Option<usize>) {
    let way = on_state(|state| {
        way(state, &condvar.slot, |state| {
            state.condvars.push(Vec::new());
            let waiters = u32::try_from(state.condvars.len() - 1).unwrap_or(u32::MAX);
            Way::Condvar { waiters, lock: state.draw_lock() }
        })
    });
    match way {
        Way::Condvar { waiters, lock } => {
            (waiters as usize, condvar.meta.is_some().then_some(lock as usize))
        }
        _ => unreachable!("a condition variable's slot is its own"),
    }
}

/// Does something to the waiters, with their mutex held.
fn ordered<R>(place: Place, lock: Option<usize>, f: impl FnOnce() -> R) -> R {
    if let Some(lock) = lock {
        act(place, Step::Lock(lock));
    }
    let result = f();
    if let Some(lock) = lock {
        act(place, Step::Unlock(lock));
    }
    result
}

#[track_caller]
pub(super) fn wait(
    condvar: &RawCondvar,
    (mutex, changed): (&RawMutex, bool),
    on: Option<WaitFor>,
    until: Until,
) -> Wake {
    if until == Until::Now {
        return Wake::TimedOut;
    }
    wait_and(condvar, (mutex, changed), on, until, || {
        lock::lock(mutex, Until::Forever);
    })
}

/// The same, but it is `again` that acquires the mutex again.
#[track_caller]
pub(crate) fn wait_and(
    condvar: &RawCondvar,
    (mutex, changed): (&RawMutex, bool),
    on: Option<WaitFor>,
    until: Until,
    again: impl FnOnce(),
) -> Wake {
    let place = Location::caller();
    let timed = until != Until::Forever;
    let by_itself = if time_runs_out(place, until) {
        Some(Wake::TimedOut)
    } else if condvar.meta.is_some() && wakes_for_no_reason(place) {
        Some(Wake::Notified)
    } else {
        None
    };
    if let Some(wake) = by_itself {
        lock::unlock(mutex, changed);
        announce(condvar, on, true, place);
        observer::unblock_me();
        again();
        if wake == Wake::TimedOut {
            // It was as if it had not waited. If it looks again, it does wait.
            attempt::timed_out();
        }
        return wake;
    }
    let (waiters, order) = queue(condvar);
    let announced = on.is_some();
    let signal = ordered(place, order, || {
        on_state(|state: &mut State| {
            let (thread, signal) = (state.current, state.draw_signal());
            state.condvars[waiters].push(Waiter { thread, signal, announced });
            signal
        })
    });
    lock::unlock(mutex, true);
    announce(condvar, on, timed, place);
    patiently(timed, || act(place, Step::Await(signal as usize)));
    again();
    Wake::Notified
}

fn announce(condvar: &RawCondvar, on: Option<WaitFor>, timed: bool, place: Place) {
    if let Some(on) = on {
        if let Some(meta) = &condvar.meta {
            introduce(meta);
        }
        tell(place, || Action::Block { on, timed });
    }
}

/// Whether the wait ends without a notification: a choice, where that was asked for.
fn wakes_for_no_reason(place: Place) -> bool {
    let may = on_state(|state| state.me().spurious > 0);
    if !may || look(place, 0, Step::Choose(2)).value == 0 {
        return false;
    }
    on_state(|state| state.me().spurious -= 1);
    true
}

#[track_caller]
pub(super) fn notify(condvar: &RawCondvar, all: bool) {
    let place = Location::caller();
    let (waiters, order) = queue(condvar);
    ordered(place, order, || {
        let waiting = on_state(|state| state.condvars[waiters].len());
        let chosen = match waiting {
            2.. if !all => {
                let options = u32::try_from(waiting).unwrap_or(u32::MAX);
                usize::try_from(act(place, Step::Choose(options)).value).unwrap_or(0)
            }
            _ => 0,
        };
        let woken: Vec<Waiter> = on_state(|state| {
            let queue = &mut state.condvars[waiters];
            match all || queue.is_empty() {
                true => std::mem::take(queue),
                false => vec![queue.remove(chosen.min(queue.len() - 1))],
            }
        });
        for (sent, waiter) in woken.iter().enumerate() {
            act(place, Step::Signal(waiter.signal as usize));
            if sent == 0 {
                // Nobody of them has gone on yet.
                tell_all(condvar, all, &woken, place);
            }
        }
        if woken.is_empty() {
            tell_all(condvar, all, &woken, place);
        }
    });
}

/// Tells the detector of a notification, and of those who go on.
fn tell_all(condvar: &RawCondvar, all: bool, woken: &[Waiter], place: Place) {
    for waiter in woken.iter().filter(|waiter| waiter.announced) {
        tell_of(waiter.thread, Action::Unblock);
    }
    if let Some(meta) = &condvar.meta {
        let object = introduce(meta);
        let woken = woken.iter().map(|waiter| super::thread::id(waiter.thread)).collect();
        tell(place, || Action::Notify { object, all, woken });
    }
}
