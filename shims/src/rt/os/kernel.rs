//! The kernel: everything that threads share beyond the words of uncontended locks.
//!
//! One lock guards the detectors, the queues of blocked threads and the table of threads, so that
//! what the detectors hear and what threads do to each other come in one order. Uncontended
//! operations that were seen before do not come here.
//!
//! Threads belong to a *session*, which has a detector of its own: the process's, or that of a
//! `record::record` under way. A thread that no observed thread spawned joins the process's.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    ops::{Deref, DerefMut},
    sync::{Arc, Mutex, MutexGuard, PoisonError, atomic::Ordering},
    time::Instant,
};

use lockwise_detector::{
    Action, Detector, Epoch, Finding, ObjectId, Op, Rule, Site, Stack, ThreadId,
    op::{Mode, Patience},
};

use super::{
    atomic::Shadows,
    local::{Inside, Local, local},
    record::{HeldLock, Record, Woken},
};
use crate::{
    report::{self, Destination},
    rt::{Meta, Wake, world::Place},
};

static KERNEL: Mutex<Option<Kernel>> = Mutex::new(None);

/// The session of threads that no recording observes.
pub(super) const PROCESS: u64 = 0;

pub(super) struct Kernel {
    sessions: HashMap<u64, Session>,
    next_session: u64,
    records: HashMap<u32, Arc<Record>>,
    next_serial: u32,
    queues: HashMap<usize, VecDeque<Waiter>>,
    pub(super) shadows: Shadows,
    fresh: Vec<(Finding, Destination)>,
}

/// A detector, and the threads it hears of.
struct Session {
    detector: Detector,
    destination: Destination,
    known: HashSet<ObjectId>,
    /// The ids of its threads, ended ones too, by serial number as it is in epochs.
    ids: HashMap<u32, ThreadId>,
    next_thread: u32,
    /// Threads that have not ended, and how many of them sleep without a deadline.
    live: usize,
    asleep: usize,
    /// What was last found to have stopped threads for good.
    verdict: Option<String>,
}

/// A blocked thread in a queue.
struct Waiter {
    record: Arc<Record>,
    mode: Mode,
    /// Whether the wait has no deadline.
    forever: bool,
    /// Whether a `Block` told the detector of the wait.
    announced: bool,
    cancel: Cancel,
}

/// Whether a wait that can never end may be unwound.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Cancel {
    Allowed,
    /// The wait guards borrowed data, or the thread is unwinding already.
    Forbidden,
}

impl Cancel {
    /// Not while the thread is unwinding.
    pub(super) fn unless_panicking() -> Self {
        if std::thread::panicking() { Self::Forbidden } else { Self::Allowed }
    }
}

/// How to wait in a queue.
pub(super) struct Wait {
    /// The queue: the address of what is waited for.
    pub(super) key: usize,
    pub(super) mode: Mode,
    pub(super) deadline: Option<Instant>,
    pub(super) announced: bool,
    pub(super) cancel: Cancel,
}

/// The wait can never end.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Stuck(String);

impl Stuck {
    /// Unwinds the thread. The report is out already.
    #[track_caller]
    pub(super) fn raise(self) -> ! {
        // This is the panic that the report asks for.
        report::take_stop();
        report::stop(&self.0)
    }
}

/// The right to use the kernel. While it exists, this thread observes nothing.
pub(super) struct Entered {
    kernel: Option<MutexGuard<'static, Option<Kernel>>>,
    local: &'static Local,
    _inside: Inside,
}

impl Kernel {
    /// Enters the kernel.
    pub(super) fn enter() -> Entered {
        let local = local();
        let inside = local.enter();
        local.set_in_kernel(true);
        let mut kernel = KERNEL.lock().unwrap_or_else(PoisonError::into_inner);
        kernel.get_or_insert_with(Self::new);
        Entered { kernel: Some(kernel), local, _inside: inside }
    }

    fn new() -> Self {
        let process = Session::new(Destination::of_process());
        Self {
            sessions: HashMap::from([(PROCESS, process)]),
            next_session: PROCESS + 1,
            records: HashMap::new(),
            next_serial: 1,
            queues: HashMap::new(),
            shadows: Shadows::default(),
            fresh: Vec::new(),
        }
    }

