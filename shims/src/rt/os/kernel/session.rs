//! Sessions: which detector hears of what, and in what order.

use std::{
    collections::HashSet,
    ptr,
    sync::{Arc, atomic::Ordering},
};

use lockwise_detector::{
    Action, Detector, Epoch, ObjectId, Op, Rule, Site, Stack, ThreadId,
    hash::{IdMap, IdSet},
    op::{Mode, ObjectInfo, Patience},
};

use super::{
    Kernel, PROCESS, Stuck,
    strangers::{LastLook, Task},
};
use crate::{
    report::{self, Destination},
    rt::{
        Meta, Origin,
        os::{
            atomic,
            held::{HeldLock, Hold, Whose},
            record::Record,
        },
    },
};

/// A detector, and the threads it hears of.
pub(super) struct Session {
    pub(super) detector: Detector,
    pub(super) destination: Destination,
    pub(super) known: IdSet<ObjectId>,
    /// The ids of its threads, ended ones too, by serial number as it is in epochs.
    pub(super) ids: IdMap<u32, ThreadId>,
    pub(super) next_thread: u32,
    /// Threads that have not ended, and how many of them sleep without a deadline.
    pub(super) live: usize,
    pub(super) asleep: usize,
    /// What was last found to have stopped threads for good.
    pub(super) verdict: Option<String>,
    /// The thread that stands for those outside (see `stuck`), while somebody there may act.
    pub(super) outside: Option<ThreadId>,
    /// What the first thread was before it began this session.
    pub(super) host: Option<Arc<Record>>,
    /// The threads of the process that were there before and play no part.
    pub(super) before: HashSet<Task>,
    /// What the others did that are not known.
    pub(super) last_look: LastLook,
}

impl Session {
    pub(super) fn new(destination: Destination) -> Self {
        Self {
            detector: Detector::new(),
            destination,
            known: IdSet::default(),
            ids: IdMap::default(),
            next_thread: 0,
            live: 0,
            asleep: 0,
            verdict: None,
            outside: None,
            host: None,
            before: HashSet::new(),
            last_look: LastLook::default(),
        }
    }

    pub(super) fn add_thread(&mut self, serial: u32) -> ThreadId {
        let id = self.draw_thread_id();
        self.live += 1;
        self.ids.insert(serial & 0xF_FFFF, id);
        id
    }

    pub(super) fn draw_thread_id(&mut self) -> ThreadId {
        let id = ThreadId(self.next_thread);
        self.next_thread += 1;
        id
    }
}

impl Kernel {
    /// Sends an Op of `record` to its detector. Ops of threads that have ended, and of sessions
    /// that are over, go nowhere.
    pub(in crate::rt::os) fn emit(&mut self, record: &Record, site: Site, action: Action) {
        self.emit_with_stack(record, site, None, action);
    }

    pub(in crate::rt::os) fn emit_with_stack(
        &mut self,
        record: &Record,
        site: Site,
        stack: Option<Stack>,
        action: Action,
    ) {
        if record.finished.load(Ordering::Relaxed) {
            return;
        }
        self.allow_for_outside(record, &action);
        if atomic::is_dealing(&action) {
            record.memory.deal();
            atomic::beat();
        }
        let at = record.advance();
        self.send_of(record, Op { thread: record.id, at, site, stack, action });
    }

    /// Sends an Op of `record`, whose tick is not ended by it.
    pub(in crate::rt::os) fn send_of(&mut self, record: &Record, op: Op) {
        record.knowledge.sent(op.at);
        if self.send(record.session, op) {
            record.knowledge.has_news();
        }
    }

    /// What there is to know of relays, to see whether one has changed it: how much `record` has
    /// learnt, and how much was handed on at `object`.
    pub(in crate::rt::os) fn relayed(&self, record: &Record, object: ObjectId) -> (u64, u64) {
        let session = self.sessions.get(&record.session);
        session.map_or((0, 0), |session| {
            let context = session.detector.context();
            (context.lessons(record.id), context.relayed(object))
        })
    }

    /// Sends an Op of `record`, whose thread may be another one than the caller, and running: its
    /// tick is its own to advance.
    pub(in crate::rt::os) fn emit_on_behalf(
        &mut self,
        record: &Record,
        site: Site,
        action: Action,
    ) {
        let (thread, at) = (record.id, record.tick());
        self.send(record.session, Op { thread, at, site, stack: None, action });
    }

