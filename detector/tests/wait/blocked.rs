//! Verdicts passed when nobody can go on.

use lockwise_detector::{
    Action, ThreadId,
    op::{Mode, ObjectKind, Patience, Purpose, WaitFor},
    script::Script,
};

use crate::support::{Waiting, did, findings, only, rules, spawned, who};

#[test]
fn a_notification_before_the_wait_is_lost() {
    let (mut s, [main, t1]) = spawned();
    let ([m], c) = (s.mutexes(), s.one(ObjectKind::Condvar));
    let line = line!() + 1;
    s.lock(main, m).notify(main, c, &[]).unlock(main, m);
    s.block_join(main, t1).lock(t1, m).wait(t1, c, m);
    let found = only(&s, "lost-wakeup");
    assert_eq!(who(&found), [0, 1]);
    assert_eq!((did(&found, main), did(&found, t1)), (vec!["notify", "join"], vec!["wait"]));
    assert_eq!(found.threads()[0].steps[0].site.line, line);
    assert!(found.message().contains("`main` notified it when nobody waited"));
}

#[test]
fn a_lost_notification_can_be_told_of_after_its_threads_end() {
    let (mut s, [main, t1]) = spawned();
    let ([m], c) = (s.mutexes(), s.one(ObjectKind::Condvar));
    s.exit(t1).join(main, t1).lock(main, m).notify(t1, c, &[]).wait(main, c, m);
    let found = only(&s, "lost-wakeup");
    assert_eq!((did(&found, t1), did(&found, main)), (vec!["notify"], vec!["wait"]));
}

#[test]
fn the_two_chat_bots_started_in_the_wrong_order() {
    let (mut s, [main, bot1, bot2]) = spawned();
    let c = s.one(ObjectKind::Condition);
    let lock = s.one(ObjectKind::RLock);
    s.block_join(main, bot1);
    s.lock(bot1, lock).notify(bot1, c, &[]).wait(bot1, c, lock);
    assert!(rules(&s).is_empty());
    s.lock(bot2, lock).wait(bot2, c, lock);
    let found = only(&s, "lost-wakeup");
    assert_eq!(did(&found, bot1), ["notify", "wait"]);
    assert!(found.message().starts_with("`t2` waits for a notification of"), "{}", found.message());
}

#[test]
fn the_two_chat_bots_started_in_the_right_order() {
    let (mut s, [main, bot1, bot2]) = spawned();
    let c = s.one(ObjectKind::Condition);
    let lock = s.one(ObjectKind::RLock);
    s.block_join(main, bot1);
    s.lock(bot2, lock).wait(bot2, c, lock);
    s.lock(bot1, lock).notify(bot1, c, &[bot2]).wait(bot1, c, lock);
    s.lock(bot2, lock).notify(bot2, c, &[bot1]).unlock(bot2, lock).exit(bot2);
    s.lock(bot1, lock).unlock(bot1, lock).exit(bot1).join(main, bot1);
    s.block_join(main, bot2).unblock(main).join(main, bot2).exit(main);
    assert!(rules(&s).is_empty());
}

#[test]
fn a_lost_notification_whose_effect_is_checked_harms_nobody() {
    let (mut s, [main, t1]) = spawned();
    let ([m], c) = (s.mutexes(), s.one(ObjectKind::Condvar));
    s.lock(main, m).notify(main, c, &[]).unlock(main, m).block_join(main, t1);
    s.lock(t1, m).unlock(t1, m).exit(t1).join(main, t1);
    assert!(rules(&s).is_empty());
}

#[test]
fn a_later_notification_makes_up_for_the_lost_one() {
    let (mut s, [main, t1]) = spawned();
    let ([m], c) = (s.mutexes(), s.one(ObjectKind::Condvar));
    s.lock(main, m).notify(main, c, &[]).unlock(main, m).lock(t1, m).wait(t1, c, m);
    s.lock(main, m).notify(main, c, &[t1]).unlock(main, m).block_join(main, t1);
    assert!(rules(&s).is_empty());
}