    fn add_thread(&mut self, session: u64, name: Option<Arc<str>>) -> Arc<Record> {
        let serial = self.next_serial;
        self.next_serial += 1;
        let id = match self.sessions.get_mut(&session) {
            Some(session) => session.add_thread(serial),
            None => ThreadId(0),
        };
        let record = Arc::new(Record::new(serial, session, id, name));
        self.records.insert(serial, Arc::clone(&record));
        record
    }

    /// Sends an Op of `record` to its detector. Ops of threads that have ended, and of sessions
    /// that are over, go nowhere.
    pub(super) fn emit(&mut self, record: &Record, site: Site, action: Action) {
        self.emit_with_stack(record, site, None, action);
    }

    pub(super) fn emit_with_stack(
        &mut self,
        record: &Record,
        site: Site,
        stack: Option<Stack>,
        action: Action,
    ) {
        if record.finished.load(Ordering::Relaxed) {
            return;
        }
        let at = record.advance();
        self.send(record, Op { thread: record.id, at, site, stack, action });
    }

    /// Sends, late, what the thread `serial` did before; it may have ended since.
    pub(super) fn emit_for(&mut self, present: &Record, serial: u32, site: Site, action: Action) {
        let session = self.sessions.get(&present.session);
        if let Some(thread) = session.and_then(|s| s.ids.get(&(serial & 0xF_FFFF)).copied()) {
            let at = self.records.get(&serial).map_or(1, |record| record.tick());
            self.send(present, Op { thread, at, site, stack: None, action });
        }
    }

    fn send(&mut self, record: &Record, op: Op) {
        let Some(session) = self.sessions.get_mut(&record.session) else { return };
        let findings = match session.detector.observe(&op) {
            Ok(findings) => findings,
            Err(error) => {
                report::internal_error(&format!("{error} (at {}, {:?})", op.site, op.action));
                return;
            }
        };
        for finding in findings {
            if stops_threads(finding.kind()) {
                session.verdict = Some(format!("{}: {}", finding.rule(), finding.message()));
            }
            self.fresh.push((finding, session.destination.clone()));
        }
    }

    /// Makes `meta` known to the detector of `record`, before the first Op on it.
    pub(super) fn introduce(&mut self, record: &Record, meta: &Meta) -> ObjectId {
        let object = meta.id();
        let known = self.sessions.get_mut(&record.session).map(|s| s.known.insert(object));
        if known == Some(true) {
            let info = meta.info();
            let (thread, at, site) = (record.id, record.tick(), info.created);
            let action = Action::Create { object, info };
            self.send(record, Op { thread, at, site, stack: None, action });
        }
        object
    }

    pub(super) fn object_gone(&mut self, record: &Record, object: ObjectId) {
        let known = self.sessions.get_mut(&record.session).map(|s| s.known.remove(&object));
        if known == Some(true) {
            self.emit(record, Site::UNKNOWN, Action::Destroy { object });
        }
    }

    /// Tells the detector which locks `record`, the calling thread, holds.
    pub(super) fn tell_held(&mut self, record: &Record) {
        if record.held().all(|held| held.told) {
            return;
        }
        for held in record.held() {
            if held.told {
                continue;
            }
            // Another thread may have told of it, out of order (see `tell_owner`).
            if self.holds(record, held.object) {
                let (object, mode) = (held.object, held.mode);
                self.emit(record, held.site, Action::Release { object, mode });
            }
            self.tell_acquired(record, &held);
            record.set_told(held.index);
        }
    }

    /// Sends the acquisition of a held lock, at the present moment of `record`. That thread may be
    /// another one than the caller, and running: its tick is its own to advance.
    fn tell_acquired(&mut self, record: &Record, held: &HeldLock) {
        let (object, mode) = (held.object, held.mode);
        if self.knows_object(record, object) {
            let action = Action::Acquire { object, mode, patience: Patience::Forever };
            let (thread, at) = (record.id, record.tick());
            self.send(record, Op { thread, at, site: held.site, stack: None, action });
        }
    }

    fn knows_object(&self, record: &Record, object: ObjectId) -> bool {
        self.sessions.get(&record.session).is_some_and(|s| s.known.contains(&object))
    }

    /// Whether the detector knows that `record` holds `object`.
    pub(super) fn holds(&self, record: &Record, object: ObjectId) -> bool {
        self.sessions.get(&record.session).is_some_and(|session| {
            session.detector.context().held(record.id).iter().any(|held| held.object == object)
        })
    }

