//! `data-race` and `unsafe-shared-write`.

use std::sync::atomic::Ordering::{self, Acquire, Relaxed, Release, SeqCst};

use super::*;
use crate::{
    Certainty, Epoch,
    finding::{Step, Verb},
    op::Patience,
};

/// Thread name, verb and line of each step.
fn steps(finding: &Finding) -> Vec<(&str, Verb, u32)> {
    let of = |step: &Step| (step.verb, step.site.line);
    let threads = finding.threads().iter();
    threads.flat_map(|t| t.steps.iter().map(move |s| (&t.name[..], of(s).0, of(s).1))).collect()
}

#[test]
fn two_unordered_writes_race_and_the_report_shows_both_and_the_locks_held() {
    let (mut s, [_, t1, t2], a) = start();
    let [m] = s.mutexes();
    s.lock(t1, m).write(t1, a).unlock(t1, m);
    s.write(t2, a);
    let found = findings(&s);
    let [race] = &found[..] else { panic!("{found:?}") };
    assert_eq!((race.kind(), race.certainty()), (Rule::DataRace, Certainty::Observed));
    assert_eq!(
        race.message(),
        "`a` races: `t1` writes it and `t2` writes it, and nothing orders the two"
    );
    let line = steps(race)[0].2;
    assert_eq!(
        steps(race),
        [("t1", Verb::Lock, line), ("t1", Verb::Write, line), ("t2", Verb::Write, line + 1)]
    );
    assert_eq!(race.objects()[0].id, a);
}

#[test]
fn a_read_and_a_write_race_in_either_order_and_two_reads_never() {
    for kind in [ObjectKind::Shared, ObjectKind::UnsafeCell] {
        let (mut s, [_, t1, t2], a) = start_with(kind);
        s.read(t1, a).read(t2, a);
        check(&s, NONE);
        s.write(t2, a);
        check(&s, RACE);
        let (mut s, [_, t1, t2], a) = start_with(kind);
        s.write(t1, a).read(t2, a);
        check(&s, RACE);
    }
}

#[test]
fn a_write_races_with_each_of_several_concurrent_reads() {
    let (mut s, [main, t1, t2], a) = start();
    s.read(t1, a);
    s.read(t2, a);
    s.write(main, a);
    check(&s, &[Rule::DataRace, Rule::DataRace]);
}

#[test]
fn a_pair_of_places_is_reported_once_for_each_cell() {
    let (mut s, [_, t1, t2], a) = start();
    let [b] = s.objects(ObjectKind::Shared);
    for cell in [a, b] {
        for _ in 0..3 {
            for thread in [t1, t2] {
                s.write(thread, cell);
            }
        }
    }
    check(&s, &[Rule::DataRace, Rule::DataRace]);
}

#[test]
fn what_a_spawn_or_a_join_orders_is_safe() {
    let (mut s, [main, t1, t2], a) = start();
    let mut before = Script::new();
    let [root, child] = before.threads();
    let [cell] = before.objects(ObjectKind::Shared);
    before.write(root, cell).spawn(root, child).write(child, cell).exit(child);
    before.join(root, child).write(root, cell);
    check(&before, NONE);
    // The join of one thread says nothing of the other.
    s.write(t1, a).exit(t1).join(main, t1).read(main, a);
    check(&s, NONE);
    s.write(t2, a);
    check(&s, &[Rule::DataRace, Rule::DataRace]);
}

/// `t1` writes, then stores; `t2` loads, then reads.
fn published(store: Ordering, load: Ordering) -> Script {
    let (mut s, [_, t1, t2], a) = start();
    let [x] = s.objects(ObjectKind::Atomic);
    s.write(t1, a).store(t1, x, 1, store).load(t2, x, 1, load).read(t2, a);
    s
}

#[test]
fn publication_needs_release_and_acquire() {
    for (store, load) in [(Release, Acquire), (SeqCst, SeqCst), (Release, SeqCst)] {
        check(&published(store, load), NONE);
    }
    for (store, load) in [(Relaxed, Acquire), (Release, Relaxed), (Relaxed, Relaxed)] {
        let script = published(store, load);
        check(&script, RACE);
        let helps = findings(&script)[0].helps().join("\n");
        assert!(helps.contains("`t2` read from `b`") && helps.contains("`Acquire`"), "{helps}");
    }
}