#[test]
fn a_waiter_that_looked_after_the_lost_notification_just_hangs() {
    // A queue by hand: the reader takes the one item, whose notification nobody awaited, and
    // then waits for a second that never comes.
    let (mut s, [main, producer, reader]) = spawned();
    let ([m], c) = (s.mutexes(), s.one(ObjectKind::Condvar));
    s.lock(producer, m).notify(producer, c, &[]).unlock(producer, m).exit(producer);
    s.lock(reader, m).unlock(reader, m).lock(reader, m).wait(reader, c, m);
    s.block_join(main, reader);
    let found = only(&s, "hang");
    assert!(found.helps()[0].contains("notify"), "{:?}", found.helps());
}

#[test]
fn ones_own_lost_notification_is_not_what_one_waits_for() {
    let (mut s, [main]) = spawned();
    let ([m], c) = (s.mutexes(), s.one(ObjectKind::Condvar));
    s.lock(main, m).notify(main, c, &[]).wait(main, c, m);
    only(&s, "hang");
}

#[test]
fn a_waiter_that_holds_what_its_notifier_wants() {
    let (mut s, [main, t1]) = spawned();
    let ([outer, m], c) = (s.mutexes(), s.one(ObjectKind::Condvar));
    s.lock(main, outer).lock(main, m).wait(main, c, m);
    assert!(rules(&s).is_empty());
    s.request(t1, outer);
    let found = only(&s, "deadlock");
    assert_eq!((did(&found, main), did(&found, t1)), (vec!["lock", "wait"], vec!["want-lock"]));
    assert!(found.helps()[0].contains("before waiting"));
}

#[test]
fn two_receivers_wait_for_each_other() {
    let (mut s, [main, t1]) = spawned();
    let [c, d] = s.objects(ObjectKind::Channel);
    s.block_at(main, c, Purpose::Receive);
    assert!(rules(&s).is_empty());
    s.block_at(t1, d, Purpose::Receive);
    assert_eq!(who(&only(&s, "deadlock")), [0, 1]);
}

#[test]
fn a_sender_that_joins_its_receiver_without_hanging_up() {
    let (mut s, [main, t1]) = spawned();
    let c = s.one(ObjectKind::Channel);
    s.publish(main, c).push(t1, Action::Observe { object: c, token: 0 });
    s.block_at(t1, c, Purpose::Receive).block_join(main, t1);
    let found = only(&s, "deadlock");
    assert_eq!((did(&found, main), did(&found, t1)), (vec!["join"], vec!["receive"]));
}

#[test]
fn a_bounded_channel_both_full_and_unread() {
    let (mut s, [main, t1]) = spawned();
    let [full, empty] = s.objects(ObjectKind::Channel);
    s.push(t1, Action::Observe { object: full, token: 0 }).publish(main, empty);
    s.block_at(main, full, Purpose::Send).block_at(t1, empty, Purpose::Receive);
    assert_eq!(did(&only(&s, "deadlock"), main), ["send"]);
}

#[test]
fn a_receiver_with_its_own_sender_alive() {
    let (mut s, [main]) = spawned();
    let c = s.one(ObjectKind::Channel);
    s.publish(main, c).block_at(main, c, Purpose::Receive);
    let found = only(&s, "hang");
    assert_eq!(found.message(), "no thread can go on: `main` waits to receive from `a`");
    assert!(found.helps()[0].contains("drop every sender"));
}

#[test]
fn a_barrier_short_of_a_party() {
    let (mut s, [main, t1, t2]) = spawned();
    let barrier = s.one(ObjectKind::Barrier);
    s.block_at(t1, barrier, Purpose::Arrive).block_at(t2, barrier, Purpose::Arrive);
    s.block_join(main, t1);
    let found = only(&s, "hang");
    assert_eq!(who(&found), [0, 1, 2]);
    assert!(found.helps()[0].starts_with("2 arrived at `a`"), "{:?}", found.helps());
}

#[test]
fn a_parked_thread_that_is_joined() {
    let (mut s, [main, t1]) = spawned();
    s.block(t1, WaitFor::Park).block_join(main, t1);
    let found = only(&s, "hang");
    assert_eq!((did(&found, main), did(&found, t1)), (vec!["join"], vec!["park"]));
}

