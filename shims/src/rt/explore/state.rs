//! [`State`]: what is known of the execution under way.

use std::{
    any::Any,
    cell::Cell,
    panic::resume_unwind,
    ptr,
    sync::Arc,
    time::{Duration, Instant},
};

use corosensei::Yielder;
use lockwise_detector::{
    Site,
    explore::{Answer, CellAccess, Step},
};

use super::{
    atomic::{Atomics, Cells},
    attempt::{Attempt, Look},
    condvar::Waiter,
    heap::Blocks,
    lane::LaneState,
    lock::{RwState, Way},
    observer::Observer,
    plan::Plan,
    thread::Record,
};
use crate::rt::{
    current::{self, Kind, OUTSIDE},
    model::{Locals, Restores},
    world::Place,
};

thread_local! {
    /// The state of the execution that this thread of the operating system makes.
    static STATE: Cell<*mut State> = const { Cell::new(ptr::null_mut()) };
}

/// What a suspended thread is told; none if the execution is over and it has to unwind.
pub(super) type Reply = Option<Answer>;

/// What unwinds a thread whose execution is over.
struct Halted;

/// How many operations a thread may do while it is unwound because its execution is over.
const LAST_STEPS: u32 = 10_000;

/// A thread of the execution.
pub(super) struct ThreadState {
    pub(super) record: Arc<Record>,
    /// What is the same of it in each execution.
    pub(super) identity: u32,
    pub(super) children: u32,
    /// What it runs, until it begins.
    pub(super) body: Option<Box<dyn FnOnce() + Send>>,
    pub(super) stack_size: Option<usize>,
    pub(super) yielder: *const Yielder<Reply, Step>,
    /// How many events it has had.
    pub(super) events: usize,
    pub(super) attempt: Attempt,
    /// The time on its clock.
    pub(super) time: Duration,
    /// Whether it would not wait for ever for what it waits for.
    pub(super) gives_up: bool,
    /// Whether it looks again and again.
    pub(super) spins: bool,
    /// How often it may still wake up for no reason.
    pub(super) spurious: u32,
    pub(super) parking: super::park::Parking,
    /// The location that says whether it has ended, if somebody may look.
    pub(super) ended: Option<u32>,
    pub(super) locals: Locals,
    /// Whether it unwinds.
    pub(super) unwinds: bool,
    /// Whether its closure ended in a panic, and whether somebody has joined it.
    pub(super) panicked: bool,
    pub(super) joined: bool,
    /// Where it was started.
    pub(super) started: Site,
    /// Its last operation: where it is, if it waits.
    pub(super) place: Option<Place>,
    /// What it has done, and where, as a hash.
    pub(super) path: u64,
}

/// A panic that the hook saw.
pub(super) struct Panicked {
    pub(super) thread: usize,
    pub(super) message: String,
    pub(super) site: Site,
}

/// What ends an exploration early.
#[derive(Clone, Debug)]
pub(super) enum Failure {
    /// The plan has changed.
    Replan,
    /// It uses what executions share: no other may be under way.
    Alone,
    /// The program does what cannot be explored. The message is for the user.
    Refused(String),
}

/// The execution under way.
pub(super) struct State {
    pub(super) serial: u32,
    pub(super) began: Instant,
    /// How often each thread may wake up for no reason.
    pub(super) spurious: u32,
    pub(super) plan: Plan,
    pub(super) threads: Vec<ThreadState>,
    /// Whose turn it is.
    pub(super) current: usize,
    /// How many keys of each sort have been given out.
    pub(super) locks: u32,
    pub(super) signals: u32,
    /// How each lock is taken, by the number in its slot.
    pub(super) ways: Vec<Way>,
    pub(super) rwlocks: Vec<RwState>,
    pub(super) condvars: Vec<Vec<Waiter>>,
    pub(super) lanes: Vec<LaneState>,
    pub(super) atomics: Atomics,
    pub(super) cells: Cells,
    pub(super) heap: Blocks,
    pub(super) accesses: Vec<CellAccess>,
    pub(super) access_places: Vec<Place>,
    /// For each group, how many are in it.
    pub(super) members: Vec<usize>,
    /// Whether a variable was overwritten by who had read an older value.
    pub(super) stale: Option<Place>,
    pub(super) panics: Vec<Panicked>,
    /// Whether no other execution of any exploration that uses statics is under way.
    pub(super) alone: bool,
    pub(super) restores: Restores,
    pub(super) observer: Option<Box<Observer>>,
    pub(super) failure: Option<Failure>,
    /// If the execution is over, how many operations its threads may still do.
    pub(super) over: Option<u32>,
}

