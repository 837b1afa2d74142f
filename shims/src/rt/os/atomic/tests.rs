//! The fast path against a detector that hears of every access.
//!
//! Random programs of three threads are run step by step, so that nothing depends on time: once by
//! this module, with a record for each thread, and once as a [`Script`] of all accesses. What this
//! module finds must be found from the script too; where it approximates nothing, the other way
//! round as well.

use std::{
    collections::BTreeSet,
    panic::Location,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering, Ordering::*},
    },
};

use lockwise_detector::{
    Action, Detector, Finding, ObjectId, Rule, ThreadId,
    op::{AtomicAccess, Mode, ObjectKind, Patience},
    script::Script,
};
use proptest::prelude::*;

use super::{exchange_of, fence_of, load_of, memory, rmw_of, store_of};
use crate::{
    report::{self, Destination},
    rt::{
        Meta,
        atomic::{Exchange, Rmw},
        os::{
            kernel::{self, Kernel},
            record::Record,
        },
    },
};

const THREADS: usize = 3;
const CELLS: usize = 2;
const ATOMICS: usize = 2;

/// What a thread does; numbers are those of cells and atomics.
#[derive(Clone, Copy, Debug)]
enum Deed {
    Read(usize),
    Write(usize),
    /// A write under the lock.
    LockedWrite(usize),
    Publish,
    Observe,
    Load(usize, Ordering),
    Store(usize, Ordering),
    Add(usize, Ordering),
    /// A compare-exchange, with the right value expected or a wrong one.
    Exchange(usize, bool, Ordering),
    Fence(Ordering),
}

/// The objects of a program, in the order in which a script makes them.
struct Objects {
    cells: [Meta; CELLS],
    lock: Meta,
    event: Meta,
}

/// A program on real atomics, one step after the other.
struct Run {
    objects: Objects,
    /// More than are used, to choose from.
    memory: Box<[AtomicU64]>,
    atomics: [usize; ATOMICS],
    records: Vec<Arc<Record>>,
    findings: Arc<Mutex<Vec<Finding>>>,
    next_value: u64,
}

fn place() -> &'static Location<'static> {
    Location::caller()
}

impl Run {
    fn new() -> Self {
        let findings = Arc::default();
        let destination = Destination::Recording(Arc::clone(&findings));
        let main = kernel::begin_session(destination, None, None);
        let spawn = |_| kernel::begin_spawned(&main, None, place());
        let records: Vec<_> = (1..THREADS).map(spawn).collect();
        let meta = |kind, name| Meta::of::<()>(kind).named(name);
        let cells = ["a", "b"].map(|name| meta(ObjectKind::Shared, name));
        let (lock, event) = (meta(ObjectKind::Mutex, "c"), meta(ObjectKind::Event, "d"));
        let memory: Box<[AtomicU64]> = (0..64).map(|_| AtomicU64::new(0)).collect();
        let index = |n: usize| memory::index_of(std::ptr::from_ref(&memory[n]).addr());
        let other = (1..memory.len()).find(|n| index(*n) != index(0)).expect("a place of its own");
        Self {
            objects: Objects { cells, lock, event },
            memory,
            atomics: [0, other],
            records: std::iter::once(main).chain(records).collect(),
            findings,
            next_value: 0,
        }
    }

    fn emit(&self, thread: usize, meta: &Meta, action: impl FnOnce(ObjectId) -> Action) {
        let record = &self.records[thread];
        let mut kernel = Kernel::enter();
        let object = kernel.introduce(record, meta);
        kernel.emit(record, place().into(), action(object));
        kernel.leave_quietly();
    }

