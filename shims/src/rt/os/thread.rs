//! Threads of the operating system.

use std::{
    panic::Location,
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

use lockwise_detector::{
    Action,
    op::{Mode, WaitFor},
};

use super::{
    kernel::{self, Cancel, Entered, Kernel, Wait},
    local::local,
    mutex::{deadline, far_away},
    record::Record,
};
use crate::{
    report,
    rt::{
        Until, Wake,
        thread::{Spawn, Thread},
    },
};

/// Starts a thread.
#[track_caller]
pub(super) fn spawn(spawn: Spawn) -> std::io::Result<Thread> {
    let place = Location::caller();
    let name: Option<Arc<str>> = spawn.name.as_deref().map(Arc::from);
    let parent = local().shared_record();
    let record = match &parent {
        Some(parent) => kernel::begin_spawned(parent, name, place),
        None => kernel::begin_root(name),
    };
    let mut builder = std::thread::Builder::new();
    if let Some(name) = spawn.name {
        builder = builder.name(name);
    }
    if let Some(size) = spawn.stack_size {
        builder = builder.stack_size(size);
    }
    let body = spawn.body;
    let child = Arc::clone(&record);
    let run = move || {
        local().adopt(Arc::clone(&child), false);
        let ended = Ended(child);
        body();
        // The thread's part of a finding that could not stop it where it happened.
        let stop = report::take_stop();
        drop(ended);
        if let Some(stop) = stop {
            report::stop(&stop);
        }
    };
    match builder.spawn(run) {
        Ok(carrier) => {
            record.set_carrier(carrier);
            Ok(Thread::Os(record))
        }
        Err(error) => {
            kernel::thread_ends(&record);
            Err(error)
        }
    }
}

/// Tells of the thread's end, whether its body returns or unwinds.
struct Ended(Arc<Record>);

impl Drop for Ended {
    fn drop(&mut self) {
        kernel::thread_ends(&self.0);
        local().retire();
    }
}

/// Waits until `thread` has ended its work. Unless that is for a scope, it also waits for the
/// destructors of the thread's locals, as std does.
#[track_caller]
pub(super) fn join(thread: &Record, until: Until, scope: bool) -> bool {
    let ended = join_body(thread, until, scope);
    if ended && !scope {
        thread.join_carrier();
    }
    ended
}

#[track_caller]
fn join_body(thread: &Record, until: Until, scope: bool) -> bool {
    let Some(record) = local().shared_record() else {
        while !thread.is_finished() {
            std::thread::yield_now();
        }
        return true;
    };
    let mut kernel = Kernel::enter();
    let site = Location::caller().into();
    let mut announced = false;
    let outcome = loop {
        if thread.is_finished() {
            break Ok(Wake::Notified);
        }
        if until == Until::Now {
            break Ok(Wake::TimedOut);
        }
        if !announced && thread.session == record.session {
            announced = true;
            announce_join(&mut kernel, &record, thread, until);
        }
        let cancel = if scope { Cancel::Forbidden } else { Cancel::unless_panicking() };
        if let Some(stuck) = kernel.doom(&record).filter(|_| cancel == Cancel::Allowed) {
            break Err(stuck);
        }
        let key = std::ptr::from_ref(thread).addr();
        let mode = Mode::Exclusive;
        // Whether a thread of another session can go on is not known in this one: the wait gets
        // an end, however far, so that it does not count as one that only this session can end.
        let far = || (thread.session != record.session).then(far_away);
        let wait = Wait { key, mode, deadline: deadline(until).or_else(far), announced, cancel };
        let (entered, outcome) = kernel.block(&record, wait);
        kernel = entered;
        if outcome != Ok(Wake::Notified) {
            break outcome;
        }
    };
    if outcome == Ok(Wake::Notified) && thread.session == record.session {
        kernel.emit(&record, site, Action::Join { child: thread.id });
        local().synchronised();
    }
    kernel.leave_quietly();
    match outcome {
        Ok(wake) => wake == Wake::Notified,
        Err(stuck) => stuck.raise(),
    }
}

/// Tells the detector that `record`, the calling thread, waits for the end of `thread`.
#[track_caller]
fn announce_join(kernel: &mut Entered, record: &Record, thread: &Record, until: Until) {
    kernel.tell_held(record);
    let action = Action::Block { on: WaitFor::Join(thread.id), timed: until != Until::Forever };
    let stack = report::capture_if_new(Location::caller());
    kernel.emit_with_stack(record, Location::caller().into(), stack, action);
}

/// Waits for this thread's park token and takes it.
#[track_caller]
pub(super) fn park(until: Until) -> Wake {
    let local = local();
    let Some(record) = local.shared_record() else {
        std::thread::yield_now();
        return Wake::Notified;
    };
    let site = Location::caller().into();
    let mut kernel = Kernel::enter();
    let mut outcome = Ok(Wake::Notified);
    if !record.token.load(Ordering::Relaxed) {
        kernel.tell_held(&record);
        let action = Action::Block { on: WaitFor::Park, timed: until != Until::Forever };
        kernel.emit_with_stack(&record, site, report::capture_if_new(Location::caller()), action);
        let key = std::ptr::from_ref(&record.token).addr();
        let wait = Wait {
            key,
            mode: Mode::Exclusive,
            deadline: deadline(until),
            announced: true,
            cancel: Cancel::unless_panicking(),
        };
        (kernel, outcome) = match kernel.doom(&record) {
            Some(stuck) => (kernel, Err(stuck)),
            None => kernel.block(&record, wait),
        };
    }
    if record.token.swap(false, Ordering::Relaxed) {
        kernel.emit(&record, site, Action::Unparked);
        local.synchronised();
    }
    kernel.leave_quietly();
    outcome.unwrap_or_else(|stuck| stuck.raise())
}

/// Makes the park token of `thread` available.
#[track_caller]
pub(super) fn unpark(thread: &Record) {
    let mut kernel = Kernel::enter();
    thread.token.store(true, Ordering::Relaxed);
    kernel.wake_one(std::ptr::from_ref(&thread.token).addr());
    if let Some(record) = local().own_record()
        && record.session == thread.session
    {
        let action = Action::Unpark { target: thread.id };
        kernel.emit(&record, Location::caller().into(), action);
    }
    kernel.leave_quietly();
}

/// Lets time pass.
#[track_caller]
pub(super) fn sleep(until: Until) {
    let Some(record) = local().record() else { return sleep_unseen(until) };
    let site = Location::caller().into();
    let mut kernel = Kernel::enter();
    kernel.tell_held(record);
    kernel.emit(record, site, Action::Block { on: WaitFor::Sleep, timed: true });
    kernel.leave();
    sleep_unseen(until);
    let mut kernel = Kernel::enter();
    kernel.emit(record, site, Action::Unblock);
    kernel.leave_quietly();
}

fn sleep_unseen(until: Until) {
    match until {
        Until::Now => {}
        Until::Deadline(deadline) => {
            std::thread::sleep(deadline.saturating_duration_since(Instant::now()));
        }
        Until::Forever => std::thread::sleep(Duration::MAX),
    }
}
