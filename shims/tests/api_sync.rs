//! Every stable method of std's `sync` types (Rust 1.95), called on std's type and on ours by the
//! same code: both must compile, and give the same results and texts.

/// Runs a test body against `std::sync` and `lockwise::sync`, and compares what it returns.
macro_rules! same {
    ($($name:ident { $($body:tt)* })*) => {$(
        #[test]
        fn $name() {
            mod std_s {
                #![allow(unused_imports, reason = "not every body uses all of it")]
                use super::helpers::*;
                use std::{sync, thread};
                pub(super) fn run() -> Vec<String> { $($body)* }
            }
            mod ours {
                #![allow(unused_imports, reason = "not every body uses all of it")]
                use super::helpers::*;
                use lockwise::{sync, thread};
                pub(super) fn run() -> Vec<String> { $($body)* }
            }
            let expected = std_s::run();
            assert!(!expected.is_empty());
            assert_eq!(ours::run(), expected);
        }
    )*};
}

/// The texts of values, for comparison.
macro_rules! texts {
    ($($value:expr),* $(,)?) => { vec![$(format!("{:?}", $value)),*] };
}

/// Which auto traits types have. An inherent constant hides the trait's where its bound holds.
macro_rules! traits {
    ($out:ident: $($type:ty),*) => {$(
        $out.push(format!(
            "{}: Send {}, Sync {}, Unpin {}, UnwindSafe {}, RefUnwindSafe {}",
            stringify!($type),
            <IsSend<$type>>::YES,
            <IsSync<$type>>::YES,
            <IsUnpin<$type>>::YES,
            <IsUnwindSafe<$type>>::YES,
            <IsRefUnwindSafe<$type>>::YES,
        ));
    )*};
}

mod helpers {
    pub(super) use std::{
        cell::Cell,
        marker::PhantomPinned,
        panic::{AssertUnwindSafe, catch_unwind},
        rc::Rc,
        time::Duration,
    };

    pub(super) const MOMENT: Duration = Duration::from_millis(5);

    /// Says no, unless a probe below knows better.
    pub(super) trait No {
        const YES: bool = false;
    }
    impl<T: ?Sized> No for T {}

    macro_rules! probes {
        ($($probe:ident: $trait:path;)*) => {$(
            pub(super) struct $probe<T>(std::marker::PhantomData<T>);
            impl<T: $trait> $probe<T> {
                pub(super) const YES: bool = true;
            }
        )*};
    }
    probes! {
        IsSend: Send;
        IsSync: Sync;
        IsUnpin: Unpin;
        IsUnwindSafe: std::panic::UnwindSafe;
        IsRefUnwindSafe: std::panic::RefUnwindSafe;
    }

    /// Whether `f` panics.
    pub(super) fn panics(f: impl FnOnce()) -> bool {
        catch_unwind(AssertUnwindSafe(f)).is_err()
    }
}

