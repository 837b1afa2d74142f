//! `lost-update` and `stale-read`.

use std::sync::{
    Arc,
    atomic::Ordering::{self, Relaxed, SeqCst},
};

use super::*;
use crate::{
    Site,
    finding::Verb,
    op::{Mode, ObjectInfo},
};

const R: Ordering = Relaxed;

fn atomic() -> (Script, [ThreadId; 3], ObjectId) {
    start_with(ObjectKind::Atomic)
}

#[test]
fn load_then_store_by_two_threads_loses_an_update() {
    for ordering in [Relaxed, SeqCst] {
        let (mut s, [_, t1, t2], x) = atomic();
        s.load(t1, x, 5, ordering).load(t2, x, 5, ordering);
        s.store(t2, x, 7, ordering).store(t1, x, 6, ordering);
        check(&s, LOST);
    }
}

#[test]
fn a_lost_update_is_told_in_three_steps() {
    let (mut s, [_, t1, t2], x) = atomic();
    s.load(t1, x, 0, R).rmw(t2, x, (0, 1), R).store(t1, x, 2, R);
    let found = findings(&s);
    let [lost] = &found[..] else { panic!("{found:?}") };
    assert_eq!(
        lost.message(),
        "an update of `a` is lost: `t1` loads it, `t2` updates it, and `t1` stores what it \
         computed from the old value"
    );
    let verbs = |thread: usize| lost.threads()[thread].steps.iter().map(|s| s.verb);
    assert!(verbs(0).eq([Verb::Load, Verb::Store]) && verbs(1).eq([Verb::Update]));
}

#[test]
fn a_counter_stepped_twice_at_once_is_lost_even_though_both_store_the_same() {
    let (mut s, [_, t1, t2], x) = atomic();
    s.load(t1, x, 0, R).load(t2, x, 0, R).store(t1, x, 1, R).store(t2, x, 1, R);
    check(&s, LOST);
    let (mut s, [main, t1, t2], x) = atomic();
    s.store(main, x, 100, R);
    s.load(t1, x, 100, R).load(t2, x, 100, R).store(t1, x, 150, R).store(t2, x, 150, R);
    check(&s, LOST);
}

#[test]
fn one_loss_is_reported_once() {
    let (mut s, [_, t1, t2], x) = atomic();
    for n in 0..3 {
        s.load(t1, x, n, R).rmw(t2, x, (n, n + 9), R).store(t1, x, n + 1, R);
    }
    check(&s, LOST);
}

#[test]
fn one_after_the_other_loses_nothing() {
    let (mut s, [_, t1, t2], x) = atomic();
    s.load(t1, x, 0, R).store(t1, x, 1, R).load(t2, x, 1, R).store(t2, x, 2, R);
    check(&s, NONE);
}

#[test]
fn read_modify_writes_lose_nothing() {
    let (mut s, [_, t1, t2], x) = atomic();
    // `fetch_add`, and a compare-exchange that fails once and is tried again.
    s.rmw(t1, x, (0, 1), R).load(t2, x, 1, R).rmw(t1, x, (1, 2), R).load(t2, x, 2, R);
    s.rmw(t2, x, (2, 3), R);
    check(&s, NONE);
    // A compare-exchange that succeeds has just loaded, whatever was loaded before.
    let (mut s, [_, t1, t2], x) = atomic();
    s.load(t1, x, 0, R).store(t2, x, 5, R).rmw(t1, x, (5, 6), R).store(t1, x, 7, R);
    check(&s, NONE);
}

#[test]
fn another_load_in_between_is_the_new_base() {
    let (mut s, [_, t1, t2], x) = atomic();
    s.load(t1, x, 0, R).store(t2, x, 5, R).load(t1, x, 5, R).store(t1, x, 6, R);
    check(&s, NONE);
}

#[test]
fn a_blind_store_is_no_update() {
    let (mut s, [_, t1, t2], x) = atomic();
    s.store(t2, x, 5, R).store(t1, x, 6, R).store(t2, x, 7, R);
    check(&s, NONE);
}

#[test]
fn a_flag_that_both_set_after_polling_it_is_harmless() {
    let (mut s, [main, t1, t2], x) = atomic();
    s.load(t1, x, 0, R).store(main, x, 1, R).store(t1, x, 1, R).store(t2, x, 1, R);
    check(&s, NONE);
}

#[test]
fn a_byte_that_both_found_unset_and_set_is_harmless() {
    for (type_name, expected) in [
        ("AtomicBool", NONE),
        ("std::sync::atomic::AtomicU8", NONE),
        ("core::sync::atomic::Atomic<bool>", NONE),
        ("AtomicU16", LOST),
    ] {
        let mut s = Script::new();
        let [main, t1, t2] = s.threads();
        let object = ObjectId(0);
        let (name, created) = (None, Site::caller());
        let kind = ObjectKind::Atomic;
        let info = Arc::new(ObjectInfo { kind, type_name: type_name.into(), name, created });
        s.push(main, Action::Create { object, info }).spawn(main, t1).spawn(main, t2);
        for thread in [t1, t2] {
            s.load(thread, object, 0, R);
        }
        s.store(t1, object, 1, R).store(t2, object, 1, R);
        check(&s, expected);
    }
}

#[test]
fn a_lazily_computed_value_stored_twice_is_harmless() {
    for unset in [0, u64::MAX] {
        let (mut s, [_, t1, t2], x) = atomic();
        s.load(t1, x, unset, R).load(t2, x, unset, R).store(t1, x, 42, R).store(t2, x, 42, R);
        check(&s, NONE);
    }
}

