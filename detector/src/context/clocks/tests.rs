//! Each edge and each absence of one, asked of the clocks themselves.

use std::sync::atomic::Ordering::{self, AcqRel, Acquire, Relaxed, Release, SeqCst};

use super::{row::HISTORY_CHUNKS, values::TOKENS};
use crate::{Action, Context, Epoch, ObjectId, ThreadId, op::ObjectKind, script::Script};

/// A script with `main` and two threads that it has spawned, and one object.
fn start(kind: ObjectKind) -> (Script, [ThreadId; 3], ObjectId) {
    let mut script = Script::new();
    let threads = script.threads();
    let [object] = script.objects(kind);
    script.spawn(threads[0], threads[1]).spawn(threads[0], threads[2]);
    (script, threads, object)
}

fn context(script: &Script) -> Context {
    let mut context = Context::new();
    script.ops().iter().for_each(|op| context.apply(op).unwrap());
    context
}

/// The moment of the script's last Op.
fn now(script: &Script) -> Epoch {
    script.ops().last().unwrap().epoch()
}

/// Whether at the end of `script` `thread` knows `moment`, by happens-before and by
/// must-happen-before.
fn knows(script: &Script, thread: ThreadId, moment: Epoch) -> (bool, bool) {
    let context = context(script);
    (context.clock(thread).knows(moment), context.must_clock(thread).knows(moment))
}

const BOTH: (bool, bool) = (true, true);
const ORDER_ONLY: (bool, bool) = (true, false);
const NEITHER: (bool, bool) = (false, false);

fn fence(script: &mut Script, thread: ThreadId, ordering: Ordering) {
    script.push(thread, Action::Fence { ordering });
}

#[test]
fn spawn_and_join() {
    let (mut s, [main, t1, t2], _) = start(ObjectKind::Mutex);
    let spawned = now(&s);
    s.exit(t1);
    let ended = now(&s);
    assert_eq!(knows(&s, t2, spawned), BOTH);
    assert_eq!(knows(&s, main, ended), NEITHER);
    s.join(main, t1);
    assert_eq!((knows(&s, main, ended), knows(&s, t2, ended)), (BOTH, NEITHER));
}

#[test]
fn a_critical_section_orders_the_next_by_happens_before_only() {
    let (mut s, [_, t1, t2], m) = start(ObjectKind::Mutex);
    s.lock(t1, m).unlock(t1, m);
    let released = now(&s);
    assert_eq!(knows(&s, t2, released), NEITHER);
    s.lock(t2, m);
    assert_eq!(knows(&s, t2, released), ORDER_ONLY);
}

#[test]
fn readers_order_writers_and_not_readers() {
    let (mut s, [main, t1, t2], rw) = start(ObjectKind::RwLock);
    s.read_lock(t1, rw).read_unlock(t1, rw);
    let read = now(&s);
    s.read_lock(t2, rw);
    assert_eq!(knows(&s, t2, read), NEITHER);
    s.read_unlock(t2, rw);
    let read_too = now(&s);
    s.lock(main, rw);
    assert_eq!((knows(&s, main, read), knows(&s, main, read_too)), (ORDER_ONLY, ORDER_ONLY));
    s.unlock(main, rw);
    let written = now(&s);
    s.read_lock(t2, rw);
    assert_eq!(knows(&s, t2, written), ORDER_ONLY);
}

#[test]
fn a_notification_reaches_the_woken_only() {
    let (mut s, [main, t1, t2], object) = start(ObjectKind::Condvar);
    s.push(main, Action::Notify { object, all: false, woken: vec![t1] });
    let notified = now(&s);
    assert_eq!((knows(&s, t1, notified), knows(&s, t2, notified)), (BOTH, NEITHER));
}

#[test]
fn all_unparks_before_a_park_are_known_after_it() {
    let (mut s, [main, t1, t2], _) = start(ObjectKind::Mutex);
    s.push(main, Action::Unpark { target: t2 });
    let first = now(&s);
    s.push(t1, Action::Unpark { target: t2 });
    let second = now(&s);
    assert_eq!((knows(&s, t2, first), knows(&s, t2, second)), (NEITHER, NEITHER));
    s.push(t2, Action::Unparked);
    assert_eq!((knows(&s, t2, first), knows(&s, t2, second)), (BOTH, BOTH));
}

