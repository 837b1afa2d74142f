//! [`Observer`]: tells the detector what happens, in an execution that is looked at.
//!
//! Most executions are not: what they do is the same as in others, in another order. There nobody
//! is told anything, which costs a look at whether there is an observer.

use std::{cell::Cell, collections::HashSet, panic::Location, sync::Arc};

use lockwise_detector::{
    Action, Detector, Finding, ObjectId, Op, Site, ThreadId,
    finding::{ScheduleRow, Verb},
    op::{AtomicAccess, Mode, ObjectInfo, Patience, WaitFor},
};

use super::{state::on_state, thread::Record};
use crate::{
    report,
    rt::{
        Meta,
        foreign::{self, Deed, Foreign, Locks},
        thread::Thread,
        world::Place,
    },
};

thread_local! {
    /// Whether the execution that this thread of the operating system makes is looked at.
    static OBSERVED: Cell<bool> = const { Cell::new(false) };
}

/// What is known of an execution that is looked at.
pub(super) struct Observer {
    pub(super) detector: Detector,
    ticks: Vec<u64>,
    known: HashSet<ObjectId>,
    /// Of which a schedule tells nothing: memory, unless something is wrong with it.
    quiet: HashSet<ObjectId>,
    /// Locks of other crates.
    foreign: Locks<ThreadId>,
    pub(super) findings: Vec<Finding>,
    /// Whether stacks are captured, which takes longer than all else.
    stacks: bool,
    rows: Vec<ScheduleRow>,
}

impl Observer {
    pub(super) fn new(stacks: bool) -> Self {
        Self {
            detector: Detector::new(),
            ticks: Vec::new(),
            known: HashSet::new(),
            quiet: HashSet::new(),
            foreign: Locks::default(),
            findings: Vec::new(),
            stacks,
            rows: Vec::new(),
        }
    }

    /// What the threads did, for people: where somebody waited for a lock that he got, only that he
    /// did; and nothing that has no place in the program.
    pub(super) fn schedule(&self) -> Vec<ScheduleRow> {
        let got = |at: usize, row: &ScheduleRow| {
            let gets = |later: &ScheduleRow| {
                later.thread == row.thread
                    && later.object == row.object
                    && matches!(later.verb, Verb::Lock | Verb::ReadLock)
            };
            self.rows[at + 1..].iter().any(gets)
        };
        let shown = |(at, row): &(usize, &ScheduleRow)| match row.verb {
            _ if row.object.is_some_and(|object| self.quiet.contains(&object)) => false,
            Verb::WantLock | Verb::WantRead => !got(*at, row),
            _ => !is_ours(row.site.file),
        };
        self.rows.iter().enumerate().filter(shown).map(|(_, row)| *row).collect()
    }

    pub(super) fn observe(&mut self, thread: ThreadId, site: Site, action: Action) {
        if self.ticks.len() <= thread.index() {
            self.ticks.resize(thread.index() + 1, 1);
        }
        let at = self.ticks[thread.index()];
        self.ticks[thread.index()] += 1;
        if let Some((verb, object)) = row(&action) {
            let peer = match action {
                Action::Spawn { child: peer, .. }
                | Action::Block { on: WaitFor::Join(peer), .. }
                | Action::Unpark { target: peer } => Some(peer),
                _ => None,
            };
            self.rows.push(ScheduleRow { thread, verb, object, peer, site });
        }
        let wants = self.stacks && wants_stack(&action);
        let stack = wants.then(report::capture).flatten();
        let op = Op { thread, at, site, stack, action };
        match self.detector.observe(&op) {
            Ok(findings) => {
                if let (false, Action::Read { object }) = (findings.is_empty(), &op.action) {
                    self.quiet.remove(object);
                }
                self.findings.extend(findings);
            }
            Err(error) => {
                report::internal_error(&format!("{error} (at {site}, {:?})", op.action));
            }
        }
    }
}

/// Whether a place is in this crate: that of the end of a guard, or of a thread.
fn is_ours(file: &str) -> bool {
    let sources = file!().strip_suffix("rt/explore/observer.rs").unwrap_or("/");
    file.starts_with(sources)
}

