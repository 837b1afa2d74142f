//! Parking: a token for each thread.
//!
//! The token is guarded by a mutex, so that the order of parks and unparks is explored; who finds
//! no token waits for a signal.

use std::panic::Location;

use lockwise_detector::{Action, explore::Step, op::WaitFor};

use super::{
    observer::{tell, tell_of},
    state::{State, act, on_state},
    thread::{Record, patiently, time_runs_out},
};
use crate::rt::{Until, Wake, world::Place};

/// A thread's token.
#[derive(Default)]
pub(super) struct Parking {
    lock: Option<u32>,
    token: bool,
    /// The signal that the thread waits for, if it is parked.
    signal: Option<u32>,
}

fn lock_of(state: &mut State, thread: usize) -> usize {
    if let Some(lock) = state.threads[thread].parking.lock {
        return lock as usize;
    }
    let lock = state.draw_lock();
    state.threads[thread].parking.lock = Some(lock);
    lock as usize
}

/// Does something with the token of a thread.
fn with_token<R>(place: Place, thread: usize, f: impl FnOnce(&mut State) -> R) -> R {
    let lock = on_state(|state| lock_of(state, thread));
    act(place, Step::Lock(lock));
    let result = on_state(f);
    act(place, Step::Unlock(lock));
    result
}

#[track_caller]
pub(super) fn park(until: Until) -> Wake {
    let place = Location::caller();
    let me = on_state(|state| state.current);
    if with_token(place, me, |state| std::mem::take(&mut state.me().parking.token)) {
        tell(place, || Action::Unparked);
        return Wake::Notified;
    }
    if until == Until::Now || time_runs_out(place, until) {
        return Wake::TimedOut;
    }
    let signal = with_token(place, me, |state| {
        if std::mem::take(&mut state.me().parking.token) {
            return None;
        }
        let signal = state.draw_signal();
        state.me().parking.signal = Some(signal);
        Some(signal)
    });
    if let Some(signal) = signal {
        let timed = until != Until::Forever;
        tell(place, || Action::Block { on: WaitFor::Park, timed });
        patiently(timed, || act(place, Step::Await(signal as usize)));
    }
    tell(place, || Action::Unparked);
    Wake::Notified
}

#[track_caller]
pub(super) fn unpark(record: &Record) {
    let place = Location::caller();
    if !record.is_live() {
        return;
    }
    let target = record.key;
    let lock = on_state(|state| lock_of(state, target));
    act(place, Step::Lock(lock));
    let parked = on_state(|state| {
        let parking = &mut state.threads[target].parking;
        let parked = parking.signal.take();
        parking.token |= parked.is_none();
        parked
    });
    if let Some(signal) = parked {
        act(place, Step::Signal(signal as usize));
        tell_of(target, Action::Unblock);
    }
    act(place, Step::Unlock(lock));
    tell(place, || Action::Unpark { target: record.id() });
}
