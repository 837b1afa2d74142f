//! Explorations that end badly, one for each name on the command line: see `tests/process`.

use std::{
    fs,
    hint::black_box,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::Duration,
};

use lockwise::{
    explore::{Exploration, Explorer},
    sync::{
        Arc, Condvar, Mutex,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    thread,
};

const PROGRAMS: &[(&str, fn())] = &[
    ("loops", loops),
    ("loops_in_a_destructor", loops_in_a_destructor),
    ("std_mutex", std_mutex),
    ("std_channel", std_channel),
    ("counts_without_end", counts_without_end),
    ("yields_without_end", yields_without_end),
    ("foreign_mutex", foreign_mutex),
    ("panic_in_destructor", panic_in_destructor),
    ("double_panic", double_panic),
    ("caught_double_panic", caught_double_panic),
    ("panic_in_destructor_of_the_blocked", panic_in_destructor_of_the_blocked),
    ("overflow", overflow),
    ("large_stacks", large_stacks),
    ("deadlock", || Explorer::exhaustive().check(deadlock)),
    ("deadlock_token", deadlock_token),
    ("deadlock_replay", || Explorer::replay(second_argument()).check(deadlock)),
    ("race", || Explorer::exhaustive().check(race)),
    ("race_replay", || Explorer::replay(second_argument()).check(race)),
    ("nested", nested),
    ("held_outside", held_outside),
    ("nondeterministic", nondeterministic),
    ("interrupted", interrupted),
    ("long", long),
    ("destructor_locks", destructor_locks),
    ("destructor_waits", destructor_waits),
    ("destructor_parks_and_joins", destructor_parks_and_joins),
    ("destructor_spins", destructor_spins),
    ("destructor_joins", destructor_joins),
    ("destructor_of_a_thread_that_never_began", destructor_of_a_thread_that_never_began),
    ("blocked_often", blocked_often),
    ("panics_often", panics_often),
];

fn main() {
    let name = std::env::args().nth(1).unwrap_or_default();
    let program = PROGRAMS.iter().find(|(known, _)| *known == name);
    let Some((_, run)) = program else { panic!("there is no program {name:?}") };
    run();
}

fn second_argument() -> String {
    std::env::args().nth(2).unwrap_or_default()
}

/// All executions, by an explorer that is soon out of patience.
fn hasty() -> Explorer {
    Explorer::exhaustive().patience(Duration::from_secs(1))
}

struct OnDrop<F: FnMut()>(F);

impl<F: FnMut()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

fn spin() {
    while !black_box(false) {
        std::hint::spin_loop();
    }
}

fn loops() {
    hasty().check(spin);
}

/// Waits for a notification that nobody gives.
fn block() {
    let never = Mutex::new(());
    let held = never.lock().unwrap();
    drop(Condvar::new().wait(held));
}

fn loops_in_a_destructor() {
    hasty().check(|| {
        let _last = OnDrop(spin);
        block();
    });
}

fn std_mutex() {
    hasty().check(|| {
        let (foreign, ours) = (Arc::new(std::sync::Mutex::new(())), Arc::new(AtomicU32::new(0)));
        let (theirs, seen) = (foreign.clone(), ours.clone());
        let other = thread::spawn(move || {
            let _held = theirs.lock();
            seen.fetch_add(1, Ordering::SeqCst);
        });
        let held = foreign.lock();
        ours.fetch_add(1, Ordering::SeqCst);
        drop(held);
        other.join().unwrap();
    });
}

fn std_channel() {
    hasty().check(|| {
        let (send, receive) = std::sync::mpsc::channel();
        let other = thread::Builder::new().name("sender".into());
        let other = other.spawn(move || send.send(1)).unwrap();
        receive.recv().unwrap();
        other.join().unwrap().unwrap();
    });
}

fn counts_without_end() {
    hasty().check(|| {
        let count = AtomicU32::new(0);
        loop {
            count.fetch_add(1, Ordering::Relaxed);
        }
    });
}

fn yields_without_end() {
    hasty().check(|| {
        let never = AtomicBool::new(false);
        while !never.load(Ordering::Relaxed) {
            thread::yield_now();
        }
    });
}

/// What the thread does, and the end of it, are outside of what is explored.
fn foreign(f: impl FnOnce() + Send + 'static) {
    std::thread::Builder::new().name("foreigner".into()).spawn(f).unwrap().join().unwrap();
}

fn foreign_mutex() {
    hasty().check(|| {
        let count = Arc::new(Mutex::new(0));
        *count.lock().unwrap() += 1;
        let theirs = Arc::clone(&count);
        foreign(move || *theirs.lock().unwrap() += 1);
    });
}

fn panic_in_destructor() {
    Explorer::exhaustive().check(|| {
        let count = Mutex::new(1);
        let _last = OnDrop(|| panic!("the destructor's own panic"));
        *count.lock().unwrap() += 1;
    });
}

fn double_panic() {
    Explorer::exhaustive().check(|| {
        let _again = OnDrop(|| panic!("the destructor's own panic"));
        panic!("the first panic");
    });
}

/// One that the destructor catches does no harm.
fn caught_double_panic() {
    Explorer::exhaustive().check(|| {
        let _again = OnDrop(|| drop(std::panic::catch_unwind(|| panic!("caught"))));
        panic!("the first panic");
    });
}

fn panic_in_destructor_of_the_blocked() {
    Explorer::exhaustive().check(|| {
        let _last = OnDrop(|| panic!("the destructor's own panic"));
        block();
    });
}

/// Takes about so many KiB of stack.
fn deep(kib: usize) -> usize {
    let frame = black_box([kib; 128]);
    if kib == 0 { frame[0] } else { deep(kib - 1) + frame[127] }
}

fn need_stack() {
    let diver = thread::Builder::new().name("diver".into());
    black_box(diver.spawn(|| deep(1024)).unwrap().join().unwrap());
}

fn overflow() {
    Explorer::exhaustive().check(need_stack);
}

fn large_stacks() {
    Explorer::exhaustive().stack_size(4 << 20).check(need_stack);
}

fn deadlock() {
    let locks = Arc::new((Mutex::new(()), Mutex::new(())));
    let theirs = Arc::clone(&locks);
    let other = thread::spawn(move || drop((theirs.0.lock(), theirs.1.lock())));
    drop((locks.1.lock(), locks.0.lock()));
    other.join().unwrap();
}

fn join<const N: usize>(threads: [thread::JoinHandle<()>; N]) {
    for thread in threads {
        thread.join().unwrap();
    }
}

fn deadlock_token() {
    println!("{}", Explorer::exhaustive().run(deadlock).replay_token().unwrap());
}

fn race() {
    let shared = Arc::new(lockwise::cell::Shared::new(0));
    let threads = [1, 2].map(|n| {
        let shared = Arc::clone(&shared);
        thread::spawn(move || shared.set(n))
    });
    join(threads);
}

fn nested() {
    Explorer::exhaustive().check(|| Explorer::exhaustive().check(deadlock));
}

fn held_outside() {
    let outside = Arc::new(Mutex::new(0));
    let held = outside.lock();
    let theirs = Arc::clone(&outside);
    hasty().check(move || *theirs.lock().unwrap() += 1);
    drop(held);
}

fn nondeterministic() {
    static CALLS: AtomicU64 = AtomicU64::new(0);
    Explorer::exhaustive().check(|| {
        let count = Arc::new(AtomicU32::new(0));
        let theirs = Arc::clone(&count);
        let other = thread::spawn(move || theirs.fetch_add(1, Ordering::SeqCst));
        for _ in 0..CALLS.fetch_add(1, Relaxed) {
            count.fetch_add(1, Ordering::SeqCst);
        }
        count.load(Ordering::SeqCst);
        other.join().unwrap();
    });
}

/// Has more executions than anybody can wait for.
fn endless() {
    let count = Arc::new(AtomicU32::new(0));
    let threads = [(); 5].map(|()| {
        let count = Arc::clone(&count);
        thread::spawn(move || {
            for _ in 0..5 {
                count.fetch_add(1, Ordering::SeqCst);
            }
        })
    });
    join(threads);
}

/// Gets the signal of Ctrl-C while workers explore.
fn interrupted() {
    const SIGINT: i32 = 2;
    static CALLS: AtomicU64 = AtomicU64::new(0);
    unsafe extern "C" {
        fn kill(process: i32, signal: i32) -> i32;
    }
    std::thread::spawn(|| {
        while CALLS.load(Relaxed) < 5_000 {
            std::thread::yield_now();
        }
        // SAFETY: sends a signal to this process.
        unsafe { kill(std::process::id().cast_signed(), SIGINT) };
    });
    Explorer::exhaustive().workers(2).check(|| {
        CALLS.fetch_add(1, Relaxed);
        endless();
    });
}

/// Takes longer than the time after which a terminal is told how far it has come.
fn long() {
    Explorer::exhaustive().max_duration(Duration::from_secs(3)).check(endless);
}

/// Explores a thread that waits for ever, and owns what has this destructor.
fn blocked_with(last: impl Fn() + Clone + Send + Sync + 'static) {
    let exploration = Explorer::exhaustive().run(move || {
        let last = last.clone();
        let other = thread::spawn(move || {
            let _last = OnDrop(last);
            block();
        });
        other.join().unwrap();
    });
    println!("{exploration}; {}", exploration.findings()[0].rule());
}

fn destructor_locks() {
    let exploration = Explorer::exhaustive().run(|| {
        let locks = Arc::new((Mutex::new(0), Mutex::new(0)));
        let threads = [false, true].map(|swapped| {
            let locks = Arc::clone(&locks);
            thread::spawn(move || {
                let (first, second) =
                    if swapped { (&locks.0, &locks.1) } else { (&locks.1, &locks.0) };
                // The destructor wants what the other thread has, and what this one has itself.
                let _last = OnDrop(|| *second.lock().unwrap() += 1);
                let _held = first.lock().unwrap();
                let _again = OnDrop(|| *second.lock().unwrap() += 1);
                let _both = second.lock().unwrap();
                drop(_both);
            })
        });
        join(threads);
    });
    println!("{exploration}; {}", exploration.findings()[0].rule());
}

fn destructor_waits() {
    blocked_with(block);
}

fn destructor_parks_and_joins() {
    blocked_with(|| {
        thread::park();
        let other = thread::spawn(block);
        let _ = other.join();
        thread::scope(|scope| drop(scope.spawn(block)));
    });
}

fn destructor_spins() {
    blocked_with(|| {
        let never = AtomicBool::new(false);
        while !never.load(Ordering::Acquire) {
            thread::yield_now();
        }
    });
}

/// As a thread pool does, whose workers are blocked too.
fn destructor_joins() {
    let exploration = Explorer::exhaustive().run(|| {
        let mut worker = Some(thread::spawn(block));
        let _pool = OnDrop(move || worker.take().unwrap().join().unwrap());
        block();
    });
    println!("{exploration}; {}", exploration.findings()[0].rule());
}

/// It owns what asks for more than a thread may in an execution that is over.
fn destructor_of_a_thread_that_never_began() {
    let exploration = Explorer::exhaustive().run(|| {
        let started = Arc::new(AtomicBool::new(false));
        let starts = Arc::clone(&started);
        thread::spawn(move || {
            let last = OnDrop(|| {
                let never = AtomicBool::new(false);
                while !never.load(Ordering::Acquire) && !starts.load(Ordering::Acquire) {
                    thread::yield_now();
                }
            });
            started.store(true, Ordering::Release);
            drop(last);
        });
        block();
    });
    println!("{exploration}; {}", exploration.findings()[0].rule());
}

/// Makes many executions of `f`, and prints how many KiB of memory that took which a few do not.
fn measure(f: fn()) {
    let many = |most| Explorer::exhaustive().workers(1).max_executions(most).run(f);
    let warm = many(200);
    let before = resident();
    let all: Exploration = many(2_000);
    println!("{} {} {}", warm.blocked(), all.blocked(), resident().saturating_sub(before) >> 10);
}

/// How much memory this process has.
fn resident() -> u64 {
    let statm = fs::read_to_string("/proc/self/statm").unwrap();
    statm.split(' ').nth(1).unwrap().parse::<u64>().unwrap() * 4096
}

/// Threads that own memory wait for ever, in each execution.
fn blocked_often() {
    measure(|| {
        endless();
        let owned = vec![1_u8; 8 << 10];
        let other = thread::spawn(move || {
            let owned = black_box(owned);
            block();
            drop(owned);
        });
        let _owned = black_box(vec![1_u8; 8 << 10]);
        other.join().unwrap();
    });
}

/// A thread panics in each execution while others wait.
fn panics_often() {
    measure(|| {
        endless();
        let owned = vec![1_u8; 8 << 10];
        let other = thread::spawn(move || {
            let owned = black_box(owned);
            block();
            drop(owned);
        });
        let _owned = black_box(vec![1_u8; 8 << 10]);
        drop(other);
        panic!("again and again");
    });
}