#[test]
fn a_token_given_before_parking_or_after() {
    let (mut s, [main, t1]) = spawned();
    let wake = |s: &mut Script| {
        s.push(main, Action::Unpark { target: t1 });
    };
    wake(&mut s);
    s.block(t1, WaitFor::Park).block_join(main, t1);
    assert!(rules(&s).is_empty());
    s.push(t1, Action::Unparked).unblock(main);
    s.block(t1, WaitFor::Park);
    wake(&mut s);
    s.block_join(main, t1);
    assert!(rules(&s).is_empty());
    // The token is used up: the third time it parks for ever, and main, who unparked it before,
    // joins it.
    s.push(t1, Action::Unparked).block(t1, WaitFor::Park);
    only(&s, "deadlock");
}

#[test]
fn tasks_that_are_never_done() {
    let (mut s, [main, t1, t2]) = spawned();
    let queue = s.one(ObjectKind::Queue);
    for _ in 0..2 {
        s.publish(main, queue);
    }
    s.push(t1, Action::Observe { object: queue, token: 0 });
    s.push(t2, Action::Observe { object: queue, token: 0 });
    s.block_at(t1, queue, Purpose::Get).block_at(t2, queue, Purpose::Get);
    s.block_at(main, queue, Purpose::TasksDone);
    let found = only(&s, "hang");
    assert!(found.helps()[0].contains("task_done"), "{:?}", found.helps());
}

#[test]
fn a_reader_that_never_ends() {
    let (mut s, [main, producer, consumer]) = spawned();
    let queue = s.one(ObjectKind::Queue);
    s.publish(producer, queue).exit(producer);
    s.push(consumer, Action::Observe { object: queue, token: 0 });
    s.block_at(consumer, queue, Purpose::Get).block_join(main, consumer);
    only(&s, "hang");
}

#[test]
fn every_kind_of_wait_gives_its_reason() {
    let purposes = [
        (Purpose::Receive, "receive"),
        (Purpose::Send, "send"),
        (Purpose::Arrive, "arrive"),
        (Purpose::Event, "await-event"),
        (Purpose::Permit, "permit"),
        (Purpose::Get, "get"),
        (Purpose::Put, "put"),
        (Purpose::TasksDone, "tasks-done"),
        (Purpose::Result, "result"),
    ];
    for (purpose, op) in purposes {
        let (mut s, [main]) = spawned();
        let object = s.one(ObjectKind::Queue);
        s.block_at(main, object, purpose);
        let found = only(&s, "hang");
        assert_eq!((did(&found, main), found.helps().len()), (vec![op], 1));
    }
}

#[test]
fn the_last_helper_leaves_main_stuck() {
    let (mut s, [main, t1]) = spawned();
    let event = s.one(ObjectKind::Event);
    s.block_at(main, event, Purpose::Event);
    assert!(rules(&s).is_empty());
    s.exit(t1);
    only(&s, "hang");
}

#[test]
fn a_scope_ends_with_its_last_worker() {
    let (mut s, [main, t1, t2]) = spawned();
    let scope = s.one(ObjectKind::Pool);
    s.block_at(main, scope, Purpose::Workers).exit(t1).exit(t2);
    assert!(rules(&s).is_empty());

    let (mut s, [main, t1, t2]) = spawned();
    let scope = s.one(ObjectKind::Pool);
    s.block_at(main, scope, Purpose::Workers).block(t1, WaitFor::Park).exit(t2);
    assert_eq!(who(&only(&s, "hang")), [0, 1]);
}

#[test]
fn the_end_of_a_joined_thread_frees_the_joiner() {
    let (mut s, [main, t1]) = spawned();
    s.block_join(main, t1).exit(t1);
    assert!(rules(&s).is_empty());
}

