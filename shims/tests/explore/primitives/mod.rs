//! Each primitive in the explorer: what the set of its executions shows.

mod barrier;
mod channel;
mod condvar;
mod locals;
mod mutex;
mod once;
mod parking;
mod pools;
mod rwlock;
mod statics;
mod threading;
mod threads;

use std::{
    collections::BTreeSet,
    fmt::Debug,
    sync::{Arc, Mutex},
};

use lockwise::{
    explore::{Exploration, Explorer, MemoryModel},
    record::Severity,
};

/// What the executions of a program return, under both models: all come to their end, and none
/// shows a fault.
#[track_caller]
pub(crate) fn outcomes<T, F>(program: F) -> BTreeSet<T>
where
    T: Ord + Debug + Send + 'static,
    F: Fn() -> T + Send + Sync + 'static,
{
    let program = Arc::new(program);
    let explored = |model| {
        let program = Arc::clone(&program);
        let explorer = Explorer::exhaustive().memory_model(model);
        let (outcomes, exploration) = outcomes_of(&explorer, move || program());
        assert_clean(&exploration);
        outcomes
    };
    let (sc, rc11) = (explored(MemoryModel::Sc), explored(MemoryModel::Rc11));
    assert!(sc.is_subset(&rc11), "{sc:?} under SC, but {rc11:?} under RC11");
    rc11
}

/// What the executions return in which main comes to its end, and how the exploration went.
#[track_caller]
pub(crate) fn outcomes_of<T, F>(explorer: &Explorer, program: F) -> (BTreeSet<T>, Exploration)
where
    T: Ord + Send + 'static,
    F: Fn() -> T + Send + Sync + 'static,
{
    let outcomes = Arc::new(Mutex::new(BTreeSet::new()));
    let all = Arc::clone(&outcomes);
    let exploration = explorer.run(move || {
        let outcome = program();
        all.lock().unwrap().insert(outcome);
    });
    (std::mem::take(&mut *outcomes.lock().unwrap()), exploration)
}

/// The exploration is complete and shows no fault.
#[track_caller]
pub(crate) fn assert_clean(exploration: &Exploration) {
    assert!(exploration.is_complete(), "{exploration}");
    let faults = exploration.findings().iter().filter(|f| f.severity() > Severity::Note);
    let faults: Vec<_> = faults.map(ToString::to_string).collect();
    assert!(faults.is_empty(), "{exploration}: {}", faults[0]);
    assert_eq!(exploration.blocked(), 0);
    assert!(exploration.executions() > 0);
}
