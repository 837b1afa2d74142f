//! Verdicts passed at once, while other threads run.

use lockwise_detector::{
    Action,
    op::{Mode, ObjectKind, Patience, WaitFor},
};

use crate::support::{Waiting, did, findings, only, rules, spawned, who};

#[test]
fn two_threads_and_two_locks_deadlock_while_main_runs() {
    let (mut s, [_main, t1, t2]) = spawned();
    let [a, b] = s.mutexes();
    s.lock(t1, a).lock(t2, b).request(t1, b);
    assert!(rules(&s).is_empty());
    s.request(t2, a);
    let found = only(&s, "deadlock");
    assert_eq!(who(&found), [2, 1]);
    assert_eq!(did(&found, t1), ["lock", "want-lock"]);
    assert_eq!(
        found.message(),
        "2 threads wait for each other: `t2` holds `b` and waits to lock `a`, while `t1` holds \
         `a` and waits to lock `b`"
    );
    assert_eq!(found.objects().len(), 2);
    assert_eq!(found.helps().len(), 1);
}

#[test]
fn the_sites_are_those_of_the_acquisition_and_of_the_request() {
    let (mut s, [_main, t1, t2]) = spawned();
    let [a, b] = s.mutexes();
    let line = line!();
    s.lock(t1, a);
    s.lock(t2, b);
    s.request(t1, b);
    s.request(t2, a);
    let found = only(&s, "deadlock");
    let lines = |n: usize| found.threads()[n].steps.iter().map(|s| s.site.line).collect::<Vec<_>>();
    assert_eq!(lines(0), [line + 2, line + 4]);
    assert_eq!(lines(1), [line + 1, line + 3]);
}

#[test]
fn three_threads_deadlock_and_those_who_queue_up_behind_are_no_news() {
    let (mut s, [main, t1, t2, t3, t4]) = spawned();
    let [a, b, c] = s.mutexes();
    s.lock(t1, a).lock(t2, b).lock(t3, c);
    s.request(t1, b).request(t2, c);
    assert!(rules(&s).is_empty());
    s.request(t3, a);
    assert_eq!(who(&only(&s, "deadlock")), [3, 1, 2]);
    // A fourth wants a lock of theirs, and main joins: then nobody can go on.
    s.request(t4, a).block_join(main, t4);
    only(&s, "deadlock");
}

#[test]
fn of_two_cycles_the_shorter_is_reported() {
    let (mut s, [_main, t1, t2, t3]) = spawned();
    let [rw] = s.objects(ObjectKind::RwLock);
    let [a, b] = s.mutexes();
    // t3 will wait for both readers, t1 waits for t3 directly and t2 by way of t1.
    s.read_lock(t1, rw).read_lock(t2, rw).lock(t3, a).lock(t1, b);
    s.request(t1, a).request(t2, b).request(t3, rw);
    assert_eq!(who(&only(&s, "deadlock")), [3, 1]);
}

#[test]
fn a_cycle_that_a_timed_or_trying_member_leaves_is_none() {
    for patience in [Patience::Timed, Patience::Try] {
        let (mut s, [_main, t1, t2]) = spawned();
        let [a, b] = s.mutexes();
        s.lock(t1, a).lock(t2, b).request(t1, b);
        s.push(t2, Action::Request { object: a, mode: Mode::Exclusive, patience });
        assert!(rules(&s).is_empty());
    }
}

#[test]
fn who_owns_a_lock_may_be_told_when_another_wants_it() {
    let (mut s, [_main, t1, t2]) = spawned();
    let [a, b] = s.mutexes();
    // t1 took `a` unseen and waits; t2 meets it there.
    s.lock(t2, b).request(t1, b);
    let late = s.one(ObjectKind::Mutex);
    s.lock(t1, a).lock(t1, late);
    assert!(rules(&s).is_empty());
    s.request(t2, a);
    assert_eq!(who(&only(&s, "deadlock")), [2, 1]);
    // Even after it has asked.
    let (mut s, [_main, t1, t2]) = spawned();
    let [a, b] = s.mutexes();
    s.lock(t2, b).request(t1, b).request(t2, a).lock(t1, a);
    assert_eq!(who(&only(&s, "deadlock")), [1, 2]);
}

