//! Every stable method of what is observed exists, with std's signature and std's results: each
//! test runs twice, with `lib` standing for std and for lockwise, and compares.
#![cfg(feature = "observe")]
#![allow(deprecated, reason = "deprecated methods are part of std too")]

use std::{
    fmt,
    hash::Hash,
    marker::PhantomData,
    panic::{RefUnwindSafe, UnwindSafe},
};

macro_rules! same {
    ($name:ident, $lib:ident, $body:block) => {
        #[test]
        fn $name() {
            let theirs = {
                use std as $lib;
                $body
            };
            let ours = {
                use lockwise as $lib;
                $body
            };
            assert_eq!(ours, theirs);
        }
    };
}

macro_rules! integers {
    ($($test:ident: $Atomic:ident, $int:ident;)*) => {$(
        same!($test, lib, {
            use lib::sync::atomic::{$Atomic, Ordering::{self, *}};
            static STATIC: $Atomic = $Atomic::new(40);
            const BACK: $int = $Atomic::new(9).into_inner();
            let mut a: $Atomic = $Atomic::from(5);
            let update = |v: $int| v.checked_mul(2);
            let mut out: Vec<$int> = vec![
                BACK,
                STATIC.fetch_add(2, Relaxed),
                STATIC.load(Acquire),
                a.swap(6, AcqRel),
                a.compare_and_swap(6, 7, SeqCst),
                a.compare_and_swap(6, 8, Release),
                a.fetch_add($int::MAX, SeqCst),
                a.fetch_sub(3, Release),
                a.fetch_and(0x5e, Acquire),
                a.fetch_nand(0x33, Relaxed),
                a.fetch_or(0x11, AcqRel),
                a.fetch_xor(0x7f, SeqCst),
                a.fetch_max(100, SeqCst),
                a.fetch_min(10, SeqCst),
                a.update(SeqCst, Relaxed, |v| v.wrapping_add(1)),
                $Atomic::default().into_inner(),
            ];
            a.store(1, SeqCst);
            let results: Vec<Result<$int, $int>> = vec![
                a.compare_exchange(1, 2, SeqCst, Relaxed),
                a.compare_exchange(1, 3, AcqRel, Acquire),
                a.compare_exchange_weak(1, 3, Release, Relaxed),
                a.fetch_update(SeqCst, Acquire, update),
                a.try_update(Relaxed, Relaxed, |_| None),
            ];
            *a.get_mut() += 1;
            // SAFETY: nobody else uses the atomic.
            unsafe {
                *a.as_ptr() += 1;
                out.push($Atomic::from_ptr(a.as_ptr()).load(Ordering::Relaxed));
            }
            assert_eq!(align_of::<$Atomic>(), align_of::<std::sync::atomic::$Atomic>());
            (format!("{a:?} {:?}", STATIC), out, results, size_of::<$Atomic>())
        });
    )*};
}

integers! {
    atomic_u8: AtomicU8, u8;
    atomic_u16: AtomicU16, u16;
    atomic_u32: AtomicU32, u32;
    atomic_u64: AtomicU64, u64;
    atomic_usize: AtomicUsize, usize;
    atomic_i8: AtomicI8, i8;
    atomic_i16: AtomicI16, i16;
    atomic_i32: AtomicI32, i32;
    atomic_i64: AtomicI64, i64;
    atomic_isize: AtomicIsize, isize;
}

same!(atomic_bool, lib, {
    use lib::sync::atomic::{ATOMIC_BOOL_INIT, AtomicBool, Ordering::*};
    const BACK: bool = AtomicBool::new(true).into_inner();
    let mut a = AtomicBool::from(true);
    let mut out = vec![
        BACK,
        a.load(Relaxed),
        a.swap(false, SeqCst),
        a.compare_and_swap(false, true, AcqRel),
        a.fetch_and(true, SeqCst),
        a.fetch_nand(true, SeqCst),
        a.fetch_or(true, SeqCst),
        a.fetch_xor(true, SeqCst),
        a.fetch_not(SeqCst),
        a.update(SeqCst, Relaxed, |v| !v),
        AtomicBool::default().into_inner(),
        ATOMIC_BOOL_INIT.into_inner(),
    ];
    a.store(true, Release);
    let results = [
        a.compare_exchange(true, false, SeqCst, SeqCst),
        a.compare_exchange_weak(true, false, SeqCst, SeqCst),
        a.fetch_update(SeqCst, SeqCst, |v| Some(!v)),
        a.try_update(SeqCst, SeqCst, |_| None),
    ];
    *a.get_mut() ^= true;
    // SAFETY: nobody else uses the atomic.
    unsafe {
        *a.as_ptr() ^= true;
        out.push(AtomicBool::from_ptr(a.as_ptr()).load(Relaxed));
    }
    (format!("{a:?}"), out, results)
});