    /// Tells the detector that the thread `serial`, which may be running, holds `meta`. Called
    /// with the lock's word such that the owner has to enter the kernel to release it.
    pub(super) fn tell_owner(&mut self, serial: u32, meta: &Meta, mode: Mode) {
        let Some(owner) = self.records.get(&serial).cloned() else { return };
        self.tell_if_held(&owner, meta, mode);
    }

    /// Tells the detector who holds `meta` in shared mode.
    pub(super) fn tell_readers(&mut self, meta: &Meta) {
        let all: Vec<_> = self.records.values().cloned().collect();
        for record in all {
            self.tell_if_held(&record, meta, Mode::Shared);
        }
    }

    fn tell_if_held(&mut self, owner: &Record, meta: &Meta, mode: Mode) {
        let object = meta.id();
        let held = owner.held().find(|held| held.object == object && held.mode == mode);
        if let Some(held) = held
            && !self.holds(owner, object)
        {
            self.introduce(owner, meta);
            self.tell_acquired(owner, &held);
        }
    }

    /// Tells the detector that what `record` acquired was last released at `released`.
    pub(super) fn tell_synchronised(&mut self, record: &Record, released: u64, site: Site) {
        let epoch = Epoch::from_bits(released);
        if epoch.is_none() || epoch.thread().0 == record.serial & 0xF_FFFF {
            return;
        }
        let session = self.sessions.get(&record.session);
        if let Some(thread) = session.and_then(|s| s.ids.get(&epoch.thread().0).copied()) {
            let from = Epoch::new(thread, epoch.tick());
            self.emit(record, site, Action::Synchronize { from });
        }
    }

    /// The present moments of the threads whose bits are set in `mask`.
    pub(super) fn epochs_of(&self, mask: u64) -> Vec<u64> {
        let chosen = self.records.values().filter(|r| mask & (1 << (r.serial % 64)) != 0);
        chosen.map(|r| Epoch::new(ThreadId(r.serial & 0xF_FFFF), r.tick()).to_bits()).collect()
    }

    /// Whether what was just found says that `record` can never go on.
    fn is_doomed(&self, record: &Record) -> Option<Stuck> {
        let (finding, _) = self.fresh.iter().rev().find(|(finding, _)| {
            stops_threads(finding.kind())
                && finding.threads().iter().any(|thread| thread.id == record.id)
        })?;
        Some(Stuck(format!("{}: {}", finding.rule(), finding.message())))
    }

    /// Ends the wait of one thread in `key`'s queue. Returns it.
    pub(super) fn wake_one(&mut self, key: usize) -> Option<Arc<Record>> {
        let queue = self.queues.get_mut(&key)?;
        let waiter = queue.pop_front()?;
        if queue.is_empty() {
            self.queues.remove(&key);
        }
        Some(self.end_wait(waiter, Woken::Notified))
    }

    /// Ends the waits of the first thread in `key`'s queue, and if it waits for shared access,
    /// of all others that do.
    pub(super) fn wake_compatible(&mut self, key: usize) {
        let first = self.queues.get(&key).and_then(|queue| queue.front());
        if first.is_none_or(|waiter| waiter.mode == Mode::Exclusive) {
            self.wake_one(key);
            return;
        }
        let queue = self.queues.remove(&key).unwrap_or_default();
        let (readers, rest): (VecDeque<_>, VecDeque<_>) =
            queue.into_iter().partition(|waiter| waiter.mode == Mode::Shared);
        if !rest.is_empty() {
            self.queues.insert(key, rest);
        }
        for waiter in readers {
            self.end_wait(waiter, Woken::Notified);
        }
    }

    fn end_wait(&mut self, waiter: Waiter, woken: Woken) -> Arc<Record> {
        if waiter.forever
            && let Some(session) = self.sessions.get_mut(&waiter.record.session)
        {
            session.asleep -= 1;
        }
        if waiter.announced {
            self.emit(&waiter.record, Site::UNKNOWN, Action::Unblock);
        }
        waiter.record.wake(woken);
        waiter.record
    }

    /// Whether any thread waits in `key`'s queue.
    pub(super) fn has_waiters(&self, key: usize) -> bool {
        self.queues.contains_key(&key)
    }

    /// Whether a thread that wants exclusive access waits in `key`'s queue.
    pub(super) fn has_writer(&self, key: usize) -> bool {
        let queue = self.queues.get(&key);
        queue.is_some_and(|q| q.iter().any(|waiter| waiter.mode == Mode::Exclusive))
    }

