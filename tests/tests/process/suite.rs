//! Tests that fail: run, each in a process of its own or all in one, by the tests of the modules
//! beside this one.

use std::{mem, sync::Barrier as Meet};

use lockwise::{
    sync::{Arc, Barrier, Condvar, Mutex, Once, RwLock, mpsc},
    thread,
};

/// Takes `first`, meets the other thread, and takes `second`.
fn cross(first: &Mutex<()>, meet: &Meet, second: &Mutex<()>) {
    let _first = first.lock().unwrap();
    meet.wait();
    let _second = second.lock().unwrap();
}

macro_rules! victims {
    ($($(#[$attribute:meta])* fn $name:ident() $body:block)*) => {
        $(
            #[test]
            #[ignore = "fails on purpose; run by other tests"]
            $(#[$attribute])*
            fn $name() $body
        )*
    };
}

/// Takes two locks in opposite orders, the second time on the calling thread.
fn find_here() {
    let locks = Arc::new((Mutex::new(()), Mutex::new(())));
    let other = Arc::clone(&locks);
    let (done, wait) = std::sync::mpsc::channel();
    let first = thread::spawn(move || {
        drop((other.0.lock(), other.1.lock()));
        done.send(()).unwrap();
    });
    wait.recv().unwrap();
    drop((locks.1.lock(), locks.0.lock()));
    first.join().unwrap();
}

struct FindOnDrop;

impl Drop for FindOnDrop {
    fn drop(&mut self) {
        find_here();
    }
}

victims! {
    fn finding_fails_the_test() {
        find_here();
    }

    #[should_panic(expected = "lock-order-cycle")]
    fn finding_is_expected() {
        find_here();
    }

    fn finding_fails_nobody() {
        let _ = thread::spawn(find_here).join();
    }

    fn finding_in_drop() {
        drop(FindOnDrop);
    }

    fn finding_while_unwinding() {
        let _find = FindOnDrop;
        panic!("the test's own panic");
    }
}

/// Each waits for ever.
mod waits {
    use super::*;

    victims! {
        fn for_two_mutexes() {
            let all = Arc::new((Mutex::new(()), Mutex::new(()), Meet::new(2)));
            let other = Arc::clone(&all);
            let thread = thread::spawn(move || cross(&other.1, &other.2, &other.0));
            cross(&all.0, &all.2, &all.1);
            thread.join().unwrap();
        }

        fn for_its_own_mutex() {
            let mutex = Mutex::new(());
            let _once = mutex.lock();
            let _twice = mutex.lock();
        }

        fn to_write_what_it_reads() {
            let lock = RwLock::new(());
            let _read = lock.read();
            let _write = lock.write();
        }

        fn for_threads_that_join_each_other() {
            let handles = Arc::new([const { Mutex::new(None) }; 2]);
            let meet = Arc::new(Meet::new(3));
            let joiner = |n: usize| {
                let (handles, meet) = (Arc::clone(&handles), Arc::clone(&meet));
                thread::spawn(move || {
                    meet.wait();
                    let other: thread::JoinHandle<()> = handles[1 - n].lock().unwrap().take().unwrap();
                    other.join().unwrap();
                })
            };
            let (none, never) = mpsc::channel::<()>();
            let threads = [joiner(0), joiner(1)];
            for (slot, thread) in handles.iter().zip(threads) {
                *slot.lock().unwrap() = Some(thread);
            }
            meet.wait();
            never.recv().unwrap();
            drop(none);
        }

        fn for_a_notification_that_was_given() {
            let pair = Arc::new((Mutex::new(()), Condvar::new()));
            let other = Arc::clone(&pair);
            thread::spawn(move || other.1.notify_one()).join().unwrap();
            let guard = pair.0.lock().unwrap();
            drop(pair.1.wait(guard));
        }

        fn for_a_message_from_itself() {
            let (sender, receiver) = mpsc::channel::<()>();
            receiver.recv().unwrap();
            drop(sender);
        }

        fn at_a_barrier_for_nobody() {
            Barrier::new(2).wait();
        }

        fn for_what_an_ended_thread_holds() {
            let mutex = Arc::new(Mutex::new(()));
            let other = Arc::clone(&mutex);
            thread::spawn(move || mem::forget(other.lock())).join().unwrap();
            drop(mutex.lock());
        }

        fn in_a_scope() {
            let (a, b, meet) = (Mutex::new(()), Mutex::new(()), Meet::new(2));
            thread::scope(|scope| {
                scope.spawn(|| cross(&a, &meet, &b));
                scope.spawn(|| cross(&b, &meet, &a));
            });
        }

        fn in_a_scope_for_a_parked_thread() {
            thread::scope(|scope| {
                scope.spawn(thread::park);
            });
        }

        fn to_be_unparked() {
            thread::park();
        }

        fn for_its_own_initialiser() {
            let once = Once::new();
            once.call_once(|| once.call_once(|| ()));
        }

        fn to_send_to_itself() {
            let (sender, receiver) = mpsc::sync_channel(0);
            sender.send(()).unwrap();
            drop(receiver);
        }

        fn in_an_unnamed_thread_of_std() {
            std::thread::spawn(thread::park).join().unwrap();
        }

        fn beside_an_idle_thread_of_std() {
            let (keep, idle) = std::sync::mpsc::channel::<()>();
            std::thread::spawn(move || idle.recv());
            thread::park();
            drop(keep);
        }

        fn holding_what_its_destructor_wants() {
            struct Locks<'a>(&'a Mutex<()>);
            impl Drop for Locks<'_> {
                fn drop(&mut self) {
                    drop(self.0.lock());
                }
            }
            let mutex = Mutex::new(());
            let held = mutex.lock();
            drop(Locks(&mutex));
            drop(held);
        }
    }
}

/// These are all right, and have to pass beside those that are not.
mod passes {
    use super::*;

    victims! {
        fn with_two_threads() {
            let count = Arc::new(Mutex::new(0));
            let threads = [(); 2].map(|()| {
                let count = Arc::clone(&count);
                thread::spawn(move || (0..1_000).for_each(|_| *count.lock().unwrap() += 1))
            });
            threads.into_iter().for_each(|thread| thread.join().unwrap());
            assert_eq!(*count.lock().unwrap(), 2_000);
        }

        fn with_a_wait() {
            let pair = Arc::new((Mutex::new(false), Condvar::new()));
            let other = Arc::clone(&pair);
            let thread = thread::spawn(move || {
                thread::sleep(std::time::Duration::from_millis(200));
                *other.0.lock().unwrap() = true;
                other.1.notify_one();
            });
            let ready = pair.1.wait_while(pair.0.lock().unwrap(), |ready| !*ready).unwrap();
            assert!(*ready);
            thread.join().unwrap();
        }
    }
}
