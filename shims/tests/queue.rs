//! `lockwise::queue`, method by method, held to the behaviour of CPython 3.13.
#![cfg(feature = "observe")]

use std::{sync::Arc, time::Duration};

use lockwise::{
    queue::{GetError, LifoQueue, PriorityQueue, PutError, Queue, ShutDown, TooManyTasksDone},
    record::{Finding, Severity, record},
    threading::Thread,
};

const SHORT: Duration = Duration::from_millis(20);
const LONG: Duration = Duration::from_secs(60);

fn start(f: impl FnOnce() + Send + 'static) -> Thread {
    let thread = Thread::new(f);
    thread.start().unwrap();
    thread
}

fn rules(f: impl FnOnce()) -> Vec<&'static str> {
    let recording = record(f);
    let errors = recording.findings().iter().filter(|f| f.severity() > Severity::Note);
    errors.map(Finding::rule).collect()
}

#[test]
fn each_queue_has_its_order() {
    static FIFO: Queue<i32> = Queue::new(0);
    let (lifo, priority) = (LifoQueue::new(0), PriorityQueue::new(0));
    for item in [2, 3, 1] {
        FIFO.put(item).unwrap();
        lifo.put(item).unwrap();
        priority.put(item).unwrap();
    }
    assert_eq!([(); 3].map(|()| FIFO.get().unwrap()), [2, 3, 1]);
    assert_eq!([(); 3].map(|()| lifo.get().unwrap()), [1, 3, 2]);
    assert_eq!([(); 3].map(|()| priority.get().unwrap()), [1, 2, 3]);
}

#[test]
fn equal_priorities_come_in_the_order_of_their_puts() {
    #[derive(Debug)]
    struct Job(u8, &'static str);
    impl PartialEq for Job {
        fn eq(&self, other: &Self) -> bool {
            self.0 == other.0
        }
    }
    impl Eq for Job {}
    impl PartialOrd for Job {
        fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
            Some(self.cmp(other))
        }
    }
    impl Ord for Job {
        fn cmp(&self, other: &Self) -> std::cmp::Ordering {
            self.0.cmp(&other.0)
        }
    }
    let queue = PriorityQueue::new(0);
    for job in [Job(2, "c"), Job(1, "a"), Job(2, "d"), Job(1, "b")] {
        queue.put(job).unwrap();
    }
    assert_eq!([(); 4].map(|()| queue.get().unwrap().1), ["a", "b", "c", "d"]);
}

#[test]
fn a_bounded_queue_is_full_and_an_empty_one_empty() {
    let queue = Queue::new(1);
    assert!(queue.empty() && !queue.full());
    assert_eq!(queue.get_nowait(), Err(GetError::Empty));
    assert_eq!(queue.get_timeout(SHORT), Err(GetError::Empty));
    queue.put_nowait("first").unwrap();
    assert!(queue.full() && !queue.empty());
    assert_eq!(queue.qsize(), 1);
    assert_eq!(queue.put_nowait("second"), Err(PutError::Full("second")));
    assert_eq!(queue.put_timeout("second", SHORT).unwrap_err().into_inner(), "second");
    assert_eq!(queue.get_timeout(LONG), Ok("first"));
    queue.put_timeout("second", LONG).unwrap();
    assert_eq!(queue.get_nowait(), Ok("second"));
}

#[test]
fn producers_and_consumers_wait_for_each_other() {
    let queue = Arc::new(Queue::new(2));
    let q = queue.clone();
    let producer = start(move || (0..100).for_each(|item| q.put(item).unwrap()));
    for item in 0..100 {
        assert_eq!(queue.get(), Ok(item));
    }
    producer.join().unwrap();
}

#[test]
fn join_waits_until_every_item_is_dealt_with() {
    let queue = Arc::new(Queue::new(0));
    queue.join();
    queue.put(1).unwrap();
    queue.put(2).unwrap();
    let q = queue.clone();
    let joiner = start(move || q.join());
    queue.get().unwrap();
    queue.get().unwrap();
    queue.task_done().unwrap();
    assert_eq!(joiner.join_timeout(SHORT), Ok(false));
    queue.task_done().unwrap();
    joiner.join().unwrap();
    queue.join();
    // ValueError: task_done() called too many times
    assert_eq!(queue.task_done(), Err(TooManyTasksDone));
}

#[test]
fn a_queue_that_was_shut_down_gives_what_it_has_and_takes_nothing() {
    let queue = Queue::new(0);
    queue.put(1).unwrap();
    queue.shutdown(false);
    assert_eq!(queue.put(2), Err(ShutDown(2)));
    assert_eq!(queue.put_nowait(2), Err(PutError::ShutDown(2)));
    assert_eq!(queue.get(), Ok(1));
    assert_eq!(queue.get(), Err(ShutDown(())));
    assert_eq!(queue.get_nowait(), Err(GetError::ShutDown));
    assert_eq!(queue.get_timeout(LONG), Err(GetError::ShutDown));
}

#[test]
fn an_immediate_shutdown_empties_it_and_wakes_everybody() {
    let queue = Arc::new(Queue::new(1));
    queue.put(1).unwrap();
    let (p, j) = (queue.clone(), queue.clone());
    let putter = start(move || assert_eq!(p.put(2), Err(ShutDown(2))));
    let joiner = start(move || j.join());
    let empty = Arc::new(Queue::<u8>::new(0));
    let e = empty.clone();
    let getter = start(move || assert_eq!(e.get(), Err(ShutDown(()))));
    std::thread::sleep(SHORT);
    queue.shutdown(true);
    empty.shutdown(true);
    for thread in [putter, joiner, getter] {
        thread.join().unwrap();
    }
    assert!(queue.empty());
}

#[test]
fn a_consumer_whose_producer_is_gone_is_a_hang() {
    assert_eq!(rules(|| _ = Queue::<u8>::new(0).get()), ["hang"]);
}

#[test]
fn a_task_that_nobody_says_is_done_is_a_hang() {
    let found = rules(|| {
        let queue = Arc::new(Queue::new(0));
        queue.put(1).unwrap();
        let q = queue.clone();
        start(move || _ = q.get()).join().unwrap();
        queue.join();
    });
    assert_eq!(found, ["hang"]);
}
