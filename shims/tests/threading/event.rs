//! `Event`.

use std::{
    sync::{Arc, mpsc},
    time::Duration,
};

use lockwise::threading::Event;

use crate::{LONG, SHORT, rules, start};

#[test]
fn an_event_stays_set_until_it_is_cleared() {
    let event = Arc::new(Event::named("network"));
    assert!(!event.is_set());
    assert!(!event.wait_timeout(SHORT));
    let e = event.clone();
    let waiter = start(move || e.wait());
    event.set();
    waiter.join().unwrap();
    assert!(event.is_set());
    event.wait();
    assert!(event.wait_timeout(Duration::ZERO));
    event.clear();
    assert!(!event.is_set());
}

#[test]
fn a_waiter_that_a_set_woke_returns_even_if_the_event_is_cleared_at_once() {
    let event = Arc::new(Event::new());
    let (send, receive) = mpsc::channel();
    let e = event.clone();
    let waiter = start(move || {
        send.send(()).unwrap();
        assert!(e.wait_timeout(LONG));
    });
    receive.recv().unwrap();
    while waiter.is_alive() {
        event.set();
        event.clear();
        std::thread::sleep(Duration::from_millis(1));
    }
    waiter.join().unwrap();
}

#[test]
fn an_event_that_nobody_sets_is_a_hang() {
    assert_eq!(rules(|| Event::new().wait()), ["hang"]);
}

#[test]
fn a_set_and_the_wait_that_saw_it_order_two_lock_orders() {
    use lockwise::threading::Lock;
    let found = rules(|| {
        let (a, b) = (Arc::new(Lock::new()), Arc::new(Lock::new()));
        let done = Arc::new(Event::new());
        let (a2, b2, d) = (a.clone(), b.clone(), done.clone());
        let thread = start(move || {
            {
                let _a = a2.hold();
                let _b = b2.hold();
            }
            d.set();
        });
        done.wait();
        let _b = b.hold();
        let _a = a.hold();
        thread.join().unwrap();
    });
    assert!(found.is_empty(), "{found:?}");
}
