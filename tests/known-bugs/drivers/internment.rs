//! RUSTSEC-2020-0017: internment 0.3.12 frees a value whose last `ArcIntern` is dropped, even if a new
//! one for it has been made in the meantime.

use std::{
    hash::{Hash, Hasher},
    mem::ManuallyDrop,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    thread,
};

use internment::ArcIntern;
use known_bugs::drive;
use lockwise::explore::{Explorer, Strategy};

/// Equal to all others, and counted.
struct Value(Arc<AtomicUsize>);

impl Value {
    fn new(living: &Arc<AtomicUsize>) -> Self {
        living.fetch_add(1, Relaxed);
        Self(Arc::clone(living))
    }
}

impl Drop for Value {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}

impl PartialEq for Value {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Value {}

impl Hash for Value {
    fn hash<H: Hasher>(&self, _: &mut H) {}
}

#[test]
fn what_is_interned_lives() {
    drive(Explorer::random(1).strategy(Strategy::Walk), || {
        let living = Arc::new(AtomicUsize::new(0));
        let first = ArcIntern::new(Value::new(&living));
        let other = thread::spawn(move || drop(first));
        // If it points to nothing, it had better not be dropped.
        let second = ManuallyDrop::new(ArcIntern::new(Value::new(&living)));
        other.join().unwrap();
        assert_eq!(living.load(Relaxed), 1, "the value of an `ArcIntern` was dropped");
        drop(ManuallyDrop::into_inner(second));
    });
}
