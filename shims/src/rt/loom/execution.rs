//! [`Execution`]: what is known of one execution of a model.

use std::{
    cell::RefCell,
    collections::{HashMap, HashSet},
    sync::Arc,
    time::Instant,
};

use lockwise_detector::{
    Action, Detector, Epoch, Finding, ObjectId, Op, Site, Stack, ThreadId, finding::Verb,
};

use super::{
    atomic::{Atomics, Cells},
    carrier,
    condvar::Queue,
    explore::{End, Model},
    lock::{Hold, Late, Locks, RwLocks},
    thread::{Record, Signals},
};
use crate::{
    report,
    rt::{
        Meta, current,
        model::{Locals, Restores},
        world::Place,
    },
};

thread_local! {
    /// The model whose threads this thread of the operating system carries.
    static MODEL: RefCell<Option<Model>> = const { RefCell::new(None) };
}

/// What an object is known by in an execution.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum Key {
    /// By what analyses know it as.
    Object(ObjectId),
    /// By its address, if analyses do not see it. A new object at the address of one that is gone
    /// inherits its loom object: harmless, for nobody held it or waited there.
    Address(usize),
}

impl Key {
    pub(super) fn of<T>(object: &T, meta: Option<&Meta>) -> Self {
        let address = || Self::Address(std::ptr::from_ref(object).addr());
        meta.map_or_else(address, |meta| Self::Object(meta.id()))
    }
}

/// A thread of the execution.
pub(super) struct ThreadState {
    pub(super) record: Arc<Record>,
    /// Its loom handle, known from its first own step on.
    pub(super) handle: Option<loom::thread::Thread>,
    pub(super) signals: Signals,
    tick: u64,
    /// The park token of `std::thread::park`.
    pub(super) token: bool,
    /// Whether it waits for [`carrier::wake`].
    pub(super) parked: bool,
    /// Whether that is for its park token.
    pub(super) parks: bool,
    /// What it waits for, for the report of a hang that the detector cannot see.
    pub(super) waiting: Option<Waiting>,
    /// What its release fence, if it had one, lets later stores carry.
    pub(super) fenced: Option<Epoch>,
    /// Who waits for its end.
    pub(super) joiners: Vec<ThreadId>,
    /// See [`Signals`].
    pub(super) life: Option<Hold>,
    pub(super) locals: Locals,
}

/// See [`ThreadState::waiting`].
#[derive(Clone, Copy)]
pub(super) struct Waiting {
    pub(super) verb: Verb,
    pub(super) object: Option<ObjectId>,
    pub(super) site: Site,
}

/// A panic that the hook saw.
pub(super) struct Panicked {
    pub(super) thread: ThreadId,
    pub(super) message: String,
    pub(super) site: Site,
}

pub(super) struct Execution {
    pub(super) serial: u32,
    pub(super) detector: Detector,
    known: HashSet<ObjectId>,
    pub(super) threads: Vec<ThreadState>,
    /// Whose turn it is.
    pub(super) current: ThreadId,
    pub(super) locks: Locks,
    pub(super) rwlocks: RwLocks,
    pub(super) queues: HashMap<Key, Queue>,
    pub(super) atomics: Atomics,
    pub(super) cells: Cells,
    /// Locks to release as soon as no thread unwinds (see `lock`).
    pub(super) late: Vec<Late>,
    /// Whether loom has been told not to switch threads (see `carrier`).
    pub(super) calm: bool,
    pub(super) now: Instant,
    pub(super) panics: Vec<Panicked>,
    /// What to put back when the execution is over.
    pub(super) restores: Restores,
}

impl Execution {
    pub(super) fn new(serial: u32, now: Instant, atomics: Atomics, cells: Cells) -> Self {
        Self {
            serial,
            detector: Detector::new(),
            known: HashSet::new(),
            threads: Vec::new(),
            current: ThreadId(0),
            locks: Locks::default(),
            rwlocks: RwLocks::default(),
            queues: HashMap::new(),
            atomics,
            cells,
            late: Vec::new(),
            calm: false,
            now,
            panics: Vec::new(),
            restores: Vec::new(),
        }
    }

    /// The thread whose turn it is.
    pub(super) fn me(&mut self) -> &mut ThreadState {
        self.thread(self.current)
    }

    pub(super) fn thread(&mut self, thread: ThreadId) -> &mut ThreadState {
        &mut self.threads[thread.index()]
    }

    pub(super) fn add_thread(&mut self, name: Option<Arc<str>>, signals: Signals) -> Arc<Record> {
        let index = u32::try_from(self.threads.len()).expect("loom has few threads");
        let root = self.threads.first().map(|first| &*first.record);
        let record = Arc::new(Record::new(self.serial, ThreadId(index), root, name));
        self.threads.push(ThreadState {
            record: Arc::clone(&record),
            handle: None,
            signals,
            tick: 1,
            token: false,
            parked: false,
            parks: false,
            waiting: None,
            fenced: None,
            joiners: Vec::new(),
            life: None,
            locals: Locals::default(),
        });
        record
    }