same!(atomic_ptr, lib, {
    use lib::sync::atomic::{AtomicPtr, Ordering::*};
    let mut cells = [1_u32, 2, 3, 4];
    let start = cells.as_mut_ptr();
    let at = |p: *mut u32| p.addr().wrapping_sub(start.addr());
    let mut a = AtomicPtr::from(start);
    let mut out = vec![
        at(a.fetch_ptr_add(2, SeqCst)),
        at(a.fetch_ptr_sub(1, SeqCst)),
        at(a.fetch_byte_add(8, SeqCst)),
        at(a.fetch_byte_sub(4, SeqCst)),
        at(a.fetch_or(1, SeqCst)),
        at(a.fetch_and(!1, SeqCst)),
        at(a.fetch_xor(1, SeqCst)),
        at(a.fetch_xor(1, SeqCst)),
        at(a.load(Acquire)),
        at(a.swap(start, AcqRel)),
        at(a.compare_and_swap(start, start.wrapping_add(1), SeqCst)),
        at(a.update(SeqCst, Relaxed, |p| p.wrapping_add(1))),
    ];
    // SAFETY: the pointer was moved on within the array.
    out.push(unsafe { *a.load(SeqCst) } as usize);
    a.store(start, SeqCst);
    let results = [
        a.compare_exchange(start, start.wrapping_add(1), SeqCst, Relaxed).map(at).map_err(at),
        a.compare_exchange_weak(start, start, SeqCst, Relaxed).map(at).map_err(at),
        a.fetch_update(SeqCst, SeqCst, |p| Some(p.wrapping_add(1))).map(at).map_err(at),
        a.try_update(SeqCst, SeqCst, |_| None).map(at).map_err(at),
    ];
    *a.get_mut() = start;
    // SAFETY: nobody else uses the atomic.
    unsafe {
        *a.as_ptr() = start.wrapping_add(3);
        out.push(at(AtomicPtr::from_ptr(a.as_ptr()).load(Relaxed)));
    }
    let shown = format!("{a:?} {a:p}") == format!("{:?} {:p}", a.load(Relaxed), a.load(Relaxed));
    let null = AtomicPtr::<u8>::default();
    (out, results, shown, null.into_inner().is_null(), at(AtomicPtr::new(start).into_inner()))
});

same!(fences_and_hints, lib, {
    use lib::sync::atomic::{self, Ordering::*};
    for order in [Acquire, Release, AcqRel, SeqCst] {
        atomic::fence(order);
        atomic::compiler_fence(order);
    }
    atomic::spin_loop_hint();
    lib::hint::spin_loop();
    let zero = (atomic::ATOMIC_ISIZE_INIT.into_inner(), atomic::ATOMIC_USIZE_INIT.into_inner());
    (lib::hint::black_box(3), zero)
});

same!(wrong_orderings_panic, lib, {
    use lib::sync::atomic::{
        self, AtomicU8,
        Ordering::{self, *},
    };
    type Attempt = fn(&AtomicU8, Ordering);
    // The orderings come as arguments because rustc refuses wrong ones that it sees.
    let attempts: [(Attempt, Ordering); 5] = [
        (|a, order| _ = a.load(order), Release),
        (|a, order| a.store(1, order), Acquire),
        (|a, order| _ = a.compare_exchange(0, 1, SeqCst, order), Release),
        (|a, order| _ = a.fetch_update(SeqCst, order, |v| Some(v + 1)), AcqRel),
        (|_, order| atomic::fence(order), Relaxed),
    ];
    attempts.map(|(attempt, order)| {
        let atomic = AtomicU8::new(0);
        let payload = std::panic::catch_unwind(|| attempt(&atomic, order)).unwrap_err();
        let message = payload.downcast_ref::<&str>().map(|message| (*message).to_owned());
        message.or_else(|| payload.downcast_ref::<String>().cloned())
    })
});

