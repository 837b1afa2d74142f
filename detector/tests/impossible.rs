//! Sequences of Ops that no program can make: each is refused or taken, none panics, and none makes
//! the detector allocate more than what it was told is worth.

use std::sync::{Arc, atomic::Ordering};

use lockwise_detector::{
    Action, Detector, Epoch, ObjectId, Op, OpError, Site, ThreadId, Tick,
    op::{AtomicAccess, Misuse, Mode, ObjectInfo, ObjectKind, Patience, Purpose, WaitFor},
};
use proptest::{prelude::*, sample::select};

/// Mostly small ids, which meet each other; sometimes one that is out of all proportion.
fn thread() -> impl Strategy<Value = ThreadId> {
    prop_oneof![30 => 0..5u32, 1 => select(vec![1 << 20, u32::MAX - 1, u32::MAX])]
        .prop_map(ThreadId)
}

fn object() -> impl Strategy<Value = ObjectId> {
    prop_oneof![30 => 0..7u64, 1 => Just(u64::MAX)].prop_map(ObjectId)
}

fn tick() -> impl Strategy<Value = Tick> {
    prop_oneof![30 => 0..40u64, 1 => select(vec![(1 << 44) - 1, 1 << 44, u64::MAX])]
}

fn mode() -> impl Strategy<Value = Mode> {
    select(vec![Mode::Exclusive, Mode::Shared])
}

fn patience() -> impl Strategy<Value = Patience> {
    select(vec![Patience::Forever, Patience::Forever, Patience::Timed, Patience::Try])
}

fn name() -> impl Strategy<Value = Option<Arc<str>>> {
    select(vec![None, Some(Arc::from("")), Some(Arc::from("`\n\u{202e}"))])
}

fn kind() -> impl Strategy<Value = ObjectKind> {
    use ObjectKind::{
        Atomic, Barrier, BoundedSemaphore, Channel, Condition, Condvar, Event, Future, LazyLock,
        Lock, Mutex, Once, OnceLock, Pool, Queue, RLock, RwLock, Semaphore, Shared, UnsafeCell,
    };
    select(vec![
        Mutex,
        Mutex,
        RwLock,
        RwLock,
        Condvar,
        Once,
        OnceLock,
        LazyLock,
        Barrier,
        Channel,
        Atomic,
        UnsafeCell,
        Shared,
        Lock,
        RLock,
        Condition,
        Event,
        Semaphore,
        BoundedSemaphore,
        Queue,
        Pool,
        Future,
    ])
}

fn purpose() -> impl Strategy<Value = Purpose> {
    use Purpose::{Arrive, Event, Get, Permit, Put, Receive, Result, Send, TasksDone, Workers};
    select(vec![Receive, Send, Arrive, Event, Permit, Get, Put, TasksDone, Result, Workers])
}

fn wait_for() -> impl Strategy<Value = WaitFor> {
    prop_oneof![
        (object(), object()).prop_map(|(condvar, mutex)| WaitFor::Condvar { condvar, mutex }),
        Just(WaitFor::Park),
        thread().prop_map(WaitFor::Join),
        Just(WaitFor::Sleep),
        (object(), purpose()).prop_map(|(object, purpose)| WaitFor::Object { object, purpose }),
    ]
}

fn ordering() -> impl Strategy<Value = Ordering> {
    use Ordering::{AcqRel, Acquire, Relaxed, Release, SeqCst};
    // Also where none of that kind is allowed, such as a load that releases.
    select(vec![Relaxed, Acquire, Release, AcqRel, SeqCst])
}

fn access() -> impl Strategy<Value = AtomicAccess> {
    (ordering(), 0..3u8, 0..3u64, 0..3u64).prop_map(|(ordering, kind, read, wrote)| match kind {
        0 => AtomicAccess::Load { ordering, value: read },
        1 => AtomicAccess::Store { ordering, value: wrote },
        _ => AtomicAccess::Rmw { ordering, read, wrote },
    })
}

fn misuse() -> impl Strategy<Value = Misuse> {
    use Misuse::{OverRelease, Poisoned, ReleaseUnowned, ThreadLeak, WithoutLock};
    select(vec![ReleaseUnowned, OverRelease, WithoutLock, Poisoned, ThreadLeak])
}

fn lives() -> impl Strategy<Value = Action> {
    prop_oneof![
        name().prop_map(|name| Action::Begin { name }),
        (thread(), name()).prop_map(|(child, name)| Action::Spawn { child, name }),
        Just(Action::Exit),
        thread().prop_map(|child| Action::Join { child }),
        (object(), kind()).prop_map(|(object, kind)| Action::Create { object, info: info(kind) }),
        object().prop_map(|object| Action::Destroy { object }),
    ]
}

fn ownership() -> impl Strategy<Value = Action> {
    prop_oneof![
        (object(), mode(), patience()).prop_map(|(object, mode, patience)| Action::Request {
            object,
            mode,
            patience
        }),
        (object(), mode(), patience()).prop_map(|(object, mode, patience)| Action::Acquire {
            object,
            mode,
            patience
        }),
        object().prop_map(|object| Action::GiveUp { object }),
        (object(), mode()).prop_map(|(object, mode)| Action::Release { object, mode }),
        (thread(), 0..40u64)
            .prop_map(|(thread, at)| Action::Synchronize { from: Epoch::new(thread, at) }),
        any::<u64>().prop_map(|bits| Action::Synchronize { from: Epoch::from_bits(bits) }),
    ]
}

