//! [`Context`]: what is known after each Op, shared by all analyses.
//!
//! It keeps the facts that more than one analysis needs (names, held locks, the two clocks of
//! each thread) and is the one place where an impossible sequence of Ops is refused.

mod clocks;
mod error;

use std::sync::Arc;

use self::clocks::{Clocks, Relation};
pub use self::error::OpError;
use crate::{
    Action, Epoch, ObjectId, Op, Site, Stack, ThreadId,
    clock::Knowledge,
    hash::IdMap,
    op::{Mode, ObjectInfo, ObjectKind, Patience, WaitFor},
    render::object_label,
};

/// Threads are numbered densely, but may begin in another order: how many may be left out so far.
/// Tables have a row for each of them, so a number out of all proportion must not get in.
const MAX_GAP: usize = 1024;

/// A lock that a thread holds.
#[derive(Clone, Debug)]
pub struct Held {
    /// The lock.
    pub object: ObjectId,
    /// Exclusive or shared.
    pub mode: Mode,
    /// How long the thread was ready to wait for it.
    pub patience: Patience,
    /// When it was acquired.
    pub acquired: Epoch,
    /// Where it was acquired.
    pub site: Site,
    /// The stack of the acquisition, where one was captured.
    pub stack: Option<Stack>,
    /// Tells this critical section from all others.
    pub section: u64,
}

#[derive(Debug)]
struct Thread {
    name: Option<Arc<str>>,
    root: bool,
    alive: bool,
    held: Vec<Held>,
}

/// Threads, objects, held locks and clocks, as the Ops so far have made them.
#[derive(Debug)]
pub struct Context {
    threads: Vec<Option<Thread>>,
    objects: IdMap<ObjectId, Arc<ObjectInfo>>,
    /// Who holds each lock, each thread once: the index behind [`Context::owners`].
    holders: IdMap<ObjectId, Vec<ThreadId>>,
    sections: u64,
    happens_before: Clocks,
    must_happen_before: Clocks,
}

impl Default for Context {
    fn default() -> Self {
        Self::new()
    }
}

impl Context {
    /// Knows nothing.
    #[must_use]
    pub fn new() -> Self {
        Self {
            threads: Vec::new(),
            objects: IdMap::default(),
            holders: IdMap::default(),
            sections: 0,
            happens_before: Clocks::new(Relation::HappensBefore),
            must_happen_before: Clocks::new(Relation::MustHappenBefore),
        }
    }

    /// Takes in one Op.
    ///
    /// # Errors
    ///
    /// The Op is impossible after those before it; the context is then unchanged.
    pub fn apply(&mut self, op: &Op) -> Result<(), OpError> {
        if !Epoch::TICKS.contains(&op.at) {
            return Err(OpError::NoSuchTick { thread: op.thread, tick: op.at });
        }
        self.apply_lives(op)?;
        self.apply_ownership(op)?;
        let taken = self.takes_value(op);
        self.happens_before.observe(op, taken);
        self.must_happen_before.observe(op, taken);
        Ok(())
    }

    /// Whether `op` observes a value that nobody else can observe: each message is received once.
    fn takes_value(&self, op: &Op) -> bool {
        let Action::Observe { object, .. } = op.action else { return false };
        let kind = self.objects.get(&object).map(|info| info.kind);
        matches!(kind, Some(ObjectKind::Channel | ObjectKind::Queue))
    }

    fn apply_lives(&mut self, op: &Op) -> Result<(), OpError> {
        match &op.action {
            Action::Begin { name } => return self.begin(op.thread, name.clone(), true),
            Action::Spawn { child, name } => {
                self.alive(op.thread)?;
                return self.begin(*child, name.clone(), false);
            }
            // That nobody was there to hear it may come to matter only after the notifier's end.
            Action::Notify { woken, .. } if woken.is_empty() => {
                self.thread(op.thread)?;
            }
            _ => self.alive(op.thread)?,
        }
        match &op.action {
            Action::Create { object, info } => {
                if self.objects.contains_key(object) {
                    return Err(OpError::ObjectExists { object: *object });
                }
                self.objects.insert(*object, Arc::clone(info));
            }
            Action::Exit => self.thread_mut(op.thread)?.alive = false,
            Action::Join { child } => {
                if self.thread(*child)?.alive {
                    return Err(OpError::JoinedAlive { thread: *child });
                }
            }
            Action::Unpark { target } => {
                self.thread(*target)?;
            }
            Action::Synchronize { from } if !from.is_none() => {
                self.thread(from.thread())?;
            }
            Action::Notify { object, woken, .. } => {
                self.known(*object)?;
                woken.iter().try_for_each(|woken| self.thread(*woken).map(drop))?;
            }
            action => {
                if let Some(object) = action.object() {
                    self.known(object)?;
                }
            }
        }
        Ok(())
    }

