//! `rwlock-recursion` and `wait-holding-lock`.

use lockwise_detector::{
    Action, Finding, ObjectId, ThreadId,
    op::{Mode, ObjectKind, Patience, Purpose, WaitFor},
    script::Script,
};

use crate::support::{Waiting, did, findings, only, spawned};

fn read_twice(s: &mut Script, thread: ThreadId, rw: ObjectId) {
    s.read_lock(thread, rw).read_lock(thread, rw).read_unlock(thread, rw).read_unlock(thread, rw);
}

#[test]
fn nested_reads_with_a_writer_seen_before_or_after() {
    let (mut s, [_main, t1, t2]) = spawned();
    let [rw] = s.objects(ObjectKind::RwLock);
    s.lock(t2, rw).unlock(t2, rw);
    read_twice(&mut s, t1, rw);
    let found = only(&s, "rwlock-recursion");
    assert_eq!(did(&found, t1), ["read-lock", "want-read"]);
    assert_eq!(found.certainty().as_str(), "predicted");

    let (mut s, [_main, t1, t2]) = spawned();
    let [rw] = s.objects(ObjectKind::RwLock);
    read_twice(&mut s, t1, rw);
    assert!(findings(&s).is_empty());
    s.lock(t2, rw).unlock(t2, rw);
    only(&s, "rwlock-recursion");
}

#[test]
fn nested_reads_are_reported_once_for_each_pair_of_places() {
    let (mut s, [_main, t1, t2]) = spawned();
    let [rw] = s.objects(ObjectKind::RwLock);
    for _ in 0..3 {
        read_twice(&mut s, t1, rw);
        s.lock(t2, rw).unlock(t2, rw);
    }
    only(&s, "rwlock-recursion");
}

#[test]
fn nested_reads_that_no_writer_can_divide() {
    // Nobody writes.
    let (mut s, [_main, t1, t2]) = spawned();
    let [rw] = s.objects(ObjectKind::RwLock);
    read_twice(&mut s, t1, rw);
    read_twice(&mut s, t2, rw);
    assert!(findings(&s).is_empty());
    // The reader itself writes, another only tries to.
    s.lock(t1, rw).unlock(t1, rw);
    let (mut s, [_main, t1, t2]) = spawned();
    let [rw] = s.objects(ObjectKind::RwLock);
    read_twice(&mut s, t1, rw);
    s.lock(t1, rw).unlock(t1, rw).try_lock(t2, rw).unlock(t2, rw);
    assert!(findings(&s).is_empty());
    // A gate lock keeps the writer out.
    let (mut s, [_main, t1, t2]) = spawned();
    let [rw] = s.objects(ObjectKind::RwLock);
    let [gate] = s.mutexes();
    s.lock(t1, gate);
    read_twice(&mut s, t1, rw);
    s.unlock(t1, gate).lock(t2, gate).lock(t2, rw).unlock(t2, rw).unlock(t2, gate);
    assert!(findings(&s).is_empty());
}

#[test]
fn nested_reads_after_the_writer_has_been_joined_or_before_it_starts() {
    let mut s = Script::new();
    let [main, t1, t2] = s.threads();
    let [rw] = s.objects(ObjectKind::RwLock);
    s.spawn(main, t1).lock(t1, rw).unlock(t1, rw).exit(t1).join(main, t1);
    read_twice(&mut s, main, rw);
    s.spawn(main, t2).lock(t2, rw).unlock(t2, rw);
    assert!(findings(&s).is_empty());
}

#[test]
fn a_try_read_does_not_wait() {
    let (mut s, [_main, t1, t2]) = spawned();
    let [rw] = s.objects(ObjectKind::RwLock);
    s.lock(t2, rw).unlock(t2, rw).read_lock(t1, rw);
    s.acquire(t1, rw, Mode::Shared, Patience::Try);
    assert!(findings(&s).is_empty());
}