same!(unsafe_cell, lib, {
    use lib::cell::UnsafeCell;
    #[allow(clippy::declare_interior_mutable_const, reason = "that `new` is const is the point")]
    const CELL: UnsafeCell<u32> = UnsafeCell::new(4);
    let mut cell = CELL;
    *cell.get_mut() += 1;
    // SAFETY: nobody else uses the cell.
    unsafe {
        *cell.get() += 1;
        *UnsafeCell::raw_get(&raw const cell) += 1;
    }
    let slice: &UnsafeCell<[u8]> = &UnsafeCell::new([1, 2]);
    // SAFETY: as above.
    let length = unsafe { (&*slice.get()).len() };
    let shown = format!("{cell:?} {slice:?}");
    let made = UnsafeCell::<u8>::default().into_inner() + UnsafeCell::from(3).into_inner();
    (shown, cell.into_inner(), length, made)
});

same!(instant, lib, {
    use lib::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
    let start = Instant::now();
    let second = Duration::from_secs(1);
    let mut later = start + second;
    later += second;
    later -= second;
    assert!(start.elapsed() < Duration::from_secs(600));
    assert!(SystemTime::now() > UNIX_EPOCH);
    let set = std::collections::HashSet::from([start, later, later - second]);
    (
        later - start,
        (later.duration_since(start), start.duration_since(later)),
        (later.checked_duration_since(start), start.checked_duration_since(later)),
        (later.saturating_duration_since(start), start.saturating_duration_since(later)),
        (start.checked_add(second) == Some(later), start.checked_add(Duration::MAX).is_none()),
        (later.checked_sub(second) == Some(start), start.checked_sub(Duration::MAX).is_none()),
        (start < later, start.cmp(&later), set.len(), Clone::clone(&start) == start),
        format!("{start:?}").starts_with("Instant { tv_sec: "),
    )
});

#[test]
fn instants_convert_from_and_into_std() {
    let instant = std::time::Instant::now();
    assert_eq!(std::time::Instant::from(lockwise::time::Instant::from(instant)), instant);
}

same!(threads, lib, {
    use lib::thread::{self, Builder, JoinHandle, Thread, ThreadId};
    use lib::time::Duration;
    let me: Thread = thread::current();
    let id: ThreadId = me.id();
    me.unpark();
    thread::park();
    thread::park_timeout(Duration::from_millis(1));
    thread::park_timeout_ms(1);
    thread::sleep(Duration::from_millis(1));
    thread::sleep_ms(1);
    thread::yield_now();
    let plain: JoinHandle<u8> = thread::spawn(|| 1);
    let shown = format!("{plain:?}");
    let _ = (plain.is_finished(), plain.thread().name().is_none());
    let named = Builder::new().name("named".to_owned()).stack_size(1 << 18).spawn(|| 2).unwrap();
    let its_name = named.thread().name().map(str::to_owned);
    // SAFETY: the closure borrows nothing.
    let unchecked = unsafe { Builder::new().spawn_unchecked(|| 3) }.unwrap();
    let scoped = thread::scope(|s| {
        let plain = s.spawn(|| 4);
        let named = Builder::new().name("scoped".to_owned()).spawn_scoped(s, || 5).unwrap();
        let shown = format!("{plain:?} {}", format!("{s:?}").starts_with("Scope { num_running"));
        let _ = plain.is_finished();
        let name = named.thread().name().map(str::to_owned);
        (shown, name, plain.join().unwrap(), named.join().unwrap())
    });
    let failed: thread::Result<()> = thread::spawn(|| std::panic::panic_any(6)).join();
    (
        (shown, its_name, scoped, failed.unwrap_err().downcast_ref().copied() == Some(6)),
        (plain.join().unwrap(), named.join().unwrap(), unchecked.join().unwrap()),
        (thread::available_parallelism().ok(), thread::panicking()),
        (me.name().map(str::to_owned), id == thread::current().id(), id == Clone::clone(&id)),
        format!("{id:?}").starts_with("ThreadId("),
        format!("{me:?}").starts_with("Thread { id: ThreadId("),
    )
});

same!(thread_locals, lib, {
    use lib::thread::{AccessError, LocalKey};
    use std::cell::{Cell, RefCell};
    lib::thread_local! {
        static CELL: Cell<u32> = const { Cell::new(1) };
        static LIST: RefCell<Vec<u32>> = RefCell::new(vec![1]);
    }
    let key: &'static LocalKey<Cell<u32>> = &CELL;
    let tried: Result<u32, AccessError> = key.try_with(Cell::get);
    let cell = (key.with(Cell::get), CELL.get(), CELL.replace(3), CELL.take(), CELL.get());
    CELL.set(5);
    LIST.with_borrow_mut(|list| list.push(2));
    let list = (LIST.with_borrow(Vec::len), LIST.replace(vec![7]), LIST.take());
    LIST.set(vec![8]);
    (tried.ok(), cell, CELL.get(), list, LIST.take(), format!("{CELL:?}"))
});

