//! [`Peer`]: what is compared.

use std::ops::{Deref, DerefMut};

/// A family of locks.
pub trait Peer {
    /// What tables call it.
    const NAME: &'static str;
    /// A mutex with data.
    type Mutex: 'static;
    /// Its guard.
    type MutexGuard<'a>: DerefMut<Target = u64>;
    /// A reader-writer lock with data.
    type RwLock: 'static;
    /// Its guard for readers.
    type ReadGuard<'a>: Deref<Target = u64>;

    /// Makes a mutex.
    fn mutex(value: u64) -> Self::Mutex;
    /// Locks it.
    fn lock(mutex: &Self::Mutex) -> Self::MutexGuard<'_>;
    /// Makes a reader-writer lock.
    fn rwlock(value: u64) -> Self::RwLock;
    /// Locks it for reading.
    fn read(lock: &Self::RwLock) -> Self::ReadGuard<'_>;

    /// Runs `f` with an empty lock graph, where the peer can make one. (The others forget a lock
    /// when it is dropped.)
    fn afresh(f: impl FnOnce()) {
        f();
    }
}

macro_rules! peer {
    ($name:literal, $peer:ident of $($module:ident)::+, |$result:ident| $guard:expr $(, $afresh:item)?) => {
        #[doc = concat!("The locks of ", $name, ".")]
        #[derive(Debug)]
        pub enum $peer {}

        impl Peer for $peer {
            const NAME: &'static str = $name;
            type Mutex = $($module)::+::Mutex<u64>;
            type MutexGuard<'a> = $($module)::+::MutexGuard<'a, u64>;
            type RwLock = $($module)::+::RwLock<u64>;
            type ReadGuard<'a> = $($module)::+::RwLockReadGuard<'a, u64>;

            #[inline(always)]
            fn mutex(value: u64) -> Self::Mutex {
                Self::Mutex::new(value)
            }

            #[inline(always)]
            fn lock(mutex: &Self::Mutex) -> Self::MutexGuard<'_> {
                let $result = mutex.lock();
                $guard
            }

            #[inline(always)]
            fn rwlock(value: u64) -> Self::RwLock {
                Self::RwLock::new(value)
            }

            #[inline(always)]
            fn read(lock: &Self::RwLock) -> Self::ReadGuard<'_> {
                let $result = lock.read();
                $guard
            }

            $($afresh)?
        }
    };
}

peer!("std", Std of std::sync, |result| result.unwrap());
peer!(
    "lockwise",
    Lockwise of lockwise::sync,
    |result| result.unwrap(),
    fn afresh(f: impl FnOnce()) {
        lockwise::record::record(f);
    }
);
peer!("tracing-mutex", TracingMutex of tracing_mutex::stdsync::tracing, |result| result.unwrap());
peer!("parking_lot", ParkingLot of parking_lot, |guard| guard);
peer!("no_deadlocks", NoDeadlocks of no_deadlocks, |result| result.unwrap());
peer!("deloxide", Deloxide of deloxide, |guard| guard);

/// Switches on what has to be: deloxide checks lock order only when told to.
///
/// # Panics
///
/// If deloxide cannot start.
pub fn start() {
    deloxide::Deloxide::new().with_lock_order_checking().start().expect("deloxide starts once");
}
