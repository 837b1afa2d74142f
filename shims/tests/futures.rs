//! `lockwise::futures`, method by method, held to the behaviour of CPython 3.13.
#![cfg(feature = "observe")]

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
        mpsc,
    },
    time::Duration,
};

use lockwise::{
    futures::{
        Future, FutureError, ReturnWhen, SubmitError, ThreadPoolExecutor, Timeout, as_completed,
        wait,
    },
    record::{Finding, record},
    threading::{Event, Lock, Thread, current_thread},
};

const SHORT: Duration = Duration::from_millis(20);
const LONG: Duration = Duration::from_secs(60);

/// A task that runs until the event is set, and that has begun.
fn blocked(pool: &ThreadPoolExecutor) -> (Future<u32>, Arc<Event>) {
    let (begun, go) = (Arc::new(Event::new()), Arc::new(Event::new()));
    let (b, g) = (begun.clone(), go.clone());
    let future = pool.submit(move || {
        b.set();
        g.wait();
        7
    });
    begun.wait();
    (future, go)
}

#[test]
fn a_future_is_running_and_then_done() {
    let pool = ThreadPoolExecutor::new(1);
    let (future, go) = blocked(&pool);
    let pending = pool.submit(|| 8);
    assert!(future.running() && !future.done() && !future.cancelled());
    assert!(!pending.running() && !pending.done());
    assert!(matches!(future.result_timeout(SHORT), Err(FutureError::Timeout)));
    assert!(matches!(future.exception_timeout(SHORT), Err(FutureError::Timeout)));
    assert!(!future.cancel());
    go.set();
    assert_eq!(future.result().unwrap(), 7);
    assert_eq!(future.result_timeout(LONG).unwrap(), 7);
    assert!(future.done() && !future.running() && !future.cancel());
    assert!(future.exception().unwrap().is_none());
    assert_eq!(pending.result().unwrap(), 8);
}

#[test]
fn a_future_that_was_not_begun_can_be_cancelled() {
    let pool = ThreadPoolExecutor::new(1);
    let (first, go) = blocked(&pool);
    let second = pool.submit(|| panic!("cancelled"));
    let called = Arc::new(AtomicUsize::new(0));
    let c = called.clone();
    second.add_done_callback(move |future| {
        assert!(future.cancelled());
        c.fetch_add(1, SeqCst);
    });
    assert!(second.cancel() && second.cancel());
    assert!(second.cancelled() && second.done());
    assert_eq!(called.load(SeqCst), 1);
    assert!(matches!(second.result(), Err(FutureError::Cancelled)));
    assert!(matches!(second.exception(), Err(FutureError::Cancelled)));
    go.set();
    assert_eq!(first.result().unwrap(), 7);
}

#[test]
fn a_panic_becomes_the_exception() {
    let pool = ThreadPoolExecutor::new(1);
    let future = pool.submit(|| -> u8 { std::panic::panic_any("boom 1".to_owned()) });
    let Err(FutureError::Panicked(panicked)) = future.result() else { panic!("it panicked") };
    assert_eq!(panicked.message(), "boom 1");
    let exception = future.exception().unwrap().unwrap();
    assert_eq!(exception.to_string(), "the task panicked: boom 1");
    assert_eq!(*exception.take_payload().unwrap().downcast::<String>().unwrap(), "boom 1");
    assert!(panicked.take_payload().is_none());
    // The thread goes on.
    assert_eq!(pool.submit(|| 1).result().unwrap(), 1);
}

#[test]
fn callbacks_run_in_their_order_and_their_panics_are_ignored() {
    let pool = ThreadPoolExecutor::with_prefix(1, "pool");
    let (future, go) = blocked(&pool);
    let (send, receive) = mpsc::channel();
    let late = send.clone();
    for n in 0..3 {
        let send = send.clone();
        future.add_done_callback(move |future| {
            send.send((n, future.result().unwrap(), current_thread().name())).unwrap();
            assert_ne!(n, 1, "an exception in a callback");
        });
    }
    go.set();
    for n in 0..3 {
        assert_eq!(receive.recv().unwrap(), (n, 7, "pool_0".to_owned()));
    }
    // It is done: the callback runs here and now.
    future.add_done_callback(move |_| late.send((9, 0, current_thread().name())).unwrap());
    assert_eq!(receive.try_recv().unwrap(), (9, 0, "MainThread".to_owned()));
}

#[test]
fn map_keeps_the_order_and_cancels_what_nobody_asks_for() {
    let pool = ThreadPoolExecutor::new(2);
    let results: Vec<_> = pool.map(|i| i * 10, 1..=5).map(Result::unwrap).collect();
    assert_eq!(results, [10, 20, 30, 40, 50]);
    let begun = Arc::new(AtomicUsize::new(0));
    let (first, go) = blocked(&pool);
    let (second, go_too) = blocked(&pool);
    let b = begun.clone();
    drop(pool.map(move |_| b.fetch_add(1, SeqCst), 0..5));
    go.set();
    go_too.set();
    pool.shutdown(true, false);
    assert!(first.done() && second.done());
    assert_eq!(begun.load(SeqCst), 0);
}

