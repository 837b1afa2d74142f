//! Locks of other crates, known by their addresses alone.
//!
//! Such a crate says after the fact that it has acquired a lock, and before it that it will release
//! one. What it does to get there, its atomics, is its own: told on real threads, it would look as
//! if each critical section had to come before the next.
//!
//! # What an address stands for
//!
//! Nothing says when a lock is made, moved or gone. An address is taken for the same lock until
//! something shows that it is not: it is acquired as a lock of another kind, or although somebody
//! is said to hold it who never released it. So a lock made where another one was can pass for
//! that one, and an order of the two can close a cycle that no lock has. It takes threads that
//! nothing orders but a reference count and the allocator, since joins, messages and atomics
//! order the uses of the two locks, and ordered steps make no cycle. A lock that is moved is a new
//! one, of which what was learnt before is not known. Who waits for whom, right now, is exact all
//! the same: a lock that is held stays where it is.

use std::{
    cell::Cell,
    collections::HashMap,
    panic::Location,
    sync::{
        PoisonError, RwLock,
        atomic::{AtomicU32, Ordering},
    },
};

use lockwise_detector::{
    ObjectId, Site,
    op::{FOREIGN, Mode, ObjectInfo, ObjectKind, Patience, Purpose, WaitFor},
};

use super::{Stop, World, dispatch, os::local::draw_object_id, thread::Thread};

/// What a thread does to a lock of another crate, and how.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Foreign {
    /// Its address.
    pub(crate) key: usize,
    pub(crate) kind: ObjectKind,
    pub(crate) mode: Mode,
    pub(crate) patience: Patience,
    /// The place in the user's code.
    pub(crate) site: &'static Site,
    /// The return address there, from which a stack is of interest; 0 if it is not known.
    pub(crate) address: usize,
}

impl Foreign {
    /// What a detector is told. Where the lock was made is not known: this is its first use.
    pub(super) fn info(&self) -> ObjectInfo {
        info(self.kind, *self.site)
    }
}

/// What a detector is told of a lock that was first used at `created`.
pub(super) fn info(kind: ObjectKind, created: Site) -> ObjectInfo {
    let type_name = format!("{FOREIGN}{}", kind.name());
    ObjectInfo { kind, type_name, name: None, created }
}