    pub(super) fn holds(&self, thread: ThreadId, object: ObjectId) -> bool {
        self.detector.context().held(thread).iter().any(|held| held.object == object)
    }

    /// The moment of what the thread did last.
    pub(super) fn last_epoch(&mut self) -> Epoch {
        let thread = self.current;
        Epoch::new(thread, self.me().tick - 1)
    }

    fn observe(
        &mut self,
        thread: ThreadId,
        site: Site,
        stack: Option<Stack>,
        action: Action,
    ) -> Vec<Finding> {
        let at = self.thread(thread).tick;
        self.thread(thread).tick += 1;
        let op = Op { thread, at, site, stack, action };
        self.detector.observe(&op).unwrap_or_else(|error| {
            report::internal_error(&format!("{error} (at {site}, {:?})", op.action));
            Vec::new()
        })
    }
}

/// Sets the model of this thread of the operating system, and returns the one that it had.
pub(super) fn set_model(model: Option<Model>) -> Option<Model> {
    MODEL.with(|slot| slot.replace(model))
}

/// Looks into the model. What happens meanwhile, an allocation say, happens in the os world.
pub(super) fn on_model<R>(f: impl FnOnce(&mut Model) -> R) -> R {
    let _away = current::leave();
    MODEL.with(|slot| f(slot.borrow_mut().as_mut().expect("a model is explored on this thread")))
}

/// Looks into the execution under way.
pub(super) fn on_execution<R>(f: impl FnOnce(&mut Execution) -> R) -> R {
    on_model(|model| f(model.execution.as_mut().expect("an execution is under way")))
}

/// Tells the detector what this thread does. Does not return if that shows a fault.
pub(super) fn tell(place: Place, action: Action) {
    tell_quietly(place, action);
    carrier::halt_if_over();
}

/// Like [`tell`], where the execution must not end before the next Op.
pub(super) fn tell_quietly(place: Place, action: Action) {
    on_model(|model| {
        let Some(execution) = &model.execution else { return };
        let thread = execution.current;
        let stack = wants_stack(&action).then(|| stack_at(model, thread, place)).flatten();
        observe(model, thread, place.into(), stack, action);
    });
}

/// Tells the detector what happens to `thread`, another than the caller's.
pub(super) fn tell_of(thread: ThreadId, site: Site, action: Action) {
    on_model(|model| observe(model, thread, site, None, action));
}

fn observe(model: &mut Model, thread: ThreadId, site: Site, stack: Option<Stack>, action: Action) {
    let Some(execution) = &mut model.execution else { return };
    for finding in execution.observe(thread, site, stack, action) {
        if model.findings.add(finding) {
            model.end.get_or_insert(End::Found);
        }
    }
}

/// Whether a report shows the stack of such an Op.
fn wants_stack(action: &Action) -> bool {
    matches!(
        action,
        Action::Request { .. }
            | Action::Acquire { .. }
            | Action::Block { .. }
            | Action::Read { .. }
            | Action::Write { .. }
    )
}

/// The stack that leads a thread to `place`, captured once in an exploration: the executions of a
/// model differ in order, not in the paths that lead somewhere.
fn stack_at(model: &mut Model, thread: ThreadId, place: Place) -> Option<Stack> {
    let key = (thread, std::ptr::from_ref(place).addr());
    model.stacks.entry(key).or_insert_with(report::capture).clone()
}

/// Makes `meta` known to the detector, before the first Op on it.
pub(super) fn introduce(meta: &Meta) -> ObjectId {
    let object = meta.id();
    introduce_as(object, || meta.introduce().info());
    object
}

/// Makes an object known that has no [`Meta`].
pub(super) fn introduce_as(
    object: ObjectId,
    info: impl FnOnce() -> Arc<lockwise_detector::op::ObjectInfo>,
) {
    on_model(|model| {
        let Some(execution) = &mut model.execution else { return };
        if execution.known.insert(object) {
            let info = info();
            let (thread, site) = (execution.current, info.created);
            observe(model, thread, site, None, Action::Create { object, info });
        }
    });
}

/// The object is gone.
pub(super) fn forget(object: ObjectId) {
    let known = on_execution(|execution| execution.known.remove(&object));
    if known {
        on_model(|model| {
            let Some(execution) = &mut model.execution else { return };
            execution.locks.forget(Key::Object(object));
            execution.rwlocks.forget(object);
            execution.queues.remove(&Key::Object(object));
            let thread = execution.current;
            observe(model, thread, Site::UNKNOWN, None, Action::Destroy { object });
        });
    }
}
