//! probe
use lockwise::{explore::Explorer, sync::{Arc, Mutex, Condvar}, thread, threading::Event};
use std::time::Duration;
#[test]
fn probe() {
    let e = Explorer::exhaustive().run(|| {
        let e = Arc::new(Event::new());
        let t = { let e = e.clone(); thread::spawn(move || e.set()) };
        let mut tries = 0;
        while !e.is_set() {
            assert!(tries < 3, "gives up");
            e.wait_timeout(Duration::from_millis(5));
            tries += 1;
        }
        t.join().unwrap();
    });
    println!("event: {e} {:?}", e.findings().iter().map(|f| f.rule()).collect::<Vec<_>>());
    let e = Explorer::exhaustive().run(|| {
        let e = Arc::new((Mutex::new(false), Condvar::new()));
        let t = { let e = e.clone(); thread::spawn(move || { *e.0.lock().unwrap() = true; e.1.notify_all(); }) };
        let mut tries = 0;
        let mut g = e.0.lock().unwrap();
        while !*g {
            assert!(tries < 3, "gives up");
            g = e.1.wait_timeout(g, Duration::from_millis(5)).unwrap().0;
            tries += 1;
        }
        drop(g);
        t.join().unwrap();
    });
    println!("condvar: {e} {:?}", e.findings().iter().map(|f| f.rule()).collect::<Vec<_>>());
}