/// Whether a report shows the stack of such an Op.
fn wants_stack(action: &Action) -> bool {
    use Action::{Acquire, Block, Read, Request, Write};
    matches!(action, Request { .. } | Acquire { .. } | Block { .. } | Read { .. } | Write { .. })
}

/// How a schedule shows an Op; none if it does not.
fn row(action: &Action) -> Option<(Verb, Option<ObjectId>)> {
    Some(match *action {
        Action::Acquire { object, mode: Mode::Exclusive, .. } => (Verb::Lock, Some(object)),
        Action::Acquire { object, mode: Mode::Shared, .. } => (Verb::ReadLock, Some(object)),
        Action::Request { object, mode: Mode::Exclusive, .. } => (Verb::WantLock, Some(object)),
        Action::Request { object, mode: Mode::Shared, .. } => (Verb::WantRead, Some(object)),
        Action::Release { object, .. } => (Verb::Unlock, Some(object)),
        Action::Read { object } => (Verb::Read, Some(object)),
        Action::Write { object } => (Verb::Write, Some(object)),
        Action::Atomic { object, access: AtomicAccess::Load { .. } } => (Verb::Load, Some(object)),
        Action::Atomic { object, access: AtomicAccess::Store { .. } } => {
            (Verb::Store, Some(object))
        }
        Action::Atomic { object, .. } => (Verb::Update, Some(object)),
        Action::Notify { object, .. } => (Verb::Notify, Some(object)),
        Action::Block { on, .. } => {
            let object = match on {
                WaitFor::Condvar { condvar: object, .. } | WaitFor::Object { object, .. } => {
                    Some(object)
                }
                WaitFor::Park | WaitFor::Join(_) | WaitFor::Sleep => None,
            };
            (Verb::of_wait(on), object)
        }
        Action::Unpark { .. } => (Verb::Notify, None),
        Action::Spawn { .. } => (Verb::Start, None),
        Action::Exit => (Verb::End, None),
        _ => return None,
    })
}

/// Says whether the executions of this thread of the operating system are looked at.
pub(super) fn set_observed(observed: bool) {
    OBSERVED.set(observed);
}

fn with(f: impl FnOnce(&mut Observer, ThreadId)) {
    on_state(|state| {
        // A thread that is unwound because the execution is over does nothing that counts.
        if state.over.is_none()
            && let Some(observer) = &mut state.observer
        {
            f(observer, super::thread::id(state.current));
        }
    });
}

/// Tells the detector what the running thread does.
#[inline]
pub(super) fn tell(place: Place, action: impl FnOnce() -> Action) {
    if OBSERVED.get() {
        let action = action();
        with(|observer, me| observer.observe(me, place.into(), action));
    }
}

/// Tells the detector what the running thread does to an object.
pub(super) fn tell_about(meta: &Meta, place: Place, action: impl FnOnce(ObjectId) -> Action) {
    if OBSERVED.get() {
        let object = introduce(meta);
        tell(place, || action(object));
    }
}

/// Tells the detector what happens to another thread.
pub(super) fn tell_of(thread: usize, action: Action) {
    if OBSERVED.get() {
        with(|observer, _| observer.observe(super::thread::id(thread), Site::UNKNOWN, action));
    }
}

/// The running thread, blocked before, goes on.
pub(super) fn unblock_me() {
    if OBSERVED.get() {
        with(|observer, me| observer.observe(me, Site::UNKNOWN, Action::Unblock));
    }
}

/// The first thread begins.
pub(super) fn begin() {
    if OBSERVED.get() {
        let name = on_state(|state| state.me().record.shared_name());
        tell(Location::caller(), || Action::Begin { name });
    }
}

/// Makes an object known to the detector, before the first Op on it.
#[inline]
pub(super) fn introduce(meta: &Meta) -> ObjectId {
    if OBSERVED.get() { introduce_now(meta) } else { ObjectId(0) }
}

#[cold]
fn introduce_now(meta: &Meta) -> ObjectId {
    let object = meta.id();
    introduce_as(object, || meta.introduce().info());
    object
}

