//! [`Local`]: `threading.local`.

use std::{collections::BTreeMap, fmt, sync::Arc};

use crate::rt::{Monitor, thread};

/// A variable of which each thread has its own, as CPython's [`threading.local`]; at first no
/// thread's has a value.
///
/// Where Python's has attributes, this has a value of one type, which may be a struct. A thread's
/// value is dropped some time after the thread has ended.
///
/// [`threading.local`]: https://docs.python.org/3.13/library/threading.html#thread-local-data
///
/// # Examples
///
/// ```
/// use lockwise::threading::{Local, Thread, current_thread};
///
/// static LOCAL_SCHOOL: Local<&str> = Local::new();
///
/// fn process_student() {
///     let std = LOCAL_SCHOOL.get().unwrap();
///     println!("Hello, {std} (in {})", current_thread().name());
/// }
///
/// fn process_thread(name: &'static str) {
///     LOCAL_SCHOOL.set(name);
///     process_student();
/// }
///
/// let t1 = Thread::new(|| process_thread("Alice")).named("Thread-A");
/// let t2 = Thread::new(|| process_thread("Bob")).named("Thread-B");
/// t1.start()?;
/// t2.start()?;
/// t1.join()?;
/// t2.join()?;
/// assert_eq!(LOCAL_SCHOOL.get(), None);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Local<T> {
    values: Monitor<BTreeMap<u64, Value<T>>>,
}

struct Value<T> {
    owner: thread::Thread,
    value: Arc<T>,
}

impl<T> Local<T> {
    /// A variable without values.
    #[must_use]
    pub const fn new() -> Self {
        Self { values: Monitor::new(BTreeMap::new()) }
    }

    /// Gives this thread's variable a value.
    pub fn set(&self, value: T) {
        let owner = thread::Thread::current();
        let number = owner.number();
        let mut values = self.values.enter();
        let mut gone = Vec::new();
        if !values.contains_key(&number) {
            let ended = |(_, value): (&u64, &Value<T>)| value.owner.is_finished();
            let ended: Vec<_> = values.iter().filter(|v| ended(*v)).map(|(n, _)| *n).collect();
            gone.extend(ended.iter().filter_map(|number| values.remove(number)));
        }
        gone.extend(values.insert(number, Value { owner, value: Arc::new(value) }));
        // What dropping the values does is the program's affair, and not done within the monitor.
        drop(values);
        drop(gone);
    }

    /// Hands `f` this thread's value; `None` if it has none.
    pub fn with<R>(&self, f: impl FnOnce(&T) -> R) -> Option<R> {
        let values = self.values.enter();
        let value = Arc::clone(&values.get(&thread::Thread::current().number())?.value);
        drop(values);
        Some(f(&value))
    }

    /// This thread's value, if it has one. (Python raises an `AttributeError` if not.)
    #[must_use]
    pub fn get(&self) -> Option<T>
    where
        T: Clone,
    {
        self.with(T::clone)
    }

    /// Takes this thread's value away: `del local.attribute`. Returns whether it had one.
    pub fn clear(&self) -> bool {
        let number = thread::Thread::current().number();
        let value = self.values.enter().remove(&number);
        value.is_some()
    }
}

impl<T> Default for Local<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> fmt::Debug for Local<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Local").finish_non_exhaustive()
    }
}
