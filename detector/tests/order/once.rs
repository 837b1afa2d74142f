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