    /// Does it; no two writes write one value. Returns what was done to an atomic, if anything.
    fn perform(&mut self, thread: usize, deed: Deed) -> Option<(usize, AtomicAccess)> {
        self.next_value += 1;
        let (new, record) = (self.next_value, &self.records[thread]);
        let atomic = |number: usize| &self.memory[self.atomics[number]];
        let Objects { cells, lock, event } = &self.objects;
        let mode = Mode::Exclusive;
        let access = match deed {
            Deed::Read(cell) => {
                self.emit(thread, &cells[cell], |object| Action::Read { object });
                return None;
            }
            Deed::Write(cell) => {
                self.emit(thread, &cells[cell], |object| Action::Write { object });
                return None;
            }
            Deed::LockedWrite(cell) => {
                let patience = Patience::Forever;
                self.emit(thread, lock, |object| Action::Acquire { object, mode, patience });
                self.emit(thread, &cells[cell], |object| Action::Write { object });
                self.emit(thread, lock, |object| Action::Release { object, mode });
                return None;
            }
            Deed::Publish => {
                self.emit(thread, event, |object| Action::Publish { object, token: 0 });
                return None;
            }
            Deed::Observe => {
                self.emit(thread, event, |object| Action::Observe { object, token: 0 });
                return None;
            }
            Deed::Fence(ordering) => {
                fence_of(record, ordering, place());
                return None;
            }
            Deed::Load(x, ordering) => {
                let value = load_of(record, atomic(x), ordering, place());
                (x, AtomicAccess::Load { ordering, value })
            }
            Deed::Store(x, ordering) => {
                store_of(record, atomic(x), new, ordering, place());
                (x, AtomicAccess::Store { ordering, value: new })
            }
            Deed::Add(x, ordering) => {
                let step = new << 32;
                let read = rmw_of(record, atomic(x), (Rmw::Add, step), ordering, place());
                (x, AtomicAccess::Rmw { ordering, read, wrote: read + step })
            }
            Deed::Exchange(x, right, success) => {
                let failure = Relaxed;
                let current = if right { atomic(x).load(Relaxed) } else { u64::MAX };
                let exchange = Exchange { current, new, success, failure, weak: false };
                let access = match exchange_of(record, atomic(x), exchange, place()) {
                    Ok(read) => AtomicAccess::Rmw { ordering: success, read, wrote: new },
                    Err(value) => AtomicAccess::Load { ordering: failure, value },
                };
                (x, access)
            }
        };
        Some(access)
    }

    fn end(self) -> Vec<Finding> {
        self.records[1..].iter().for_each(kernel::thread_ends);
        kernel::end_session(&self.records[0]);
        report::await_written();
        std::mem::take(&mut *self.findings.lock().unwrap())
    }
}

/// The same program as a sequence of all Ops.
struct Whole {
    script: Script,
    threads: [ThreadId; THREADS],
    cells: [ObjectId; CELLS],
    lock: ObjectId,
    event: ObjectId,
    atomics: [ObjectId; ATOMICS],
}

impl Whole {
    fn new() -> Self {
        let mut script = Script::new();
        let threads: [ThreadId; THREADS] = script.threads();
        let cells = script.objects(ObjectKind::Shared);
        let [lock] = script.mutexes();
        let [event] = script.objects(ObjectKind::Event);
        let atomics = script.objects(ObjectKind::Atomic);
        for child in &threads[1..] {
            script.spawn(threads[0], *child);
        }
        Self { script, threads, cells, lock, event, atomics }
    }

    fn perform(&mut self, thread: usize, deed: Deed, done: Option<(usize, AtomicAccess)>) {
        let (script, thread) = (&mut self.script, self.threads[thread]);
        if let Some((x, access)) = done {
            script.push(thread, Action::Atomic { object: self.atomics[x], access });
            return;
        }
        match deed {
            Deed::Read(cell) => script.push(thread, Action::Read { object: self.cells[cell] }),
            Deed::Write(cell) => script.push(thread, Action::Write { object: self.cells[cell] }),
            Deed::LockedWrite(cell) => script
                .lock(thread, self.lock)
                .push(thread, Action::Write { object: self.cells[cell] })
                .unlock(thread, self.lock),
            Deed::Publish => script.push(thread, Action::Publish { object: self.event, token: 0 }),
            Deed::Observe => script.push(thread, Action::Observe { object: self.event, token: 0 }),
            Deed::Fence(ordering) => script.push(thread, Action::Fence { ordering }),
            _ => unreachable!("an atomic was accessed"),
        };
    }
}

