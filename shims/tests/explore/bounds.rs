//! How far an exploration goes: bounds, workers, random executions, and the attribute.

use std::time::Duration;

use lockwise::{
    explore::{Explorer, MemoryModel, Stopped, Strategy},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    thread,
};

fn counter(threads: usize, times: usize) {
    let count = Arc::new(Mutex::new(0));
    let handles: Vec<_> = (0..threads)
        .map(|_| {
            let count = Arc::clone(&count);
            thread::spawn(move || (0..times).for_each(|_| *count.lock().unwrap() += 1))
        })
        .collect();
    handles.into_iter().for_each(|handle| handle.join().unwrap());
}

/// Two threads read and write without a lock: one preemption loses an update.
fn torn() {
    let x = Arc::new(AtomicUsize::new(0));
    let theirs = Arc::clone(&x);
    let other = thread::spawn(move || theirs.store(theirs.load(SeqCst) + 1, SeqCst));
    x.store(x.load(SeqCst) + 1, SeqCst);
    other.join().unwrap();
    assert_eq!(x.load(SeqCst), 2);
}

#[test]
fn a_bound_on_executions_is_kept_exactly() {
    for (most, workers) in [(1, 1), (69, 1), (70, 1), (5_000, 1), (5_000, 4)] {
        let explorer = Explorer::exhaustive().max_executions(most).workers(workers);
        let exploration = explorer.run(|| counter(2, 8));
        assert_eq!(exploration.executions(), most);
        assert_eq!(exploration.stopped(), Some(Stopped::Executions));
    }
    let exploration = Explorer::exhaustive().max_executions(71).run(|| counter(2, 4));
    assert_eq!((exploration.executions(), exploration.is_complete()), (70, true));
}

#[test]
fn so_many_workers_make_the_same_executions() {
    for workers in [1, 2, 5] {
        let exploration = Explorer::exhaustive().workers(workers).run(|| counter(2, 8));
        assert!(exploration.is_complete());
        assert_eq!((exploration.executions(), exploration.blocked()), (12_870, 0));
        assert!((exploration.explored() - 1.0).abs() < f64::EPSILON);
    }
}

#[test]
fn a_fault_that_a_second_worker_finds_is_found() {
    let exploration = Explorer::exhaustive().workers(3).run(|| {
        counter(2, 7);
        torn();
    });
    assert!(exploration.is_complete());
    assert!(exploration.findings().iter().any(|finding| finding.rule() == "panic"));
}

#[test]
fn a_bound_on_time_and_one_on_steps_say_so() {
    let explorer = Explorer::exhaustive().max_duration(Duration::ZERO);
    assert_eq!(explorer.run(|| counter(2, 2)).stopped(), Some(Stopped::Duration));
    let exploration = Explorer::exhaustive().max_steps(20).run(|| counter(2, 4));
    assert_eq!(exploration.stopped(), Some(Stopped::Steps));
    assert_eq!(exploration.findings()[0].rule(), "livelock");
}

#[test]
fn a_fault_that_needs_a_preemption_is_found_with_one() {
    // Under RC11 a load can be late without one.
    let explorer = || Explorer::exhaustive().memory_model(MemoryModel::Sc);
    let none = explorer().max_preemptions(0).run(torn);
    assert_eq!(none.stopped(), Some(Stopped::Preemptions));
    assert!(none.findings().iter().all(|finding| finding.rule() != "panic"));
    let one = explorer().max_preemptions(1).run(torn);
    assert!(one.findings().iter().any(|finding| finding.rule() == "panic"));
    let all = explorer().max_preemptions(100).run(torn);
    assert!(all.is_complete());
}

#[test]
fn each_strategy_finds_a_lost_update_and_does_the_same_for_a_seed() {
    use Strategy::{Pct, Portfolio, Pos, Surw, Walk};
    for strategy in [Walk, Pos, Pct, Surw, Portfolio] {
        let explore = |seed| Explorer::random(seed).strategy(strategy).run(torn);
        let (once, again) = (explore(7), explore(7));
        assert_eq!(once.stopped(), Some(Stopped::Finding), "{strategy:?}");
        assert_eq!(once.executions(), again.executions(), "{strategy:?}");
        assert_eq!(once.replay_token(), again.replay_token(), "{strategy:?}");
        let token = once.replay_token().expect("a finding has one");
        let replay = Explorer::replay(token).run(torn);
        assert_eq!(replay.findings()[0].rule(), once.findings()[0].rule(), "{strategy:?}");
    }
}

#[lockwise::test]
fn the_attribute_explores() {
    counter(2, 2);
}

#[lockwise::test(memory_model = "sc", max_preemptions = 1)]
#[should_panic(expected = "lost-update: an update of")]
fn the_attribute_fails_with_what_is_found() {
    torn();
}

#[lockwise::test(random = 3, strategy = "surw", max_executions = 50)]
fn the_attribute_takes_a_result() -> Result<(), String> {
    counter(2, 1);
    Ok(())
}

#[test]
fn models_differ_where_they_should() {
    use lockwise::sync::atomic::Ordering::Relaxed;
    let store_buffering = || {
        let [x, y] = [(); 2].map(|()| Arc::new(AtomicUsize::new(0)));
        let (theirs, other) = (Arc::clone(&x), Arc::clone(&y));
        let handle = thread::spawn(move || {
            theirs.store(1, Relaxed);
            other.load(Relaxed)
        });
        y.store(1, Relaxed);
        let here = x.load(Relaxed);
        assert_ne!((here, handle.join().unwrap()), (0, 0));
    };
    let sc = Explorer::exhaustive().memory_model(MemoryModel::Sc).run(store_buffering);
    assert!(sc.is_complete() && sc.findings().is_empty());
    let rc11 = Explorer::exhaustive().run(store_buffering);
    assert_eq!(rc11.findings()[0].rule(), "panic");
}
