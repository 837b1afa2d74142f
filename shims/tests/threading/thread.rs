//! `Thread`, and which threads there are.

use std::sync::{Arc, Mutex};

use lockwise::threading::{
    AlreadyStarted, Event, JoinError, StartError, Thread, active_count, current_thread, enumerate,
    join_all, main_thread,
};

use crate::{SHORT, elsewhere, rules, start};

#[test]
fn default_names_count_from_one_in_each_program() {
    let found = rules(|| {
        let names: Vec<_> = (0..3).map(|_| Thread::new(|| ()).name()).collect();
        assert_eq!(names, ["Thread-1", "Thread-2", "Thread-3"]);
        assert_eq!(current_thread().name(), "MainThread");
        // A thread with a name of its own takes no number.
        assert_eq!(Thread::new(|| ()).named("LoopThread").name(), "LoopThread");
        assert_eq!(elsewhere(|| current_thread().name()), "Thread-4");
        assert_eq!(elsewhere(|| main_thread().name()), "MainThread");
    });
    assert!(found.is_empty(), "{found:?}");
}

#[test]
fn a_thread_runs_once_between_start_and_join() {
    let (go, gone) = (Arc::new(Event::new()), Arc::new(Event::new()));
    let (g, e) = (go.clone(), gone.clone());
    let thread = Thread::new(move || {
        g.wait();
        e.set();
    })
    .named("LoopThread");
    assert_eq!((thread.is_alive(), thread.ident()), (false, None));
    assert_eq!(thread.join(), Err(JoinError::NotStarted));
    assert_eq!(thread.join_timeout(SHORT), Err(JoinError::NotStarted));
    thread.start().unwrap();
    assert!(thread.is_alive() && thread.ident().is_some());
    assert!(matches!(thread.start(), Err(StartError::AlreadyStarted)));
    assert_eq!(thread.set_daemon(true), Err(AlreadyStarted));
    assert_eq!(thread.join_timeout(SHORT), Ok(false));
    go.set();
    thread.join().unwrap();
    thread.join().unwrap();
    assert_eq!(thread.join_timeout(SHORT), Ok(true));
    assert!(gone.is_set() && !thread.is_alive());
    assert!(matches!(thread.start(), Err(StartError::AlreadyStarted)));
    assert_eq!(thread.name(), "LoopThread");
    thread.set_name("done");
    assert_eq!(thread.name(), "done");
    assert!(format!("{thread:?}").contains("stopped"));
}

#[test]
fn a_thread_cannot_join_itself() {
    assert_eq!(elsewhere(|| current_thread().join()), Err(JoinError::CurrentThread));
    assert_eq!(current_thread().join(), Err(JoinError::CurrentThread));
}

#[test]
fn an_exception_ends_the_thread_and_not_its_joiner() {
    let thread = start(|| panic!("an exception"));
    assert_eq!(thread.join(), Ok(()));
    assert!(!thread.is_alive());
}

#[test]
#[should_panic(expected = "lockwise: self-deadlock")]
fn a_finding_in_a_thread_fails_whoever_joins_it() {
    let lock_twice = || {
        let lock = lockwise::sync::Mutex::new(());
        let _held = lock.lock();
        let _again = lock.lock();
    };
    let _ = start(lock_twice).join();
}

#[test]
fn a_name_with_a_zero_in_it_is_only_a_name() {
    let thread = Thread::new(|| assert_eq!(current_thread().name(), "a\0b")).named("a\0b");
    thread.start().unwrap();
    thread.join().unwrap();
    assert_eq!(thread.name(), "a\0b");
}

#[test]
fn daemon_status_is_inherited_and_settled_at_the_start() {
    assert!(!Thread::new(|| ()).daemon());
    let daemon = Thread::new(|| ()).daemonic(true);
    assert!(daemon.daemon());
    daemon.set_daemon(false).unwrap();
    assert!(!daemon.daemon());
    daemon.set_daemon(true).unwrap();
    daemon.start().unwrap();
    daemon.join().unwrap();
    let (send, receive) = std::sync::mpsc::channel();
    let parent = Thread::new(move || send.send(Thread::new(|| ()).daemon()).unwrap());
    let parent = parent.daemonic(true);
    parent.start().unwrap();
    assert_eq!(receive.recv(), Ok(true));
}

#[test]
fn enumerate_lists_the_living_of_this_program() {
    let stop = Arc::new(Event::new());
    let threads: Vec<_> = (0..3)
        .map(|_| {
            let stop = stop.clone();
            start(move || stop.wait())
        })
        .collect();
    let mut expected = vec![current_thread()];
    expected.extend(threads.iter().cloned());
    assert_eq!(enumerate(), expected);
    assert_eq!(active_count(), 4);
    assert_eq!(elsewhere(|| (enumerate().len(), main_thread() == enumerate()[0])), (5, true));
    stop.set();
    threads.iter().for_each(|thread| thread.join().unwrap());
    assert_eq!(enumerate(), [main_thread()]);
}

#[test]
fn join_all_waits_for_all_but_daemons() {
    let stop = Arc::new(Event::new());
    let s = stop.clone();
    let daemon = Thread::new(move || s.wait()).daemonic(true);
    daemon.start().unwrap();
    let ended = Arc::new(Mutex::new(Vec::new()));
    for n in 0..3 {
        let ended = ended.clone();
        start(move || ended.lock().unwrap().push(n));
    }
    join_all();
    assert_eq!(ended.lock().unwrap().len(), 3);
    assert!(daemon.is_alive());
    stop.set();
    daemon.join().unwrap();
}

#[test]
fn a_thread_that_nobody_observed_starts_a_program_of_its_own() {
    let outside = std::thread::spawn(|| (current_thread().name(), Thread::new(|| ()).name()));
    let names = outside.join().unwrap();
    assert_eq!(names, ("MainThread".to_owned(), "Thread-1".to_owned()));
}
