//! [`Timer`]: `threading.Timer`.

use std::{fmt, ops::Deref, sync::Arc, time::Duration};

use super::{Event, Thread};

/// A thread that runs a function after a while, unless it is cancelled before, as CPython's
/// [`threading.Timer`]. All that a [`Thread`] can do, it can.
///
/// [`threading.Timer`]: https://docs.python.org/3.13/library/threading.html#timer-objects
///
/// # Examples
///
/// ```
/// use lockwise::threading::Timer;
/// use std::time::Duration;
///
/// let timer = Timer::new(Duration::from_millis(1), || println!("hello, world"));
/// timer.start()?;
/// timer.join()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Timer {
    thread: Thread,
    finished: Arc<Event>,
}

impl Timer {
    /// A timer that will run `function` when it has been started and `interval` has passed.
    #[track_caller]
    pub fn new(interval: Duration, function: impl FnOnce() + Send + 'static) -> Self {
        let finished = Arc::new(Event::new());
        let cancelled = finished.clone();
        let thread = Thread::new(move || {
            cancelled.wait_timeout(interval);
            if !cancelled.is_set() {
                function();
            }
            cancelled.set();
        });
        Self { thread, finished }
    }

    /// Stops it, unless it runs its function already.
    #[track_caller]
    pub fn cancel(&self) {
        self.finished.set();
    }
}

impl Deref for Timer {
    type Target = Thread;

    fn deref(&self) -> &Thread {
        &self.thread
    }
}

impl fmt::Debug for Timer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Timer").field(&self.thread).finish()
    }
}
