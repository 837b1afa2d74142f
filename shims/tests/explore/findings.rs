//! Each fault is found, and its token leads back to it: also after edits that add no operation.

use std::{
    collections::BTreeMap,
    hint::black_box,
    sync::atomic::{
        AtomicUsize as StdAtomicUsize,
        Ordering::{Relaxed, SeqCst},
    },
};

use lockwise::{
    cell::{Shared, UnsafeCell},
    explore::{Exploration, Explorer, MemoryModel},
    record::{Finding, Severity},
    sync::{
        Arc, Barrier, Condvar, LazyLock, Mutex, RwLock,
        atomic::{AtomicBool, AtomicUsize},
        mpsc,
    },
    thread,
};

/// What a program does besides, which is no operation: nothing, or something after an edit.
type Edit = fn();

fn nothing() {}

fn something() {
    let mut words = BTreeMap::new();
    for (number, word) in black_box("an edit that the explorer does not see").split(' ').enumerate()
    {
        words.insert(word, number);
    }
    assert_eq!(std::sync::Mutex::new(words).lock().unwrap().len(), 8);
}

fn explorer() -> Explorer {
    Explorer::exhaustive().max_steps(300)
}

/// Who did what, and where, in the order of the report.
fn places(finding: &Finding) -> Vec<(String, &'static str, String)> {
    let threads = finding.threads().iter();
    let steps = threads.flat_map(|thread| thread.steps.iter().map(|step| (&thread.name, step)));
    steps.map(|(name, step)| (name.clone(), step.verb.name(), step.site.to_string())).collect()
}

fn faults(exploration: &Exploration) -> Vec<&Finding> {
    exploration.findings().iter().filter(|finding| finding.severity() > Severity::Note).collect()
}

/// The first fault of the program is of this rule, and so is that of its token; whatever else is
/// done between operations.
#[track_caller]
fn found(rule: &str, program: fn(Edit)) -> Finding {
    let exploration = explorer().run(move || program(nothing));
    let faults = faults(&exploration);
    let finding = *faults.first().unwrap_or_else(|| panic!("nothing: {exploration}"));
    assert_eq!(finding.rule(), rule, "{finding}");
    let token = exploration.replay_token().expect("there is a finding");
    assert_eq!(finding.replay(), Some(token));
    for edit in [nothing, something] {
        let again = Explorer::replay(token).max_steps(300).run(move || program(edit));
        assert_eq!(again.executions() + again.blocked(), 1, "{again}");
        assert!(!again.is_complete());
        let same = again.findings().iter().find(|again| again.rule() == rule);
        let same = same.unwrap_or_else(|| panic!("not {finding}, but {:?}", again.findings()));
        assert_eq!(places(same), places(finding));
        assert_eq!(again.replay_token(), Some(token));
    }
    // Whoever only wants to know whether there is a fault stops at the first.
    let hasty = explorer().stop_at_first(true).run(move || program(nothing));
    assert!(hasty.findings().iter().any(|finding| finding.rule() == rule), "{hasty}");
    finding.clone()
}

fn is_waiting(finding: &Finding, thread: &str, verb: &str) -> bool {
    places(finding).iter().any(|(name, what, _)| name == thread && *what == verb)
}

fn opposite(edit: Edit) {
    let locks = Arc::new([Mutex::new(()), Mutex::new(())]);
    let theirs = Arc::clone(&locks);
    let other = thread::spawn(move || {
        let _first = theirs[0].lock().unwrap();
        edit();
        let _second = theirs[1].lock().unwrap();
    });
    let first = locks[1].lock().unwrap();
    edit();
    drop(locks[0].lock().unwrap());
    drop(first);
    other.join().unwrap();
}

#[test]
fn deadlock_of_two_locks() {
    let finding = found("deadlock", opposite);
    assert_eq!((finding.threads().len(), finding.objects().len()), (2, 2));
}

#[test]
fn deadlock_of_a_lock_and_a_join() {
    let finding = found("deadlock", |edit| {
        let lock = Arc::new(Mutex::new(()));
        let theirs = Arc::clone(&lock);
        let other = thread::spawn(move || drop(theirs.lock()));
        let held = lock.lock().unwrap();
        edit();
        other.join().unwrap();
        drop(held);
    });
    assert!(is_waiting(&finding, "thread 1", "want-lock"));
}

