//! Without the feature `observe`, the std-shaped types are std's own.
#![cfg(not(feature = "observe"))]

use std::any::TypeId;

type Types = Vec<(&'static str, TypeId)>;

macro_rules! same_types {
    ($lib:ident: $($Type:ty;)*) => {
        #[test]
        fn types_are_those_of_std() {
            let ours: Types = {
                use lockwise as $lib;
                vec![$((stringify!($Type), TypeId::of::<$Type>())),*]
            };
            let theirs: Types = {
                use std as $lib;
                vec![$((stringify!($Type), TypeId::of::<$Type>())),*]
            };
            assert_eq!(ours, theirs);
        }
    };
}

same_types! { lib:
    lib::cell::UnsafeCell<u8>;
    lib::cell::RefCell<u8>;
    lib::sync::Mutex<i32>;
    lib::sync::MutexGuard<'static, i32>;
    lib::sync::RwLock<i32>;
    lib::sync::RwLockReadGuard<'static, i32>;
    lib::sync::RwLockWriteGuard<'static, i32>;
    lib::sync::Condvar;
    lib::sync::WaitTimeoutResult;
    lib::sync::Once;
    lib::sync::OnceState;
    lib::sync::OnceLock<i32>;
    lib::sync::LazyLock<i32>;
    lib::sync::Barrier;
    lib::sync::BarrierWaitResult;
    lib::sync::PoisonError<i32>;
    lib::sync::TryLockError<i32>;
    lib::sync::Arc<i32>;
    lib::sync::Weak<i32>;
    lib::sync::mpsc::Sender<i32>;
    lib::sync::mpsc::SyncSender<i32>;
    lib::sync::mpsc::Receiver<i32>;
    lib::sync::mpsc::RecvError;
    lib::sync::atomic::AtomicBool;
    lib::sync::atomic::AtomicU8;
    lib::sync::atomic::AtomicU16;
    lib::sync::atomic::AtomicU32;
    lib::sync::atomic::AtomicU64;
    lib::sync::atomic::AtomicUsize;
    lib::sync::atomic::AtomicI8;
    lib::sync::atomic::AtomicI16;
    lib::sync::atomic::AtomicI32;
    lib::sync::atomic::AtomicI64;
    lib::sync::atomic::AtomicIsize;
    lib::sync::atomic::AtomicPtr<u8>;
    lib::sync::atomic::Ordering;
    lib::thread::Thread;
    lib::thread::ThreadId;
    lib::thread::Builder;
    lib::thread::JoinHandle<i32>;
    lib::thread::ScopedJoinHandle<'static, i32>;
    lib::thread::Scope<'static, 'static>;
    lib::thread::LocalKey<i32>;
    lib::thread::AccessError;
    lib::time::Instant;
    lib::time::SystemTime;
    lib::time::Duration;
}

#[test]
fn values_go_where_std_wants_them() {
    let mutex: std::sync::Mutex<i32> = lockwise::sync::Mutex::new(1);
    let held: lockwise::sync::MutexGuard<'_, i32> = mutex.lock().unwrap();
    assert_eq!(*held, 1);
    let handle: std::thread::JoinHandle<u8> = lockwise::thread::spawn(|| 2);
    assert_eq!(handle.join().unwrap(), 2);
    lockwise::hint::spin_loop();
}

#[test]
fn thread_local_is_std_s() {
    lockwise::thread_local!(static KEY: std::cell::Cell<u8> = const { std::cell::Cell::new(3) });
    let key: &'static std::thread::LocalKey<std::cell::Cell<u8>> = &KEY;
    assert_eq!(key.get(), 3);
}
