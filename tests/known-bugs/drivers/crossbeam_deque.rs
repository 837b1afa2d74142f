//! RUSTSEC-2021-0093: a thief of crossbeam-deque 0.7.3 takes several tasks out of a buffer that the
//! owner of the queue has replaced since: a task is run twice, and another never.

use std::thread;

use crossbeam_deque::Worker;
use known_bugs::drive;
use lockwise::explore::{Explorer, MemoryModel};

#[test]
fn each_task_is_taken_once() {
    drive(Explorer::random(1).memory_model(MemoryModel::Sc), || {
        let worker = Worker::new_lifo();
        // The buffer grows to 128 tasks; with less than 32 in it, it shrinks.
        for task in 0..65 {
            worker.push(task);
        }
        let mut taken: Vec<usize> = (0..33).map(|_| worker.pop().unwrap()).collect();
        let thief = worker.stealer();
        let other = thread::spawn(move || {
            let loot = Worker::new_fifo();
            let _ = thief.steal_batch(&loot);
            std::iter::from_fn(|| loot.pop()).collect::<Vec<_>>()
        });
        for _ in 0..17 {
            taken.extend(worker.pop());
        }
        worker.push(65);
        worker.push(66);
        taken.extend(other.join().unwrap());
        taken.extend(std::iter::from_fn(|| worker.pop()));
        taken.sort_unstable();
        assert_eq!(taken, (0..67).collect::<Vec<_>>());
    });
}