#[test]
fn deadlock_behind_a_writer_that_waits() {
    for swapped in [false, true] {
        fn program(swapped: bool) {
            let lock = Arc::new(RwLock::new(()));
            let (mine, theirs) = (Arc::clone(&lock), Arc::clone(&lock));
            let early = swapped.then(|| lock.read().unwrap());
            let reader = thread::spawn(move || drop(mine.read()));
            let writer = thread::spawn(move || drop(theirs.write()));
            let held = early.unwrap_or_else(|| lock.read().unwrap());
            reader.join().unwrap();
            drop(held);
            writer.join().unwrap();
        }
        found(
            "deadlock",
            match swapped {
                false => |_| program(false),
                true => |_| program(true),
            },
        );
    }
}

#[test]
fn self_deadlock() {
    found("self-deadlock", |edit| {
        let lock = Mutex::new(());
        let _held = lock.lock().unwrap();
        edit();
        drop(lock.lock());
    });
}

#[test]
fn self_deadlock_of_an_initialiser() {
    static SELF: LazyLock<u32> = LazyLock::new(|| 1 + *SELF);
    found("self-deadlock", |edit| {
        edit();
        black_box(*SELF);
    });
}

#[test]
fn data_race_on_a_shared_variable() {
    let finding = found("data-race", |edit| {
        let value = Arc::new(Shared::new(0));
        let theirs = Arc::clone(&value);
        let other = thread::spawn(move || theirs.set(1));
        edit();
        value.get();
        other.join().unwrap();
    });
    assert_eq!(finding.threads().len(), 2);
}

struct Cell(UnsafeCell<u32>);

// SAFETY: it is not. That is what is to be found, by the explorer: it runs one thread at a time.
unsafe impl Sync for Cell {}

#[test]
fn data_race_on_a_cell() {
    found("data-race", |edit| {
        let value = Arc::new((Cell(UnsafeCell::new(0)), AtomicBool::new(false)));
        let theirs = Arc::clone(&value);
        let other = thread::spawn(move || {
            // SAFETY: as above.
            theirs.0.0.with_mut(|cell| unsafe { *cell = 1 });
            theirs.1.store(true, Relaxed);
        });
        edit();
        if value.1.load(Relaxed) {
            // SAFETY: as above. It is published, but relaxed.
            value.0.0.with(|cell| unsafe { *cell });
        }
        other.join().unwrap();
    });
}

#[test]
fn lost_wakeup() {
    found("lost-wakeup", |edit| {
        let shared = Arc::new((Mutex::new(()), Condvar::new()));
        let theirs = Arc::clone(&shared);
        let other = thread::spawn(move || {
            edit();
            theirs.1.notify_one();
        });
        drop(shared.1.wait(shared.0.lock().unwrap()));
        other.join().unwrap();
    });
}

#[test]
fn hang_of_who_is_parked() {
    let finding = found("hang", |edit| {
        let other = thread::spawn(|| thread::park());
        edit();
        other.join().unwrap();
    });
    assert!(is_waiting(&finding, "thread 1", "park"));
}

#[test]
fn hang_of_who_receives_from_himself() {
    found("hang", |edit| {
        let (tx, rx) = mpsc::channel();
        let theirs = tx.clone();
        let other = thread::spawn(move || theirs.send(1).unwrap());
        let all = rx.iter().count();
        edit();
        other.join().unwrap();
        drop((tx, all));
    });
}

#[test]
fn hang_at_a_barrier() {
    found("hang", |edit| {
        let barrier = Arc::new(Barrier::new(3));
        let theirs = Arc::clone(&barrier);
        let other = thread::spawn(move || _ = theirs.wait());
        edit();
        barrier.wait();
        other.join().unwrap();
    });
}

