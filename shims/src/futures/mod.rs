//! CPython's [`concurrent.futures`], observed: a pool of threads, and what they will have computed.
//!
//! Everything before a `submit` happens before the task, and everything in the task before what
//! follows a call that saw its end: `result`, `exception`, `done`, [`wait()`], [`as_completed`].
//!
//! [`concurrent.futures`]: https://docs.python.org/3.13/library/concurrent.futures.html

mod completion;
mod error;
mod executor;
mod future;

pub use self::{
    completion::{AsCompleted, ReturnWhen, Waited, as_completed, wait},
    error::{FutureError, SubmitError, TaskPanicked, Timeout},
    executor::{Map, ThreadPoolExecutor},
    future::Future,
};
