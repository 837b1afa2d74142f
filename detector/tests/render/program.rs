//! The program that the sample findings are about.

fn main() {
    let noodle = Mutex::new("noodle");
    let fork = Mutex::new("fork");
    thread::scope(|scope| {
        scope.spawn(|| eat_noodle_first(&noodle, &fork));
        scope.spawn(|| eat_fork_first(&noodle, &fork));
    });
}

fn eat_noodle_first(noodle: &Mutex<&str>, fork: &Mutex<&str>) {
    let _noodle = noodle.lock().unwrap();
    let _fork = fork.lock().unwrap();
}

fn eat_fork_first(noodle: &Mutex<&str>, fork: &Mutex<&str>) {
    let _fork = fork.lock().unwrap();
    let _noodle = noodle.lock().unwrap();
}

static COUNT: Shared<u32> = Shared::new(0);
static READY: Condvar = Condvar::new();

fn increment() {
    COUNT.set(COUNT.get() + 1);
}

fn wait_until_ready(mutex: &Mutex<bool>) {
    let guard = mutex.lock().unwrap();
    drop(READY.wait(guard));
}

fn get_ready() {
    READY.notify_one();
}

fn count_to_two() {
    let threads = [thread::spawn(increment), thread::spawn(increment)];
    threads.map(|thread| thread.join().unwrap());
    assert_eq!(COUNT.get(), 2);
}

fn after_you(mine: &AtomicBool, yours: &AtomicBool) {
    mine.store(true, SeqCst);
    while yours.load(SeqCst) {
        mine.store(false, SeqCst);
        mine.store(true, SeqCst);
    }
}
