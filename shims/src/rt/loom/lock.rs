//! Mutexes and reader-writer locks, each on the loom lock of its kind.
//!
//! loom's guards live here between lock and unlock. A guard that is dropped while its thread
//! unwinds would poison the `std` lock inside loom's, and loom does not expect that; so such a
//! release is put off until nobody unwinds. Nobody can tell: the unwinding thread is not switched
//! away from (see `carrier`), and if it locks again it gets its own guard back.
//!
//! Locks that a model tries are handed over by [`tried`].

use std::{collections::HashMap, mem::ManuallyDrop, panic::Location, sync::Arc};

use lockwise_detector::{
    Action, ObjectId, ThreadId,
    finding::Verb,
    op::{Mode, Patience},
};
use loom::sync as l;

use super::{
    LoomError,
    carrier::{fail, halt_if_over, in_loom, in_loom_at_once},
    execution::{Execution, Key, Waiting, introduce, on_execution, tell, tell_quietly},
    tried::{self, Tried},
};
use crate::rt::{Meta, RawMutex, RawRwLock, Until, world::Place};

/// A loom guard, before the lock that it refers to. Never dropped but by [`Hold::release`]: outside
/// an execution loom cannot do that.
pub(super) struct Hold(ManuallyDrop<Guard>);

enum Guard {
    Mutex { _guard: l::MutexGuard<'static, ()>, _lock: Arc<l::Mutex<()>> },
    Read { _guard: l::RwLockReadGuard<'static, ()>, _lock: Arc<l::RwLock<()>> },
    Write { _guard: l::RwLockWriteGuard<'static, ()>, _lock: Arc<l::RwLock<()>> },
}

impl Hold {
    fn of(guard: Guard) -> Self {
        Self(ManuallyDrop::new(guard))
    }

    /// Locks. In loom.
    pub(super) fn mutex(lock: &Arc<l::Mutex<()>>) -> Self {
        let guard = lock.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        // SAFETY: only the lifetime changes, and the guard is kept with a share of the lock.
        let guard = unsafe {
            std::mem::transmute::<l::MutexGuard<'_, ()>, l::MutexGuard<'static, ()>>(guard)
        };
        Self::of(Guard::Mutex { _guard: guard, _lock: Arc::clone(lock) })
    }

    fn read(lock: &Arc<l::RwLock<()>>) -> Self {
        let guard = lock.read().unwrap_or_else(std::sync::PoisonError::into_inner);
        // SAFETY: as for `mutex`.
        let guard = unsafe {
            std::mem::transmute::<l::RwLockReadGuard<'_, ()>, l::RwLockReadGuard<'static, ()>>(
                guard,
            )
        };
        Self::of(Guard::Read { _guard: guard, _lock: Arc::clone(lock) })
    }

    fn write(lock: &Arc<l::RwLock<()>>) -> Self {
        let guard = lock.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        // SAFETY: as for `mutex`.
        let guard = unsafe {
            std::mem::transmute::<l::RwLockWriteGuard<'_, ()>, l::RwLockWriteGuard<'static, ()>>(
                guard,
            )
        };
        Self::of(Guard::Write { _guard: guard, _lock: Arc::clone(lock) })
    }

    /// Releases. In loom.
    pub(super) fn release(self) {
        drop(ManuallyDrop::into_inner(self.0));
    }
}

/// A release that is put off.
pub(super) struct Late {
    key: Key,
    mode: Mode,
    hold: Hold,
}

impl Late {
    /// Releases now. In loom.
    pub(super) fn release(self) {
        self.hold.release();
    }
}

/// Releases, now or as soon as nobody unwinds.
fn release(key: Key, mode: Mode, hold: Hold) {
    if std::thread::panicking() {
        on_execution(|execution| execution.late.push(Late { key, mode, hold }));
    } else {
        in_loom(|| hold.release());
    }
}

/// The hold of which the release was put off. It is this thread's: no other has run since.
fn retake(execution: &mut Execution, key: Key, mode: Mode) -> Option<Hold> {
    let index = execution.late.iter().position(|late| late.key == key && late.mode == mode)?;
    Some(execution.late.remove(index).hold)
}

/// The mutexes of an execution.
#[derive(Default)]
pub(super) struct Locks(HashMap<Key, MutexState>);

struct MutexState {
    lock: Arc<l::Mutex<()>>,
    tried: Option<Tried>,
    hold: Option<Hold>,
}

impl Locks {
    pub(super) fn forget(&mut self, key: Key) {
        self.0.remove(&key);
    }
}

/// The reader-writer locks of an execution.
#[derive(Default)]
pub(super) struct RwLocks(HashMap<ObjectId, RwState>);

struct RwState {
    lock: Arc<l::RwLock<()>>,
    tried: Option<Tried>,
    holds: Vec<RwHold>,
}

/// All that one thread holds of a reader-writer lock: loom counts a thread that reads twice once.
struct RwHold {
    thread: ThreadId,
    mode: Mode,
    count: usize,
    hold: Hold,
}

impl RwLocks {
    pub(super) fn forget(&mut self, object: ObjectId) {
        self.0.remove(&object);
    }
}

/// Which lock, and in which mode it is to be taken.
#[derive(Clone, Copy)]
pub(super) enum Lock {
    Mutex(Key),
    Rw(ObjectId, Mode),
}

impl Lock {
    fn key(self) -> Key {
        match self {
            Self::Mutex(key) => key,
            Self::Rw(object, _) => Key::Object(object),
        }
    }

    fn mode(self) -> Mode {
        match self {
            Self::Mutex(_) => Mode::Exclusive,
            Self::Rw(_, mode) => mode,
        }
    }

    fn object(self) -> Option<ObjectId> {
        match self.key() {
            Key::Object(object) => Some(object),
            Key::Address(_) => None,
        }
    }

    /// What it has if it is one that is tried.
    pub(super) fn tried(self, execution: &mut Execution) -> Option<&mut Tried> {
        match self {
            Self::Mutex(key) => execution.locks.0.get_mut(&key)?.tried.as_mut(),
            Self::Rw(object, _) => execution.rwlocks.0.get_mut(&object)?.tried.as_mut(),
        }
    }

    /// Whether nobody's hold keeps it from being taken.
    pub(super) fn is_free(self, execution: &Execution) -> bool {
        match self {
            Self::Mutex(key) => execution.locks.0.get(&key).is_none_or(|s| s.hold.is_none()),
            Self::Rw(object, mode) => execution.rwlocks.0.get(&object).is_none_or(|state| {
                let mut holds = state.holds.iter();
                holds.all(|hold| hold.mode == Mode::Shared && mode == Mode::Shared)
            }),
        }
    }
}

/// Refuses to wait with a time limit.
pub(super) fn refuse_timeout(until: Until, call: &'static str, place: Place) {
    if let Until::Deadline(_) = until {
        fail(LoomError::Timeout { call, site: place.into() });
    }
}

/// Refuses a lock that is held in the os world: what it guards is in use there.
fn refuse_held(held: bool, meta: Option<&Meta>, place: Place) {
    if held {
        let lock = meta.map_or_else(
            || "the inner lock of a primitive".to_owned(),
            |meta| format!("`{}`", meta.origin().info().type_name),
        );
        fail(LoomError::HeldOutside { lock, site: place.into() });
    }
}

#[track_caller]
pub(super) fn lock(mutex: &RawMutex, until: Until) -> bool {
    let place = Location::caller();
    refuse_timeout(until, "lock with a time limit", place);
    let key = Key::of(mutex, mutex.meta.as_ref());
    let object = mutex.meta.as_ref().map(introduce);
    let loom = loom_mutex(key, mutex, place);
    let lock = Lock::Mutex(key);
    if let (Some(meta), Until::Now) = (&mutex.meta, until) {
        tried::must_be_known(lock, meta.origin().created);
    }
    let hold = acquire(lock, until, place, || Hold::mutex(&loom));
    let Some(hold) = hold else { return false };
    on_execution(|execution| {
        if let Some(state) = execution.locks.0.get_mut(&key) {
            state.hold = Some(hold);
        }
    });
    tell_acquired(object, Mode::Exclusive, until, place);
    true
}

fn loom_mutex(key: Key, mutex: &RawMutex, place: Place) -> Arc<l::Mutex<()>> {
    let known = on_execution(|execution| execution.locks.0.get(&key).map(|s| Arc::clone(&s.lock)));
    known.unwrap_or_else(|| {
        let held = mutex.word.load(std::sync::atomic::Ordering::Relaxed) != 0;
        refuse_held(held, mutex.meta.as_ref(), place);
        let lock = in_loom(|| Arc::new(l::Mutex::new(())));
        let tried = tried::tried(mutex.meta.as_ref());
        let state = MutexState { lock: Arc::clone(&lock), tried, hold: None };
        on_execution(|execution| execution.locks.0.insert(key, state));
        lock
    })
}

/// Requests and takes a lock.
fn acquire(lock: Lock, until: Until, place: Place, take: impl FnOnce() -> Hold) -> Option<Hold> {
    let (object, mode) = (lock.object(), lock.mode());
    if let (Some(object), Until::Forever) = (object, until) {
        request(object, mode, place);
    }
    let verb = if mode == Mode::Shared { Verb::WantRead } else { Verb::WantLock };
    let own = on_execution(|execution| {
        execution.me().waiting = Some(Waiting { verb, object, site: place.into() });
        retake(execution, lock.key(), mode)
    });
    let hold = own.or_else(|| match tried::take_turn(lock) {
        true => tried::acquire(lock, until, take),
        false => Some(in_loom(take)),
    });
    on_execution(|execution| execution.me().waiting = None);
    hold
}

fn request(object: ObjectId, mode: Mode, place: Place) {
    tell(place, Action::Request { object, mode, patience: Patience::Forever });
}

fn tell_acquired(object: Option<ObjectId>, mode: Mode, until: Until, place: Place) {
    if let Some(object) = object {
        tell(place, Action::Acquire { object, mode, patience: until.patience() });
    }
}

#[track_caller]
pub(super) fn unlock(mutex: &RawMutex) {
    release_mutex(mutex, Location::caller());
    halt_if_over();
}

/// Releases, and lets the execution go on in any case.
pub(super) fn release_mutex(mutex: &RawMutex, place: Place) {
    let key = Key::of(mutex, mutex.meta.as_ref());
    let is_tried = tried::take_turn(Lock::Mutex(key));
    if let Some(meta) = &mutex.meta {
        tell_quietly(place, Action::Release { object: meta.id(), mode: Mode::Exclusive });
    }
    let hold = on_execution(|execution| execution.locks.0.get_mut(&key)?.hold.take());
    if let Some(hold) = hold {
        release(key, Mode::Exclusive, hold);
    }
    if is_tried {
        tried::wake(Lock::Mutex(key));
    }
}

#[track_caller]
pub(super) fn rw_lock(raw: &RawRwLock, mode: Mode, until: Until) -> bool {
    let place = Location::caller();
    refuse_timeout(until, "read or write with a time limit", place);
    let object = introduce(&raw.meta);
    let loom = loom_rwlock(object, raw, place);
    let lock = Lock::Rw(object, mode);
    if until == Until::Now {
        tried::must_be_known(lock, raw.meta.origin().created);
    }
    if mode == Mode::Shared && on_execution(|execution| read_again(execution, object)) {
        if until == Until::Forever {
            request(object, mode, place);
        }
        tell_acquired(Some(object), mode, until, place);
        return true;
    }
    let hold = acquire(lock, until, place, || match mode {
        Mode::Shared => Hold::read(&loom),
        Mode::Exclusive => Hold::write(&loom),
    });
    let Some(hold) = hold else { return false };
    on_execution(|execution| keep(execution, object, mode, hold));
    tell_acquired(Some(object), mode, until, place);
    true
}

fn loom_rwlock(object: ObjectId, raw: &RawRwLock, place: Place) -> Arc<l::RwLock<()>> {
    let known =
        on_execution(|execution| execution.rwlocks.0.get(&object).map(|s| Arc::clone(&s.lock)));
    known.unwrap_or_else(|| {
        let held = raw.word.load(std::sync::atomic::Ordering::Relaxed) != 0;
        refuse_held(held, Some(&raw.meta), place);
        let lock = in_loom(|| Arc::new(l::RwLock::new(())));
        let tried = tried::tried(Some(&raw.meta));
        let state = RwState { lock: Arc::clone(&lock), tried, holds: Vec::new() };
        on_execution(|execution| execution.rwlocks.0.insert(object, state));
        lock
    })
}

/// One more shared hold of a thread that has one. It cannot wait: nobody can be writing.
fn read_again(execution: &mut Execution, object: ObjectId) -> bool {
    let me = execution.current;
    let Some(state) = execution.rwlocks.0.get_mut(&object) else { return false };
    let mine = state.holds.iter_mut().find(|h| h.thread == me && h.mode == Mode::Shared);
    mine.is_some_and(|hold| {
        hold.count += 1;
        true
    })
}

fn keep(execution: &mut Execution, object: ObjectId, mode: Mode, hold: Hold) {
    let thread = execution.current;
    if let Some(state) = execution.rwlocks.0.get_mut(&object) {
        state.holds.push(RwHold { thread, mode, count: 1, hold });
    }
}

/// Ends one hold of this thread; returns what is then to be released in loom.
fn let_go(execution: &mut Execution, object: ObjectId, mode: Mode) -> Option<Hold> {
    let me = execution.current;
    let holds = &mut execution.rwlocks.0.get_mut(&object)?.holds;
    let mine = holds.iter().position(|hold| hold.thread == me && hold.mode == mode);
    // A guard that was sent to another thread ends somebody else's hold.
    let index = mine.or_else(|| holds.iter().position(|hold| hold.mode == mode))?;
    holds[index].count -= 1;
    (holds[index].count == 0).then(|| holds.swap_remove(index).hold)
}

#[track_caller]
pub(super) fn rw_unlock(raw: &RawRwLock, mode: Mode) {
    let object = raw.meta.id();
    let lock = Lock::Rw(object, mode);
    let is_tried = tried::take_turn(lock);
    tell_quietly(Location::caller(), Action::Release { object, mode });
    if let Some(hold) = on_execution(|execution| let_go(execution, object, mode)) {
        release(lock.key(), mode, hold);
    }
    if is_tried {
        tried::wake(lock);
    }
    halt_if_over();
}

#[track_caller]
pub(super) fn rw_downgrade(raw: &RawRwLock) {
    let place = Location::caller();
    let object = raw.meta.id();
    let is_tried = tried::take_turn(Lock::Rw(object, Mode::Shared));
    let held = on_execution(|execution| {
        let lock = Arc::clone(&execution.rwlocks.0.get(&object)?.lock);
        let_go(execution, object, Mode::Exclusive).map(|hold| (lock, hold))
    });
    let Some((lock, hold)) = held else { return };
    let hold = in_loom_at_once(|| {
        hold.release();
        Hold::read(&lock)
    });
    tell_quietly(place, Action::Release { object, mode: Mode::Exclusive });
    on_execution(|execution| keep(execution, object, Mode::Shared, hold));
    if is_tried {
        tried::wake(Lock::Rw(object, Mode::Shared));
    }
    tell(place, Action::Acquire { object, mode: Mode::Shared, patience: Patience::Try });
}
