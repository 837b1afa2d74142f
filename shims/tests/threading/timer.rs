//! `Timer`.

use std::{
    sync::mpsc,
    time::{Duration, Instant},
};

use lockwise::threading::Timer;

use crate::{LONG, SHORT};

#[test]
fn a_timer_runs_its_function_after_the_interval() {
    let (send, receive) = mpsc::channel();
    let timer = Timer::new(SHORT, move || send.send(Instant::now()).unwrap());
    let started = Instant::now();
    timer.start().unwrap();
    timer.join().unwrap();
    assert!(receive.recv().unwrap() - started >= SHORT);
}

#[test]
fn a_cancelled_timer_ends_without_running_it() {
    let timer = Timer::new(LONG, || panic!("cancelled"));
    timer.set_name("Tick");
    timer.start().unwrap();
    assert!(timer.is_alive());
    timer.clone().cancel();
    timer.join().unwrap();
    assert!(!timer.is_alive());
    // Cancelled before its start, too.
    let (send, receive) = mpsc::channel::<()>();
    let timer = Timer::new(Duration::ZERO, move || send.send(()).unwrap());
    timer.cancel();
    timer.start().unwrap();
    timer.join().unwrap();
    assert!(receive.recv().is_err());
}
