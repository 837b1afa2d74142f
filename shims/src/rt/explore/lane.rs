//! Lanes: see [`Lane`](crate::rt::lane::Lane).

use std::{panic::Location, sync::atomic::Ordering};

use lockwise_detector::{Action, explore::Step, op::WaitFor};

use super::{
    lock::{Way, way},
    observer::{tell, tell_of},
    state::{State, act, on_state},
};
use crate::rt::{lane::Arrival, model::Slot, world::Place};

/// A lane in the execution under way.
#[derive(Debug)]
pub(super) struct LaneState {
    /// The mutex that orders the senders.
    order: u32,
    /// The location that says whether the receiver is gone.
    gone: u32,
    senders: u32,
    receiver: u32,
    /// The signal of each message's sending, and of its receipt.
    sent: Vec<u32>,
    received: Vec<u32>,
    /// Who waits for which signal, as far as the detector was told.
    waiting: Vec<(usize, usize)>,
}

/// Which signals.
#[derive(Clone, Copy)]
enum Side {
    Sent,
    Received,
}

/// Makes a channel a lane, if this is its first use in the execution.
pub(crate) fn open(slot: &Slot, senders: usize) {
    on_state(|state| {
        way(state, slot, |state| {
            let lane = LaneState {
                order: state.draw_lock(),
                gone: state.atomics.draw(0),
                senders: state.draw_group(senders),
                receiver: state.draw_group(1),
                sent: Vec::new(),
                received: Vec::new(),
                waiting: Vec::new(),
            };
            state.lanes.push(lane);
            Way::Lane(u32::try_from(state.lanes.len() - 1).unwrap_or(u32::MAX))
        });
    });
}

fn on_lane<R>(slot: &Slot, f: impl FnOnce(&mut LaneState) -> R) -> R {
    on_state(|state| f(find(state, slot)))
}

fn find<'s>(state: &'s mut State, slot: &Slot) -> &'s mut LaneState {
    let way = slot.find(state.serial).map(|place| state.ways[place as usize]);
    match way {
        Some(Way::Lane(lane)) => &mut state.lanes[lane as usize],
        _ => unreachable!("a lane is opened before it is used"),
    }
}

fn signal_of(slot: &Slot, side: Side, number: u64) -> usize {
    let number = usize::try_from(number).unwrap_or(usize::MAX);
    on_state(|state| {
        let next = state.signals;
        let lane = find(state, slot);
        let signals = match side {
            Side::Sent => &mut lane.sent,
            Side::Received => &mut lane.received,
        };
        let mut new = 0;
        while signals.len() <= number {
            signals.push(next + new);
            new += 1;
        }
        let signal = signals[number];
        state.signals += new;
        signal as usize
    })
}

#[track_caller]
pub(crate) fn send(slot: &Slot, send: impl FnOnce() -> bool) -> bool {
    let place = Location::caller();
    let (order, gone) = on_lane(slot, |lane| (lane.order as usize, lane.gone as usize));
    act(place, Step::Lock(order));
    let step = Step::Load { location: gone, ordering: Ordering::Acquire };
    let sends = act(place, step).value == 0 && send();
    act(place, Step::Unlock(order));
    sends
}

#[track_caller]
pub(crate) fn sent(slot: &Slot, number: u64) {
    signal(slot, signal_of(slot, Side::Sent, number), Location::caller());
}

#[track_caller]
pub(crate) fn received(slot: &Slot, number: u64) {
    signal(slot, signal_of(slot, Side::Received, number), Location::caller());
}

#[track_caller]
pub(crate) fn await_sent(slot: &Slot, number: u64, on: Option<WaitFor>) -> Arrival {
    let group = on_lane(slot, |lane| lane.senders);
    wait(slot, signal_of(slot, Side::Sent, number), group, on, Location::caller())
}

#[track_caller]
pub(crate) fn await_received(slot: &Slot, number: u64, on: Option<WaitFor>) -> Arrival {
    let group = on_lane(slot, |lane| lane.receiver);
    wait(slot, signal_of(slot, Side::Received, number), group, on, Location::caller())
}

fn signal(slot: &Slot, signal: usize, place: Place) {
    act(place, Step::Signal(signal));
    unblock(slot, |awaited| awaited == signal);
}

/// Tells the detector of those who wait for such a signal that they go on.
fn unblock(slot: &Slot, which: impl Fn(usize) -> bool) {
    let woken = on_lane(slot, |lane| {
        let woken: Vec<_> = lane.waiting.extract_if(.., |(_, signal)| which(*signal)).collect();
        woken
    });
    for (thread, _) in woken {
        tell_of(thread, Action::Unblock);
    }
}

/// Waits for a signal, or until a group has closed. `on` is what the detector is told that the
/// thread waits for, if it does.
fn wait(slot: &Slot, signal: usize, group: u32, on: Option<WaitFor>, place: Place) -> Arrival {
    if let Some(on) = on {
        tell(place, || Action::Block { on, timed: false });
        on_state(|state| {
            let me = state.current;
            find(state, slot).waiting.push((me, signal));
        });
    }
    let answer = act(place, Step::AwaitOr { signal, group: group as usize });
    if answer.value == 0 {
        return Arrival::Arrived;
    }
    unblock(slot, |awaited| awaited == signal);
    Arrival::Gone
}

pub(crate) fn add_sender(slot: &Slot) {
    on_state(|state| {
        let group = find(state, slot).senders as usize;
        state.members[group] += 1;
    });
}

#[track_caller]
pub(crate) fn drop_sender(slot: &Slot) {
    let group = on_lane(slot, |lane| lane.senders) as usize;
    leave(slot, group, Location::caller());
}

#[track_caller]
pub(crate) fn drop_receiver(slot: &Slot) {
    let place = Location::caller();
    let (gone, group) = on_lane(slot, |lane| (lane.gone as usize, lane.receiver as usize));
    act(place, Step::Store { location: gone, value: 1, ordering: Ordering::Release });
    leave(slot, group, place);
}

fn leave(slot: &Slot, group: usize, place: Place) {
    act(place, Step::Leave(group));
    let closed = on_state(|state| {
        state.members[group] = state.members[group].saturating_sub(1);
        state.members[group] == 0
    });
    if closed {
        // Whoever waits for what did not come hears of the end.
        unblock(slot, |_| true);
    }
}
