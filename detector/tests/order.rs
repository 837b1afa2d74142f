//! `lock-order-cycle` and `lock-class-order`, trigger by trigger and near miss by near miss.

use lockwise_detector::{
    Action, Analysis, Context, Finding, ObjectId, Op, ThreadId,
    finding::Verb,
    op::{Mode, ObjectKind, Patience},
    order::LockOrder,
    script::Script,
};

/// What lock order alone finds in a sequence of Ops.
fn findings(ops: &[Op]) -> Vec<Finding> {
    let (mut context, mut order) = (Context::new(), LockOrder::new());
    let mut findings = Vec::new();
    for op in ops {
        context.apply(op).unwrap_or_else(|error| panic!("{op:?}: {error}"));
        order.observe(op, &context, &mut findings);
    }
    findings
}

/// The rules of all findings, each with the locks that it names.
#[track_caller]
fn check(script: &Script, expected: &[(&str, &[ObjectId])]) -> Vec<Finding> {
    let found = findings(script.ops());
    let shown: Vec<_> = found
        .iter()
        .map(|finding| {
            let mut locks: Vec<_> = finding.objects().iter().map(|object| object.id).collect();
            locks.sort_unstable();
            (finding.rule(), locks)
        })
        .collect();
    let expected: Vec<_> = expected.iter().map(|(rule, locks)| (*rule, locks.to_vec())).collect();
    assert_eq!(shown, expected, "{:#?}", found.iter().map(Finding::message).collect::<Vec<_>>());
    found
}

const CYCLE: &str = "lock-order-cycle";
const CLASS: &str = "lock-class-order";

/// A script with threads that main has spawned, and two mutexes made at different places.
fn two_locks<const N: usize>() -> (Script, [ThreadId; N], ObjectId, ObjectId) {
    let mut script = Script::new();
    let threads = script.threads();
    let [a] = script.mutexes();
    let [b] = script.mutexes();
    for &thread in &threads[1..] {
        script.spawn(threads[0], thread);
    }
    (script, threads, a, b)
}

/// `thread` locks all of `locks`, one in the other, and releases them.
#[track_caller]
fn nest(script: &mut Script, thread: ThreadId, locks: &[ObjectId]) {
    for &lock in locks {
        script.lock(thread, lock);
    }
    for &lock in locks.iter().rev() {
        script.unlock(thread, lock);
    }
}

mod triggers {
    use super::*;

    #[test]
    fn two_locks_in_opposite_orders() {
        let (mut script, [_, t1, t2], a, b) = two_locks();
        script.lock(t1, a);
        script.lock(t1, b);
        script.unlock(t1, b).unlock(t1, a);
        script.lock(t2, b);
        script.lock(t2, a);
        let found = check(&script, &[(CYCLE, &[a, b])]);

        let shown: Vec<_> = found[0]
            .threads()
            .iter()
            .map(|thread| {
                let step = |step: &lockwise_detector::finding::Step| {
                    (step.verb, found[0].objects()[step.object.unwrap()].id, step.site.line)
                };
                (thread.name.as_str(), thread.steps.iter().map(step).collect::<Vec<_>>())
            })
            .collect();
        let line = |n: usize| script.ops()[n].site.line;
        assert_eq!(
            shown,
            [
                ("t1", vec![(Verb::Lock, a, line(5)), (Verb::WantLock, b, line(6))]),
                ("t2", vec![(Verb::Lock, b, line(9)), (Verb::WantLock, a, line(10))]),
            ]
        );
        assert_eq!(
            found[0].message(),
            "`t1` locks `b` while it holds `a` and `t2` locks `a` while it holds `b`: \
             each can wait for the next for ever"
        );
        assert!(found[0].helps().len() >= 3);
    }

    #[test]
    fn at_the_request_before_the_wait() {
        let (mut script, [_, t1, t2], a, b) = two_locks();
        script.lock(t1, a).lock(t2, b).request(t1, b).request(t2, a);
        check(&script, &[(CYCLE, &[a, b])]);
    }

    #[test]
    fn cycles_of_three_and_four_locks() {
        for n in [3, 4] {
            let mut script = Script::new();
            let [main, threads @ ..] = script.threads::<5>();
            let locks: [ObjectId; 4] = script.mutexes();
            for thread in threads {
                script.spawn(main, thread);
            }
            for i in 0..n {
                nest(&mut script, threads[i], &[locks[i], locks[(i + 1) % n]]);
            }
            check(&script, &[(CYCLE, &locks[..n])]);
        }
    }