impl State {
    pub(super) fn new(plan: Plan, spurious: u32, alone: bool) -> Self {
        Self {
            serial: 0,
            began: Instant::now(),
            spurious,
            plan,
            threads: Vec::new(),
            current: 0,
            locks: 0,
            signals: 0,
            ways: Vec::new(),
            rwlocks: Vec::new(),
            condvars: Vec::new(),
            lanes: Vec::new(),
            atomics: Atomics::default(),
            cells: Cells::default(),
            heap: Blocks::default(),
            accesses: Vec::new(),
            access_places: Vec::new(),
            members: Vec::new(),
            stale: None,
            panics: Vec::new(),
            alone,
            restores: Restores::new(),
            observer: None,
            failure: None,
            over: None,
        }
    }

    /// Begins another execution.
    pub(super) fn begin(&mut self, serial: u32) {
        self.serial = serial;
        current::expect(serial);
        self.threads.clear();
        self.current = 0;
        (self.locks, self.signals) = (0, 0);
        self.ways.clear();
        self.rwlocks.clear();
        self.condvars.clear();
        self.lanes.clear();
        self.atomics.clear();
        self.cells.clear();
        if self.heap.begin() && self.plan.moves() {
            self.failure.get_or_insert(Failure::Replan);
        }
        self.accesses.clear();
        self.access_places.clear();
        self.members.clear();
        self.stale = None;
        self.panics.clear();
        self.over = None;
    }

    /// The thread whose turn it is.
    pub(super) fn me(&mut self) -> &mut ThreadState {
        &mut self.threads[self.current]
    }

    pub(super) fn me_ref(&self) -> &ThreadState {
        &self.threads[self.current]
    }

    pub(super) fn draw_lock(&mut self) -> u32 {
        self.locks += 1;
        self.locks - 1
    }

    /// A group that so many are in.
    pub(super) fn draw_group(&mut self, members: usize) -> u32 {
        self.members.push(members);
        u32::try_from(self.members.len() - 1).unwrap_or(u32::MAX)
    }

    pub(super) fn draw_signal(&mut self) -> u32 {
        self.signals += 1;
        self.signals - 1
    }
}

/// Makes `state` the one of this thread of the operating system; returns the one before.
pub(super) fn install(state: *mut State) -> *mut State {
    if state.is_null() {
        current::expect(OUTSIDE);
    }
    STATE.replace(state)
}

/// Whether this thread of the operating system explores.
pub(super) fn is_installed() -> bool {
    current::expected() != OUTSIDE
}

/// Looks into the state of the execution. What happens meanwhile, an allocation say, happens in the
/// os world; no thread is suspended.
#[inline]
pub(super) fn on_state<R>(f: impl FnOnce(&mut State) -> R) -> R {
    let _away = current::leave();
    let state = STATE.replace(ptr::null_mut());
    assert!(!state.is_null(), "an execution is under way, and nobody else looks into it");
    let back = Back(state);
    // SAFETY: the worker keeps the state as long as it is installed. While this reference lives
    // nobody can get another: the cell is empty.
    let result = f(unsafe { &mut *state });
    drop(back);
    result
}

/// Puts the state back, whatever happens.
struct Back(*mut State);

impl Drop for Back {
    fn drop(&mut self) {
        STATE.set(self.0);
    }
}

