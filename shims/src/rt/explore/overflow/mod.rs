//! What a thread of a model gets that overflows its stack: a message, and the end of the process.
//!
//! Below each stack lies a guard page, and who touches that is stopped by a signal. std's handler
//! knows the guard pages of std's own threads only and would let the process die without a word.
//! So there is one before it (`signal`), for faults in the guard page of the stack that is run on
//! at the moment. Any other fault goes to the handler that was there before, and does what it would
//! have done: so does one of C code that steps over the guard page, as Rust's does not.
//!
//! There is such a handler on Linux, macOS and FreeBSD. Elsewhere an overflow ends the process
//! as the system has it.

#[cfg(any(target_os = "linux", target_os = "macos", target_os = "freebsd"))]
mod signal;
#[cfg(all(test, any(target_os = "linux", target_os = "macos", target_os = "freebsd")))]
mod tests;

use std::{
    fmt::{self, Display, Formatter},
    marker::PhantomData,
    sync::Arc,
};

use corosensei::stack::{DefaultStack, Stack};

/// A thread of a model on the stack that it has for its life.
pub(super) struct Tenant {
    /// The lowest address of the stack, which is the guard page's.
    lowest: usize,
    /// The address above the highest one.
    top: usize,
    number: u32,
    name: Option<Arc<str>>,
}

impl Tenant {
    /// The thread spawned as `number`th (the main thread is 0), which will run on `stack`.
    #[inline]
    pub(super) fn of(stack: &DefaultStack, number: u32, name: Option<Arc<str>>) -> Self {
        Self { lowest: stack.limit().get(), top: stack.base().get(), number, name }
    }

    /// Calls `resume`, which resumes the thread's coroutine: until it returns the thread runs.
    /// Costs about a nanosecond.
    #[inline]
    pub(super) fn run<R>(&self, resume: impl FnOnce() -> R) -> R {
        signal::run(self, resume)
    }

    pub(super) fn who(&self) -> Who<'_> {
        Who { number: self.number, name: self.name.as_deref() }
    }
}

/// A thread of a model, for those who read of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Who<'a> {
    /// In order of spawning.
    pub(super) number: u32,
    pub(super) name: Option<&'a str>,
}

impl Display for Who<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.name {
            Some(name) => write!(f, "thread `{name}`"),
            None => {
                write!(f, "thread {} (in order of spawning, the main thread is 0)", self.number)
            }
        }
    }
}

/// Has overflows on this thread of the operating system reported, as long as it is kept.
pub(super) struct Watch {
    _signals: Option<signal::SignalStack>,
    _here: PhantomData<*const ()>,
}

/// Begins to watch for overflows on the calling thread.
pub(super) fn watch() -> Watch {
    signal::install();
    Watch { _signals: signal::SignalStack::if_needed(), _here: PhantomData }
}

#[cfg(not(any(target_os = "linux", target_os = "macos", target_os = "freebsd")))]
mod signal {
    use super::Tenant;

    pub(super) enum SignalStack {}

    impl SignalStack {
        pub(super) fn if_needed() -> Option<Self> {
            None
        }
    }

    pub(super) fn install() {}

    #[inline]
    pub(super) fn run<R>(tenant: &Tenant, resume: impl FnOnce() -> R) -> R {
        // Nobody asks for them.
        let _ = (tenant.lowest, tenant.top);
        resume()
    }
}
