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
