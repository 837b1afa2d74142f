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