#[test]
fn each_message_is_its_own_edge() {
    let (mut s, [main, t1, t2], object) = start(ObjectKind::Channel);
    s.push(t1, Action::Publish { object, token: 0 });
    let first = now(&s);
    s.push(t2, Action::Publish { object, token: 1 });
    let second = now(&s);
    s.push(main, Action::Observe { object, token: 1 });
    assert_eq!((knows(&s, main, first), knows(&s, main, second)), (NEITHER, BOTH));
}

#[test]
fn a_message_observed_twice_orders_twice() {
    let (mut s, [main, t1, t2], object) = start(ObjectKind::Channel);
    s.push(t1, Action::Publish { object, token: 0 });
    let sent = now(&s);
    for thread in [main, t2] {
        s.push(thread, Action::Observe { object, token: 0 });
        assert_eq!(knows(&s, thread, sent), BOTH);
    }
}

#[test]
fn a_barrier_generation_is_observed_by_all() {
    let (mut s, threads, object) = start(ObjectKind::Barrier);
    let arrivals = threads.map(|thread| {
        s.push(thread, Action::Publish { object, token: 0 });
        now(&s)
    });
    for thread in threads {
        s.push(thread, Action::Observe { object, token: 0 });
    }
    for (thread, arrival) in threads.iter().flat_map(|t| arrivals.map(|a| (*t, a))) {
        assert_eq!(knows(&s, thread, arrival), BOTH);
    }
}

#[test]
fn a_token_too_old_to_be_kept_apart_still_orders() {
    let (mut s, [main, t1, t2], object) = start(ObjectKind::Channel);
    s.push(t1, Action::Publish { object, token: 0 });
    let oldest = now(&s);
    for token in 1..=TOKENS as u64 {
        s.push(t2, Action::Publish { object, token });
    }
    let newest = now(&s);
    s.push(main, Action::Observe { object, token: 0 });
    assert_eq!((knows(&s, main, oldest), knows(&s, main, newest)), (BOTH, NEITHER));
}

/// What `t2` knows of a moment of `t1` after `t1` stored and `t2` loaded.
fn publication(store: Ordering, load: Ordering) -> (bool, bool) {
    let (mut s, [_, t1, t2], x) = start(ObjectKind::Atomic);
    s.store(t1, x, 1, store);
    let stored = now(&s);
    s.load(t2, x, 1, load);
    knows(&s, t2, stored)
}

#[test]
fn only_a_release_that_is_acquired_orders() {
    assert_eq!(publication(Release, Acquire), BOTH);
    assert_eq!(publication(SeqCst, SeqCst), BOTH);
    assert_eq!(publication(Relaxed, Acquire), NEITHER);
    assert_eq!(publication(Release, Relaxed), NEITHER);
    assert_eq!(publication(Relaxed, SeqCst), NEITHER);
}

#[test]
fn a_relaxed_rmw_carries_a_release_on() {
    let (mut s, [main, t1, t2], x) = start(ObjectKind::Atomic);
    s.store(t1, x, 1, Release);
    let stored = now(&s);
    s.rmw(t2, x, (1, 2), Relaxed);
    let added = now(&s);
    s.load(main, x, 2, Acquire);
    assert_eq!((knows(&s, main, stored), knows(&s, main, added)), (BOTH, NEITHER));
}

#[test]
fn a_releasing_rmw_adds_to_what_it_carries_on() {
    let (mut s, [main, t1, t2], x) = start(ObjectKind::Atomic);
    s.store(t1, x, 1, Release);
    let stored = now(&s);
    s.rmw(t2, x, (1, 2), Release);
    let added = now(&s);
    assert_eq!(knows(&s, t2, stored), NEITHER);
    s.load(main, x, 2, Acquire);
    assert_eq!((knows(&s, main, stored), knows(&s, main, added)), (BOTH, BOTH));
}

#[test]
fn a_relaxed_store_ends_a_release_sequence_whoever_makes_it() {
    for storer in [1, 2] {
        let (mut s, threads, x) = start(ObjectKind::Atomic);
        s.store(threads[1], x, 1, Release);
        let stored = now(&s);
        s.store(threads[storer], x, 2, Relaxed).load(threads[0], x, 2, Acquire);
        assert_eq!(knows(&s, threads[0], stored), NEITHER);
    }
}

#[test]
fn fences_make_relaxed_accesses_order() {
    let (mut s, [_, t1, t2], x) = start(ObjectKind::Atomic);
    fence(&mut s, t1, Release);
    let fenced = now(&s);
    s.store(t1, x, 1, Relaxed);
    let stored = now(&s);
    s.load(t2, x, 1, Relaxed);
    assert_eq!(knows(&s, t2, fenced), NEITHER);
    fence(&mut s, t2, Acquire);
    assert_eq!((knows(&s, t2, fenced), knows(&s, t2, stored)), (BOTH, NEITHER));
}