same! {
    mutex {
        static STATIC: sync::Mutex<Vec<u8>> = sync::Mutex::new(Vec::new());
        STATIC.lock().unwrap().push(3);
        let mut m = sync::Mutex::new(1);
        *m.lock().unwrap() += 1;
        *m.get_mut().unwrap() += 1;
        let mut out = texts![m, STATIC, m.lock().unwrap(), m.try_lock(), m.is_poisoned()];
        let held = m.lock().unwrap();
        out.extend(texts![m, m.try_lock(), format!("{held} {held:?}")]);
        drop(held);
        panics(|| { let _held = m.lock().unwrap(); panic!("on purpose") });
        out.extend(texts![m, m.is_poisoned(), m.lock(), m.try_lock(), m.get_mut()]);
        m.clear_poison();
        out.extend(texts![m, m.into_inner(), sync::Mutex::<u8>::default(), sync::Mutex::from('x')]);
        out
    }

    rwlock {
        static STATIC: sync::RwLock<Vec<u8>> = sync::RwLock::new(Vec::new());
        STATIC.write().unwrap().push(3);
        let mut l = sync::RwLock::new(1);
        *l.write().unwrap() += 1;
        *l.get_mut().unwrap() += 1;
        let mut out = texts![l, STATIC, l.read().unwrap(), l.write().unwrap(), l.is_poisoned()];
        out.extend(texts![l.try_read(), l.try_write()]);
        let held = l.read().unwrap();
        out.extend(texts![l, l.try_read(), l.try_write(), format!("{held} {held:?}")]);
        drop(held);
        let held = l.write().unwrap();
        out.extend(texts![l, l.try_read(), format!("{held} {held:?}")]);
        let held = sync::RwLockWriteGuard::downgrade(held);
        out.extend(texts![held, l.try_read(), l.try_write()]);
        drop(held);
        panics(|| { let _held = l.write().unwrap(); panic!("on purpose") });
        out.extend(texts![l, l.is_poisoned(), l.read(), l.write(), l.try_read(), l.get_mut()]);
        l.clear_poison();
        out.extend(texts![l.into_inner(), sync::RwLock::<u8>::default(), sync::RwLock::from('x')]);
        out
    }

    condvar {
        static STATIC: sync::Condvar = sync::Condvar::new();
        let (m, c) = (sync::Mutex::new(0), sync::Condvar::default());
        let mut out = texts![c, STATIC];
        STATIC.notify_one();
        STATIC.notify_all();
        let g = c.wait_while(m.lock().unwrap(), |n| *n != 0).unwrap();
        let (g, result) = c.wait_timeout(g, MOMENT).unwrap();
        out.extend(texts![g, result, result.timed_out(), { let copy = result; copy == result }]);
        let (g, result) = c.wait_timeout_while(g, MOMENT, |n| { *n += 1; *n < 2 }).unwrap();
        out.extend(texts![g, result]);
        let (g, result) = c.wait_timeout_while(g, MOMENT, |_| true).unwrap();
        out.extend(texts![g, result]);
        #[allow(deprecated, reason = "it is stable")]
        let (g, in_time) = c.wait_timeout_ms(g, 5).unwrap();
        out.extend(texts![g, in_time]);
        drop(g);
        thread::scope(|scope| {
            let mut g = m.lock().unwrap();
            scope.spawn(|| { *m.lock().unwrap() = 9; c.notify_one(); });
            while *g != 9 {
                g = c.wait(g).unwrap();
            }
        });
        panics(|| { let _held = m.lock().unwrap(); panic!("on purpose") });
        let g = m.lock().unwrap_err().into_inner();
        out.extend(texts![c.wait_timeout(g, MOMENT)]);
        out
    }

    once {
        static STATIC: sync::Once = sync::Once::new();
        #[allow(deprecated, reason = "it is stable")]
        static OLD: sync::Once = sync::ONCE_INIT;
        OLD.call_once(|| {});
        let mut out = texts![STATIC, STATIC.is_completed(), OLD.is_completed()];
        out.extend(texts![panics(|| STATIC.call_once(|| panic!("on purpose")))]);
        out.extend(texts![panics(|| STATIC.call_once(|| {})), STATIC.is_completed()]);
        out.extend(texts![panics(|| STATIC.wait())]);
        STATIC.call_once_force(|state| out.extend(texts![state, state.is_poisoned()]));
        STATIC.call_once_force(|_| unreachable!());
        STATIC.wait();
        STATIC.wait_force();
        out.extend(texts![STATIC.is_completed()]);
        out
    }

    once_lock {
        static STATIC: sync::OnceLock<Vec<u8>> = sync::OnceLock::new();
        let mut out = texts![STATIC, STATIC.get()];
        out.extend(texts![STATIC.set(vec![1]), STATIC.set(vec![2]), STATIC, STATIC.wait()]);
        let mut cell = sync::OnceLock::default();
        out.extend(texts![cell, cell.get_mut()]);
        out.extend(texts![cell.get_or_init(|| 5), cell.get_or_init(|| 6), cell.get_mut()]);
        out.extend(texts![cell.clone() == cell, sync::OnceLock::from(5) == cell]);
        out.extend(texts![sync::OnceLock::<u8>::new().clone(), cell.take(), cell.take(), cell]);
        out.extend(texts![cell.set(7), cell.into_inner(), sync::OnceLock::<u8>::new().into_inner()]);
        out
    }

    lazy_lock {
        static STATIC: sync::LazyLock<Vec<u8>> = sync::LazyLock::new(|| vec![1]);
        let mut out = texts![STATIC, sync::LazyLock::get(&STATIC)];
        out.extend(texts![STATIC.len(), STATIC, sync::LazyLock::get(&STATIC)]);
        let mut lazy = sync::LazyLock::new(|| 3);
        out.extend(texts![sync::LazyLock::get_mut(&mut lazy)]);
        *sync::LazyLock::force_mut(&mut lazy) += 1;
        *lazy += 1;
        out.extend(texts![sync::LazyLock::force(&lazy), sync::LazyLock::get_mut(&mut lazy), *lazy]);
        let mut other = sync::LazyLock::<u8>::default();
        *other += 1;
        out.extend(texts![other]);
        let bad = sync::LazyLock::<u8, _>::new(|| panic!("on purpose"));
        out.extend(texts![panics(|| _ = *bad), panics(|| _ = *bad), bad]);
        out
    }

    barrier {
        static STATIC: sync::Barrier = sync::Barrier::new(1);
        let result = STATIC.wait();
        let two = sync::Barrier::new(2);
        let leaders = thread::scope(|scope| {
            let other = scope.spawn(|| two.wait().is_leader());
            usize::from(two.wait().is_leader()) + usize::from(other.join().unwrap())
        });
        texts![STATIC, result, result.is_leader(), leaders, sync::Barrier::new(0).wait()]
    }

    mpsc {
        let (tx, rx) = sync::mpsc::channel();
        let mut out = texts![tx, rx, tx.clone(), tx.send(1), rx.recv(), rx.try_recv()];
        out.extend(texts![rx.recv_timeout(MOMENT), rx.iter(), rx.try_iter()]);
        (2..5).for_each(|i| tx.send(i).unwrap());
        out.extend(texts![rx.try_iter().take(1).collect::<Vec<_>>(), rx.iter().next()]);
        drop(tx);
        out.extend(texts![IntoIterator::into_iter(&rx).collect::<Vec<_>>(), rx.recv(), rx.try_recv()]);
        out.extend(texts![rx.recv_timeout(MOMENT), rx.into_iter()]);
        let (tx, rx) = sync::mpsc::sync_channel(1);
        out.extend(texts![tx, tx.clone(), tx.try_send(1), tx.try_send(2), rx.recv(), tx.send(3)]);
        let other = tx.clone();
        drop(rx);
        out.extend(texts![tx.send(4), other.try_send(5), tx.send(6).unwrap_err().to_string()]);
        let (tx, rx) = sync::mpsc::sync_channel::<u8>(0);
        out.extend(texts![tx.try_send(1), rx.try_recv(), rx.recv_timeout(MOMENT)]);
        drop(tx);
        out.extend(texts![rx.into_iter().collect::<Vec<_>>()]);
        out
    }

    errors_and_arcs {
        // These are std's own, in both.
        let poison = sync::PoisonError::new(1);
        let blocked: sync::TryLockError<u8> = sync::TryLockError::WouldBlock;
        let weak = sync::Arc::downgrade(&sync::Arc::new(1));
        let weak: sync::Weak<i32> = weak;
        let full = sync::mpsc::TrySendError::Full(1);
        let gone: sync::mpsc::TrySendError<u8> = sync::mpsc::SendError(2).into();
        let result: sync::LockResult<u8> = Ok(1);
        let attempt: sync::TryLockResult<u8> = Ok(1);
        texts![
            poison, poison.to_string(), poison.get_ref(), blocked, blocked.to_string(), weak,
            full, gone, result, attempt, sync::mpsc::RecvError, sync::mpsc::TryRecvError::Empty,
            sync::mpsc::RecvTimeoutError::Timeout,
        ]
    }

    unsized_contents {
        let slice: sync::Arc<sync::Mutex<[u8]>> = sync::Arc::new(sync::Mutex::new([1, 2, 3]));
        slice.lock().unwrap()[1] = 7;
        let object: Box<sync::RwLock<dyn std::fmt::Debug + Send>> = Box::new(sync::RwLock::new("x"));
        let text: &sync::Mutex<dyn std::fmt::Display> = &sync::Mutex::new(5);
        let text = text.lock().unwrap().to_string();
        texts![slice, object, object.read().unwrap(), text]
    }

    auto_traits {
        let mut out = Vec::new();
        traits!(out: sync::Mutex<u8>, sync::Mutex<Cell<u8>>, sync::Mutex<Rc<u8>>);
        traits!(out: sync::MutexGuard<'static, u8>, sync::MutexGuard<'static, Cell<u8>>);
        traits!(out: sync::RwLock<u8>, sync::RwLock<Cell<u8>>, sync::RwLock<Rc<u8>>);
        traits!(out: sync::RwLockReadGuard<'static, u8>, sync::RwLockReadGuard<'static, Cell<u8>>);
        traits!(out: sync::RwLockWriteGuard<'static, u8>, sync::RwLockWriteGuard<'static, Cell<u8>>);
        traits!(out: sync::Condvar, sync::WaitTimeoutResult, sync::Barrier, sync::BarrierWaitResult);
        traits!(out: sync::Once, sync::OnceState);
        traits!(out: sync::OnceLock<u8>, sync::OnceLock<Cell<u8>>, sync::OnceLock<Rc<u8>>);
        traits!(out: sync::OnceLock<&'static mut u8>, sync::OnceLock<PhantomPinned>);
        traits!(out: sync::LazyLock<u8>, sync::LazyLock<Cell<u8>>, sync::LazyLock<Rc<u8>>);
        traits!(out: sync::LazyLock<u8, Cell<u8>>, sync::LazyLock<u8, Rc<u8>>);
        traits!(out: sync::Mutex<PhantomPinned>, sync::RwLock<PhantomPinned>);
        traits!(out: sync::mpsc::Sender<u8>, sync::mpsc::Sender<Cell<u8>>, sync::mpsc::Sender<Rc<u8>>);
        traits!(out: sync::mpsc::SyncSender<Cell<u8>>, sync::mpsc::SyncSender<Rc<u8>>);
        traits!(out: sync::mpsc::Receiver<Cell<u8>>, sync::mpsc::Receiver<Rc<u8>>);
        traits!(out: sync::mpsc::Iter<'static, u8>, sync::mpsc::TryIter<'static, u8>);
        traits!(out: sync::mpsc::IntoIter<u8>, sync::mpsc::IntoIter<Rc<u8>>);
        out
    }
}

/// A guard for longer data is one for shorter: compiles only if the types are covariant there.
#[allow(dead_code, reason = "it is compiled, and that is the test")]
mod variance {
    use lockwise::sync::{MutexGuard, RwLockReadGuard, RwLockWriteGuard, mpsc};

    fn mutex<'a>(guard: MutexGuard<'static, u8>) -> MutexGuard<'a, u8> {
        guard
    }

    fn read<'a>(guard: RwLockReadGuard<'static, &'static u8>) -> RwLockReadGuard<'a, &'a u8> {
        guard
    }

    fn write<'a>(guard: RwLockWriteGuard<'static, u8>) -> RwLockWriteGuard<'a, u8> {
        guard
    }

    fn iter<'a, 'b: 'a>(iter: mpsc::Iter<'b, u8>) -> mpsc::Iter<'a, u8> {
        iter
    }
}
