//! Calls that an object's contract forbids.

use lockwise_detector::{
    Action, Detector, OpError,
    op::{Misuse, Mode, ObjectKind},
};

use crate::support::{Waiting, did, findings, only, spawned, who};

#[test]
fn each_refused_call_is_a_finding() {
    let rules = [
        (Misuse::ReleaseUnowned, "release-unowned"),
        (Misuse::WithoutLock, "release-unowned"),
        (Misuse::OverRelease, "semaphore-over-release"),
        (Misuse::Poisoned, "poisoned-lock"),
        (Misuse::ThreadLeak, "thread-leak"),
    ];
    for (what, rule) in rules {
        let (mut s, [_main, t1]) = spawned();
        let [object] = s.objects(ObjectKind::Lock);
        for _ in 0..2 {
            s.misuse(t1, object, what);
        }
        let found = only(&s, rule);
        assert_eq!(who(&found), [1]);
        assert!(found.message().starts_with("`t1` "), "{}", found.message());
        assert!(!found.helps().is_empty());
    }
}

#[test]
fn a_release_by_another_names_the_owner() {
    let (mut s, [main, t1]) = spawned();
    let lock = s.one(ObjectKind::RLock);
    s.lock(main, lock).misuse(t1, lock, Misuse::ReleaseUnowned);
    let found = only(&s, "release-unowned");
    assert_eq!(found.message(), "`t1` releases `a`, which `main` holds");
    assert_eq!((did(&found, t1), did(&found, main)), (vec!["release"], vec!["hold"]));
}

#[test]
fn a_poisoned_lock_names_who_held_it_last() {
    let (mut s, [main, t1]) = spawned();
    let [m] = s.mutexes();
    s.lock(t1, m).unlock(t1, m).exit(t1).misuse(main, m, Misuse::Poisoned);
    let found = only(&s, "poisoned-lock");
    assert_eq!(did(&found, t1), ["release"]);
    assert!(found.message().ends_with("the last to hold it was `t1`"));
    assert_eq!(found.severity(), lockwise_detector::Severity::Note);
}

#[test]
fn an_impossible_release_is_an_error_of_the_sequence_and_no_finding() {
    let (mut s, [_main, t1]) = spawned();
    let [m] = s.mutexes();
    s.push(t1, Action::Release { object: m, mode: Mode::Exclusive });
    let error = OpError::NotHeld { thread: t1, object: m };
    assert_eq!(Detector::run(s.ops()).unwrap_err(), error);
}

#[test]
fn a_condvar_keeps_to_one_mutex() {
    let (mut s, [_main, t1, t2]) = spawned();
    let ([m, n], c) = (s.mutexes(), s.one(ObjectKind::Condvar));
    s.lock(t1, m).wait(t1, c, m).unblock(t1).lock(t1, m).wait(t1, c, m).unblock(t1);
    assert!(findings(&s).is_empty());
    for _ in 0..2 {
        s.lock(t2, n).wait(t2, c, n).unblock(t2);
    }
    let found = only(&s, "condvar-two-mutexes");
    assert_eq!(found.message(), "`t2` waits on `c` with `b`, `t1` with `a`");
    assert_eq!(found.objects().len(), 3);
}

#[test]
fn two_condvars_may_share_a_mutex() {
    let (mut s, [_main, t1]) = spawned();
    let [m] = s.mutexes();
    let [c, d] = s.objects(ObjectKind::Condvar);
    s.lock(t1, m).wait(t1, c, m).unblock(t1).lock(t1, m).wait(t1, d, m).unblock(t1);
    assert!(findings(&s).is_empty());
}