#[test]
fn a_request_that_was_given_up_is_no_edge() {
    let (mut s, [_main, t1, t2]) = spawned();
    let [a, b] = s.mutexes();
    s.lock(t1, a).lock(t2, b).request(t1, b);
    s.push(t1, Action::GiveUp { object: b }).request(t2, a);
    assert!(rules(&s).is_empty());
}

#[test]
fn the_same_threads_stuck_anew_are_a_new_finding() {
    let (mut s, [_main, t1, t2]) = spawned();
    let [a, b] = s.mutexes();
    s.lock(t1, a).lock(t2, b).request(t1, b).request(t2, a);
    // The runtime makes t2 panic; t1 goes on; the same again.
    s.push(t2, Action::GiveUp { object: a }).unlock(t2, b).lock(t1, b).unlock(t1, b);
    s.lock(t2, b).request(t1, b).request(t2, a);
    assert_eq!(rules(&s), ["deadlock", "deadlock"]);
}

#[test]
fn a_join_under_the_lock_that_the_joined_thread_wants() {
    let (mut s, [main, t1, _other]) = spawned();
    let [m] = s.mutexes();
    s.lock(main, m).request(t1, m).block_join(main, t1);
    let found = only(&s, "deadlock");
    assert_eq!(did(&found, main), ["lock", "join"]);
    assert!(found.message().contains("waits for `t1` to end"), "{}", found.message());
    assert_eq!(found.helps(), ["drop the guard before joining a thread that needs the lock"]);
}

#[test]
fn a_join_of_a_thread_that_wants_a_lock_already_released() {
    let (mut s, [main, t1]) = spawned();
    let [m] = s.mutexes();
    s.lock(main, m).request(t1, m).unlock(main, m).block_join(main, t1);
    assert!(rules(&s).is_empty());
    s.lock(t1, m).unlock(t1, m).exit(t1).join(main, t1).exit(main);
    assert!(rules(&s).is_empty());
}

#[test]
fn a_writer_waits_for_every_reader() {
    let (mut s, [_main, t1, t2, t3]) = spawned();
    let [rw] = s.objects(ObjectKind::RwLock);
    let [m] = s.mutexes();
    s.read_lock(t1, rw).read_lock(t2, rw).lock(t3, m);
    // t1 still runs, but t3 can never get past t2.
    s.request(t3, rw).request(t2, m);
    let found = only(&s, "deadlock");
    assert_eq!(who(&found), [2, 3]);
    assert_eq!(did(&found, t2), ["read-lock", "want-lock"]);
    let _ = t1;
}

#[test]
fn readers_do_not_wait_for_readers() {
    let (mut s, [_main, t1, t2]) = spawned();
    let [p, q] = s.objects(ObjectKind::RwLock);
    s.read_lock(t1, p).read_lock(t2, q).request_read(t1, q).request_read(t2, p);
    assert!(rules(&s).is_empty());
}

#[test]
fn an_initialiser_and_a_mutex() {
    let (mut s, [_main, t1, t2]) = spawned();
    let once = s.one(ObjectKind::OnceLock);
    let [m] = s.mutexes();
    s.lock(t1, once).lock(t2, m).request(t2, once).request(t1, m);
    let found = only(&s, "deadlock");
    assert_eq!(did(&found, t1), ["initialise", "want-lock"]);
    assert_eq!(did(&found, t2), ["lock", "result"]);
}

#[test]
fn a_finished_initialiser_blocks_nobody() {
    let (mut s, [_main, t1, t2]) = spawned();
    let once = s.one(ObjectKind::Once);
    let [m] = s.mutexes();
    s.lock(t1, once).unlock(t1, once).lock(t2, m).request(t2, once).request(t1, m);
    assert!(rules(&s).is_empty());
}

#[test]
fn one_thread_waits_for_itself() {
    for kind in [ObjectKind::Mutex, ObjectKind::RwLock, ObjectKind::Once, ObjectKind::LazyLock] {
        let (mut s, [_main, t1]) = spawned();
        let object = s.one(kind);
        s.lock(t1, object).request(t1, object);
        let found = only(&s, "self-deadlock");
        assert_eq!((who(&found), found.helps().len()), (vec![1], 1));
    }
    let (mut s, [_main, t1]) = spawned();
    s.block_join(t1, t1);
    assert_eq!(only(&s, "self-deadlock").message(), "`t1` waits for its own end");
}