    /// Wakes the first waiter of every queue; each looks again whether it can go on.
    fn wake_all_first(&mut self) {
        let keys: Vec<_> = self.queues.keys().copied().collect();
        for key in keys {
            self.wake_one(key);
        }
    }

    /// If every thread of `session` sleeps for good, and a root thread among them, ends one wait.
    /// A wait that may not be unwound is passed over; if there is no other, the process ends.
    fn break_stuck(&mut self, session: u64) {
        let Some(state) = self.sessions.get(&session) else { return };
        if state.live == 0 || state.asleep < state.live {
            return;
        }
        let context = state.detector.context();
        let members: Vec<_> = self
            .queues
            .iter()
            .flat_map(|(key, queue)| queue.iter().map(move |waiter| (*key, waiter)))
            .filter(|(_, waiter)| waiter.record.session == session)
            .map(|(key, w)| (key, w.record.serial, w.cancel, context.is_root(w.record.id)))
            .collect();
        if !members.iter().any(|(_, _, _, root)| *root) {
            // Idle workers that a finished program left behind.
            return;
        }
        let mut victims = members.iter().filter(|(_, _, cancel, _)| *cancel == Cancel::Allowed);
        let victim = victims.clone().find(|(_, _, _, root)| *root).or_else(|| victims.next());
        match victim {
            Some((key, serial, _, _)) => self.cancel(*key, *serial),
            None => {
                let fresh = std::mem::take(&mut self.fresh);
                report::publish(fresh);
                report::end_process("no thread can go on, and none can be unwound");
            }
        }
    }

    fn cancel(&mut self, key: usize, serial: u32) {
        let Some(queue) = self.queues.get_mut(&key) else { return };
        let Some(index) = queue.iter().position(|w| w.record.serial == serial) else { return };
        let waiter = queue.remove(index);
        if queue.is_empty() {
            self.queues.remove(&key);
        }
        if let Some(waiter) = waiter {
            self.end_wait(waiter, Woken::Cancelled);
        }
    }

    /// What was found to have stopped the threads of `record`'s session.
    fn verdict(&self, record: &Record) -> Stuck {
        let session = self.sessions.get(&record.session);
        let verdict = session.and_then(|s| s.verdict.clone());
        Stuck(verdict.unwrap_or_else(|| "hang: no thread can go on".to_owned()))
    }

    fn leave_queue(&mut self, key: usize, serial: u32) -> bool {
        let Some(queue) = self.queues.get_mut(&key) else { return false };
        let Some(index) = queue.iter().position(|w| w.record.serial == serial) else {
            return false;
        };
        queue.remove(index);
        if queue.is_empty() {
            self.queues.remove(&key);
        }
        true
    }
}

/// Whether a finding of this rule means that its threads can never go on.
fn stops_threads(rule: Rule) -> bool {
    use Rule::{Deadlock, Hang, LostWakeup, RwlockUpgrade, SelfDeadlock};
    matches!(rule, Deadlock | SelfDeadlock | LostWakeup | Hang | RwlockUpgrade)
}

impl Session {
    fn new(destination: Destination) -> Self {
        Self {
            detector: Detector::new(),
            destination,
            known: HashSet::new(),
            ids: HashMap::new(),
            next_thread: 0,
            live: 0,
            asleep: 0,
            verdict: None,
        }
    }

    fn add_thread(&mut self, serial: u32) -> ThreadId {
        let id = ThreadId(self.next_thread);
        self.next_thread += 1;
        self.live += 1;
        self.ids.insert(serial & 0xF_FFFF, id);
        id
    }
}

impl Deref for Entered {
    type Target = Kernel;

    fn deref(&self) -> &Kernel {
        let kernel = self.kernel.as_deref().and_then(Option::as_ref);
        kernel.expect("entered, so the guard is held and the kernel was made")
    }
}

impl DerefMut for Entered {
    fn deref_mut(&mut self) -> &mut Kernel {
        let kernel = self.kernel.as_deref_mut().and_then(Option::as_mut);
        kernel.expect("entered, so the guard is held and the kernel was made")
    }
}

impl Entered {
    /// Leaves, and writes out what was found. In the plain mode of `cargo test`, a fault that this
    /// thread's Ops have shown stops it.
    #[track_caller]
    pub(super) fn leave(self) {
        self.leave_quietly();
        if let Some(stop) = report::take_stop() {
            report::stop(&stop);
        }
    }