same!(access_error, lib, {
    use lib::thread::AccessError;
    use std::sync::mpsc;
    struct Asks(mpsc::Sender<Result<(), AccessError>>);
    impl Drop for Asks {
        fn drop(&mut self) {
            let _ = self.0.send(KEY.try_with(|_| ()));
        }
    }
    lib::thread_local!(static KEY: std::cell::OnceCell<Asks> = const { std::cell::OnceCell::new() });
    let (sender, receiver) = mpsc::channel();
    lib::thread::spawn(move || KEY.with(|key| key.set(Asks(sender)).is_ok())).join().unwrap();
    let error = receiver.recv().unwrap().unwrap_err();
    let dynamic: &dyn std::error::Error = &error;
    (format!("{error} {error:?} {dynamic}"), Clone::clone(&error) == error)
});

/// Whether a type implements a trait: an associated constant of the type itself, which exists
/// where the bound holds, hides that of the trait.
macro_rules! implements {
    ($Type:ty: $($Trait:ident)*) => {[$({
        #[allow(dead_code, reason = "not asked where the type implements the trait")]
        trait Otherwise {
            const YES: bool = false;
        }
        impl<T: ?Sized> Otherwise for T {}
        struct Probe<T: ?Sized>(PhantomData<T>);
        #[allow(dead_code, reason = "it exists only for types that implement the trait")]
        impl<T: ?Sized + $Trait> Probe<T> {
            const YES: bool = true;
        }
        (stringify!($Trait), <Probe<$Type>>::YES)
    }),*]};
}

macro_rules! same_traits {
    ($($test:ident, $lib:ident: $($Type:ty),*;)*) => {$(
        same!($test, $lib, {
            use std::{error::Error, fmt::{Debug, Display, Pointer}};
            vec![$((
                stringify!($Type),
                implements!($Type: Send Sync Unpin UnwindSafe RefUnwindSafe Copy Clone Debug
                    Display Pointer Error Default PartialEq Eq PartialOrd Ord Hash),
            )),*]
        });
    )*};
}

same_traits! {
    traits_of_threads, lib: lib::thread::Thread, lib::thread::ThreadId, lib::thread::Builder,
        lib::thread::JoinHandle<()>, lib::thread::JoinHandle<*const ()>,
        lib::thread::ScopedJoinHandle<'static, ()>,
        lib::thread::ScopedJoinHandle<'static, std::cell::Cell<()>>,
        lib::thread::Scope<'static, 'static>, lib::thread::LocalKey<std::cell::Cell<()>>,
        lib::thread::LocalKey<*const ()>, lib::thread::AccessError;
    traits_of_atomics, lib: lib::sync::atomic::AtomicU8, lib::sync::atomic::AtomicBool,
        lib::sync::atomic::AtomicPtr<u8>, lib::sync::atomic::AtomicPtr<std::cell::Cell<()>>,
        lib::sync::atomic::AtomicI64;
    traits_of_cells, lib: lib::cell::UnsafeCell<u8>, lib::cell::UnsafeCell<*const ()>,
        lib::cell::UnsafeCell<[u8]>, lib::cell::UnsafeCell<std::marker::PhantomPinned>;
    traits_of_time, lib: lib::time::Instant, lib::time::SystemTime, lib::time::Duration;
}

/// What is not observed is std's, macros included.
#[test]
fn the_rest_is_std() {
    use lockwise as std;
    use std::collections::HashMap;
    let list = std::vec![1, 2, 3];
    std::assert_eq!(list.len(), 3);
    let shown = std::format!("{list:?}");
    std::println!("{shown}");
    std::assert!(std::matches!(list.first(), Some(1)), "{list:?}");
    let map: ::std::collections::HashMap<_, _> = HashMap::from([(1, std::env!("CARGO_PKG_NAME"))]);
    assert_eq!(map[&1], "lockwise");
    std::thread_local!(static KEY: std::cell::Cell<u8> = const { std::cell::Cell::new(1) });
    assert_eq!(KEY.get(), 1);
    let _: std::sync::Arc<u8> = ::std::sync::Arc::new(1);
    let _: std::time::Duration = ::std::time::Duration::ZERO;
}

#[test]
fn traits_that_only_the_test_uses_are_those_of_std() {
    fn shows<T: fmt::Debug + Hash + UnwindSafe + RefUnwindSafe>() {}
    shows::<lockwise::thread::ThreadId>();
    shows::<lockwise::time::Instant>();
}