#[test]
fn reading_what_one_writes_is_a_self_deadlock_and_writing_what_one_reads_an_upgrade() {
    let (mut s, [_main, t1]) = spawned();
    let [rw] = s.objects(ObjectKind::RwLock);
    s.lock(t1, rw).request_read(t1, rw);
    only(&s, "self-deadlock");

    let (mut s, [_main, t1]) = spawned();
    let [rw] = s.objects(ObjectKind::RwLock);
    s.read_lock(t1, rw).request(t1, rw);
    let found = only(&s, "rwlock-upgrade");
    assert_eq!(did(&found, t1), ["read-lock", "want-lock"]);
}

#[test]
fn a_reentrant_lock_may_be_taken_again() {
    let (mut s, [main, t1]) = spawned();
    let lock = s.one(ObjectKind::RLock);
    s.lock(t1, lock).request(t1, lock).lock(t1, lock).unlock(t1, lock).unlock(t1, lock);
    s.block_join(main, t1).request(t1, lock);
    assert!(rules(&s).is_empty());
    // It still blocks others.
    let [m] = s.mutexes();
    s.lock(t1, lock).unblock(main).lock(main, m).request(t1, m).request(main, lock);
    only(&s, "deadlock");
}

#[test]
fn a_lock_is_free_for_its_owner_to_take_after_release() {
    let (mut s, [main]) = spawned();
    let [m] = s.mutexes();
    s.lock(main, m).unlock(main, m).request(main, m).lock(main, m);
    assert!(rules(&s).is_empty());
}

#[test]
fn a_lock_whose_owner_has_ended_is_never_released() {
    // The owner ends first.
    let (mut s, [_main, t1, t2]) = spawned();
    let [m] = s.mutexes();
    s.lock(t1, m).exit(t1).request(t2, m);
    let found = only(&s, "hang");
    assert_eq!((did(&found, t1), did(&found, t2)), (vec!["hold", "end"], vec!["want-lock"]));
    assert_eq!(found.message(), "`t2` waits to lock `a` for ever: `t1` ended without releasing it");
    // The owner ends while others wait.
    let (mut s, [_main, t1, t2, t3]) = spawned();
    let [m] = s.mutexes();
    s.lock(t1, m).request(t2, m).request(t3, m).exit(t1);
    assert_eq!(who(&only(&s, "hang")), [1, 2, 3]);
}

#[test]
fn a_lock_of_python_may_outlive_its_owner() {
    let (mut s, [main, t1, t2]) = spawned();
    let lock = s.one(ObjectKind::Lock);
    s.lock(t1, lock).exit(t1).request(t2, lock);
    assert!(rules(&s).is_empty());
    s.unlock(main, lock).lock(t2, lock);
    assert!(rules(&s).is_empty());
}

#[test]
fn a_hundred_threads_in_a_ring() {
    let (mut s, threads) = spawned::<101>();
    let locks = s.mutexes::<100>();
    for n in 0..100 {
        s.lock(threads[n + 1], locks[n]);
    }
    for n in 0..100 {
        s.request(threads[n + 1], locks[(n + 1) % 100]);
    }
    let found = only(&s, "deadlock");
    assert_eq!(found.threads().len(), 8);
    assert!(found.message().contains("and 96 more"), "{}", found.message());
    assert_eq!(
        found.helps().last().map(String::as_str),
        Some("and 92 more that are stuck, not shown")
    );
}

#[test]
fn a_hundred_threads_that_take_turns() {
    let (mut s, threads) = spawned::<101>();
    let [m] = s.mutexes();
    for _round in 0..5 {
        for &thread in &threads[1..] {
            s.request(thread, m);
        }
        for &thread in &threads[1..] {
            s.lock(thread, m).unlock(thread, m);
        }
    }
    s.block(threads[0], WaitFor::Join(threads[1]));
    assert!(findings(&s).is_empty());
}