/// t1 blocks under `a`; then t2 takes `a`.
fn block_under_lock(on: impl FnOnce(&mut Script, ObjectId) -> WaitFor) -> Vec<Finding> {
    let (mut s, [_main, t1, t2]) = spawned();
    let [a] = s.mutexes();
    let on = on(&mut s, a);
    s.lock(t1, a).block(t1, on).unblock(t1).unlock(t1, a).lock(t2, a).unlock(t2, a);
    findings(&s)
}

#[test]
fn waits_under_a_lock_that_another_thread_needs() {
    let found = block_under_lock(|_, _| WaitFor::Join(ThreadId(0)));
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].rule(), "wait-holding-lock");
    assert_eq!(did(&found[0], ThreadId(1)), ["lock", "join"]);
    let message = "`t1` waits for `main` to end while it holds `a`, which `t2` uses too";
    assert_eq!(found[0].message(), message);

    for purpose in [Purpose::Receive, Purpose::Arrive, Purpose::Event, Purpose::Put] {
        let found =
            block_under_lock(|s, _| WaitFor::Object { object: s.one(ObjectKind::Queue), purpose });
        assert_eq!(found.len(), 1, "{purpose:?}");
    }
    let found = block_under_lock(|s, _| {
        let [mutex] = s.mutexes();
        WaitFor::Condvar { condvar: s.one(ObjectKind::Condvar), mutex }
    });
    assert_eq!(found.len(), 1);
}

#[test]
fn a_wait_that_releases_the_only_lock_and_a_sleep_are_none() {
    let found =
        block_under_lock(|s, a| WaitFor::Condvar { condvar: s.one(ObjectKind::Condvar), mutex: a });
    assert!(found.is_empty());
    assert!(block_under_lock(|_, _| WaitFor::Sleep).is_empty());
}

#[test]
fn an_earlier_user_counts_too_and_each_pair_of_places_once() {
    let (mut s, [_main, t1, t2]) = spawned();
    let [a] = s.mutexes();
    let c = s.one(ObjectKind::Channel);
    s.lock(t2, a).unlock(t2, a);
    for _ in 0..3 {
        s.lock(t1, a).block_at(t1, c, Purpose::Receive).unblock(t1).unlock(t1, a);
    }
    only(&s, "wait-holding-lock");
}

#[test]
fn a_lock_that_no_other_thread_can_want_during_the_wait() {
    // Nobody else uses it.
    let (mut s, [main, t1]) = spawned();
    let [a] = s.mutexes();
    s.lock(main, a).block_join(main, t1).exit(t1).join(main, t1).unlock(main, a);
    assert!(findings(&s).is_empty());
    // Its other users ended before, or start later.
    let mut s = Script::new();
    let [main, t1, t2, t3] = s.threads();
    let [a] = s.mutexes();
    s.spawn(main, t1).lock(t1, a).unlock(t1, a).exit(t1).join(main, t1).spawn(main, t2);
    s.lock(main, a).block_join(main, t2).exit(t2).join(main, t2).unlock(main, a);
    s.spawn(main, t3).lock(t3, a).unlock(t3, a);
    assert!(findings(&s).is_empty());
}

#[test]
fn a_correct_bounded_queue_is_clean() {
    let (mut s, [main, producer, consumer]) = spawned();
    let [m] = s.mutexes();
    let [not_empty, not_full] = s.objects(ObjectKind::Condvar);
    s.block_join(main, producer);
    s.lock(consumer, m).wait(consumer, not_empty, m);
    s.lock(producer, m).notify(producer, not_empty, &[consumer]).request(consumer, m);
    s.wait(producer, not_full, m);
    s.lock(consumer, m).notify(consumer, not_full, &[producer]).wait(consumer, not_empty, m);
    s.lock(producer, m).notify(producer, not_empty, &[consumer]).unlock(producer, m);
    s.exit(producer).lock(consumer, m).unlock(consumer, m).exit(consumer);
    s.join(main, producer).join(main, consumer).exit(main);
    assert!(findings(&s).is_empty());
    assert!(matches!(s.ops().last().map(|op| &op.action), Some(Action::Exit)));
}
