//! CPython's [`queue`], observed: [`Queue`], [`LifoQueue`] and [`PriorityQueue`].
//!
//! They are one type, [`BaseQueue`], with three disciplines. Like all objects here they are shared
//! by reference: in a `static` (constructors are `const`), an `Arc`, or a scope. `put(block,
//! timeout)` is three methods, `put`, `put_nowait` and `put_timeout`, and so is `get`.
//!
//! Everything before a `put` happens before what follows the `get` that takes the item, and
//! everything before the last `task_done` before what follows a `join`.
//!
//! [`queue`]: https://docs.python.org/3.13/library/queue.html

mod base;
mod discipline;
mod error;

pub use self::{
    base::BaseQueue,
    discipline::{Discipline, Fifo, Lifo, Priority},
    error::{GetError, PutError, ShutDown, TooManyTasksDone},
};

/// First in, first out, as CPython's [`queue.Queue`].
///
/// [`queue.Queue`]: https://docs.python.org/3.13/library/queue.html#queue.Queue
///
/// # Examples
///
/// ```
/// use lockwise::{queue::Queue, sync::Arc, threading::Thread};
///
/// let queue = Arc::new(Queue::new(10));
/// let q = queue.clone();
/// let consumer = Thread::new(move || {
///     while let Ok(item) = q.get() {
///         println!("working on {item}");
///         q.task_done().unwrap();
///     }
/// });
/// consumer.start()?;
/// for item in 0..30 {
///     queue.put(item)?;
/// }
/// queue.join();
/// queue.shutdown(false);
/// consumer.join()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub type Queue<T> = BaseQueue<T, Fifo>;

/// Last in, first out, as CPython's [`queue.LifoQueue`].
///
/// [`queue.LifoQueue`]: https://docs.python.org/3.13/library/queue.html#queue.LifoQueue
pub type LifoQueue<T> = BaseQueue<T, Lifo>;

/// The smallest first, as CPython's [`queue.PriorityQueue`]; of equal items, the first in.
///
/// [`queue.PriorityQueue`]: https://docs.python.org/3.13/library/queue.html#queue.PriorityQueue
pub type PriorityQueue<T> = BaseQueue<T, Priority>;
