//! Programs that are only partly observed, and large ones, one for each name on the command line:
//! see `tests/process`.

use std::{
    cell::RefCell,
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

use lockwise::{
    record::record,
    sync::{Arc, Barrier, Condvar, Mutex, RwLock, mpsc},
    thread,
};

const PROGRAMS: &[(&str, fn())] = &[
    ("strangers_that_answer", strangers_that_answer),
    ("strangers_that_answer_a_recording", strangers_that_answer_a_recording),
    ("strangers_that_share_locks", strangers_that_share_locks),
    ("recordings_that_share_a_lock", recordings_that_share_a_lock),
    ("a_recording_under_a_lock", a_recording_under_a_lock),
    ("a_recording_that_leaves_a_thread", a_recording_that_leaves_a_thread),
    ("idle_workers_are_left", idle_workers_are_left),
    ("locks_while_threads_end", locks_while_threads_end),
    ("a_panic_hook_that_locks", a_panic_hook_that_locks),
    ("standard_error_is_held", standard_error_is_held),
    ("nobody_can_be_unwound", nobody_can_be_unwound),
    ("somebody_can_be_unwound", somebody_can_be_unwound),
    ("threads_one_after_the_other", threads_one_after_the_other),
    ("threads_at_once", threads_at_once),
    ("short_lived_locks", short_lived_locks),
    ("much_locking", much_locking),
];

unsafe extern "C" {
    fn atexit(callback: extern "C" fn()) -> i32;
}

fn main() {
    let name = std::env::args().nth(1).unwrap_or_default();
    let program = PROGRAMS.iter().find(|(known, _)| *known == name);
    let Some((_, run)) = program else { panic!("there is no program {name:?}") };
    let start = Instant::now();
    run();
    println!("{name}: {:?}", start.elapsed());
}

fn later(f: impl FnOnce() + Send + 'static) {
    std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(300));
        f();
    });
}

/// Every observed thread waits, and each time one that was never seen before ends the wait.
fn strangers_that_answer() {
    let (sender, receiver) = mpsc::channel();
    later(move || sender.send(5).unwrap());
    assert_eq!(receiver.recv(), Ok(5));

    let main = thread::current();
    later(move || main.unpark());
    thread::park();

    let pair = Arc::new((Mutex::new(false), Condvar::new()));
    let other = Arc::clone(&pair);
    later(move || {
        *other.0.lock().unwrap() = true;
        other.1.notify_all();
    });
    drop(pair.1.wait_while(pair.0.lock().unwrap(), |ready| !*ready));

    let barrier = Arc::new(Barrier::new(2));
    let other = Arc::clone(&barrier);
    later(move || {
        other.wait();
    });
    barrier.wait();
}

fn strangers_that_answer_a_recording() {
    let recording = record(strangers_that_answer);
    assert!(recording.findings().is_empty(), "{:?}", recording.findings());
}

/// Threads of std on our locks, and ours on std's.
fn strangers_that_share_locks() {
    let ours = Arc::new(Mutex::new(0));
    let theirs = Arc::new(std::sync::Mutex::new(0));
    let add = {
        let (ours, theirs) = (Arc::clone(&ours), Arc::clone(&theirs));
        move || {
            for _ in 0..500 {
                *ours.lock().unwrap() += 1;
                let mut theirs = theirs.lock().unwrap();
                *theirs += 1;
                std::thread::yield_now();
                *ours.lock().unwrap() += 1;
            }
        }
    };
    let strangers = [(); 3].map(|()| std::thread::spawn(add.clone()));
    let known = [(); 3].map(|()| thread::spawn(add.clone()));
    strangers.into_iter().for_each(|thread| thread.join().unwrap());
    known.into_iter().for_each(|thread| thread.join().unwrap());
    assert_eq!((*ours.lock().unwrap(), *theirs.lock().unwrap()), (6_000, 3_000));
}

