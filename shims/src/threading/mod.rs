//! CPython's [`threading`], observed: the same objects with the same semantics, and a named error
//! where Python raises.
//!
//! What is different, because this is Rust:
//!
//! - Objects are shared as std's are: by reference, from a `static` (constructors are `const`), an
//!   `Arc`, or a scope. Where a Python program gives one lock two names, use `Arc::clone`.
//!   [`Thread`], a handle in Python too, is `Clone`.
//! - `acquire(blocking, timeout)` is three methods: `acquire`, `try_acquire`, `acquire_timeout`;
//!   and so for everything that waits. `with lock:` is `let _held = lock.hold();`.
//! - When Rust's `main` returns, the process ends, daemons or not. [`join_all`] waits for the
//!   other threads, as Python's interpreter does before it ends.
//! - A program, to [`main_thread`], [`enumerate`], [`active_count`] and the numbers in default names,
//!   is a thread that nobody observed started, and all that descend from it. In a binary that is
//!   all there is; under a test harness each test is a program, and its thread the `MainThread`.
//! - A misuse that Python answers with a `RuntimeError` is an `Err` here, and a finding: under
//!   plain `cargo test` that finding stops the thread before it sees the `Err`.
//!
//! [`threading`]: https://docs.python.org/3.13/library/threading.html

mod barrier;
mod condition;
mod error;
mod event;
mod local;
mod lock;
mod ownership;
mod program;
mod semaphore;
mod thread;
mod timer;

pub use self::{
    barrier::Barrier,
    condition::{Condition, ConditionLock},
    error::{
        AlreadyStarted, BrokenBarrier, JoinError, NotOwned, OverRelease, ReleaseError,
        ReleaseUnlocked, StartError, ZeroPermits,
    },
    event::Event,
    local::Local,
    lock::{Lock, RLock},
    ownership::Held,
    program::{active_count, current_thread, enumerate, join_all, main_thread},
    semaphore::{BoundedSemaphore, HeldPermit, Semaphore},
    thread::Thread,
    timer::Timer,
};
