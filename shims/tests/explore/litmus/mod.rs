//! Litmus shapes and small programs, under both models. The numbers were counted by brute force,
//! the rows are numbered as where they come from; from 101 on they are beyond that.

mod loads;
mod updates;

use std::sync::atomic::Ordering::Relaxed;

use lockwise::{
    cell::UnsafeCell,
    explore::{Exploration, Explorer, MemoryModel},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, fence},
    },
    thread,
};

/// What the threads of a row share.
pub(crate) struct Shared {
    pub(crate) x: AtomicU32,
    pub(crate) y: AtomicU32,
    pub(crate) z: AtomicU32,
    pub(crate) m: Mutex<()>,
    pub(crate) k: Mutex<()>,
    pub(crate) cell: UnsafeCell<u32>,
}

// SAFETY: the cell is read by who has waited for the one who writes to it.
unsafe impl Sync for Shared {}

pub(crate) type Body = fn(&Shared);

pub(crate) fn shared() -> Arc<Shared> {
    let atomic = || AtomicU32::new(0);
    let (m, k) = (Mutex::new(()), Mutex::new(()));
    Arc::new(Shared { x: atomic(), y: atomic(), z: atomic(), m, k, cell: UnsafeCell::new(0) })
}

pub(crate) fn spawn(shared: &Arc<Shared>, body: Body) -> thread::JoinHandle<()> {
    let shared = Arc::clone(shared);
    thread::spawn(move || body(&shared))
}

pub(crate) fn explore(
    model: MemoryModel,
    program: impl Fn() + Send + Sync + 'static,
) -> Exploration {
    let exploration = Explorer::exhaustive().memory_model(model).run(program);
    assert!(exploration.is_complete(), "{exploration}");
    // A row loads and stores what others store; that is no fault here.
    let fault = exploration.findings().iter().find(|finding| finding.rule() != "lost-update");
    assert!(fault.is_none(), "{}", fault.unwrap());
    exploration
}

/// Main starts these threads and joins them: as many executions under SC and under RC11, and
/// nothing is blocked.
#[track_caller]
pub(crate) fn row(row: u32, sc: u64, rc11: u64, threads: &'static [Body]) {
    program(row, sc, rc11, move || {
        let shared = shared();
        let handles: Vec<_> = threads.iter().map(|body| spawn(&shared, *body)).collect();
        handles.into_iter().for_each(|handle| handle.join().unwrap());
    });
}

#[track_caller]
pub(crate) fn program(
    row: u32,
    sc: u64,
    rc11: u64,
    program: impl Fn() + Send + Sync + Copy + 'static,
) {
    for (model, expected) in [(MemoryModel::Sc, sc), (MemoryModel::Rc11, rc11)] {
        let exploration = explore(model, program);
        let made = (exploration.executions(), exploration.blocked());
        assert_eq!(made, (expected, 0), "row {row}, {model:?}");
    }
}

pub(crate) fn load(atomic: &AtomicU32) {
    atomic.load(Relaxed);
}

pub(crate) fn store(atomic: &AtomicU32, value: u32) {
    atomic.store(value, Relaxed);
}