/// Two recordings at a time, and threads that are in none, take the same two locks, in one order.
fn recordings_that_share_a_lock() {
    static OUTER: Mutex<u32> = Mutex::new(0);
    static INNER: RwLock<u32> = RwLock::new(0);
    let work = || {
        for _ in 0..300 {
            let mut outer = OUTER.lock().unwrap();
            std::thread::sleep(Duration::from_micros(20));
            *outer += *INNER.read().unwrap();
            *INNER.write().unwrap() += 1;
        }
    };
    let threads: Vec<_> = (0..4)
        .map(|n| {
            std::thread::spawn(move || {
                if n == 0 {
                    return work();
                }
                let recording = record(work);
                assert!(recording.findings().is_empty(), "{:?}", recording.findings());
            })
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    assert_eq!(*INNER.read().unwrap(), 1_200);
}

fn a_recording_under_a_lock() {
    let (outer, inner) = (Mutex::new(1), Mutex::new(2));
    let mut held = Some(outer.lock().unwrap());
    let mut kept = None;
    let recording = record(|| {
        kept = Some(inner.lock().unwrap());
        // A lock of before is released in here, and one of here after it.
        held = None;
        drop(outer.lock().unwrap());
    });
    assert!(recording.findings().is_empty(), "{:?}", recording.findings());
    drop(outer.lock().unwrap());
    drop(kept);
    drop(inner.lock().unwrap());
    // In the other order, by another thread: that would be a cycle if the old holds still counted.
    thread::scope(|scope| {
        scope.spawn(|| drop((outer.lock().unwrap(), inner.lock().unwrap())));
    });
    drop((outer.lock().unwrap(), inner.lock().unwrap()));
}

/// A thread of a recording that is over goes on working, and so does a lock that it held.
fn a_recording_that_leaves_a_thread() {
    let shared = Arc::new((Mutex::new(0), Mutex::new(())));
    let go = Arc::new(AtomicBool::new(false));
    let mut left = None;
    let recording = record(|| {
        let (shared, go) = (Arc::clone(&shared), Arc::clone(&go));
        left = Some(thread::spawn(move || {
            let _held = shared.1.lock().unwrap();
            while !go.load(Ordering::SeqCst) {
                *shared.0.lock().unwrap() += 1;
                std::thread::yield_now();
            }
            std::thread::sleep(Duration::from_millis(200));
        }));
    });
    assert!(recording.findings().is_empty(), "{:?}", recording.findings());
    go.store(true, Ordering::SeqCst);
    *shared.0.lock().unwrap() += 1;
    drop(shared.1.lock().unwrap());
    left.unwrap().join().unwrap();
}

/// Threads that wait for work when `main` returns are no fault.
fn idle_workers_are_left() {
    let (answer, answers) = mpsc::channel();
    let workers: Vec<_> = (0..3)
        .map(|_| {
            let (sender, receiver) = mpsc::channel::<u32>();
            let answer = answer.clone();
            thread::spawn(move || receiver.iter().for_each(|job| answer.send(job + 1).unwrap()));
            sender
        })
        .collect();
    workers.iter().cycle().zip(0..10).for_each(|(worker, job)| worker.send(job).unwrap());
    let sum: u32 = answers.iter().take(10).sum();
    assert_eq!(sum, 55);
    std::mem::forget(workers);
}

static LOG: Mutex<Vec<&'static str>> = Mutex::new(Vec::new());

/// Writes to [`LOG`] when dropped, as a logger does.
struct Logs(&'static str);

impl Drop for Logs {
    fn drop(&mut self) {
        LOG.lock().unwrap().push(self.0);
    }
}

/// Locks in destructors of thread locals, before and after the runtime's own, and at the very end.
fn locks_while_threads_end() {
    extern "C" fn last() {
        LOG.lock().unwrap().push("exit");
        assert!(LOG.lock().unwrap().len() > 3);
    }
    thread_local!(static EARLY: RefCell<Option<Logs>> = const { RefCell::new(None) });
    thread_local!(static LATE: RefCell<Option<Logs>> = const { RefCell::new(None) });
    // SAFETY: the callback is a function without arguments that does not unwind.
    assert_eq!(unsafe { atexit(last) }, 0);
    let body = || {
        EARLY.set(Some(Logs("early")));
        drop(LOG.lock().unwrap());
        LATE.set(Some(Logs("late")));
    };
    thread::spawn(body).join().unwrap();
    std::thread::spawn(body).join().unwrap();
    body();
    let logged = LOG.lock().unwrap();
    assert_eq!(logged.iter().filter(|line| **line == "early").count(), 2);
    assert_eq!(logged.iter().filter(|line| **line == "late").count(), 2);
}

fn a_panic_hook_that_locks() {
    std::panic::set_hook(Box::new(|_| {
        LOG.lock().unwrap().push("panic");
        drop(Logs("hook"));
    }));
    let other = Mutex::new(());
    let outcome = std::panic::catch_unwind(|| {
        let _held = other.lock().unwrap();
        panic!("the program's own panic");
    });
    assert!(outcome.is_err() && other.is_poisoned());
    assert_eq!(*LOG.lock().unwrap(), ["panic", "hook"]);
}

/// The report of a deadlock has to come out although one of its threads holds standard error.
fn standard_error_is_held() {
    let locks = Arc::new((Mutex::new(()), Mutex::new(())));
    let meet = Arc::new(std::sync::Barrier::new(2));
    let (others, other_meet) = (Arc::clone(&locks), Arc::clone(&meet));
    let thread = thread::spawn(move || {
        let _error = std::io::stderr().lock();
        let _second = others.1.lock().unwrap();
        other_meet.wait();
        let _first = others.0.lock();
    });
    let first = locks.0.lock().unwrap();
    meet.wait();
    // Let the other thread wait first, so that this one closes the circle.
    std::thread::sleep(Duration::from_millis(200));
    let second = locks.1.lock();
    drop((first, second));
    thread.join().unwrap();
}

static HELD: Mutex<()> = Mutex::new(());

/// Wants, at the end of the process, what a stuck thread holds.
fn want_held_at_exit() {
    extern "C" fn last() {
        drop(HELD.lock());
    }
    // SAFETY: the callback is a function without arguments; it does not return.
    assert_eq!(unsafe { atexit(last) }, 0);
}

struct Parks;

impl Drop for Parks {
    fn drop(&mut self) {
        thread::park();
    }
}

fn park_while_unwinding() {
    let _parks = Parks;
    let _held = HELD.lock();
    panic!("the program's own panic");
}

/// The only thread waits for ever while it unwinds.
fn nobody_can_be_unwound() {
    want_held_at_exit();
    park_while_unwinding();
}

/// One that can be unwound waits for one that cannot.
fn somebody_can_be_unwound() {
    want_held_at_exit();
    let _ = thread::spawn(park_while_unwinding).join();
}

/// What the system says that this process uses, for whoever reads the output.
fn print_memory() {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM"));
    println!("{}", line.unwrap_or("memory is not known"));
}

fn threads_one_after_the_other() {
    let count = Arc::new(Mutex::new(0));
    for _ in 0..2_000 {
        let count = Arc::clone(&count);
        thread::spawn(move || *count.lock().unwrap() += 1).join().unwrap();
    }
    assert_eq!(*count.lock().unwrap(), 2_000);
    print_memory();
}

fn threads_at_once() {
    let all = Arc::new((Barrier::new(300), Mutex::new(0), RwLock::new(0)));
    let threads: Vec<_> = (0..300)
        .map(|_| {
            let all = Arc::clone(&all);
            thread::spawn(move || {
                all.0.wait();
                *all.1.lock().unwrap() += *all.2.read().unwrap();
                *all.2.write().unwrap() += 1;
                all.0.wait();
            })
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    assert_eq!(*all.2.read().unwrap(), 300);
    print_memory();
}

fn short_lived_locks() {
    let global = Mutex::new(0);
    for _ in 0..100_000 {
        let mut global = global.lock().unwrap();
        let short = Mutex::new(1);
        *global += *short.lock().unwrap();
    }
    assert_eq!(*global.lock().unwrap(), 100_000);
    print_memory();
}

fn much_locking() {
    let threads: Vec<_> = (0..100)
        .map(|_| {
            thread::spawn(|| {
                let own = Mutex::new(0);
                (0..1_000_000).for_each(|_| *own.lock().unwrap() += 1);
                *own.lock().unwrap()
            })
        })
        .collect();
    let sum: u64 = threads.into_iter().map(|thread| thread.join().unwrap()).sum();
    assert_eq!(sum, 100_000_000);
    print_memory();
}