#[test]
fn an_atomic_that_has_its_old_value_again_lost_nothing() {
    let (mut s, [_, t1, t2], x) = atomic();
    s.load(t1, x, 0, R).store(t2, x, 1, R).store(t2, x, 0, R).store(t1, x, 9, R);
    check(&s, NONE);
}

#[test]
fn a_turn_given_away_again_is_no_update() {
    // Peterson's lock: each stores the other's number, whatever it has seen while it waited.
    let (mut s, [_, t1, t2], turn) = atomic();
    s.store(t1, turn, 2, SeqCst).load(t1, turn, 2, SeqCst);
    s.store(t2, turn, 1, SeqCst).store(t1, turn, 2, SeqCst);
    check(&s, NONE);
}

#[test]
fn a_hand_over_before_or_after_the_other_store_is_no_loss() {
    let (mut s, [_, t1, t2], x) = atomic();
    let [object] = s.objects(ObjectKind::Channel);
    s.load(t1, x, 0, R).push(t1, Action::Publish { object, token: 0 });
    s.push(t2, Action::Observe { object, token: 0 }).store(t2, x, 5, R).store(t1, x, 6, R);
    check(&s, NONE);
    let (mut s, [_, t1, t2], x) = atomic();
    let [object] = s.objects(ObjectKind::Channel);
    s.load(t1, x, 0, R).store(t2, x, 5, R).push(t2, Action::Publish { object, token: 0 });
    s.push(t1, Action::Observe { object, token: 0 }).store(t1, x, 6, R);
    check(&s, NONE);
}

#[test]
fn load_and_store_under_one_critical_section_lose_nothing() {
    let (mut s, [_, t1, t2], x) = atomic();
    let [m] = s.mutexes();
    for (thread, n) in [(t1, 0), (t2, 1)] {
        s.lock(thread, m).load(thread, x, n, R).store(thread, x, n + 1, R).unlock(thread, m);
    }
    check(&s, NONE);
}

/// `t1` reads `a` under `m` and writes it under `m` again; what `between` does comes between.
fn two_sections(between: impl FnOnce(&mut Script, ThreadId, ObjectId, ObjectId)) -> Script {
    let (mut s, [_, t1, t2], a) = start();
    let [m] = s.mutexes();
    s.lock(t1, m).read(t1, a).unlock(t1, m);
    between(&mut s, t2, a, m);
    s.lock(t1, m).write(t1, a).unlock(t1, m);
    s
}

#[test]
fn a_read_and_a_write_in_two_critical_sections_with_a_write_between_are_stale() {
    let script = two_sections(|s, t2, a, m| {
        s.lock(t2, m).read(t2, a).write(t2, a).unlock(t2, m);
    });
    check(&script, STALE);
    let found = findings(&script);
    assert_eq!(
        found[0].message(),
        "`t1` writes `a` under `b` after it read it in an earlier critical section of `b`; `t2` \
         changed it in between, and what it wrote is lost"
    );
    let verbs: Vec<_> = found[0].threads()[0].steps.iter().map(|step| step.verb).collect();
    assert_eq!(verbs, [Verb::Lock, Verb::Read, Verb::Lock, Verb::Write]);
}

#[test]
fn nothing_is_stale_when_nobody_wrote_between() {
    check(&two_sections(|_, _, _, _| {}), NONE);
    check(
        &two_sections(|s, t2, a, m| {
            s.lock(t2, m).read(t2, a).unlock(t2, m);
        }),
        NONE,
    );
}

#[test]
fn reading_again_in_the_second_section_is_fresh() {
    let (mut s, [_, t1, t2], a) = start();
    let [m] = s.mutexes();
    s.lock(t1, m).read(t1, a).unlock(t1, m);
    s.lock(t2, m).write(t2, a).unlock(t2, m);
    s.lock(t1, m).read(t1, a).write(t1, a).unlock(t1, m);
    check(&s, NONE);
}

#[test]
fn a_write_that_the_thread_was_told_of_is_not_stale() {
    let (mut s, [main, t1, _], a) = start();
    let [m] = s.mutexes();
    s.lock(main, m).read(main, a).unlock(main, m);
    s.lock(t1, m).write(t1, a).unlock(t1, m).exit(t1).join(main, t1);
    s.lock(main, m).write(main, a).unlock(main, m);
    check(&s, NONE);
}

#[test]
fn a_read_lock_upgraded_by_releasing_it_is_stale() {
    let (mut s, [_, t1, t2], a) = start();
    let [rw] = s.objects(ObjectKind::RwLock);
    s.acquire(t1, rw, Mode::Shared, crate::op::Patience::Forever).read(t1, a).read_unlock(t1, rw);
    s.lock(t2, rw).write(t2, a).unlock(t2, rw);
    s.lock(t1, rw).write(t1, a).unlock(t1, rw);
    check(&s, STALE);
}

#[test]
fn an_atomic_in_two_critical_sections_is_stale_and_not_lost_too() {
    let (mut s, [_, t1, t2], x) = atomic();
    let [m] = s.mutexes();
    s.lock(t1, m).load(t1, x, 0, R).unlock(t1, m);
    s.lock(t2, m).load(t2, x, 0, R).store(t2, x, 1, R).unlock(t2, m);
    s.lock(t1, m).store(t1, x, 1, R).unlock(t1, m);
    check(&s, STALE);
}
