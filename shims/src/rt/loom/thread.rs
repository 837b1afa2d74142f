//! The threads of a model.

use std::{
    panic::{AssertUnwindSafe, Location, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Instant,
};

use lockwise_detector::{
    Action, Certainty, Finding, Rule, Site, ThreadId, finding::Verb, op::WaitFor,
};
use loom::sync::atomic::AtomicBool as LoomBool;

use super::{
    LoomError,
    carrier::{self, end, fail, halt_if_over, in_loom},
    execution::{
        Execution, Panicked, Waiting, on_execution, on_model, tell, tell_of, tell_quietly,
    },
    explore::End,
    is_current,
    lock::{Hold, refuse_timeout},
    set_current,
};
use crate::rt::{
    Until, Wake,
    model::{destroy_locals, message_of, site_of},
    thread::{Spawn, Thread},
    world::Place,
};

/// What outlives a thread of a model: what its handles know.
pub(crate) struct Record {
    /// Which execution it is of.
    execution: u32,
    pub(super) id: ThreadId,
    number: u64,
    root: u64,
    name: Option<Arc<str>>,
    finished: AtomicBool,
}

impl Record {
    /// A thread of `execution`, whose first thread is `root` if it is not this one.
    pub(super) fn new(
        execution: u32,
        id: ThreadId,
        root: Option<&Self>,
        name: Option<Arc<str>>,
    ) -> Self {
        // Far above what the operating system's threads will ever be numbered.
        static NEXT: AtomicU64 = AtomicU64::new(1 << 40);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let root = root.map_or(number, |root| root.number);
        Self { execution, id, number, root, name, finished: AtomicBool::new(false) }
    }

    pub(crate) fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    pub(crate) fn root(&self) -> u64 {
        self.root
    }

    pub(crate) fn is_finished(&self) -> bool {
        if is_current() && self.is_other_live() {
            self.learn_of_end();
        }
        self.is_gone()
    }

    /// Whether it has ended, or was given up with its execution.
    pub(crate) fn is_gone(&self) -> bool {
        self.finished.load(Ordering::Relaxed)
    }

    /// It does nothing more.
    pub(super) fn set_gone(&self) {
        self.finished.store(true, Ordering::Relaxed);
    }

    /// Whether it is of the execution under way.
    fn is_live(&self) -> bool {
        on_execution(|execution| execution.serial == self.execution)
    }

    /// Whether it is of the execution under way, and not the calling thread.
    fn is_other_live(&self) -> bool {
        on_execution(|execution| execution.serial == self.execution && execution.current != self.id)
    }

    /// A point at which loom may let the thread end first. If it has ended, what it did happens
    /// before what follows.
    fn learn_of_end(&self) {
        let signals = on_execution(|execution| execution.thread(self.id).signals.clone());
        in_loom(|| signals.ended.fetch_or(false, Ordering::Acquire));
    }
}

/// What loom has to know of a thread beyond its own operations.
#[derive(Clone)]
pub(super) struct Signals {
    /// Written when the thread ends, read by whoever asks whether it has.
    ended: Arc<LoomBool>,
    /// Held by the thread until it ends: to join it is to lock this. Releasing is no step to loom,
    /// so that it does not explore joins before ends.
    life: Arc<loom::sync::Mutex<()>>,
    /// Written by `unpark`, read by `park`.
    token: Arc<LoomBool>,
}

impl Signals {
    /// In loom.
    pub(super) fn new() -> Self {
        Self {
            ended: Arc::new(LoomBool::new(false)),
            life: Arc::new(loom::sync::Mutex::new(())),
            token: Arc::new(LoomBool::new(false)),
        }
    }
}

/// Runs the model's closure as the first thread of the execution.
pub(super) fn run_root(name: Option<Arc<str>>, f: &dyn Fn()) {
    let handle = loom::thread::current();
    let signals = Signals::new();
    on_execution(|execution| {
        execution.add_thread(name.clone(), signals);
        execution.me().handle = Some(handle);
    });
    set_current(true);
    tell(Location::caller(), Action::Begin { name });
    if catch_unwind(AssertUnwindSafe(f)).is_err() {
        report_panic();
        end(End::Found);
    }
    finish();
}

#[track_caller]
pub(super) fn spawn(spawn: Spawn) -> Thread {
    let place = Location::caller();
    let limit = loom::MAX_THREADS;
    if on_execution(|execution| execution.threads.len()) >= limit {
        fail(LoomError::TooManyThreads { limit, site: place.into() });
    }
    let name: Option<Arc<str>> = spawn.name.as_deref().map(Arc::from);
    let (signals, life) = in_loom(|| {
        let signals = Signals::new();
        let life = Hold::mutex(&signals.life);
        (signals, life)
    });
    let record = on_execution(|execution| {
        let record = execution.add_thread(name.clone(), signals);
        execution.thread(record.id).life = Some(life);
        record
    });
    tell(place, Action::Spawn { child: record.id, name });
    let (id, body) = (record.id, spawn.body);
    in_loom(|| drop(loom::thread::spawn(move || carrier::carry(move || run(id, body)))));
    Thread::Loom(record)
}

fn run(id: ThreadId, body: Box<dyn FnOnce() + Send>) {
    let handle = loom::thread::current();
    on_execution(|execution| {
        execution.current = id;
        execution.me().handle = Some(handle);
    });
    set_current(true);
    if catch_unwind(AssertUnwindSafe(body)).is_err() {
        report_panic();
        end(End::Found);
    }
    finish();
}

/// The thread's work has ended.
fn finish() {
    destroy_locals();
    halt_if_over();
    tell(Location::caller(), Action::Exit);
    let ended = on_execution(|execution| Arc::clone(&execution.me().signals.ended));
    in_loom(|| ended.swap(true, Ordering::Release));
    let (joiners, life) = on_execution(|execution| {
        let me = execution.me();
        me.record.set_gone();
        (std::mem::take(&mut me.joiners), me.life.take())
    });
    for joiner in joiners {
        tell_of(joiner, Site::UNKNOWN, Action::Unblock);
    }
    if let Some(life) = life {
        in_loom(|| life.release());
    }
    set_current(false);
}

/// Makes a finding of the panic that has just ended a thread of the model, and of those before.
fn report_panic() {
    on_model(|model| {
        let Some(execution) = &model.execution else { return };
        let first = execution.panics.first();
        let message = first.map_or("a panic", |panicked| &panicked.message);
        let message = format!("the model panics: {message}");
        let context = execution.detector.context();
        let mut finding = Finding::new(Rule::Panic, Certainty::Observed, message);
        for panicked in &execution.panics {
            let at = (panicked.site, None);
            finding = finding.step(context, panicked.thread, Verb::Panic, None, at);
        }
        model.findings.add(finding);
    });
}

/// The panic hook has seen a thread of a model panic.
pub(super) fn note_panic(info: &std::panic::PanicHookInfo<'_>) {
    let site = info.location().map_or(Site::UNKNOWN, site_of);
    let message = message_of(info.payload());
    on_execution(|execution| {
        let thread = execution.current;
        execution.panics.push(Panicked { thread, message, site });
    });
}

#[track_caller]
pub(super) fn join(record: &Record, until: Until) -> bool {
    let place = Location::caller();
    refuse_timeout(until, "join with a time limit", place);
    if !record.is_live() {
        return true;
    }
    if until == Until::Now && !record.is_finished() {
        return false;
    }
    await_end(record, place);
    tell(place, Action::Join { child: record.id });
    true
}

fn await_end(record: &Record, place: Place) {
    if !record.is_gone() {
        tell(place, Action::Block { on: WaitFor::Join(record.id), timed: false });
        on_execution(|execution| {
            let me = execution.current;
            execution.thread(record.id).joiners.push(me);
            wait_at(execution, Verb::Join, place);
        });
    }
    let life = on_execution(|execution| Arc::clone(&execution.thread(record.id).signals.life));
    in_loom(|| drop(life.lock()));
    on_execution(|execution| execution.me().waiting = None);
}

fn wait_at(execution: &mut Execution, verb: Verb, place: Place) {
    execution.me().waiting = Some(Waiting { verb, object: None, site: place.into() });
}

#[track_caller]
pub(super) fn park(until: Until) -> Wake {
    let place = Location::caller();
    refuse_timeout(until, "park with a time limit", place);
    let token = on_execution(|execution| Arc::clone(&execution.me().signals.token));
    in_loom(|| token.swap(false, Ordering::Acquire));
    if !on_execution(|execution| execution.me().token) {
        tell(place, Action::Block { on: WaitFor::Park, timed: false });
        on_execution(|execution| {
            execution.me().parks = true;
            wait_at(execution, Verb::Park, place);
        });
        carrier::block();
    }
    on_execution(|execution| {
        execution.me().token = false;
        execution.me().parks = false;
    });
    tell(place, Action::Unparked);
    Wake::Notified
}

#[track_caller]
pub(super) fn unpark(record: &Record) {
    if !record.is_live() {
        return;
    }
    let target = record.id;
    let token = on_execution(|execution| Arc::clone(&execution.thread(target).signals.token));
    in_loom(|| token.swap(true, Ordering::Release));
    let parked = on_execution(|execution| {
        let thread = execution.thread(target);
        thread.token = true;
        thread.parks && thread.parked
    });
    if parked {
        tell_of(target, Site::UNKNOWN, Action::Unblock);
        carrier::wake(target);
    }
    tell(Location::caller(), Action::Unpark { target });
}

pub(super) fn yield_now() {
    in_loom(loom::thread::yield_now);
    halt_if_over();
}

/// Lets others run. Time is what sleeping makes of it.
#[track_caller]
pub(super) fn sleep(until: Until) {
    let place = Location::caller();
    let deadline = match until {
        Until::Now => return,
        Until::Deadline(deadline) => Some(deadline),
        Until::Forever => None,
    };
    tell_quietly(place, Action::Block { on: WaitFor::Sleep, timed: deadline.is_some() });
    yield_now();
    match deadline {
        Some(deadline) => awake(deadline, place),
        None => loop {
            yield_now();
        },
    }
}

fn awake(deadline: Instant, place: Place) {
    on_execution(|execution| execution.now = execution.now.max(deadline));
    tell(place, Action::Unblock);
}