/// Makes an object known that has no [`Meta`].
pub(super) fn introduce_as(object: ObjectId, info: impl FnOnce() -> Arc<ObjectInfo>) {
    with(|observer, me| {
        if observer.known.insert(object) {
            let info = info();
            let site = info.created;
            observer.observe(me, site, Action::Create { object, info });
        }
    });
}

/// Makes memory known, of which a schedule tells nothing unless something is wrong with it.
pub(super) fn introduce_memory(object: ObjectId, info: ObjectInfo) {
    introduce_as(object, || Arc::new(info));
    with(|observer, _| {
        observer.quiet.insert(object);
    });
}

/// Whether the execution is looked at.
pub(super) fn is_observed() -> bool {
    OBSERVED.get()
}

/// The object is gone.
pub(super) fn forget(object: ObjectId) {
    if OBSERVED.get() {
        with(|observer, me| {
            if observer.known.remove(&object) {
                observer.observe(me, Site::UNKNOWN, Action::Destroy { object });
            }
        });
    }
}

/// `owner` owns the object no longer.
pub(super) fn disown(meta: &Meta, owner: &Record, place: Place) {
    if !OBSERVED.get() {
        return;
    }
    let object = meta.id();
    with(|observer, me| {
        let held = observer.detector.context().held(owner.id());
        if held.iter().any(|held| held.object == object) {
            let action = Action::Release { object, mode: Mode::Exclusive };
            observer.observe(me, place.into(), action);
        }
    });
}

/// The running thread does something to a lock of another crate.
pub(super) fn tell_foreign(lock: &Foreign, deed: Deed<'_>) {
    if !OBSERVED.get() {
        return;
    }
    let Foreign { key, mode, patience, site: &site, .. } = *lock;
    let object = match deed {
        Deed::Disown | Deed::Unblock => ObjectId(0),
        _ => foreign_id(lock, matches!(deed, Deed::Own)),
    };
    let mutex = match deed {
        Deed::Block(mutex) => mutex.map(|mutex| foreign_id(mutex, false)),
        _ => None,
    };
    with(|observer, me| match deed {
        Deed::Request => observer.observe(me, site, Action::Request { object, mode, patience }),
        Deed::Withdraw => observer.observe(me, site, Action::GiveUp { object }),
        Deed::Own => {
            for owner in observer.foreign.own(lock, me) {
                let (mode, patience) = (Mode::Exclusive, Patience::Try);
                observer.observe(owner, site, Action::Release { object, mode });
                let mode = Mode::Shared;
                observer.observe(owner, site, Action::Acquire { object, mode, patience });
            }
            observer.observe(me, site, Action::Acquire { object, mode, patience });
        }
        Deed::Disown => {
            if let Some((object, owner, mode)) = observer.foreign.disown(key, me) {
                observer.observe(owner, site, Action::Release { object, mode });
            }
        }
        Deed::Block(_) => {
            let on = foreign::wait_for(object, mutex);
            let timed = patience != Patience::Forever;
            observer.observe(me, site, Action::Block { on, timed });
        }
        Deed::Unblock => observer.observe(me, site, Action::Unblock),
        Deed::Wake(thread, token) => {
            observer.observe(me, site, Action::Publish { object, token });
            if let Some(Thread::Explore(woken)) = thread {
                observer.observe(woken.id(), site, Action::Unblock);
            }
        }
        Deed::Observe(token) => observer.observe(me, site, Action::Observe { object, token }),
    });
}

/// The id of a lock of another crate, made known to the detector.
fn foreign_id(lock: &Foreign, owned: bool) -> ObjectId {
    let mut object = ObjectId(0);
    with(|observer, me| {
        if let Some(gone) = observer.foreign.take_gone(lock, owned) {
            for (owner, mode) in gone.owners {
                observer.observe(owner, *lock.site, Action::Release { object: gone.object, mode });
            }
            observer.known.remove(&gone.object);
            observer.observe(me, Site::UNKNOWN, Action::Destroy { object: gone.object });
        }
        object = observer.foreign.id(lock);
    });
    introduce_as(object, || Arc::new(lock.info()));
    object
}
