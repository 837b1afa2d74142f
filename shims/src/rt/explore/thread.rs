//! The threads of an execution.

use std::{
    panic::{AssertUnwindSafe, Location, catch_unwind, resume_unwind},
    ptr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use lockwise_detector::{Action, Site, ThreadId, explore::Step, op::WaitFor};

use super::{
    atomic,
    attempt::Attempt,
    observer::{self, tell},
    park::Parking,
    state::{self, State, ThreadState, act, is_halt, leave, on_state, replan},
};
use crate::rt::{
    Until,
    model::{Locals, destroy_locals},
    thread::{Spawn, Thread},
};

/// What outlives a thread: what its handles know.
pub(crate) struct Record {
    /// Which execution it is of.
    execution: u32,
    /// Which of its threads, in the order of spawns.
    pub(super) key: usize,
    number: u64,
    root: u64,
    name: Option<Arc<str>>,
    gone: AtomicBool,
}

impl Record {
    pub(crate) fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    pub(super) fn shared_name(&self) -> Option<Arc<str>> {
        self.name.clone()
    }

    pub(super) fn id(&self) -> ThreadId {
        id(self.key)
    }

    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    pub(crate) fn root(&self) -> u64 {
        self.root
    }

    /// Whether it has ended. A look at it, if this is its execution.
    pub(crate) fn is_finished(&self) -> bool {
        use crate::rt::current::{Kind, kind};
        if kind() == Kind::Explore && self.is_live() && !on_state(|state| state.current == self.key)
        {
            return has_ended(self, Location::caller());
        }
        self.is_gone()
    }

    /// Whether it does nothing more.
    pub(crate) fn is_gone(&self) -> bool {
        self.gone.load(Ordering::Relaxed)
    }

    pub(super) fn set_gone(&self) {
        self.gone.store(true, Ordering::Relaxed);
    }

    /// Whether it is of the execution under way.
    pub(super) fn is_live(&self) -> bool {
        on_state(|state| state.serial == self.execution)
    }
}

/// What the detector calls the thread of that key.
pub(super) fn id(key: usize) -> ThreadId {
    ThreadId(u32::try_from(key).unwrap_or(u32::MAX))
}

/// Adds a thread to the execution: the first, or one that the running thread spawns.
pub(super) fn add(
    state: &mut State,
    stack_size: Option<usize>,
    name: Option<Arc<str>>,
    started: Option<Site>,
    body: Box<dyn FnOnce() + Send>,
) -> Arc<Record> {
    let key = state.threads.len();
    let mut time = Duration::ZERO;
    let mut identity = 0;
    if key > 0 {
        let parent = state.me();
        time = parent.time;
        let place = (parent.identity, parent.children);
        parent.children += 1;
        identity = state.plan.identity(place.0, place.1);
    }
    // Far above what the operating system's threads will ever be numbered; and the threads that one
    // thread spawns are in the same order in every execution.
    let number = 1 << 63 | u64::from(state.serial) << 24 | u64::from(identity) & 0xff_ffff;
    let root = state.threads.first().map_or(number, |first| first.record.number);
    let record = Arc::new(Record {
        execution: state.serial,
        key,
        number,
        root,
        name,
        gone: AtomicBool::new(false),
    });
    state.threads.push(ThreadState {
        record: Arc::clone(&record),
        identity,
        children: 0,
        body: Some(body),
        stack_size,
        yielder: ptr::null(),
        events: 0,
        attempt: Attempt::default(),
        time,
        gives_up: false,
        spins: false,
        spurious: state.spurious,
        parking: Parking::default(),
        ended: None,
        locals: Locals::default(),
        unwinds: false,
        panicked: false,
        joined: false,
        started: started.unwrap_or(Site::UNKNOWN),
        place: None,
        path: u64::from(identity),
    });
    record
}

#[track_caller]
pub(super) fn spawn(spawn: Spawn) -> Thread {
    let place = Location::caller();
    let Spawn { name, stack_size, body } = spawn;
    let name: Option<Arc<str>> = name.as_deref().map(Arc::from);
    let (body, never) =
        if is_over() { (Box::new(|| ()) as Box<_>, Some(body)) } else { (body, None) };
    // It may borrow from where a scope is that will not wait for it.
    let _ = catch_unwind(AssertUnwindSafe(|| drop(never)));
    let record = on_state(|state| add(state, stack_size, name.clone(), Some(place.into()), body));
    act(place, Step::Spawn(record.key));
    tell(place, || Action::Spawn { child: record.id(), name });
    Thread::Explore(record)
}

/// Whether the execution is over, so that the running thread is only being unwound.
fn is_over() -> bool {
    on_state(|state| state.over.is_some())
}

/// Runs a thread, in its coroutine.
pub(super) fn run(body: Box<dyn FnOnce() + Send>) {
    let place = Location::caller();
    let key = on_state(|state| {
        state.me().events = 1;
        state.current
    });
    if key == 0 {
        observer::begin();
    }
    let outcome = catch_unwind(AssertUnwindSafe(body));
    if let Err(payload) = outcome {
        if is_halt(&*payload) {
            return;
        }
        note_panicked();
        // Its own destructor may panic.
        let _ = catch_unwind(AssertUnwindSafe(|| drop(payload)));
    }
    // The execution may be over before it has come to its end.
    if let Err(payload) = catch_unwind(AssertUnwindSafe(|| end(key, place)))
        && !is_halt(&*payload)
    {
        resume_unwind(payload);
    }
}

/// What a thread does after its closure.
fn end(key: usize, place: crate::rt::world::Place) {
    destroy_locals();
    tell(place, || Action::Exit);
    let (over, watched) = on_state(|state| (state.over.is_some(), state.plan.watches_ends()));
    if over {
        return;
    }
    if watched {
        let location = on_state(|state| ended(state, key));
        atomic::store_word(place, location, 1);
    }
    on_state(|state| state.me().record.set_gone());
}

/// The location that says whether a thread has ended.
fn ended(state: &mut State, key: usize) -> u32 {
    if let Some(known) = state.threads[key].ended {
        return known;
    }
    let new = state.atomics.draw(0);
    state.threads[key].ended = Some(new);
    new
}

/// Looks whether a thread has ended; if so, what it did happens before what follows.
fn has_ended(record: &Record, place: crate::rt::world::Place) -> bool {
    if !on_state(|state| state.plan.watches_ends()) {
        on_state(|state| state.plan.watch_ends());
        replan();
    }
    let location = on_state(|state| ended(state, record.key));
    atomic::load_word(place, location) != 0
}

/// The closure of the running thread has ended in a panic.
pub(crate) fn note_panicked() {
    on_state(|state| {
        let me = state.me();
        me.panicked = true;
        me.unwinds = false;
    });
}

/// Whether the running thread unwinds because of a panic, and not because its execution is over.
///
/// std only knows that somebody on this thread of the operating system does.
pub(crate) fn panicking() -> bool {
    std::thread::panicking()
        && on_state(|state| {
            let others = (0..).zip(&state.threads).filter(|(key, _)| *key != state.current);
            let mut others = others.filter(|(_, thread)| thread.unwinds);
            state.me_ref().unwinds || state.over.is_none() && others.next().is_none()
        })
}

#[track_caller]
pub(super) fn join(record: &Record, until: Until, scope: bool) -> bool {
    let place = Location::caller();
    if !record.is_live() {
        return true;
    }
    if is_over() && !scope && !record.is_gone() {
        // Its result will never be there. (A scope only wants to know that it does nothing more.)
        leave();
    }
    match until {
        Until::Forever => wait(record, false),
        Until::Now => {
            if !has_ended(record, place) {
                return false;
            }
        }
        Until::Deadline(_) => {
            if has_ended(record, place) {
                // It is known to have.
            } else if time_runs_out(place, until) {
                return false;
            } else {
                wait(record, true);
            }
        }
    }
    on_state(|state| {
        let time = state.threads[record.key].time;
        state.threads[record.key].joined = true;
        let me = state.me();
        me.time = me.time.max(time);
    });
    tell(place, || Action::Join { child: record.id() });
    true
}

/// Waits for the end of a thread.
#[track_caller]
fn wait(record: &Record, timed: bool) {
    let place = Location::caller();
    if !record.is_gone() {
        tell(place, || Action::Block { on: WaitFor::Join(record.id()), timed });
    }
    patiently(timed, || act(place, Step::Join(record.key)));
    observer::unblock_me();
}

/// Does what may wait. If `timed`, an execution in which the wait never ends is none.
pub(super) fn patiently<R>(timed: bool, wait: impl FnOnce() -> R) -> R {
    on_state(|state| state.me().gives_up = timed);
    let result = wait();
    on_state(|state| state.me().gives_up = false);
    result
}

/// Whether the time of a wait that has a limit runs out before it ends: a choice.
pub(super) fn time_runs_out(place: crate::rt::world::Place, until: Until) -> bool {
    let Until::Deadline(deadline) = until else { return false };
    let runs_out = state::look(place, 0, Step::Choose(2)).value == 1;
    if runs_out {
        pass(deadline);
    }
    runs_out
}

/// Lets the running thread's time pass.
fn pass(deadline: std::time::Instant) {
    on_state(|state| {
        let began = state.began;
        let me = state.me();
        me.time = me.time.max(deadline.saturating_duration_since(began));
    });
}

/// Lets time pass. Others may go on meanwhile, as they may at any time.
#[track_caller]
pub(super) fn sleep(until: Until) {
    let place = Location::caller();
    match until {
        Until::Now => {}
        Until::Deadline(deadline) => {
            tell(place, || Action::Block { on: WaitFor::Sleep, timed: true });
            pass(deadline);
            observer::unblock_me();
            super::attempt::timed_out();
        }
        Until::Forever => loop {
            act(place, Step::Never);
        },
    }
}