    #[test]
    fn every_pair_of_held_and_wanted_counts() {
        let (mut script, [_, t1, t2], a, b) = two_locks();
        let [between] = script.mutexes();
        nest(&mut script, t1, &[a, between, b]);
        nest(&mut script, t2, &[b, a]);
        check(&script, &[(CYCLE, &[a, b])]);
    }

    #[test]
    fn a_lock_taken_by_try_is_held_for_what_follows() {
        let (mut script, [_, t1, t2], a, b) = two_locks();
        script.try_lock(t1, a).lock(t1, b).unlock(t1, b).unlock(t1, a);
        nest(&mut script, t2, &[b, a]);
        check(&script, &[(CYCLE, &[a, b])]);
    }

    #[test]
    fn a_reader_and_a_writer() {
        let mut script = Script::new();
        let [main, t1, t2] = script.threads();
        let [a, b] = script.objects(ObjectKind::RwLock);
        script.spawn(main, t1).spawn(main, t2);
        script.read_lock(t1, a).lock(t1, b).unlock(t1, b).read_unlock(t1, a);
        script.read_lock(t2, b).lock(t2, a);
        check(&script, &[(CYCLE, &[a, b])]);
    }

    #[test]
    fn a_gate_that_only_one_thread_passes() {
        let (mut script, [_, t1, t2], a, b) = two_locks();
        let [gate] = script.mutexes();
        nest(&mut script, t1, &[gate, a, b]);
        nest(&mut script, t2, &[b, a]);
        check(&script, &[(CYCLE, &[a, b])]);
    }

    #[test]
    fn a_gate_held_for_reading_excludes_nobody() {
        let (mut script, [_, t1, t2], a, b) = two_locks();
        let [gate] = script.objects(ObjectKind::RwLock);
        script.read_lock(t1, gate);
        nest(&mut script, t1, &[a, b]);
        script.read_unlock(t1, gate).read_lock(t2, gate);
        nest(&mut script, t2, &[b, a]);
        check(&script, &[(CYCLE, &[a, b])]);
    }

    #[test]
    fn a_later_context_without_the_gate() {
        let (mut script, [_, t1, t2], a, b) = two_locks();
        let [gate] = script.mutexes();
        nest(&mut script, t1, &[gate, a, b]);
        nest(&mut script, t2, &[gate, b, a]);
        check(&script, &[]);
        nest(&mut script, t2, &[b, a]);
        check(&script, &[(CYCLE, &[a, b])]);
    }

    #[test]
    fn a_later_context_that_is_not_ordered() {
        let (mut script, [main, t1], a, b) = two_locks();
        nest(&mut script, t1, &[a, b]);
        nest(&mut script, main, &[b, a]);
        check(&script, &[(CYCLE, &[a, b])]);

        let (mut script, [main, t1, t2], a, b) = two_locks();
        nest(&mut script, t1, &[a, b]);
        script.exit(t1).join(main, t1);
        nest(&mut script, main, &[b, a]);
        check(&script, &[]);
        nest(&mut script, t2, &[a, b]);
        check(&script, &[(CYCLE, &[a, b])]);
    }

    #[test]
    fn through_a_destroyed_lock() {
        let (mut script, [main, t1, t2, t3], a, b) = two_locks();
        let [c] = script.mutexes();
        nest(&mut script, t1, &[a, b]);
        nest(&mut script, t2, &[b, c]);
        script.push(main, Action::Destroy { object: b });
        // So many more die that the dead are swept out several times. b stays.
        for _ in 0..200 {
            let [short] = script.mutexes();
            nest(&mut script, main, &[a, short]);
            script.push(main, Action::Destroy { object: short });
        }
        nest(&mut script, t3, &[c, a]);
        check(&script, &[(CYCLE, &[a, b, c])]);
    }

    #[test]
    fn of_any_kind_that_is_acquired() {
        let mut script = Script::new();
        let [main, t1, t2] = script.threads();
        let [a] = script.objects(ObjectKind::LazyLock);
        let [b] = script.objects(ObjectKind::RLock);
        script.spawn(main, t1).spawn(main, t2);
        nest(&mut script, t1, &[a, b]);
        nest(&mut script, t2, &[b, a]);
        check(&script, &[(CYCLE, &[a, b])]);
    }
}

mod once {
    use super::*;