/// Asks for a step that changes something, or may: what the thread saw before was no attempt.
pub(super) fn act(place: Place, step: Step) -> Answer {
    let is_over = on_state(|state| {
        let me = state.me();
        me.attempt.clear();
        note(me, place, &step);
        state.count_last_step()
    });
    if is_over { Answer::default() } else { suspend(step) }
}

/// Asks for a step that neither changes anything nor shows it to the thread: the end of a section
/// that left everything as it was. (Where it is in the code says nothing: most are in destructors.)
pub(super) fn pass(place: Place, step: Step) -> Answer {
    let is_over = on_state(|state| {
        note(state.me(), place, &step);
        state.count_last_step()
    });
    if is_over { Answer::default() } else { suspend(step) }
}

/// Asks for a step that only looks.
pub(super) fn look(place: Place, object: u64, step: Step) -> Answer {
    let look = Look { place: ptr::from_ref(place).addr(), object };
    let (is_over, failed, repeats) = on_state(|state| {
        let me = state.me();
        note(me, place, &step);
        let failed = me.attempt.look(look, me.events);
        let repeats = me.attempt.repeats();
        (state.count_last_step(), failed, repeats)
    });
    if is_over {
        return Answer::default();
    }
    if let Some(events) = failed {
        suspend(Step::Stuck { events, again: true });
    }
    let answer = suspend(step);
    if repeats {
        on_state(|state| state.me().attempt.saw(look, answer.value));
    }
    answer
}

fn note(me: &mut ThreadState, place: Place, step: &Step) {
    me.place = Some(place);
    let here = ptr::from_ref(place).addr() as u64 ^ u64::from(step.sort()) << 56;
    me.path = (me.path.rotate_left(5) ^ here).wrapping_mul(0x517c_c1b7_2722_0a95);
}

impl State {
    /// If the execution is over: counts one more operation of a thread that is being unwound.
    fn count_last_step(&mut self) -> bool {
        let Some(left) = &mut self.over else { return false };
        *left = left.saturating_sub(1);
        *left > 0
    }
}

/// Suspends the thread until the step is done.
pub(super) fn suspend(step: Step) -> Answer {
    let spins = matches!(step, Step::Stuck { again: true, .. });
    let yielder = on_state(|state| {
        let me = state.me();
        me.spins |= spins;
        me.yielder
    });
    current::set(Kind::Os);
    // SAFETY: the thread runs, so its coroutine has not ended, which the yielder belongs to.
    let reply = unsafe { &*yielder }.suspend(step);
    current::set(Kind::Explore);
    match reply {
        Some(answer) => {
            on_state(|state| {
                let me = state.me();
                me.events = answer.events;
                // It may look again, and then it still does.
                me.spins &= spins;
            });
            answer
        }
        None => {
            // One that unwinds already goes on doing that.
            if !super::panicking() {
                resume_unwind(Box::new(Halted));
            }
            Answer::default()
        }
    }
}

/// The program asks for what cannot be explored: the exploration ends.
pub(super) fn refuse(message: String) -> ! {
    end(Failure::Refused(message))
}

/// The exploration has to begin anew, with the plan as it is now.
pub(super) fn replan() -> ! {
    end(Failure::Replan)
}

/// The program uses what executions share, a static say: no other may be under way meanwhile.
pub(crate) fn need_to_be_alone() {
    if on_state(|state| !state.alone && state.over.is_none()) {
        end(Failure::Alone);
    }
}

fn end(failure: Failure) -> ! {
    on_state(|state| {
        state.failure.get_or_insert(failure);
    });
    leave()
}

/// The thread goes no further: it is left where it is, or unwound.
pub(super) fn leave() -> ! {
    loop {
        suspend(Step::Never);
        // It is unwinding, in a destructor that cannot go on.
    }
}

/// How many operations a thread may do in an execution that is over.
pub(super) fn last_steps() -> u32 {
    LAST_STEPS
}

/// Whether this is what unwinds a thread whose execution is over.
pub(super) fn is_halt(payload: &(dyn Any + Send)) -> bool {
    payload.is::<Halted>()
}
