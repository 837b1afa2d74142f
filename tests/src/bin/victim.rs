//! Programs that end badly, one for each name on the command line: see `tests/process`.

use std::{
    cell::RefCell,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use lockwise::{
    cell::Shared,
    sync::{Arc, Mutex},
    thread,
};

const PROGRAMS: &[(&str, fn())] = &[
    ("clean", clean),
    ("never_locks", never_locks),
    ("two_findings", two_findings),
    ("segfault", segfault),
    ("abort", || then(|| std::process::abort())),
    ("exit", || then(|| std::process::exit(0))),
    // SAFETY: ends the process.
    ("quick_exit", || then(|| unsafe { _exit(0) })),
    ("exec", exec),
    ("kill", kill_program),
    ("double_panic", double_panic),
    ("panic_in_thread_local", panic_in_thread_local),
    ("finding_while_unwinding", finding_while_unwinding),
    ("finding_in_thread_local", finding_in_thread_local),
    ("finding_at_exit", finding_at_exit),
    ("finding_in_panic_hook", finding_in_panic_hook),
    ("ignored_join", find),
    ("main_returns_early", main_returns_early),
];

unsafe extern "C" {
    fn _exit(code: i32) -> !;
    fn atexit(callback: extern "C" fn()) -> i32;
    fn kill(process: i32, signal: i32) -> i32;
}

fn main() {
    let name = std::env::args().nth(1).unwrap_or_default();
    let program = PROGRAMS.iter().find(|(known, _)| *known == name);
    let Some((_, run)) = program else { panic!("there is no program {name:?}") };
    run();
}

/// Takes two locks in opposite orders, one thread after the other: a `lock-order-cycle`, which
/// panics in the second thread. Nobody looks at that.
fn find() {
    let locks = Arc::new((Mutex::new(()), Mutex::new(())));
    let other = Arc::clone(&locks);
    let forward = move || {
        let _first = other.0.lock();
        let _second = other.1.lock();
    };
    // Told by a variable that nobody observes: a join would order the two.
    let done = Arc::new(AtomicBool::new(false));
    let tell = Arc::clone(&done);
    let first = thread::spawn(move || {
        forward();
        tell.store(true, Ordering::SeqCst);
    });
    while !done.load(Ordering::SeqCst) {
        std::thread::yield_now();
    }
    let second = thread::spawn(move || {
        let _second = locks.1.lock();
        let _first = locks.0.lock();
    });
    let _ = (first.join(), second.join());
}

fn then(end: impl FnOnce()) {
    find();
    end();
}

fn clean() {
    println!("{:?}", Mutex::new("locked").lock());
}

fn never_locks() {
    println!("{}", std::mem::size_of::<Mutex<()>>());
}

fn two_findings() {
    find();
    let shared = Arc::new(Shared::new(0));
    let threads = [1, 2].map(|n| {
        let shared = Arc::clone(&shared);
        thread::spawn(move || shared.set(n))
    });
    let _ = threads.map(|thread| thread.join());
}

fn segfault() {
    then(|| {
        let nowhere = std::ptr::without_provenance_mut::<u8>(16);
        // SAFETY: there is nothing at this address, which is what this program is for.
        unsafe { nowhere.write_volatile(1) }
    });
}

fn exec() {
    use std::os::unix::process::CommandExt;
    then(|| panic!("{}", std::process::Command::new("true").exec()));
}

fn kill_self() {
    // SAFETY: sends a signal to this process.
    unsafe { kill(std::process::id() as i32, 9) };
}

fn kill_program() {
    then(kill_self);
}

struct OnDrop<F: FnMut()>(F);

impl<F: FnMut()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

thread_local! {
    /// What the thread does last.
    static LAST: RefCell<Option<Last>> = const { RefCell::new(None) };
}

type Last = OnDrop<fn()>;

fn double_panic() {
    find();
    let _again = OnDrop(|| panic!("again"));
    panic!("once");
}

fn panic_in_thread_local() {
    find();
    LAST.set(Some(OnDrop(|| panic!("at the end of the thread"))));
}

fn finding_while_unwinding() {
    let _find = OnDrop(find);
    panic!("the program's own panic");
}

/// The two orders of [`find`], the second on the calling thread.
fn find_here() {
    let locks = Arc::new((Mutex::new(()), Mutex::new(())));
    let other = Arc::clone(&locks);
    let done = Arc::new(AtomicBool::new(false));
    let tell = Arc::clone(&done);
    let first = thread::spawn(move || {
        let both = (other.0.lock(), other.1.lock());
        drop(both);
        tell.store(true, Ordering::SeqCst);
    });
    while !done.load(Ordering::SeqCst) {
        std::thread::yield_now();
    }
    let both = (locks.1.lock(), locks.0.lock());
    drop(both);
    let _ = first.join();
}

fn finding_in_thread_local() {
    let _ = Mutex::new(()).lock();
    LAST.set(Some(OnDrop(find_here)));
}

fn finding_at_exit() {
    extern "C" fn last() {
        find();
    }
    // SAFETY: the callback is a function without arguments; it catches its panics.
    assert_eq!(unsafe { atexit(last) }, 0);
}

fn finding_in_panic_hook() {
    std::panic::set_hook(Box::new(|info| {
        static BUSY: AtomicBool = AtomicBool::new(false);
        if !BUSY.swap(true, Ordering::SeqCst) {
            find_here();
        }
        eprintln!("{info}");
    }));
    panic!("the program's own panic");
}

fn main_returns_early() {
    thread::Builder::new().name("finder".into()).spawn(find).unwrap();
    std::thread::sleep(Duration::from_millis(500));
}