    #[test]
    fn the_same_cycle_again() {
        let (mut script, [_, t1, t2, t3], a, b) = two_locks();
        for _ in 0..3 {
            nest(&mut script, t1, &[a, b]);
            nest(&mut script, t2, &[b, a]);
            nest(&mut script, t3, &[a, b]);
        }
        check(&script, &[(CYCLE, &[a, b])]);
    }

    #[test]
    fn a_request_and_its_acquisition() {
        let (mut script, [_, t1, t2], a, b) = two_locks();
        script.lock(t1, a).request(t1, b).lock(t1, b).unlock(t1, b).unlock(t1, a);
        script.lock(t2, b).request(t2, a).lock(t2, a);
        check(&script, &[(CYCLE, &[a, b])]);
    }

    #[test]
    fn no_superset_of_a_reported_cycle() {
        let (mut script, [_, t1, t2, t3], a, b) = two_locks();
        let [c] = script.mutexes();
        nest(&mut script, t1, &[a, b]);
        nest(&mut script, t2, &[b, a]);
        nest(&mut script, t2, &[b, c]);
        nest(&mut script, t3, &[c, a]);
        check(&script, &[(CYCLE, &[a, b])]);
    }

    #[test]
    fn two_cycles_closed_by_one_edge() {
        let (mut script, [_, t1, t2, t3], a, b) = two_locks();
        let [c] = script.mutexes();
        let [d] = script.mutexes();
        nest(&mut script, t2, &[b, c]);
        nest(&mut script, t2, &[b, d]);
        nest(&mut script, t3, &[c, a]);
        nest(&mut script, t3, &[d, a]);
        nest(&mut script, t1, &[a, b]);
        let found = findings(script.ops());
        assert_eq!(found.iter().map(Finding::rule).collect::<Vec<_>>(), [CYCLE, CYCLE]);
    }
}

mod near_misses {
    use super::*;

    #[test]
    fn a_gate_lock() {
        let (mut script, [_, t1, t2], a, b) = two_locks();
        let [gate] = script.mutexes();
        nest(&mut script, t1, &[gate, a, b]);
        nest(&mut script, t2, &[gate, b, a]);
        check(&script, &[]);
    }

    #[test]
    fn a_gate_read_by_one_and_written_by_the_other() {
        let (mut script, [_, t1, t2], a, b) = two_locks();
        let [gate] = script.objects(ObjectKind::RwLock);
        script.read_lock(t1, gate);
        nest(&mut script, t1, &[a, b]);
        script.read_unlock(t1, gate);
        nest(&mut script, t2, &[gate, b, a]);
        check(&script, &[]);
    }

    #[test]
    fn a_lock_of_the_cycle_is_the_gate() {
        // t2 holds a all along, so that t1 cannot hold it meanwhile.
        let (mut script, [_, t1, t2, t3], a, b) = two_locks();
        let [c] = script.mutexes();
        nest(&mut script, t1, &[a, b]);
        nest(&mut script, t2, &[a, b, c]);
        nest(&mut script, t3, &[c, b]);
        check(&script, &[(CYCLE, &[b, c])]);
    }

    #[test]
    fn ordered_by_join() {
        let (mut script, [main, t1, t2], a, b) = two_locks();
        nest(&mut script, t1, &[a, b]);
        script.exit(t1).join(main, t1);
        nest(&mut script, main, &[b, a]);
        script.exit(t2);
        check(&script, &[]);
    }

    #[test]
    fn ordered_by_spawn() {
        let mut script = Script::new();
        let [main, t1] = script.threads();
        let [a] = script.mutexes();
        let [b] = script.mutexes();
        nest(&mut script, main, &[a, b]);
        script.spawn(main, t1);
        nest(&mut script, t1, &[b, a]);
        check(&script, &[]);
    }

    #[test]
    fn ordered_by_a_channel() {
        let (mut script, [_, t1, t2], a, b) = two_locks();
        let [channel] = script.objects(ObjectKind::Channel);
        nest(&mut script, t1, &[a, b]);
        script.push(t1, Action::Publish { object: channel, token: 0 });
        script.push(t2, Action::Observe { object: channel, token: 0 });
        nest(&mut script, t2, &[b, a]);
        check(&script, &[]);
    }

    #[test]
    fn one_thread_alone() {
        let (mut script, [main], a, b) = two_locks();
        nest(&mut script, main, &[a, b]);
        nest(&mut script, main, &[b, a]);
        check(&script, &[]);
    }

