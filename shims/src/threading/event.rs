//! [`Event`]: `threading.Event`.

use std::{fmt, time::Duration};

use lockwise_detector::{
    Action,
    op::{ObjectKind, Purpose},
};

use crate::rt::{self, Meta, Monitor, RawCondvar, Until};

/// A flag that threads can wait for, as CPython's [`threading.Event`].
///
/// Everything before a [`set`](Event::set) happens before what follows a wait that it ended, or an
/// [`is_set`](Event::is_set) that saw it.
///
/// [`threading.Event`]: https://docs.python.org/3.13/library/threading.html#event-objects
///
/// # Examples
///
/// Connecting once the network is up:
///
/// ```
/// use lockwise::{sync::Arc, threading::{Event, Thread}};
/// use std::time::Duration;
///
/// let network = Arc::new(Event::new());
/// let e = network.clone();
/// let check_net = Thread::new(move || e.set());
/// check_net.start()?;
/// while !network.wait_timeout(Duration::from_millis(500)) {
///     println!("网络暂时不通");
/// }
/// println!("终于可以连了");
/// check_net.join()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Event {
    meta: Meta,
    state: Monitor<Flag>,
    set: RawCondvar,
}

struct Flag {
    set: bool,
    /// How many times it was set: who waits through a `set` is free, even if a `clear` follows
    /// before it looks.
    sets: u64,
}

impl Event {
    /// An event that is not set.
    #[must_use]
    #[track_caller]
    pub const fn new() -> Self {
        Self::over(Meta::of::<Self>(ObjectKind::Event))
    }

    /// An event that is not set, and that reports call `name`.
    #[must_use]
    #[track_caller]
    pub const fn named(name: &'static str) -> Self {
        Self::over(Meta::of::<Self>(ObjectKind::Event).named(name))
    }

    const fn over(meta: Meta) -> Self {
        Self { meta, state: Monitor::new(Flag { set: false, sets: 0 }), set: RawCondvar::quiet() }
    }

    /// Whether it is set.
    #[must_use]
    #[track_caller]
    pub fn is_set(&self) -> bool {
        self.wait_until(Until::Now)
    }

    /// Sets it, and wakes all threads that wait for it.
    #[track_caller]
    pub fn set(&self) {
        let mut state = self.state.enter();
        state.set = true;
        state.sets += 1;
        let token = state.sets;
        rt::emit(&self.meta, Action::Publish { object: self.meta.id(), token });
        self.set.notify(true);
    }

    /// Makes it unset again.
    #[track_caller]
    pub fn clear(&self) {
        self.state.enter().set = false;
    }

    /// Waits until it is set.
    ///
    /// # Panics
    ///
    /// If it is found that nobody is left who could set it.
    #[track_caller]
    pub fn wait(&self) {
        self.wait_until(Until::Forever);
    }

    /// [`Event::wait`] no longer than `timeout`; false if it was not set in time.
    #[track_caller]
    pub fn wait_timeout(&self, timeout: Duration) -> bool {
        self.wait_until(Until::after(timeout))
    }

    #[track_caller]
    fn wait_until(&self, until: Until) -> bool {
        let object = self.meta.id();
        let mut state = self.state.enter();
        let before = state.sets;
        let at = (&self.meta, Purpose::Event);
        let set = state.wait_at(&self.set, at, until, |flag| flag.set || flag.sets != before);
        if set {
            rt::emit(&self.meta, Action::Observe { object, token: state.sets });
        }
        set
    }
}

impl Default for Event {
    #[track_caller]
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Event").field("set", &self.state.enter().set).finish_non_exhaustive()
    }
}