    /// Sends, late, what the thread `serial` did before; it may have ended since.
    pub(in crate::rt::os) fn emit_for(
        &mut self,
        present: &Record,
        serial: u32,
        site: Site,
        action: Action,
    ) {
        let session = self.sessions.get(&present.session);
        if let Some(thread) = session.and_then(|s| s.ids.get(&(serial & 0xF_FFFF)).copied()) {
            let record = self.records.get(&serial).cloned();
            let at = record.as_ref().map_or(1, |record| record.tick());
            let op = Op { thread, at, site, stack: None, action };
            match record {
                Some(record) => self.send_of(&record, op),
                None => drop(self.send(present.session, op)),
            }
        }
    }

    /// Returns whether the thread has something new to hand on.
    pub(super) fn send(&mut self, session: u64, op: Op) -> bool {
        let for_process = session == PROCESS;
        let Some(session) = self.sessions.get_mut(&session) else { return false };
        report::told::count();
        let lessons = session.detector.context().lessons(op.thread);
        let findings = match session.detector.observe(&op) {
            Ok(findings) => findings,
            Err(error) => {
                report::internal_error(&format!("{error} (at {}, {:?})", op.site, op.action));
                return false;
            }
        };
        let context = session.detector.context();
        let dated = context.is_dated(&op);
        let news = dated || context.lessons(op.thread) != lessons;
        if dated {
            atomic::matter();
        }
        for finding in findings {
            if stops_threads(finding.kind()) {
                if for_process {
                    report::expect_stuck_threads();
                }
                session.verdict = Some(format!("{}: {}", finding.rule(), finding.message()));
            }
            self.fresh.push((finding, session.destination.clone()));
        }
        news
    }

    /// Makes `meta` known to the detector of `record`, before the first Op on it.
    pub(in crate::rt::os) fn introduce(&mut self, record: &Record, meta: &Meta) -> ObjectId {
        self.introduce_as(record, meta.id(), meta.introduce());
        meta.id()
    }

    fn introduce_as(&mut self, record: &Record, object: ObjectId, origin: Origin) {
        self.introduce_with(record, object, |kernel| kernel.info(origin));
    }

    /// Makes an object known that `info` describes.
    pub(in crate::rt::os) fn introduce_with(
        &mut self,
        record: &Record,
        object: ObjectId,
        info: impl FnOnce(&mut Self) -> Arc<ObjectInfo>,
    ) {
        let known = self.sessions.get_mut(&record.session).map(|s| s.known.insert(object));
        if known == Some(true) {
            let info = info(self);
            let (thread, at, site) = (record.id, record.tick(), info.created);
            let action = Action::Create { object, info };
            self.send_of(record, Op { thread, at, site, stack: None, action });
        }
    }

    /// What a detector is told of an object. Objects of one type that were made at one place are
    /// often many, and share it.
    fn info(&mut self, origin: Origin) -> Arc<ObjectInfo> {
        if origin.name.is_some() {
            return origin.info();
        }
        let key = (origin.kind, origin.type_name as usize, ptr::from_ref(origin.created).addr());
        Arc::clone(self.infos.entry(key).or_insert_with(|| origin.info()))
    }

    pub(in crate::rt::os) fn object_gone(&mut self, record: &Record, object: ObjectId) {
        let known = self.sessions.get_mut(&record.session).map(|s| s.known.remove(&object));
        if known == Some(true) {
            self.emit(record, Site::UNKNOWN, Action::Destroy { object });
        }
    }

    /// Tells the detector which locks `record`, the calling thread, holds.
    pub(in crate::rt::os) fn tell_held(&mut self, record: &Record) {
        if record.loose.load(Ordering::Relaxed) != 0 {
            self.settle(record);
        }
        if record.held.iter().all(|held| held.told) {
            return;
        }
        // What others told of it (see `tell_owner`) may be out of order.
        for held in record.held.iter().filter(|held| !held.told) {
            let (object, mode) = (held.object, held.mode);
            if self.holds(record, object) {
                self.emit(record, held.site, Action::Release { object, mode });
            }
        }
        for held in record.held.iter().filter(|held| !held.told) {
            self.tell_acquired(record, &held, Patience::Forever);
            record.held.set_told(held.index);
        }
    }

    /// Sends the acquisition of a held lock, at the present moment of `record`. That thread may be
    /// another one than the caller, and running: its tick is its own to advance.
    fn tell_acquired(&mut self, record: &Record, held: &HeldLock, patience: Patience) {
        let object = held.object;
        let mode = match held.whose {
            Whose::Ours(origin) => {
                self.introduce_as(record, object, origin);
                held.mode
            }
            Whose::Foreign(known) => {
                self.introduce_with(record, object, |_| known.info().into());
                known.mode_of(record.serial)
            }
        };
        let action = Action::Acquire { object, mode, patience };
        let (thread, at) = (record.id, record.tick());
        self.send_of(record, Op { thread, at, site: held.site, stack: None, action });
    }

