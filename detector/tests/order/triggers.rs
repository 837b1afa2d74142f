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
