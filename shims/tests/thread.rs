//! Threads, scopes, parking and thread-locals behave as std's do.
#![cfg(feature = "observe")]

use std::{
    cell::{Cell, RefCell},
    panic::{AssertUnwindSafe, catch_unwind},
    time::{Duration, Instant},
};

use lockwise::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering::SeqCst},
        mpsc,
    },
    thread,
};

fn message(payload: &(dyn std::any::Any + Send)) -> Option<&str> {
    let owned = payload.downcast_ref::<String>().map(String::as_str);
    owned.or_else(|| payload.downcast_ref::<&str>().copied())
}

#[test]
fn join_returns_the_value() {
    assert_eq!(thread::spawn(|| vec![1, 2]).join().unwrap(), [1, 2]);
}

#[test]
fn join_returns_the_payload_of_a_panic() {
    let payload = thread::spawn(|| std::panic::panic_any(17_u8)).join().unwrap_err();
    assert_eq!(payload.downcast_ref(), Some(&17_u8));
}

#[test]
fn a_detached_thread_drops_its_own_result() {
    struct Noted(mpsc::Sender<thread::ThreadId>);
    impl Drop for Noted {
        fn drop(&mut self) {
            let _ = self.0.send(thread::current().id());
        }
    }
    let (sender, receiver) = mpsc::channel();
    let go = Arc::new(AtomicBool::new(false));
    let its_go = Arc::clone(&go);
    let handle = thread::spawn(move || {
        while !its_go.load(SeqCst) {
            thread::yield_now();
        }
        Noted(sender)
    });
    let id = handle.thread().id();
    drop(handle);
    go.store(true, SeqCst);
    assert_eq!(receiver.recv(), Ok(id));
}

#[cfg(unix)]
#[test]
fn a_handle_gives_the_pthread_and_the_right_to_join_it() {
    use std::os::unix::thread::JoinHandleExt;
    let handle = thread::spawn(thread::park);
    let other = thread::spawn(|| ());
    assert_ne!(handle.as_pthread_t(), other.as_pthread_t());
    handle.thread().unpark();
    let pthread = handle.as_pthread_t();
    assert_eq!(handle.into_pthread_t(), pthread);
    // SAFETY: the thread is joinable, and nobody else joins it.
    assert_eq!(unsafe { libc::pthread_join(pthread, std::ptr::null_mut()) }, 0);
    other.join().unwrap();
}

#[test]
fn is_finished_says_whether_the_closure_has_ended() {
    let (sender, receiver) = mpsc::channel::<()>();
    let handle = thread::spawn(move || receiver.recv());
    assert!(!handle.is_finished());
    sender.send(()).unwrap();
    while !handle.is_finished() {
        thread::yield_now();
    }
    handle.join().unwrap().unwrap();
}

#[test]
fn names_and_ids() {
    let builder = thread::Builder::new().name("worker".to_owned()).stack_size(1 << 20);
    let handle = builder
        .spawn(|| {
            let std_name = std::thread::current().name().map(str::to_owned);
            (thread::current().name().map(str::to_owned), std_name, thread::current().id())
        })
        .unwrap();
    assert_eq!(handle.thread().name(), Some("worker"));
    let id = handle.thread().id();
    let (name, std_name, seen) = handle.join().unwrap();
    assert_eq!(name.as_deref(), Some("worker"));
    assert_eq!(std_name.as_deref(), Some("worker"));
    assert_eq!(id, seen);
    assert_ne!(id, thread::current().id());
    assert_eq!(thread::current().name(), std::thread::current().name());
    assert_eq!(thread::spawn(|| thread::current().name().is_none()).join().ok(), Some(true));
}

#[test]
fn a_name_with_a_null_byte_panics_as_in_std() {
    let ours = catch_unwind(|| thread::Builder::new().name("a\0b".into()).spawn(|| ()).is_ok());
    let std = catch_unwind(|| std::thread::Builder::new().name("a\0b".into()).spawn(|| ()).is_ok());
    let (ours, std) = (ours.unwrap_err(), std.unwrap_err());
    assert!(message(&*std).is_some_and(|std| std.starts_with(message(&*ours).unwrap())));
}

#[test]
fn scoped_threads_borrow_and_are_waited_for() {
    let mut numbers = vec![0; 8];
    let total = thread::scope(|s| {
        let handles: Vec<_> = numbers
            .iter_mut()
            .enumerate()
            .map(|(i, slot)| {
                s.spawn(move || {
                    thread::sleep(Duration::from_millis(i as u64));
                    *slot = i;
                    i
                })
            })
            .collect();
        handles.into_iter().take(4).map(|handle| handle.join().unwrap()).sum::<usize>()
    });
    assert_eq!(total, 6);
    assert_eq!(numbers, [0, 1, 2, 3, 4, 5, 6, 7]);
}

#[test]
fn a_scope_waits_for_threads_that_its_threads_start() {
    let done = AtomicU32::new(0);
    thread::scope(|s| {
        s.spawn(|| {
            s.spawn(|| {
                thread::sleep(Duration::from_millis(20));
                done.fetch_add(1, SeqCst);
            });
        });
    });
    assert_eq!(done.into_inner(), 1);
}

#[test]
fn the_panic_of_an_unjoined_scoped_thread_panics_the_scope() {
    let result = catch_unwind(|| {
        thread::scope(|s| {
            s.spawn(|| panic!("inner"));
        });
    });
    assert_eq!(message(&*result.unwrap_err()), Some("a scoped thread panicked"));
}

#[test]
fn the_panic_of_a_joined_scoped_thread_does_not() {
    thread::scope(|s| {
        let payload = s.spawn(|| panic!("inner")).join().unwrap_err();
        assert_eq!(message(&*payload), Some("inner"));
    });
}