/// What is done.
#[derive(Clone, Copy)]
pub(crate) enum Deed<'a> {
    /// The thread will wait to own it. An error says that it must not.
    Request,
    /// It gave up.
    Withdraw,
    /// It owns it from here on.
    Own,
    /// It owns it no longer, in whatever mode it did.
    Disown,
    /// The thread will wait for it, a condition variable with this mutex or an event. An error says
    /// that it must not, and has to say that it does not.
    Block(Option<&'a Foreign>),
    /// It does not wait any longer, though nobody has woken it.
    Unblock,
    /// It wakes a thread that will [`Deed::Observe`] the same token: this one, if it has blocked.
    Wake(Option<&'a Thread>, u64),
    /// It was woken.
    Observe(u64),
}

/// Tells the analyses.
///
/// # Errors
///
/// Of a [`Deed::Request`] or a [`Deed::Block`]: the thread must not wait.
#[inline]
pub(crate) fn tell(lock: &Foreign, deed: Deed<'_>) -> Result<(), Stop> {
    dispatch!(world => world.foreign(lock, deed))
}

/// What is waited for at `object`, with `mutex` if that is a condition variable.
pub(super) fn wait_for(object: ObjectId, mutex: Option<ObjectId>) -> WaitFor {
    match mutex {
        Some(mutex) => WaitFor::Condvar { condvar: object, mutex },
        None => WaitFor::Object { object, purpose: Purpose::Event },
    }
}

/// Who owns what, by address, in a model. `T` stands for a thread.
#[derive(Debug)]
pub(super) struct Locks<T>(HashMap<usize, Lock<T>>);

/// A lock and its owners.
#[derive(Debug)]
pub(super) struct Lock<T> {
    pub(super) object: ObjectId,
    kind: ObjectKind,
    pub(super) owners: Vec<(T, Mode)>,
}

impl<T> Default for Locks<T> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<T: Copy + Eq> Locks<T> {
    /// Takes out what was at the address and is shown by `lock`, which `owned` or not, to be gone.
    pub(super) fn take_gone(&mut self, lock: &Foreign, owned: bool) -> Option<Lock<T>> {
        let known = self.0.get(&lock.key)?;
        let against_owners = owned && lock.mode == Mode::Exclusive && !known.owners.is_empty();
        if known.kind == lock.kind && !against_owners {
            return None;
        }
        self.0.remove(&lock.key)
    }

    /// What is there, now if not before.
    pub(super) fn id(&mut self, lock: &Foreign) -> ObjectId {
        let fresh =
            || Lock { object: ObjectId(draw_object_id()), kind: lock.kind, owners: Vec::new() };
        self.0.entry(lock.key).or_insert_with(fresh).object
    }

    /// `owner` owns it. Returns who must have let go of exclusive ownership to let it in.
    pub(super) fn own(&mut self, lock: &Foreign, owner: T) -> Vec<T> {
        self.id(lock);
        let Some(known) = self.0.get_mut(&lock.key) else { return Vec::new() };
        let exclusive = known.owners.iter_mut().filter(|(_, mode)| *mode == Mode::Exclusive);
        let downgraded = exclusive.map(|(owner, mode)| {
            *mode = Mode::Shared;
            *owner
        });
        let downgraded = downgraded.collect();
        known.owners.push((owner, lock.mode));
        downgraded
    }

    /// `releaser` releases it. A guard may have been sent to another thread than the owner.
    pub(super) fn disown(&mut self, key: usize, releaser: T) -> Option<(ObjectId, T, Mode)> {
        let known = self.0.get_mut(&key)?;
        let own = known.owners.iter().rposition(|(owner, _)| *owner == releaser);
        let index = own.or(known.owners.len().checked_sub(1))?;
        let (owner, mode) = known.owners.remove(index);
        Some((known.object, owner, mode))
    }
}

/// The sources that locks of other crates are made of, and how many they are.
static SOURCES: RwLock<Vec<&'static str>> = RwLock::new(Vec::new());
static COUNT: AtomicU32 = AtomicU32::new(0);

/// How many places a thread remembers.
const NEAR: usize = 256;

thread_local! {
    /// Places of which a thread knows whether they are in a source, each where its address tells:
    /// the address, and twice the number of sources by which that was decided, plus 1 if it is.
    static DECIDED: [Cell<(usize, u32)>; NEAR] = const { [const { Cell::new((0, 0)) }; NEAR] };
}

/// On real threads, what atomics in `file` do is a lock's own business from here on.
pub(crate) fn add_source(file: &'static str) {
    let mut sources = SOURCES.write().unwrap_or_else(PoisonError::into_inner);
    if !sources.contains(&file) {
        sources.push(file);
        COUNT.fetch_add(1, Ordering::Relaxed);
    }
}

/// Whether it is at `place`.
#[inline]
pub(in crate::rt) fn is_in_source(place: &'static Location<'static>) -> bool {
    let count = COUNT.load(Ordering::Relaxed);
    if count == 0 {
        return false;
    }
    let address = std::ptr::from_ref(place).addr();
    let index = ((address >> 3) ^ (address >> 11)) % NEAR;
    let (decided, verdict) = DECIDED.with(|decided| decided[index].get());
    // What was in a source stays so.
    if decided == address && (verdict & 1 == 1 || verdict >> 1 == count) {
        return verdict & 1 == 1;
    }
    let is = SOURCES.read().unwrap_or_else(PoisonError::into_inner).contains(&place.file());
    DECIDED.with(|decided| decided[index].set((address, count << 1 | u32::from(is))));
    is
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lock(kind: ObjectKind, mode: Mode) -> Foreign {
        Foreign {
            key: 8,
            kind,
            mode,
            patience: Patience::Forever,
            site: &Site::UNKNOWN,
            address: 0,
        }
    }

    #[test]
    fn an_address_is_the_same_lock_until_something_shows_otherwise() {
        let mut locks = Locks::default();
        let mutex = lock(ObjectKind::Mutex, Mode::Exclusive);
        let first = locks.id(&mutex);
        assert!(locks.own(&mutex, 1).is_empty());
        assert!(locks.take_gone(&mutex, false).is_none());
        assert_eq!(locks.disown(8, 1), Some((first, 1, Mode::Exclusive)));
        assert!(locks.take_gone(&mutex, true).is_none());
        assert_eq!(locks.id(&mutex), first);

        assert!(locks.own(&mutex, 1).is_empty());
        let gone = locks.take_gone(&mutex, true).expect("it was never released");
        assert_eq!((gone.object, gone.owners), (first, vec![(1, Mode::Exclusive)]));
        let second = locks.id(&mutex);
        assert_ne!(second, first);

        let rwlock = lock(ObjectKind::RwLock, Mode::Shared);
        assert_eq!(locks.take_gone(&rwlock, false).map(|gone| gone.object), Some(second));
    }

    #[test]
    fn a_reader_shows_that_the_writer_has_become_one() {
        let mut locks = Locks::default();
        locks.own(&lock(ObjectKind::RwLock, Mode::Exclusive), 1);
        let reader = lock(ObjectKind::RwLock, Mode::Shared);
        assert_eq!(locks.own(&reader, 2), [1]);
        let object = locks.id(&reader);
        assert_eq!(locks.disown(8, 1), Some((object, 1, Mode::Shared)));
        assert_eq!(locks.disown(8, 3), Some((object, 2, Mode::Shared)));
        assert_eq!(locks.disown(8, 3), None);
    }
}