#[test]
fn waits_with_a_time_limit_and_sleeps_end_by_themselves() {
    let (mut s, [main, t1]) = spawned();
    let ([m], c) = (s.mutexes(), s.one(ObjectKind::Condvar));
    s.block(t1, WaitFor::Sleep).block(main, WaitFor::Park);
    assert!(rules(&s).is_empty());
    s.lock(t1, m).unlock(t1, m);
    s.push(t1, Action::Block { on: WaitFor::Condvar { condvar: c, mutex: m }, timed: true });
    assert!(rules(&s).is_empty());
    s.unblock(t1).lock(t1, m).unlock(t1, m);
    let (mode, patience) = (Mode::Exclusive, Patience::Timed);
    s.push(t1, Action::Request { object: m, mode, patience });
    assert!(rules(&s).is_empty());
}

#[test]
fn idle_workers_outlive_the_program() {
    let (mut s, [main, t1, t2]) = spawned();
    let [jobs, results] = s.objects(ObjectKind::Channel);
    s.block_at(t1, jobs, Purpose::Receive).block_at(t2, results, Purpose::Receive).exit(main);
    assert!(rules(&s).is_empty());
}

#[test]
fn another_root_that_runs_may_help() {
    let mut s = Script::new();
    let [main] = s.threads();
    let [other] = s.threads::<1>();
    let c = s.one(ObjectKind::Channel);
    s.block_at(main, c, Purpose::Receive);
    assert!(rules(&s).is_empty());
    s.exit(other);
    only(&s, "hang");
}

#[test]
fn a_lock_of_python_is_handed_over() {
    let (mut s, [main, t1]) = spawned();
    let lock = s.one(ObjectKind::Lock);
    // main waits for t1 to release what main acquired.
    s.lock(main, lock).request(main, lock);
    assert!(rules(&s).is_empty());
    s.unlock(t1, lock).lock(main, lock);
    assert!(rules(&s).is_empty());
    // Now t1 is gone.
    s.request(main, lock).exit(t1);
    only(&s, "self-deadlock");
}

#[test]
fn noodle_and_fork_with_locks_of_python() {
    let (mut s, [main, t1, t2]) = spawned();
    let [noodle, fork] = s.objects(ObjectKind::Lock);
    s.lock(t1, noodle).lock(t2, fork).request(t1, fork).request(t2, noodle);
    assert!(rules(&s).is_empty(), "main could release them");
    s.block_join(main, t1);
    let found = only(&s, "deadlock");
    assert_eq!(who(&found), [1, 2, 0]);
    assert_eq!(did(&found, main), ["join"]);
}

#[test]
fn a_queued_writer_holds_a_second_read_back() {
    let (mut s, [main, t1]) = spawned();
    let [rw] = s.objects(ObjectKind::RwLock);
    s.read_lock(main, rw).request(t1, rw).request_read(main, rw);
    let verdicts: Vec<_> = findings(&s).iter().map(|f| f.rule()).collect();
    assert_eq!(verdicts, ["deadlock", "rwlock-recursion"]);
    // Asked for in the other order, the read is not behind the writer.
    let (mut s, [main, t1]) = spawned();
    let [rw] = s.objects(ObjectKind::RwLock);
    s.read_lock(main, rw).request_read(main, rw).request(t1, rw);
    assert!(!rules(&s).contains(&"deadlock"));
}

#[test]
fn after_a_verdict_at_once_the_hang_that_follows_is_no_news() {
    let (mut s, [main, t1, t2, t3]) = spawned();
    let [a, b] = s.mutexes();
    s.lock(t1, a).lock(t2, b).request(t1, b).request(t2, a);
    s.block(t3, WaitFor::Park).block_join(main, t3);
    only(&s, "deadlock");
}

#[test]
fn a_hundred_stuck_threads_are_shown_in_part() {
    let (mut s, threads) = spawned::<101>();
    for &thread in &threads[1..] {
        s.block(thread, WaitFor::Park);
    }
    s.block_join(threads[0], ThreadId(100));
    let found = only(&s, "hang");
    assert_eq!((found.threads().len(), who(&found)[0]), (8, 0));
    assert!(found.message().ends_with("and 97 more"), "{}", found.message());
    assert_eq!(
        found.helps().last().map(String::as_str),
        Some("and 93 more that are stuck, not shown")
    );
}