fn waits() -> impl Strategy<Value = Action> {
    prop_oneof![
        (wait_for(), any::<bool>()).prop_map(|(on, timed)| Action::Block { on, timed }),
        Just(Action::Unblock),
        (object(), any::<bool>(), prop::collection::vec(thread(), 0..3))
            .prop_map(|(object, all, woken)| Action::Notify { object, all, woken }),
        thread().prop_map(|target| Action::Unpark { target }),
        Just(Action::Unparked),
        (object(), 0..3u64).prop_map(|(object, token)| Action::Publish { object, token }),
        (object(), 0..3u64).prop_map(|(object, token)| Action::Observe { object, token }),
    ]
}

fn memory() -> impl Strategy<Value = Action> {
    prop_oneof![
        object().prop_map(|object| Action::Read { object }),
        object().prop_map(|object| Action::Write { object }),
        (object(), access()).prop_map(|(object, access)| Action::Atomic { object, access }),
        ordering().prop_map(|ordering| Action::Fence { ordering }),
        (object(), misuse()).prop_map(|(object, what)| Action::Misuse { object, what }),
    ]
}

fn op() -> impl Strategy<Value = Op> {
    let action = prop_oneof![lives(), ownership(), waits(), memory()];
    let site = (0..9u32).prop_map(|line| Site { file: "src/p.rs", line, column: 1 });
    (thread(), tick(), site, action).prop_map(|(thread, at, site, action)| Op {
        thread,
        at,
        site,
        stack: None,
        action,
    })
}

fn info(kind: ObjectKind) -> Arc<ObjectInfo> {
    let type_name = kind.name();
    Arc::new(ObjectInfo { kind, type_name, name: None, created: Site::UNKNOWN })
}

fn plain(thread: u32, at: Tick, action: Action) -> Op {
    Op { thread: ThreadId(thread), at, site: Site::UNKNOWN, stack: None, action }
}

/// Three threads and one object of most kinds, so that random Ops are not all refused.
fn world() -> Vec<Op> {
    let mut ops = vec![plain(0, 1, Action::Begin { name: None })];
    ops.extend((1..3).map(|n| plain(0, 1, Action::Spawn { child: ThreadId(n), name: None })));
    let kinds = [ObjectKind::Mutex, ObjectKind::RwLock, ObjectKind::Condvar, ObjectKind::Lock];
    ops.extend((0..).zip(kinds).map(|(object, kind)| {
        plain(0, 1, Action::Create { object: ObjectId(object), info: info(kind) })
    }));
    ops
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3_000))]

    #[test]
    fn nothing_makes_the_detector_panic(
        prepared in any::<bool>(),
        ops in prop::collection::vec(op(), 1..80),
    ) {
        let mut detector = Detector::new();
        let world = if prepared { world() } else { Vec::new() };
        for op in world.iter().chain(&ops) {
            for finding in detector.observe(op).unwrap_or_default() {
                // A report can be made of it, too.
                prop_assert!(!finding.to_string().is_empty());
            }
        }
    }
}

#[test]
fn a_thread_far_beyond_the_others_is_refused() {
    let far = ThreadId(u32::MAX);
    let mut detector = Detector::new();
    let begin = plain(far.0, 1, Action::Begin { name: None });
    assert_eq!(detector.observe(&begin).unwrap_err(), OpError::ThreadOutOfOrder { thread: far });
    detector.observe(&plain(0, 1, Action::Begin { name: None })).unwrap();
    let spawn = plain(0, 1, Action::Spawn { child: far, name: None });
    assert_eq!(detector.observe(&spawn).unwrap_err(), OpError::ThreadOutOfOrder { thread: far });
    // It goes on.
    detector.observe(&plain(0, 2, Action::Spawn { child: ThreadId(1), name: None })).unwrap();
}

#[test]
fn a_tick_that_no_moment_can_hold_is_refused() {
    let mut detector = Detector::new();
    detector.observe(&plain(0, 1, Action::Begin { name: None })).unwrap();
    for at in [0, 1 << 44, u64::MAX] {
        let error = detector.observe(&plain(0, at, Action::Unparked)).unwrap_err();
        assert_eq!(error, OpError::NoSuchTick { thread: ThreadId(0), tick: at });
    }
}

#[test]
fn an_object_that_is_created_twice_stays_what_it_was() {
    let mut detector = Detector::new();
    let create = |kind| plain(0, 1, Action::Create { object: ObjectId(1), info: info(kind) });
    detector.observe(&plain(0, 1, Action::Begin { name: None })).unwrap();
    detector.observe(&create(ObjectKind::Mutex)).unwrap();
    detector.observe(&create(ObjectKind::RwLock)).unwrap_err();
    assert_eq!(detector.context().object(ObjectId(1)).kind, ObjectKind::Mutex);
}
