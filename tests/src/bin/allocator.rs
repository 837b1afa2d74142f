//! A program whose allocator keeps its books under lockwise's own types: the runtime, which
//! allocates, must neither wait for itself there nor go round in circles.

use std::alloc::{GlobalAlloc, Layout, System};

use lockwise::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

/// Counts what is allocated, twice over.
struct Counting {
    mutex: Mutex<usize>,
    atomic: AtomicUsize,
}

#[global_allocator]
static ALLOCATOR: Counting = Counting { mutex: Mutex::new(0), atomic: AtomicUsize::new(0) };

impl Counting {
    fn count(&self) {
        let mut mutex = self.mutex.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        *mutex += 1;
        self.atomic.fetch_add(1, Ordering::Relaxed);
    }
}

// SAFETY: hands everything on to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        self.count();
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        self.count();
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(pointer, layout) }
    }
}

fn main() {
    let locks = Arc::new((Mutex::new(Vec::new()), Mutex::new(Vec::new())));
    let threads: Vec<_> = (0..8)
        .map(|n| {
            let locks = Arc::clone(&locks);
            thread::spawn(move || {
                for round in 0..500 {
                    let mut first = locks.0.lock().unwrap();
                    first.push(Box::new(n));
                    let mut second = locks.1.lock().unwrap();
                    second.push(format!("{n} {round}"));
                }
            })
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    assert_eq!(locks.1.lock().unwrap().len(), 4_000);
    let counted = *ALLOCATOR.mutex.lock().unwrap();
    assert!(counted > 8_000, "{counted}");
}