#[test]
fn a_race_that_no_atomic_could_have_prevented_blames_no_ordering() {
    let (mut s, [_, t1, t2], a) = start();
    let [x] = s.objects(ObjectKind::Atomic);
    s.store(t1, x, 1, Relaxed).write(t1, a).load(t2, x, 1, Relaxed).read(t2, a);
    check(&s, RACE);
    assert!(!findings(&s)[0].helps().join("\n").contains("Acquire"));
}

#[test]
fn a_release_sequence_goes_through_an_rmw_and_not_through_a_store() {
    let (mut s, [main, t1, t2], a) = start();
    let [x] = s.objects(ObjectKind::Atomic);
    s.write(t1, a).store(t1, x, 1, Release);
    s.rmw(main, x, (1, 2), Relaxed).load(t2, x, 2, Acquire).read(t2, a);
    check(&s, NONE);
    let (mut s, [main, t1, t2], a) = start();
    let [x] = s.objects(ObjectKind::Atomic);
    s.write(t1, a).store(t1, x, 1, Release);
    s.store(main, x, 2, Relaxed).load(t2, x, 2, Acquire).read(t2, a);
    check(&s, RACE);
}

#[test]
fn fences_publish() {
    for (first, second, expected) in [(Release, Acquire, NONE), (Acquire, Release, RACE)] {
        let (mut s, [_, t1, t2], a) = start();
        let [x] = s.objects(ObjectKind::Atomic);
        s.write(t1, a).push(t1, Action::Fence { ordering: first }).store(t1, x, 1, Relaxed);
        s.load(t2, x, 1, Relaxed).push(t2, Action::Fence { ordering: second }).read(t2, a);
        check(&s, expected);
    }
}

#[test]
fn messages_barriers_and_unparks_hand_over() {
    for kind in [ObjectKind::Channel, ObjectKind::Barrier, ObjectKind::Once] {
        let (mut s, [_, t1, t2], a) = start();
        let [object] = s.objects(kind);
        s.write(t1, a).push(t1, Action::Publish { object, token: 0 });
        s.push(t2, Action::Observe { object, token: 0 }).write(t2, a);
        check(&s, NONE);
        s.write(t1, a);
        check(&s, RACE);
    }
    let (mut s, [_, t1, t2], a) = start();
    s.write(t1, a).push(t1, Action::Unpark { target: t2 }).push(t2, Action::Unparked).write(t2, a);
    check(&s, NONE);
}

#[test]
fn one_common_lock_is_safe() {
    let (mut s, [_, t1, t2], a) = start();
    let [m] = s.mutexes();
    for thread in [t1, t2, t1] {
        s.lock(thread, m).read(thread, a).write(thread, a).unlock(thread, m);
    }
    check(&s, NONE);
}

#[test]
fn three_locks_of_which_each_pair_of_accesses_shares_one_are_safe() {
    let (mut s, threads, a) = start();
    let locks: [ObjectId; 3] = s.mutexes();
    for (n, thread) in threads.into_iter().enumerate() {
        let held = [locks[n], locks[(n + 1) % 3]];
        s.lock(thread, held[0]).lock(thread, held[1]).write(thread, a);
        s.unlock(thread, held[1]).unlock(thread, held[0]);
    }
    check(&s, NONE);
}

#[test]
fn a_reader_lock_protects_readers_from_writers_and_not_writers_from_each_other() {
    let (mut s, [_, t1, t2], a) = start();
    let [rw] = s.objects(ObjectKind::RwLock);
    s.lock(t1, rw).write(t1, a).unlock(t1, rw);
    s.read_lock(t2, rw).read(t2, a).read_unlock(t2, rw);
    s.lock(t1, rw).write(t1, a).unlock(t1, rw);
    check(&s, NONE);
    let (mut s, [_, t1, t2], a) = start();
    let [rw] = s.objects(ObjectKind::RwLock);
    s.read_lock(t1, rw).write(t1, a).read_unlock(t1, rw);
    s.read_lock(t2, rw).write(t2, a).read_unlock(t2, rw);
    check(&s, RACE);
}

#[test]
fn a_write_under_the_write_side_does_not_make_up_for_one_under_the_read_side() {
    let (mut s, [_, t1, t2], a) = start();
    let [rw] = s.objects(ObjectKind::RwLock);
    s.read_lock(t1, rw).write(t1, a).read_unlock(t1, rw);
    s.lock(t1, rw).write(t1, a).unlock(t1, rw);
    s.read_lock(t2, rw).read(t2, a).read_unlock(t2, rw);
    check(&s, UNSAFE);
}

