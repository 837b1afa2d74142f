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