fn increments(edit: Edit) {
    let count = Arc::new(AtomicUsize::new(0));
    let theirs = Arc::clone(&count);
    let add = move |count: &AtomicUsize| {
        let value = count.load(SeqCst);
        edit();
        count.store(value + 1, SeqCst);
    };
    let other = thread::spawn(move || add(&theirs));
    add(&count);
    other.join().unwrap();
}

#[test]
fn panic_of_main() {
    let finding = found("panic", |edit| {
        let last = Arc::new(Mutex::new(0));
        let threads = [1, 2, 3].map(|own| {
            let last = Arc::clone(&last);
            thread::spawn(move || {
                edit();
                *last.lock().unwrap() = own;
            })
        });
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        assert_ne!(*last.lock().unwrap(), 2, "it came last");
    });
    assert!(finding.to_string().contains("it came last"));
}

#[test]
fn lost_update() {
    found("lost-update", increments);
}

#[test]
fn panic_of_another_thread_that_is_unwrapped() {
    let finding = found("panic", |edit| {
        let order = Arc::new(AtomicUsize::new(0));
        let theirs = Arc::clone(&order);
        let other = thread::spawn(move || {
            edit();
            assert_eq!(theirs.fetch_add(1, SeqCst), 0, "it came second");
        });
        order.fetch_add(1, SeqCst);
        other.join().unwrap();
    });
    assert!(finding.to_string().contains("it came second"));
}

#[test]
fn panic_of_another_thread_that_nobody_joins() {
    found("panic", |edit| {
        thread::spawn(move || {
            edit();
            panic!("nobody hears it");
        });
    });
}

#[test]
fn a_panic_that_is_handled_is_none() {
    let exploration = explorer().run(|| {
        let other = thread::spawn(|| panic!("it is expected"));
        assert!(other.join().is_err());
        let caught = std::panic::catch_unwind(|| panic!("and so is this"));
        assert!(caught.is_err());
    });
    assert!(exploration.is_complete() && faults(&exploration).is_empty());
    assert_eq!((exploration.executions(), exploration.blocked()), (1, 0));
}

#[test]
fn livelock_of_who_looks_and_yields() {
    found("livelock", |edit| {
        let flag = AtomicBool::new(false);
        while !flag.load(SeqCst) {
            edit();
            thread::yield_now();
        }
    });
}

#[test]
fn livelock_of_who_looks() {
    found("livelock", |edit| {
        let flag = Arc::new(AtomicBool::new(false));
        let theirs = Arc::clone(&flag);
        let other = thread::spawn(move || theirs.store(false, SeqCst));
        while !flag.load(SeqCst) {
            edit();
        }
        other.join().unwrap();
    });
}

#[test]
fn livelock_of_two_who_give_way() {
    found("livelock", |edit| {
        let locks = Arc::new([Mutex::new(0), Mutex::new(0)]);
        let theirs = Arc::clone(&locks);
        let enter = move |locks: &[Mutex<u32>; 2], own: usize| loop {
            let mut first = locks[own].lock().unwrap();
            edit();
            if let Ok(_second) = locks[1 - own].try_lock() {
                return;
            }
            *first += 1;
            drop(first);
        };
        let other = thread::spawn(move || enter(&theirs, 1));
        enter(&locks, 0);
        other.join().unwrap();
    });
}

/// The second execution is another program.
#[test]
fn nondeterminism() {
    static RUNS: StdAtomicUsize = StdAtomicUsize::new(0);
    let exploration = explorer().run(|| {
        let lock = Arc::new(Mutex::new(()));
        let theirs = Arc::clone(&lock);
        let other = thread::spawn(move || drop(theirs.lock()));
        if RUNS.fetch_add(1, SeqCst) == 1 {
            drop(lock.lock());
        }
        other.join().unwrap();
    });
    assert_eq!(exploration.findings()[0].rule(), "nondeterminism", "{exploration}");
    assert!(!exploration.is_complete(), "{exploration}");
}

