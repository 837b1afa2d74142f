//! `lockwise::queue` and `lockwise::futures`.

use std::{collections::BTreeSet, time::Duration};

use lockwise::{
    futures::{FutureError, ReturnWhen, ThreadPoolExecutor, as_completed, wait},
    queue::{GetError, LifoQueue, PriorityQueue, PutError, Queue},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering::SeqCst},
    },
    thread,
};

use super::outcomes;

const LIMIT: Duration = Duration::from_secs(1);

#[test]
fn a_queue_keeps_the_order_of_each_producer() {
    let orders = outcomes(|| {
        let queue = Arc::new(Queue::new(0));
        let threads = [10, 20].map(|own| {
            let queue = Arc::clone(&queue);
            thread::spawn(move || (1..=2).for_each(|number| queue.put(own + number).unwrap()))
        });
        let all = [(); 4].map(|()| queue.get().unwrap());
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        all
    });
    assert_eq!(orders.len(), 6);
}

#[test]
fn queues_give_the_last_or_the_smallest_first() {
    let pairs = outcomes(|| {
        let (last, smallest) = (Arc::new(LifoQueue::new(0)), Arc::new(PriorityQueue::new(0)));
        let (l, s) = (Arc::clone(&last), Arc::clone(&smallest));
        let other = thread::spawn(move || {
            for number in [2, 1] {
                l.put(number).unwrap();
                s.put(number).unwrap();
            }
        });
        let early = (last.get().unwrap(), smallest.get().unwrap());
        other.join().unwrap();
        assert_eq!(3 - early.0, last.get().unwrap());
        early
    });
    assert_eq!(pairs, BTreeSet::from([(2, 2), (2, 1), (1, 2), (1, 1)]));
}

#[test]
fn a_full_queue_and_an_empty_one_let_wait() {
    let ends = outcomes(|| {
        let queue = Arc::new(Queue::new(1));
        let theirs = Arc::clone(&queue);
        let other = thread::spawn(move || {
            theirs.put(1).unwrap();
            match theirs.put_nowait(2) {
                Ok(()) => true,
                Err(PutError::Full(2)) => false,
                Err(_) => unreachable!("it is not shut down"),
            }
        });
        let now = queue.get_nowait().ok();
        let soon = match queue.get_timeout(LIMIT) {
            Ok(number) => Some(number),
            Err(GetError::Empty) => None,
            Err(GetError::ShutDown) => unreachable!("it is not shut down"),
        };
        (now, soon, other.join().unwrap())
    });
    let all = [
        (None, None, false),
        (None, Some(1), false),
        (None, Some(1), true),
        (Some(1), None, true),
        (Some(1), None, false),
        (Some(1), Some(2), true),
    ];
    assert!(ends.is_subset(&BTreeSet::from(all)), "{ends:?}");
    // Full it is only if the first item is there.
    assert!(all.iter().filter(|end| **end != all[4]).all(|end| ends.contains(end)), "{ends:?}");
}

#[test]
fn a_bounded_queue_hands_on_everything() {
    let orders = outcomes(|| {
        let queue = Arc::new(Queue::new(1));
        let theirs = Arc::clone(&queue);
        let other = thread::spawn(move || (0..3).for_each(|number| theirs.put(number).unwrap()));
        let all = [(); 3].map(|()| queue.get().unwrap());
        other.join().unwrap();
        all
    });
    assert_eq!(orders, BTreeSet::from([[0, 1, 2]]));
}

#[test]
fn all_tasks_done_can_be_waited_for() {
    let done = outcomes(|| {
        let queue = Arc::new(Queue::new(0));
        let sum = Arc::new(AtomicU32::new(0));
        let (theirs, total) = (Arc::clone(&queue), Arc::clone(&sum));
        queue.put(1).unwrap();
        queue.put(2).unwrap();
        let worker = thread::spawn(move || {
            while let Ok(number) = theirs.get() {
                total.fetch_add(number, SeqCst);
                theirs.task_done().unwrap();
            }
        });
        queue.join();
        let done = sum.load(SeqCst);
        queue.shutdown(false);
        worker.join().unwrap();
        done
    });
    assert_eq!(done, BTreeSet::from([3]));
}

#[test]
fn a_pool_runs_tasks_in_any_order_and_gives_their_results() {
    let orders = outcomes(|| {
        let order = Arc::new(Mutex::new(Vec::new()));
        let pool = ThreadPoolExecutor::new(2);
        let futures = [1, 2].map(|own| {
            let order = Arc::clone(&order);
            pool.submit(move || {
                order.lock().unwrap().push(own);
                10 * own
            })
        });
        assert_eq!(futures.map(|future| future.result().unwrap()), [10, 20]);
        pool.shutdown(true, false);
        let order = order.lock().unwrap();
        order.clone()
    });
    assert_eq!(orders, BTreeSet::from([vec![1, 2], vec![2, 1]]));
}

#[test]
fn one_worker_runs_tasks_in_order() {
    let orders = outcomes(|| {
        let order = Arc::new(Mutex::new(Vec::new()));
        let pool = ThreadPoolExecutor::new(1);
        for own in [1, 2, 3] {
            let order = Arc::clone(&order);
            drop(pool.submit(move || order.lock().unwrap().push(own)));
        }
        drop(pool);
        let order = order.lock().unwrap();
        order.clone()
    });
    assert_eq!(orders, BTreeSet::from([vec![1, 2, 3]]));
}

#[test]
fn a_future_is_cancelled_in_time_or_not() {
    let ends = outcomes(|| {
        let pool = ThreadPoolExecutor::new(1);
        let future = pool.submit(|| 7);
        let cancelled = future.cancel();
        let end = match future.result() {
            Ok(7) => false,
            Err(FutureError::Cancelled) => true,
            _ => unreachable!("it does not panic, and there is no limit"),
        };
        assert_eq!(end, cancelled);
        end
    });
    assert_eq!(ends, BTreeSet::from([false, true]));
}

#[test]
fn a_task_that_panics_is_known_by_its_future() {
    let messages = outcomes(|| {
        let pool = ThreadPoolExecutor::new(1);
        let future = pool.submit(|| panic!("in a task"));
        let exception = future.exception().unwrap();
        exception.map(|panicked| panicked.message().to_owned())
    });
    assert_eq!(messages, BTreeSet::from([Some("in a task".to_owned())]));
}

#[test]
fn to_wait_for_a_result_with_a_limit_ends_both_ways() {
    let ends = outcomes(|| {
        let pool = ThreadPoolExecutor::new(1);
        let future = pool.submit(|| 7);
        future.result_timeout(LIMIT).ok()
    });
    assert_eq!(ends, BTreeSet::from([None, Some(7)]));
}

#[test]
fn futures_complete_in_any_order() {
    let orders = outcomes(|| {
        let pool = ThreadPoolExecutor::new(2);
        let futures = [1, 2].map(|own| pool.submit(move || own));
        as_completed(futures).map(|future| future.result().unwrap()).collect::<Vec<_>>()
    });
    assert_eq!(orders, BTreeSet::from([vec![1, 2], vec![2, 1]]));
}

#[test]
fn the_first_of_several_futures_can_be_waited_for() {
    let done = outcomes(|| {
        let pool = ThreadPoolExecutor::new(2);
        let futures = [1, 2].map(|own| pool.submit(move || own));
        let waited = wait(&futures, None, ReturnWhen::FirstCompleted);
        let mut done: Vec<_> = waited.done.iter().map(|f| f.result().unwrap()).collect();
        done.sort_unstable();
        done
    });
    assert_eq!(done, BTreeSet::from([vec![1], vec![2], vec![1, 2]]));
}