    #[test]
    fn try_and_back_off() {
        let (mut script, [_, t1, t2], a, b) = two_locks();
        nest(&mut script, t1, &[a, b]);
        script.lock(t2, b).try_lock(t2, a).unlock(t2, a).unlock(t2, b);
        let (object, mode) = (a, Mode::Exclusive);
        script.lock(t2, b);
        script.push(t2, Action::Request { object, mode, patience: Patience::Timed });
        script.push(t2, Action::GiveUp { object });
        script.acquire(t2, object, mode, Patience::Timed);
        check(&script, &[]);
    }

    #[test]
    fn hand_over_hand() {
        let mut script = Script::new();
        let [main, t1, t2] = script.threads();
        let list: [ObjectId; 5] = script.mutexes();
        script.spawn(main, t1).spawn(main, t2);
        for thread in [t1, t2] {
            script.lock(thread, list[0]);
            for pair in list.windows(2) {
                script.lock(thread, pair[1]).unlock(thread, pair[0]);
            }
            script.unlock(thread, list[4]);
        }
        check(&script, &[]);
    }

    #[test]
    fn released_before_the_other_order_is_taken() {
        let (mut script, [_, t1, t2], a, b) = two_locks();
        nest(&mut script, t1, &[a, b]);
        script.lock(t2, b).unlock(t2, b).lock(t2, a).unlock(t2, a);
        check(&script, &[]);
    }

    #[test]
    fn both_read() {
        let mut script = Script::new();
        let [main, t1, t2] = script.threads();
        let [a, b] = script.objects(ObjectKind::RwLock);
        script.spawn(main, t1).spawn(main, t2);
        script.read_lock(t1, a).read_lock(t1, b).read_unlock(t1, b).read_unlock(t1, a);
        script.read_lock(t2, b).read_lock(t2, a).read_unlock(t2, a).read_unlock(t2, b);
        check(&script, &[]);

        // One side read by both is enough.
        script.read_lock(t1, a).lock(t1, b).unlock(t1, b).read_unlock(t1, a);
        check(&script, &[]);
    }

    #[test]
    fn released_out_of_order() {
        let (mut script, [_, t1, t2], a, b) = two_locks();
        let [c] = script.mutexes();
        for thread in [t1, t2] {
            script.lock(thread, a).lock(thread, b).unlock(thread, a).lock(thread, c);
            script.unlock(thread, b).unlock(thread, c);
        }
        // c is held here, and a is not held any more.
        script.lock(t1, a).lock(t1, b).unlock(t1, b).unlock(t1, a);
        script.lock(t2, c).unlock(t2, c).lock(t2, a).unlock(t2, a);
        check(&script, &[]);
    }

    #[test]
    fn acquired_again_while_held() {
        let mut script = Script::new();
        let [main, t1, t2] = script.threads();
        let [a] = script.objects(ObjectKind::RLock);
        let [b] = script.mutexes();
        script.spawn(main, t1).spawn(main, t2);
        for thread in [t1, t2] {
            script.lock(thread, a).lock(thread, b).lock(thread, a);
            script.unlock(thread, a).unlock(thread, b).unlock(thread, a);
        }
        check(&script, &[]);
    }
}

/// Orders that critical sections force.
mod forced {
    use super::*;

    /// main starts t1 while it holds a, then nests b in it; t1 passes a before it nests a in b.
    #[test]
    fn a_start_gate() {
        let mut script = Script::new();
        let [main, t1] = script.threads();
        let [a] = script.mutexes();
        let [b] = script.mutexes();
        script.lock(main, a).spawn(main, t1);
        script.lock(main, b).unlock(main, b).unlock(main, a);
        nest(&mut script, t1, &[a]);
        nest(&mut script, t1, &[b, a]);
        check(&script, &[]);
    }

    #[test]
    fn a_start_gate_that_the_thread_does_not_pass() {
        let mut script = Script::new();
        let [main, t1] = script.threads();
        let [a] = script.mutexes();
        let [b] = script.mutexes();
        script.lock(main, a).spawn(main, t1);
        script.lock(main, b).unlock(main, b).unlock(main, a);
        nest(&mut script, t1, &[b, a]);
        check(&script, &[(CYCLE, &[a, b])]);
    }