/// `t1` writes `a` before its critical section, `t2` after its own of the same lock.
fn ordered_by_luck() -> (Script, [ThreadId; 3], ObjectId, ObjectId) {
    let (mut s, [main, t1, t2], a) = start();
    let [m] = s.mutexes();
    s.write(t1, a).lock(t1, m).unlock(t1, m);
    s.lock(t2, m).unlock(t2, m).write(t2, a);
    (s, [main, t1, t2], a, m)
}

#[test]
fn an_order_that_only_critical_sections_gave_is_predicted_to_break() {
    let (mut s, [_, t1, t2], a, m) = ordered_by_luck();
    let found = findings(&s);
    let [breach] = &found[..] else { panic!("{found:?}") };
    assert_eq!(
        (breach.kind(), breach.certainty()),
        (Rule::UnsafeSharedWrite, Certainty::Predicted)
    );
    assert_eq!(breach.threads().len(), 2);
    // Once for each cell.
    s.lock(t2, m).unlock(t2, m).lock(t1, m).unlock(t1, m).write(t1, a);
    check(&s, UNSAFE);
}

#[test]
fn different_locks_are_no_protection() {
    let (mut s, [_, t1, t2], a) = start();
    let [m, n, gate] = s.mutexes();
    s.lock(t1, m).write(t1, a).unlock(t1, m).lock(t1, gate).unlock(t1, gate);
    s.lock(t2, gate).unlock(t2, gate).lock(t2, n).write(t2, a).unlock(t2, n);
    check(&s, UNSAFE);
}

#[test]
fn an_elided_release_orders_like_a_release_and_protects_as_little() {
    let (mut s, [_, t1, t2], a) = start();
    s.write(t1, a).push(t2, Action::Synchronize { from: Epoch::new(t1, 1) }).write(t2, a);
    check(&s, UNSAFE);
    // The second write came after that release.
    let (mut s, [_, t1, t2], a) = start();
    s.write(t1, a).write(t1, a);
    s.push(t2, Action::Synchronize { from: Epoch::new(t1, 1) }).read(t2, a);
    check(&s, RACE);
}

#[test]
fn a_cell_that_raced_is_not_reported_for_its_locks_too() {
    let (mut s, [_, t1, t2], a) = start();
    let [m] = s.mutexes();
    s.write(t1, a).write(t2, a);
    s.write(t1, a).lock(t1, m).unlock(t1, m).lock(t2, m).unlock(t2, m).write(t2, a);
    assert!(findings(&s).iter().all(|finding| finding.kind() == Rule::DataRace));
}

#[test]
fn initialisation_under_no_lock_is_safe_when_it_comes_before_the_spawn() {
    let mut s = Script::new();
    let [main, t1, t2] = s.threads();
    let [a] = s.objects(ObjectKind::Shared);
    let [m] = s.mutexes();
    s.write(main, a).spawn(main, t1).spawn(main, t2);
    for thread in [t1, t2] {
        s.lock(thread, m).write(thread, a).unlock(thread, m).exit(thread);
    }
    s.join(main, t1).join(main, t2).read(main, a);
    check(&s, NONE);
}

#[test]
fn readers_under_no_lock_are_safe_when_nobody_writes() {
    let (mut s, [_, t1, t2], a) = start();
    let [m] = s.mutexes();
    s.read(t1, a).lock(t1, m).unlock(t1, m).lock(t2, m).unlock(t2, m).read(t2, a);
    check(&s, NONE);
}

#[test]
fn a_try_lock_protects_as_well_as_a_lock() {
    let (mut s, [_, t1, t2], a) = start();
    let [m] = s.mutexes();
    for (thread, patience) in [(t1, Patience::Try), (t2, Patience::Timed)] {
        s.acquire(thread, m, crate::op::Mode::Exclusive, patience).write(thread, a);
        s.unlock(thread, m);
    }
    check(&s, NONE);
}

#[test]
fn a_destroyed_cell_is_forgotten() {
    let (mut s, [main, t1, t2], a) = start();
    s.write(t1, a).push(main, Action::Destroy { object: a }).write(t2, a);
    check(&s, NONE);
}