    /// Leaves like [`Entered::leave`], but does not stop the thread: that is left to the next
    /// operation of it that can.
    pub(super) fn leave_quietly(mut self) {
        let fresh = std::mem::take(&mut self.fresh);
        if fresh.is_empty() {
            return;
        }
        let local = self.local;
        drop(self);
        let _inside = local.enter();
        report::publish(fresh);
    }

    /// Whether the thread must not block: what it has just announced can never end.
    pub(super) fn doom(&self, record: &Record) -> Option<Stuck> {
        self.is_doomed(record).filter(|_| !std::thread::panicking())
    }

    /// Blocks in a queue until woken. The kernel is left meanwhile, and entered again.
    ///
    /// # Errors
    ///
    /// The wait can never end: no thread of the session can go on.
    pub(super) fn block(mut self, record: &Arc<Record>, wait: Wait) -> (Self, Result<Wake, Stuck>) {
        let waiter = Waiter {
            record: Arc::clone(record),
            mode: wait.mode,
            forever: wait.deadline.is_none(),
            announced: wait.announced,
            cancel: wait.cancel,
        };
        self.queues.entry(wait.key).or_default().push_back(waiter);
        if wait.deadline.is_none() {
            let session = record.session;
            if let Some(session) = self.sessions.get_mut(&session) {
                session.asleep += 1;
            }
            self.break_stuck(session);
        }
        self.leave_quietly();
        let mut woken = record.sleep(wait.deadline);
        let mut kernel = Kernel::enter();
        if woken.is_none() {
            if kernel.leave_queue(wait.key, record.serial) {
                if wait.announced {
                    kernel.emit(record, Site::UNKNOWN, Action::Unblock);
                }
                return (kernel, Ok(Wake::TimedOut));
            }
            woken = record.take_late_wake();
        }
        let outcome = match woken {
            Some(Woken::Cancelled) => Err(kernel.verdict(record)),
            _ => Ok(Wake::Notified),
        };
        (kernel, outcome)
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        if self.local.take_missed_wake() {
            self.wake_all_first();
        }
        self.kernel = None;
        self.local.set_in_kernel(false);
    }
}

/// A thread that no observed thread spawned is seen for the first time.
pub(super) fn begin_root() -> Arc<Record> {
    let name: Option<Arc<str>> = std::thread::current().name().map(Arc::from);
    let mut kernel = Kernel::enter();
    let record = kernel.add_thread(PROCESS, name.clone());
    kernel.emit(&record, Site::UNKNOWN, Action::Begin { name });
    kernel.leave_quietly();
    record
}

/// `parent` is about to start a thread.
pub(super) fn begin_spawned(parent: &Record, name: Option<Arc<str>>, place: Place) -> Arc<Record> {
    let mut kernel = Kernel::enter();
    let record = kernel.add_thread(parent.session, name.clone());
    let action = Action::Spawn { child: record.id, name };
    kernel.emit(parent, place.into(), action);
    kernel.leave_quietly();
    record
}

/// The thread's work has ended: it releases nothing any more.
pub(super) fn thread_ends(record: &Arc<Record>) {
    let mut kernel = Kernel::enter();
    kernel.tell_held(record);
    kernel.emit(record, Site::UNKNOWN, Action::Exit);
    record.finished.store(true, Ordering::Release);
    kernel.records.remove(&record.serial);
    if let Some(session) = kernel.sessions.get_mut(&record.session) {
        session.live -= 1;
    }
    let key = Arc::as_ptr(record) as usize;
    while kernel.wake_one(key).is_some() {}
    kernel.break_stuck(record.session);
    kernel.leave_quietly();
}

/// Starts a session whose findings go to `destination`; the caller is its first thread.
pub(super) fn begin_session(destination: Destination, name: Option<Arc<str>>) -> Arc<Record> {
    let mut kernel = Kernel::enter();
    let session = kernel.next_session;
    kernel.next_session += 1;
    kernel.sessions.insert(session, Session::new(destination));
    let record = kernel.add_thread(session, name.clone());
    kernel.emit(&record, Site::UNKNOWN, Action::Begin { name });
    kernel.leave_quietly();
    record
}

/// Ends the session of `record`, its first thread. Threads of it that still run are not observed
/// any more.
pub(super) fn end_session(record: &Arc<Record>) {
    thread_ends(record);
    let mut kernel = Kernel::enter();
    kernel.sessions.remove(&record.session);
    kernel.leave_quietly();
}