    fn begin(
        &mut self,
        thread: ThreadId,
        name: Option<Arc<str>>,
        root: bool,
    ) -> Result<(), OpError> {
        if thread.index() > self.threads.len() + MAX_GAP || thread.0 > Epoch::MAX_THREAD.0 {
            return Err(OpError::ThreadOutOfOrder { thread });
        }
        if thread.index() >= self.threads.len() {
            self.threads.resize_with(thread.index() + 1, || None);
        }
        let slot = &mut self.threads[thread.index()];
        if slot.is_some() {
            return Err(OpError::ThreadExists { thread });
        }
        *slot = Some(Thread { name, root, alive: true, held: Vec::new() });
        Ok(())
    }

    fn apply_ownership(&mut self, op: &Op) -> Result<(), OpError> {
        match op.action {
            Action::Acquire { object, mode, patience } => {
                self.sections += 1;
                let held = Held {
                    object,
                    mode,
                    patience,
                    acquired: op.epoch(),
                    site: op.site,
                    stack: op.stack.clone(),
                    section: self.sections,
                };
                self.thread_mut(op.thread)?.held.push(held);
                let holders = self.holders.entry(object).or_default();
                if !holders.contains(&op.thread) {
                    holders.push(op.thread);
                }
            }
            Action::Release { object, mode } => {
                let owner = self.owner_to_release(op.thread, object, mode)?;
                let held = &mut self.thread_mut(owner)?.held;
                if let Some(index) = position(held, object, mode) {
                    held.remove(index);
                }
                let holds_more = held.iter().any(|held| held.object == object);
                if let Some(holders) = self.holders.get_mut(&object).filter(|_| !holds_more) {
                    holders.retain(|holder| *holder != owner);
                }
            }
            Action::Destroy { object } if self.holders.get(&object).is_some_and(Vec::is_empty) => {
                self.holders.remove(&object);
            }
            _ => {}
        }
        Ok(())
    }

    /// Whose hold a release by `thread` ends.
    fn owner_to_release(
        &self,
        thread: ThreadId,
        object: ObjectId,
        mode: Mode,
    ) -> Result<ThreadId, OpError> {
        if position(self.held(thread), object, mode).is_some() {
            return Ok(thread);
        }
        let anyone = !self.object(object).kind.owner_releases();
        self.owners(object)
            .find(|(_, held)| anyone && held.mode == mode)
            .map(|(owner, _)| owner)
            .ok_or(OpError::NotHeld { thread, object })
    }

    fn thread(&self, thread: ThreadId) -> Result<&Thread, OpError> {
        self.threads
            .get(thread.index())
            .and_then(Option::as_ref)
            .ok_or(OpError::UnknownThread { thread })
    }

    fn thread_mut(&mut self, thread: ThreadId) -> Result<&mut Thread, OpError> {
        self.threads
            .get_mut(thread.index())
            .and_then(Option::as_mut)
            .ok_or(OpError::UnknownThread { thread })
    }

    fn alive(&self, thread: ThreadId) -> Result<(), OpError> {
        if self.thread(thread)?.alive { Ok(()) } else { Err(OpError::Ended { thread }) }
    }

    fn known(&self, object: ObjectId) -> Result<(), OpError> {
        if self.objects.contains_key(&object) {
            Ok(())
        } else {
            Err(OpError::UnknownObject { object })
        }
    }

    /// Whether `thread` has begun and not ended.
    #[must_use]
    pub fn is_alive(&self, thread: ThreadId) -> bool {
        self.thread(thread).is_ok_and(|thread| thread.alive)
    }

    /// Whether no observed thread spawned `thread`.
    #[must_use]
    pub fn is_root(&self, thread: ThreadId) -> bool {
        self.thread(thread).is_ok_and(|thread| thread.root)
    }