/// Each second execution is another program.
#[test]
fn nondeterminism_by_turns() {
    static RUNS: StdAtomicUsize = StdAtomicUsize::new(0);
    let exploration = explorer().run(|| {
        let lock = Arc::new(Mutex::new(()));
        let theirs = Arc::clone(&lock);
        let other = thread::spawn(move || drop(theirs.lock()));
        if RUNS.fetch_add(1, SeqCst).is_multiple_of(2) {
            drop(lock.lock());
        }
        other.join().unwrap();
    });
    assert_eq!(exploration.findings()[0].rule(), "nondeterminism", "{exploration}");
    assert!(!exploration.is_complete(), "{exploration}");
}

/// Each memory model has its own; a token says which it is of.
#[test]
fn a_token_knows_its_memory_model() {
    fn program() {
        let shared = Arc::new([AtomicUsize::new(0), AtomicUsize::new(0)]);
        let theirs = Arc::clone(&shared);
        let pass = |shared: &[AtomicUsize; 2], own: usize| {
            shared[own].store(1, Relaxed);
            shared[1 - own].load(Relaxed)
        };
        let other = thread::spawn(move || pass(&theirs, 1));
        let mine = pass(&shared, 0);
        assert!(mine + other.join().unwrap() > 0, "both are early");
    }
    let sc = explorer().memory_model(MemoryModel::Sc).run(program);
    assert!(sc.is_complete() && faults(&sc).is_empty());
    let rc11 = explorer().run(program);
    assert_eq!(rc11.findings()[0].rule(), "panic");
    let token = rc11.replay_token().unwrap();
    let again = Explorer::replay(token).memory_model(MemoryModel::Sc).run(program);
    assert_eq!(again.findings()[0].rule(), "panic");
    assert_eq!(places(&again.findings()[0]), places(&rc11.findings()[0]));
}

fn token() -> String {
    explorer().run(|| opposite(nothing)).replay_token().unwrap().to_owned()
}

#[test]
#[should_panic(expected = "the program has changed too much for its replay token")]
fn a_token_of_another_program_is_refused() {
    Explorer::replay(token()).run(|| increments(nothing));
}

#[test]
#[should_panic(expected = "`seven` is no replay token: a token begins with `lw1.`")]
fn what_is_no_token_is_refused() {
    Explorer::replay("seven").run(|| ());
}

#[test]
#[should_panic(expected = "the replay token is damaged: a part of it is missing, or was changed")]
fn half_a_token_is_refused() {
    let token = token();
    Explorer::replay(&token[..token.len() - 2]).run(|| opposite(nothing));
}

#[test]
#[should_panic(expected = "the replay token is damaged: a part of it is missing, or was changed")]
fn a_changed_token_is_refused() {
    let token = token();
    let (start, end) = token.split_at(token.len() - 5);
    let changed: String = end.chars().map(|c| if c == 'A' { 'B' } else { 'A' }).collect();
    Explorer::replay(format!("{start}{changed}")).run(|| opposite(nothing));
}

#[test]
#[should_panic(expected = "lockwise: deadlock: 2 threads wait for each other")]
fn a_check_fails_with_the_report() {
    Explorer::exhaustive().check(|| opposite(nothing));
}

#[test]
#[should_panic(expected = "an exploration cannot start another")]
fn explorations_are_not_nested() {
    // Not inside of `run`: there it is a panic of the program's.
    let exploration = Explorer::exhaustive().run(|| {
        Explorer::exhaustive().run(|| ());
    });
    panic!("{}", exploration.findings()[0]);
}

/// A reader's request lies in the graph before the writer enters the queue, and is granted after:
/// the schedule has to say so.
#[test]
fn readers_and_a_writer_that_queue_are_no_drift() {
    let exploration = explorer().run(|| {
        let lock = Arc::new(RwLock::new(0));
        let (mine, theirs) = (Arc::clone(&lock), Arc::clone(&lock));
        let reader = thread::spawn(move || drop(mine.read()));
        let writer = thread::spawn(move || {
            *theirs.write().unwrap() += 1;
            *theirs.write().unwrap() += 1;
        });
        let pair = (Mutex::new(()), lockwise::sync::Condvar::new());
        drop(pair.1.wait(pair.0.lock().unwrap()));
        reader.join().unwrap();
        writer.join().unwrap();
    });
    assert!(exploration.is_complete(), "{exploration}");
    assert!(exploration.blocked() > 0);
}