/// The rules broken, and where: cells by their names. Races of one cell count once, whichever two
/// of its accesses they are.
type Verdict = BTreeSet<(&'static str, Option<String>)>;

fn verdict(findings: &[Finding]) -> Verdict {
    let rules = [Rule::DataRace, Rule::UnsafeSharedWrite, Rule::LostUpdate];
    let ours = findings.iter().filter(|finding| rules.contains(&finding.kind()));
    ours.map(|finding| {
        let names = (finding.kind() != Rule::LostUpdate).then(|| finding.objects()[0].name.clone());
        (finding.rule(), names.flatten())
    })
    .collect()
}

/// What this module finds of a program, and what is to be found from all its Ops.
fn judge(program: &[(usize, Deed)]) -> (Verdict, Verdict) {
    let (mut run, mut whole) = (Run::new(), Whole::new());
    for &(thread, deed) in program {
        let done = run.perform(thread, deed);
        whole.perform(thread, deed, done);
    }
    let all = Detector::run(whole.script.ops()).expect("a possible sequence");
    (verdict(&run.end()), verdict(&all))
}

fn orderings() -> impl Strategy<Value = Ordering> {
    prop_oneof![Just(Relaxed), Just(AcqRel), Just(SeqCst), Just(Acquire), Just(Release)]
}

fn any_deed(stores: u32, plain: u32) -> impl Strategy<Value = Deed> {
    let load = prop_oneof![Just(Relaxed), Just(Acquire), Just(SeqCst)];
    let store = prop_oneof![Just(Relaxed), Just(Release), Just(SeqCst)];
    let fence = prop_oneof![Just(Acquire), Just(Release), Just(AcqRel)];
    prop_oneof![
        plain => (0..CELLS).prop_map(Deed::Read),
        plain => (0..CELLS).prop_map(Deed::Write),
        plain => (0..CELLS).prop_map(Deed::LockedWrite),
        plain => Just(Deed::Publish),
        plain => Just(Deed::Observe),
        plain => fence.prop_map(Deed::Fence),
        6 => ((0..ATOMICS), load).prop_map(|(x, ordering)| Deed::Load(x, ordering)),
        stores => ((0..ATOMICS), store).prop_map(|(x, ordering)| Deed::Store(x, ordering)),
        3 => ((0..ATOMICS), orderings()).prop_map(|(x, ordering)| Deed::Add(x, ordering)),
        2 => ((0..ATOMICS), any::<bool>(), orderings())
            .prop_map(|(x, right, ordering)| Deed::Exchange(x, right, ordering)),
    ]
}

fn programs(deed: impl Strategy<Value = Deed>) -> impl Strategy<Value = Vec<(usize, Deed)>> {
    prop::collection::vec((0..THREADS, deed), 1..40)
}

/// A failed exchange gives what a load would not.
fn may_fail((_, deed): &(usize, Deed)) -> bool {
    matches!(deed, Deed::Exchange(_, false, _))
}

fn relaxed((thread, deed): (usize, Deed)) -> (usize, Deed) {
    let deed = match deed {
        Deed::Load(x, _) => Deed::Load(x, Relaxed),
        Deed::Store(x, _) => Deed::Store(x, Relaxed),
        Deed::Add(x, _) => Deed::Add(x, Relaxed),
        Deed::Exchange(x, right, _) => Deed::Exchange(x, right, Relaxed),
        other => other,
    };
    (thread, deed)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: None, ..ProptestConfig::default() })]

    /// A cell that races only where less is known counts for `data-race` there, and may count for
    /// `unsafe-shared-write` here: so it is cells that are compared.
    #[test]
    fn nothing_is_found_that_is_not_there(program in programs(any_deed(5, 2))) {
        let (found, there) = judge(&program);
        let places = |verdict: Verdict| -> BTreeSet<_> {
            verdict.into_iter().map(|(_, cell)| cell).collect()
        };
        let (found, there) = (places(found), places(there));
        prop_assert!(found.is_subset(&there), "{found:?} of {there:?}");
    }

    /// As long as no store ends a release sequence, knowledge is exact.
    #[test]
    fn races_are_found_where_only_updates_write(mut program in programs(any_deed(0, 2))) {
        program.retain(|step| !may_fail(step));
        let (found, there) = judge(&program);
        prop_assert_eq!(found, there);
    }

    /// As long as threads have no other dealings, every lost update is found.
    #[test]
    fn lost_updates_are_found_where_threads_do_not_deal(program in programs(any_deed(5, 0))) {
        let program: Vec<_> = program.into_iter().map(relaxed).collect();
        let (found, there) = judge(&program);
        prop_assert_eq!(found, there);
    }
}

/// A cell is handed over through an atomic; then `then` happens, and another thread writes it.
fn after_a_hand_over(then: &[(usize, Deed)]) -> Verdict {
    let mut program =
        vec![(1, Deed::Write(0)), (1, Deed::Add(0, Release)), (2, Deed::Load(0, Acquire))];
    program.extend(then);
    program.push((2, Deed::Write(0)));
    let (found, there) = judge(&program);
    assert_eq!(found, there);
    found
}

#[test]
fn what_was_taken_once_is_known() {
    let nothing = Verdict::new();
    assert_eq!(after_a_hand_over(&[]), nothing);
    assert_eq!(
        after_a_hand_over(&[(1, Deed::Add(0, Release)), (2, Deed::Load(0, Acquire))]),
        nothing
    );
    assert_ne!(after_a_hand_over(&[(1, Deed::Write(0))]), nothing);
    let again = [(1, Deed::Write(0)), (1, Deed::Add(0, Release))];
    assert_ne!(after_a_hand_over(&again), nothing);
    assert_eq!(after_a_hand_over(&[&again[..], &[(2, Deed::Load(0, Acquire))]].concat()), nothing);
    assert_ne!(after_a_hand_over(&[&again[..], &[(2, Deed::Load(0, Relaxed))]].concat()), nothing);
}