#[test]
fn the_closures_own_panic_goes_on_after_the_wait() {
    let ended = AtomicBool::new(false);
    let result = catch_unwind(AssertUnwindSafe(|| {
        thread::scope(|s| {
            s.spawn(|| {
                thread::sleep(Duration::from_millis(30));
                ended.store(true, SeqCst);
                panic!("thread");
            });
            panic!("closure");
        });
    }));
    assert!(ended.load(SeqCst));
    assert_eq!(message(&*result.unwrap_err()), Some("closure"));
}

#[test]
fn a_token_given_before_the_park_is_kept_once() {
    thread::spawn(|| {
        let me = thread::current();
        me.unpark();
        me.unpark();
        thread::park();
        let start = Instant::now();
        thread::park_timeout(Duration::from_millis(20));
        assert!(start.elapsed() >= Duration::from_millis(20));
    })
    .join()
    .unwrap();
}

#[test]
fn unpark_wakes_a_parked_thread() {
    let flag = Arc::new(AtomicBool::new(false));
    let its_flag = Arc::clone(&flag);
    let handle = thread::spawn(move || {
        while !its_flag.load(SeqCst) {
            thread::park();
        }
    });
    thread::sleep(Duration::from_millis(20));
    flag.store(true, SeqCst);
    handle.thread().unpark();
    handle.join().unwrap();
}

#[test]
fn sleep_lets_time_pass() {
    let start = Instant::now();
    thread::sleep(Duration::from_millis(15));
    assert!(start.elapsed() >= Duration::from_millis(15));
}

#[test]
fn an_endless_sleep_does_not_end() {
    let handle = thread::spawn(|| thread::sleep(Duration::MAX));
    thread::sleep(Duration::from_millis(20));
    assert!(!handle.is_finished());
}

lockwise::thread_local! {
    /// With documentation.
    static LAZY: RefCell<Vec<u32>> = RefCell::new(vec![1]);
    pub(crate) static EAGER: Cell<u32> = const { Cell::new(7) };
    #[allow(dead_code, reason = "attributes are taken")]
    static UNUSED: Cell<&'static str> = const { Cell::new("") }
}

#[test]
fn each_thread_has_its_own_value() {
    LAZY.with_borrow_mut(|list| list.push(2));
    EAGER.set(8);
    let theirs = thread::spawn(|| (LAZY.take(), EAGER.replace(9), EAGER.get())).join().unwrap();
    assert_eq!(theirs, (vec![1], 7, 9));
    assert_eq!(LAZY.replace(vec![]), [1, 2]);
    assert_eq!(EAGER.take(), 8);
    assert_eq!(EAGER.with(Cell::get), 0);
}

#[test]
fn set_makes_no_initial_value() {
    lockwise::thread_local!(static FORBIDDEN: Cell<u32> = panic!("initialised"));
    let value = thread::spawn(|| {
        FORBIDDEN.set(4);
        FORBIDDEN.get()
    });
    assert_eq!(value.join().unwrap(), 4);
}

/// Both kinds of keys, used in the destructor of a third.
mod destruction {
    use super::*;

    static LOG: std::sync::Mutex<Vec<String>> = std::sync::Mutex::new(Vec::new());

    macro_rules! keys {
        ($krate:ident, $module:ident) => {
            mod $module {
                use super::*;

                struct Noisy(&'static str);

                impl Drop for Noisy {
                    fn drop(&mut self) {
                        let first = FIRST.try_with(|_| ()).map_err(|error| error.to_string());
                        let eager = EAGER.try_with(|_| ()).map_err(|error| error.to_string());
                        let plain = PLAIN.try_with(Cell::get).map_err(|error| error.to_string());
                        let line = format!("{}: {first:?} {eager:?} {plain:?}", self.0);
                        LOG.lock().unwrap().push(line);
                    }
                }

                $krate::thread_local! {
                    static FIRST: Noisy = { SECOND.with(|_| ()); Noisy("first") };
                    static SECOND: Noisy = Noisy("second");
                    static EAGER: Noisy = const { Noisy("eager") };
                    static PLAIN: Cell<u32> = const { Cell::new(5) };
                }

                pub(super) fn log() -> Vec<String> {
                    $krate::thread::spawn(|| {
                        FIRST.with(|_| ());
                        EAGER.with(|_| ());
                    })
                    .join()
                    .unwrap();
                    std::mem::take(&mut *LOG.lock().unwrap())
                }
            }
        };
    }
    keys!(std, theirs);
    keys!(lockwise, ours);

    #[test]
    fn is_that_of_std_and_over_when_join_returns() {
        let theirs = theirs::log();
        assert_eq!(theirs.len(), 3);
        assert!(theirs.iter().any(|line| line.contains("already destroyed")), "{theirs:?}");
        assert_eq!(ours::log(), theirs);
    }
}

#[test]
fn a_thread_knows_itself_while_its_locals_are_destroyed() {
    struct Asks(thread::ThreadId, mpsc::Sender<bool>);
    impl Drop for Asks {
        fn drop(&mut self) {
            let _ = self.1.send(thread::current().id() == self.0);
        }
    }
    lockwise::thread_local!(static ASKS: RefCell<Vec<Asks>> = const { RefCell::new(Vec::new()) });
    let (sender, receiver) = mpsc::channel();
    let body = move || ASKS.with_borrow_mut(|list| list.push(Asks(thread::current().id(), sender)));
    thread::spawn(body).join().unwrap();
    assert_eq!(receiver.recv(), Ok(true));
}