#[test]
fn a_fence_on_the_wrong_side_orders_nothing() {
    let (mut s, [_, t1, t2], x) = start(ObjectKind::Atomic);
    fence(&mut s, t1, Acquire);
    s.store(t1, x, 1, Relaxed);
    let stored = now(&s);
    fence(&mut s, t2, AcqRel);
    s.load(t2, x, 1, Acquire);
    fence(&mut s, t2, Release);
    assert_eq!(knows(&s, t2, stored), NEITHER);
}

#[test]
fn a_fence_that_acquires_and_releases_hands_on_what_it_acquired() {
    let (mut s, [main, t1, t2], x) = start(ObjectKind::Atomic);
    s.store(t1, x, 1, Release);
    let stored = now(&s);
    s.load(t2, x, 1, Relaxed);
    fence(&mut s, t2, SeqCst);
    s.store(t2, x, 2, Relaxed).load(main, x, 2, Acquire);
    assert_eq!(knows(&s, main, stored), BOTH);
}

/// `t1` learns of `main` after each of two releases that the runtime leaves out; `t2` then
/// synchronizes with the first. Returns the script, the first release, and what `t1` learnt
/// before and after it.
fn elided() -> (Script, [ThreadId; 3], Epoch, [Epoch; 2]) {
    let (mut s, [main, t1, t2], x) = start(ObjectKind::Atomic);
    let learnt = [1, 2].map(|value| {
        s.store(main, x, value, Release);
        let stored = now(&s);
        s.load(t1, x, value, Acquire);
        stored
    });
    let first_load = Epoch::new(t1, 1);
    (s, [main, t1, t2], first_load, learnt)
}

#[test]
fn synchronize_learns_what_was_known_then_and_nothing_later() {
    let (mut s, [_, t1, t2], from, [before, after]) = elided();
    s.push(t2, Action::Synchronize { from });
    assert_eq!(knows(&s, t2, from), ORDER_ONLY);
    assert_eq!(knows(&s, t2, before), ORDER_ONLY);
    assert_eq!(knows(&s, t2, after), NEITHER);
    let from = Epoch::new(t1, 9);
    s.push(t2, Action::Synchronize { from });
    assert_eq!((knows(&s, t2, from), knows(&s, t2, after)), (ORDER_ONLY, ORDER_ONLY));
}

#[test]
fn a_late_op_lowers_nothing_and_is_known_from_its_tick_on() {
    let (s, [main, t1, t2], from, [before, after]) = elided();
    let mut context = context(&s);
    let own = context.clock(t1).get(t1);
    // Of `main`, which stores again; `t1` read it at its first tick, and says so only now.
    let (mut late, x) = (s.ops().to_vec(), ObjectId(0));
    let mut more = Script::new();
    let _: [ThreadId; 3] = more.threads();
    more.store(main, x, 3, Release).load(t1, x, 3, Acquire);
    more.push(t2, Action::Synchronize { from });
    late.clear();
    late.extend(more.ops()[1..].iter().cloned());
    late[0].at = 100;
    for op in &late {
        context.apply(op).unwrap();
    }
    assert_eq!(context.clock(t1).get(t1), own);
    assert!(context.clock(t1).knows(after) && context.clock(t2).knows(before));
    assert!(context.clock(t2).knows(Epoch::new(main, 100)));
}

#[test]
fn a_full_history_answers_with_later_knowledge() {
    let (mut s, [main, t1, t2], x) = start(ObjectKind::Atomic);
    let mut stored = Vec::new();
    for value in 0..HISTORY_CHUNKS as u64 {
        s.store(main, x, value, Release);
        stored.push(now(&s));
        s.load(t1, x, value, Acquire);
    }
    s.push(t2, Action::Synchronize { from: Epoch::new(t1, 1) });
    assert_eq!(knows(&s, t2, stored[0]), ORDER_ONLY);
    assert_eq!(knows(&s, t2, *stored.last().unwrap()), NEITHER);
}

#[test]
fn a_destroyed_object_hands_nothing_on() {
    let (mut s, [main, t1, t2], x) = start(ObjectKind::Atomic);
    s.store(t1, x, 1, Release);
    let stored = now(&s);
    s.push(main, Action::Destroy { object: x }).load(t2, x, 1, Acquire);
    assert_eq!(knows(&s, t2, stored), NEITHER);
}