#[test]
fn shutdown_waits_for_what_was_submitted_and_takes_no_more() {
    let pool = ThreadPoolExecutor::new(2);
    let futures: Vec<_> = (0..10).map(|i| pool.submit(move || i)).collect();
    pool.shutdown(true, false);
    assert!(futures.iter().all(Future::done));
    // RuntimeError: cannot schedule new futures after shutdown
    assert!(matches!(pool.try_submit(|| ()), Err(SubmitError::ShutDown)));
    pool.shutdown(true, true);
}

#[test]
fn shutdown_can_cancel_what_was_not_begun_and_need_not_wait() {
    let pool = ThreadPoolExecutor::new(1);
    let (first, go) = blocked(&pool);
    let second = pool.submit(|| 1);
    pool.shutdown(false, true);
    assert!(second.cancelled() && !first.done());
    go.set();
    drop(pool);
    assert!(first.done());
}

#[test]
fn threads_are_started_only_when_none_is_idle() {
    let pool = ThreadPoolExecutor::with_prefix(4, "w");
    let name = || current_thread().name();
    assert_eq!(pool.submit(name).result().unwrap(), "w_0");
    let (_, go) = blocked(&pool);
    let mut names: Vec<_> = (0..20).map(|_| pool.submit(name)).collect::<Vec<_>>();
    go.set();
    let names: Vec<_> = names.drain(..).map(|future| future.result().unwrap()).collect();
    assert!(names.iter().all(|name| ["w_0", "w_1", "w_2", "w_3"].contains(&&**name)));
}

#[test]
fn wait_returns_when_it_was_asked_to() {
    let pool = ThreadPoolExecutor::new(3);
    let (slow, go) = blocked(&pool);
    let quick = pool.submit(|| 1);
    let fails = pool.submit(|| -> u32 { panic!("boom") });
    let all = [slow.clone(), quick.clone(), fails.clone()];
    let waited = wait(&all[..2], Some(LONG), ReturnWhen::FirstCompleted);
    assert_eq!((waited.done, waited.not_done), (vec![quick.clone()], vec![slow.clone()]));
    let waited = wait(&[slow.clone(), fails.clone()], None, ReturnWhen::FirstException);
    assert_eq!(waited.done, [fails]);
    let waited = wait(&all, Some(SHORT), ReturnWhen::AllCompleted);
    assert_eq!(waited.not_done, [slow]);
    go.set();
    assert!(wait(&all, None, ReturnWhen::default()).not_done.is_empty());
    assert!(wait::<u8>(&[], None, ReturnWhen::FirstCompleted).done.is_empty());
}

#[test]
fn as_completed_gives_each_future_once_when_it_is_done() {
    let pool = ThreadPoolExecutor::new(2);
    let (slow, go) = blocked(&pool);
    let quick = pool.submit(|| 1);
    let mut completed = as_completed([slow.clone(), quick.clone(), slow.clone()]);
    assert_eq!(completed.next(), Some(quick));
    assert_eq!(completed.next_timeout(SHORT), Err(Timeout));
    go.set();
    assert_eq!(completed.next_timeout(LONG), Ok(Some(slow)));
    assert_eq!(completed.next_timeout(LONG), Ok(None));
    assert_eq!(completed.next(), None);
}

#[test]
fn a_finding_in_a_task_is_found() {
    let recording = record(|| {
        let (a, b) = (Arc::new(Lock::new()), Arc::new(Lock::new()));
        let pool = ThreadPoolExecutor::new(2);
        let (a2, b2) = (a.clone(), b.clone());
        let first = pool.submit(move || {
            let _a = a2.hold();
            let _b = b2.hold();
        });
        // Not observed: the other way round comes later, but only this time.
        while !first.running() && format!("{first:?}").contains("pending") {
            std::thread::sleep(Duration::from_millis(1));
        }
        std::thread::sleep(SHORT);
        let second = Thread::new(move || {
            let _b = b.hold();
            let _a = a.hold();
        });
        second.start().unwrap();
        second.join().unwrap();
    });
    let found: Vec<_> = recording.findings().iter().map(Finding::rule).collect();
    assert_eq!(found, ["lock-order-cycle"]);
}

#[test]
#[should_panic(expected = "lockwise: self-deadlock")]
fn a_finding_in_a_task_fails_whoever_asks_for_the_result() {
    let pool = ThreadPoolExecutor::new(1);
    let _ = pool.submit(lock_twice).result();
}

fn lock_twice() {
    let lock = lockwise::sync::Mutex::new(());
    let _held = lock.lock();
    let _again = lock.lock();
}

#[test]
#[should_panic(expected = "lockwise: self-deadlock")]
fn a_finding_in_a_task_fails_the_shutdown() {
    let pool = ThreadPoolExecutor::new(1);
    pool.submit(lock_twice);
    pool.shutdown(true, false);
}

#[test]
fn a_result_that_needs_the_thread_that_asks_is_a_hang() {
    // "Deadlocks can occur when the callable associated with a Future waits on the results of
    // another Future", says the documentation, of one worker that waits for its own pool.
    let recording = record(|| {
        let pool = Arc::new(ThreadPoolExecutor::new(1));
        let p = pool.clone();
        let outer = pool.submit(move || p.submit(|| 5).result().map_err(drop));
        let _ = outer.result();
    });
    let found: Vec<_> = recording.findings().iter().map(Finding::rule).collect();
    assert!(found.contains(&"hang") || found.contains(&"deadlock"), "{found:?}");
}