    /// All threads so far, ended ones too.
    pub fn threads(&self) -> impl Iterator<Item = ThreadId> + '_ {
        (0u32..).zip(&self.threads).filter(|(_, t)| t.is_some()).map(|(id, _)| ThreadId(id))
    }

    /// What `thread` holds, in the order of acquisition.
    #[must_use]
    pub fn held(&self, thread: ThreadId) -> &[Held] {
        self.thread(thread).map_or(&[], |thread| &thread.held)
    }

    /// What the thread of `op` held before `op`, which is an acquisition or a request.
    #[must_use]
    pub fn held_before(&self, op: &Op) -> &[Held] {
        let held = self.held(op.thread);
        match op.action {
            Action::Acquire { .. } => &held[..held.len() - 1],
            _ => held,
        }
    }

    /// Who holds `object`, and how. A thread that ended without releasing it still does.
    pub fn owners(&self, object: ObjectId) -> impl Iterator<Item = (ThreadId, &Held)> + '_ {
        let holders = self.holders.get(&object).map_or(&[][..], Vec::as_slice);
        holders.iter().flat_map(move |&thread| {
            let held = self.held(thread).iter();
            held.filter(move |held| held.object == object).map(move |held| (thread, held))
        })
    }

    /// What `object` is. An unknown one gets a made-up description, so that a report can be made.
    #[must_use]
    pub fn object(&self, object: ObjectId) -> Arc<ObjectInfo> {
        self.objects.get(&object).cloned().unwrap_or_else(|| {
            Arc::new(ObjectInfo {
                kind: ObjectKind::Mutex,
                type_name: format!("{object:?}"),
                name: None,
                created: Site::UNKNOWN,
            })
        })
    }

    /// What messages call `object`: `` `noodle` `` where the program named it, else
    /// `` `Mutex<Account>` made at src/bank.rs:12 ``.
    #[must_use]
    pub fn object_label(&self, object: ObjectId) -> String {
        let info = self.object(object);
        object_label(info.name.as_deref(), &info.type_name, info.created)
    }

    /// The thread's name, or `thread 3` where it has none.
    #[must_use]
    pub fn thread_name(&self, thread: ThreadId) -> String {
        let name = self.thread(thread).ok().and_then(|thread| thread.name.clone());
        name.map_or_else(|| format!("thread {}", thread.0), |name| name.to_string())
    }

    /// What `thread` knows by happens-before: everything that C11 orders before its last Op.
    #[must_use]
    pub fn clock(&self, thread: ThreadId) -> Knowledge<'_> {
        self.happens_before.of(thread)
    }

    /// What `thread` knows by must-happen-before: what comes before its last Op in every
    /// interleaving that hands the same values on, whatever the order of critical sections.
    #[must_use]
    pub fn must_clock(&self, thread: ThreadId) -> Knowledge<'_> {
        self.must_happen_before.of(thread)
    }

    /// How often `thread` has learnt something by either order of events, or read what a fence may
    /// yet have it learn. As long as this stays the same, it has nothing new to hand on but what it
    /// does itself.
    #[must_use]
    pub fn lessons(&self, thread: ThreadId) -> u64 {
        self.happens_before.lessons(thread) + self.must_happen_before.lessons(thread)
    }

    /// How often an [`Action::Relay`] has changed what `object` hands on: as long as this stays the
    /// same, who has taken from it once need not do so again.
    #[must_use]
    pub fn relayed(&self, object: ObjectId) -> u64 {
        self.happens_before.relayed(object) + self.must_happen_before.relayed(object)
    }

    /// Whether an analysis may come to ask what is ordered before or after `op`. As long as there
    /// was no such Op, what threads know of each other does not matter.
    #[must_use]
    pub fn is_dated(&self, op: &Op) -> bool {
        match &op.action {
            Action::Request { .. }
            | Action::Acquire { .. }
            | Action::Release { .. }
            | Action::Read { .. }
            | Action::Write { .. } => true,
            Action::Block { on, .. } => *on != WaitFor::Sleep && !self.held(op.thread).is_empty(),
            _ => false,
        }
    }
}

fn position(held: &[Held], object: ObjectId, mode: Mode) -> Option<usize> {
    held.iter().rposition(|held| held.object == object && held.mode == mode)
}