    /// Whether the detector knows that `record` holds `object`.
    pub(in crate::rt::os) fn holds(&self, record: &Record, object: ObjectId) -> bool {
        self.mode_of(record, object).is_some()
    }

    /// How `record` holds `object`, as far as the detector knows.
    pub(super) fn mode_of(&self, record: &Record, object: ObjectId) -> Option<Mode> {
        let session = self.sessions.get(&record.session)?;
        let held = session.detector.context().held(record.id);
        held.iter().find(|held| held.object == object).map(|held| held.mode)
    }

    /// `record`, the calling thread, has released what it did not acquire as such: it may have
    /// done that before it began to record.
    pub(in crate::rt::os) fn release_as_host(
        &mut self,
        record: &Record,
        hold: Hold,
        (object, mode): (ObjectId, Mode),
        site: Site,
    ) {
        let host = |record: &Record| self.sessions.get(&record.session)?.host.clone();
        let hosts = std::iter::successors(host(record), |inner| host(inner));
        let Some(owner) = hosts.into_iter().find(|host| host.held.pop(hold).is_some()) else {
            return;
        };
        if self.holds(&owner, object) {
            self.emit(&owner, site, Action::Release { object, mode });
        }
    }

    /// Tells the detector that the thread `serial`, which may be running, holds `meta`. Called
    /// with the lock's word such that the owner has to enter the kernel to release it.
    ///
    /// The owner's session knows the lock from here on, whether or not the owner has already
    /// noted that it holds it: a waiter of another session sees that it shares the lock.
    pub(in crate::rt::os) fn tell_owner(&mut self, serial: u32, meta: &Meta, mode: Mode) {
        let Some(owner) = self.records.get(&serial).cloned() else { return };
        self.introduce(&owner, meta);
        self.tell_if_held(&owner, meta, mode);
    }

    /// Tells the detector who holds `meta` in shared mode.
    pub(in crate::rt::os) fn tell_readers(&mut self, meta: &Meta) {
        let all: Vec<_> = self.records.values().cloned().collect();
        for record in all {
            self.tell_if_held(&record, meta, Mode::Shared);
        }
    }

    fn tell_if_held(&mut self, owner: &Record, meta: &Meta, mode: Mode) {
        let object = meta.id();
        let held = owner.held.iter().find(|held| held.object == object && held.mode == mode);
        if let Some(held) = held
            && !self.holds(owner, object)
        {
            meta.introduce();
            // Not in its place among the others that the owner holds. So it must not count as one
            // that waited while they were held; what there is to learn from it is known, or the
            // owner would have told of it.
            self.tell_acquired(owner, &held, Patience::Try);
        }
    }

    /// Tells the detector that what `record` acquired was last released at `released`.
    pub(in crate::rt::os) fn tell_synchronised(
        &mut self,
        record: &Record,
        released: u64,
        site: Site,
    ) {
        let epoch = Epoch::from_bits(released);
        if epoch.is_none() || epoch.thread() == record.in_epochs() {
            return;
        }
        let session = self.sessions.get(&record.session);
        if let Some(thread) = session.and_then(|s| s.ids.get(&epoch.thread().0).copied()) {
            let from = Epoch::new(thread, epoch.tick());
            self.emit(record, site, Action::Synchronize { from });
        }
    }

    /// The present moments of the threads whose bits are set in `mask`.
    pub(in crate::rt::os) fn epochs_of(&self, mask: u64) -> Vec<u64> {
        let chosen = self.records.values().filter(|r| mask & (1 << (r.serial % 64)) != 0);
        chosen.map(|r| Epoch::new(r.in_epochs(), r.tick()).to_bits()).collect()
    }

    /// Whether what was just found says that `record` can never go on.
    pub(super) fn is_doomed(&self, record: &Record) -> Option<Stuck> {
        let (finding, _) =
            self.fresh.iter().rev().find(|(finding, _)| {
                stops_threads(finding.kind()) && finding.concerns(record.id)
            })?;
        Some(Stuck(format!("{}: {}", finding.rule(), finding.message())))
    }
}

/// Whether a finding of this rule means that its threads can never go on.
fn stops_threads(rule: Rule) -> bool {
    use Rule::{Deadlock, Hang, LostWakeup, RwlockUpgrade, SelfDeadlock};
    matches!(rule, Deadlock | SelfDeadlock | LostWakeup | Hang | RwlockUpgrade)
}
