//! probe
use lockwise::{
    explore::Explorer,
    sync::{Arc, Condvar, Mutex},
    thread,
};
use std::time::Duration;

#[derive(Default)]
struct Q {
    item: Mutex<Option<usize>>,
    a: Condvar,
    b: Condvar,
}
fn prog(kind: u8, items: usize, pc: (usize, usize)) {
    let q = Arc::new(Q::default());
    let mut ts = vec![];
    let wake = move |c: &Condvar| if kind == 2 { c.notify_all() } else { c.notify_one() };
    for p in 0..pc.0 {
        let q = q.clone();
        ts.push(thread::spawn(move || {
            for i in 0..items {
                let mut g = q.item.lock().unwrap();
                while g.is_some() {
                    g = q.a.wait(g).unwrap();
                }
                *g = Some(p * items + i);
                wake(if kind == 1 { &q.b } else { &q.a });
            }
        }));
    }
    for _ in 0..pc.1 {
        let q = q.clone();
        ts.push(thread::spawn(move || {
            for _ in 0..items {
                let mut g = q.item.lock().unwrap();
                loop {
                    if g.take().is_some() {
                        wake(&q.a);
                        break;
                    }
                    g = (if kind == 1 { &q.b } else { &q.a }).wait(g).unwrap();
                }
            }
        }));
    }
    for t in ts {
        t.join().unwrap();
    }
}
#[test]
fn probe() {
    for kind in 0..3 {
        for (items, pc) in [(1, (1, 1)), (2, (1, 1)), (1, (2, 2))] {
            let e = Explorer::exhaustive()
                .max_duration(Duration::from_secs(30))
                .run(move || prog(kind, items, pc));
            println!(
                "{kind} {items} {pc:?}: {e} {:.2?} {:?}",
                e.duration(),
                e.findings().iter().map(|f| f.rule()).collect::<Vec<_>>()
            );
        }
    }
}