    /// t1 nests b in a while main holds the gate that t2 has around its nesting of a in b.
    fn gated_by_main(release_before_join: bool) -> (Script, [ObjectId; 2]) {
        let mut script = Script::new();
        let [main, t1, t2] = script.threads();
        let [gate] = script.mutexes();
        let [a] = script.mutexes();
        let [b] = script.mutexes();
        script.spawn(main, t2);
        nest(&mut script, t2, &[gate, b, a]);
        script.lock(main, gate).spawn(main, t1);
        nest(&mut script, t1, &[a, b]);
        if release_before_join {
            script.unlock(main, gate);
        }
        script.exit(t1).join(main, t1);
        if !release_before_join {
            script.unlock(main, gate);
        }
        (script, [a, b])
    }

    #[test]
    fn a_gate_that_the_parent_holds_until_it_joins() {
        check(&gated_by_main(false).0, &[]);
    }

    #[test]
    fn a_verdict_waits_for_the_end_of_the_parents_section() {
        let (script, locks) = gated_by_main(true);
        check(&script, &[(CYCLE, &locks)]);
    }
}

mod classes {
    use super::*;

    fn accounts<const N: usize>() -> (Script, [ThreadId; 3], [ObjectId; N]) {
        let mut script = Script::new();
        let [main, t1, t2] = script.threads();
        let accounts = script.mutexes();
        script.spawn(main, t1).spawn(main, t2);
        (script, [main, t1, t2], accounts)
    }

    #[test]
    fn transfers_of_one_thread_between_accounts_that_others_use() {
        let (mut script, [main, t1, _], [a, b]) = accounts();
        nest(&mut script, t1, &[a, b]);
        nest(&mut script, t1, &[b, a]);
        script.exit(t1).join(main, t1);
        check(&script, &[]);
        // Main looks at the balances, one after the other.
        nest(&mut script, main, &[a]);
        nest(&mut script, main, &[b]);
        let found = check(&script, &[(CLASS, &[a, b])]);
        assert!(found[0].message().contains("no consistent order"), "{}", found[0].message());
    }

    #[test]
    fn transfers_ordered_by_join() {
        let (mut script, [main, t1, _], [a, b]) = accounts();
        nest(&mut script, t1, &[a, b]);
        script.exit(t1).join(main, t1);
        nest(&mut script, main, &[b, a]);
        check(&script, &[(CLASS, &[a, b])]);
    }

    #[test]
    fn a_cycle_of_instances_says_more() {
        let (mut script, [_, t1, t2], [a, b]) = accounts();
        nest(&mut script, t1, &[a, b]);
        nest(&mut script, t2, &[b, a]);
        check(&script, &[(CYCLE, &[a, b])]);
    }

    #[test]
    fn one_report_for_each_class() {
        let (mut script, [main, t1, _], [a, b, c, d]) = accounts();
        nest(&mut script, t1, &[a, b]);
        nest(&mut script, t1, &[c, d]);
        script.exit(t1).join(main, t1);
        nest(&mut script, main, &[b, a]);
        nest(&mut script, main, &[d, c]);
        check(&script, &[(CLASS, &[a, b])]);
    }

    #[test]
    fn one_thread_alone() {
        let (mut script, [main, ..], [a, b]) = accounts();
        nest(&mut script, main, &[a, b]);
        nest(&mut script, main, &[b, a]);
        check(&script, &[]);
    }

    #[test]
    fn in_order_of_a_key() {
        let (mut script, [main, t1, t2], accounts) = accounts::<4>();
        for thread in [t1, t2, main] {
            for (i, &low) in accounts.iter().enumerate() {
                for &high in &accounts[i + 1..] {
                    nest(&mut script, thread, &[low, high]);
                }
            }
        }
        check(&script, &[]);
    }

    #[test]
    fn parent_before_child() {
        let (mut script, [main, t1, _], tree) = accounts::<7>();
        for child in (1..7).rev() {
            nest(&mut script, t1, &[tree[(child - 1) / 2], tree[child]]);
        }
        script.exit(t1).join(main, t1);
        for child in 1..7 {
            nest(&mut script, main, &[tree[(child - 1) / 2], tree[child]]);
        }
        check(&script, &[]);
    }

    #[test]
    fn behind_a_gate() {
        let (mut script, [main, t1, _], [a, b]) = accounts();
        let [bank] = script.mutexes();
        nest(&mut script, t1, &[bank, a, b]);
        script.exit(t1).join(main, t1);
        nest(&mut script, main, &[bank, b, a]);
        check(&script, &[]);
    }
}
