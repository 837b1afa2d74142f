//! The attribute `#[lockwise::test]`, and the one that stands in for `#[test]` itself.
//!
//! Users take the first from the crate `lockwise`; its code names that crate's paths, and nothing
//! else of it. `parse` reads what was written and says what is wrong with it, `expand` makes the
//! test. `observed` is what `#[test]` means where lockwise stands in for std.

use proc_macro2::TokenStream;
use quote::quote;

mod expand;
mod observed;
mod parse;

/// A `#[test]` that runs in every interleaving of its threads.
///
/// The body of the function is a closure for `lockwise::explore::Explorer`. It runs once for every
/// way in which its threads can interleave and its atomics can read, as far as these differ. The
/// test fails when one of them deadlocks, races, loses a wakeup, panics or returns an error.
///
/// ```ignore (lockwise depends on this crate)
/// use lockwise::{sync::{Arc, Mutex}, thread};
///
/// #[lockwise::test]
/// fn both_are_counted() {
///     let count = Arc::new(Mutex::new(0));
///     let other = thread::spawn({
///         let count = count.clone();
///         move || *count.lock().unwrap() += 1
///     });
///     *count.lock().unwrap() += 1;
///     other.join().unwrap();
///     assert_eq!(*count.lock().unwrap(), 2);
/// }
///
/// #[lockwise::test(random = 7, strategy = "pct", max_executions = 10_000, max_duration = "10s")]
/// #[should_panic(expected = "deadlock")]
/// fn two_forks() -> Result<(), Box<dyn std::error::Error>> {
///     // ...
///     Ok(())
/// }
/// ```
///
/// # Options
///
/// Each may be given once, in any order.
///
/// | option | effect |
/// |---|---|
/// | `memory_model = "sc"` or `"rc11"` | What the reads of atomics may return: sequential consistency, or what C11's memory orderings allow. |
/// | `random = SEED` | Runs of random schedules from this seed, instead of all schedules. |
/// | `strategy = "walk"`, `"pos"`, `"pct"`, `"surw"` or `"portfolio"` | How random schedules are drawn. Needs `random`. |
/// | `max_executions = N` | Ends the exploration after so many executions. |
/// | `max_steps = N` | Ends an execution after so many steps. |
/// | `max_preemptions = N` | Leaves out schedules with more preemptions than this: switches away from a thread that could go on. |
/// | `max_duration = "500ms"`, `"10s"` or `"2m"` | Ends the exploration after this time. |
/// | `stack_size = N` | The bytes of each thread's stack. |
/// | `spurious_wakeups` | Waits on condition variables may also return without a notification. |
/// | `crate = PATH` | Where the crate `lockwise` is, if not at `::lockwise`. |
///
/// What holds without an option is said at the method of `Explorer` that has its name.
///
/// # The function
///
/// It is as for `#[test]`: no parameters, not generic, and it returns `()` or anything else that is
/// a `std::process::Termination`, named in full (no `impl Trait`). An `Err` fails the test in the
/// execution that returned it; unlike std's, such a test may be `#[should_panic]`.
///
/// All other attributes (`should_panic`, `ignore`, `cfg`, `allow`, documentation) stay what they
/// are. An `async fn` is refused, and so is a function with another attribute named `test` after
/// this one: it would run twice.
///
/// # Expansion
///
/// ```ignore (lockwise depends on this crate)
/// #[lockwise::test(memory_model = "sc", max_executions = 1000)]
/// #[should_panic(expected = "deadlock")]
/// fn name() -> Result<(), Error> {
///     body()
/// }
/// ```
///
/// is
///
/// ```ignore (lockwise depends on this crate)
/// #[::core::prelude::v1::test]
/// #[should_panic(expected = "deadlock")]
/// fn name() {
///     ::lockwise::explore::Explorer::exhaustive()
///         .memory_model(::lockwise::explore::MemoryModel::Sc)
///         .max_executions(1000)
///         .check(|| -> Result<(), Error> { body() })
/// }
/// ```
#[proc_macro_attribute]
pub fn test(
    arguments: proc_macro::TokenStream,
    item: proc_macro::TokenStream,
) -> proc_macro::TokenStream {
    explored_test(arguments.into(), item.into()).into()
}

/// The test, or the errors and the item as it was: what refers to it gives no errors of its own.
fn explored_test(arguments: TokenStream, item: TokenStream) -> TokenStream {
    match parse::parse(arguments, item.clone()) {
        Ok(test) => expand::expand(&test),
        Err(error) => {
            let errors = error.into_compile_error();
            quote!(#errors #item)
        }
    }
}

/// `#[test]` where `std` is lockwise: the body is handed to the runtime.
///
/// All that a `#[test]` may be stays possible: `should_panic`, `ignore`, a result, every edition.
#[doc(hidden)]
#[proc_macro_attribute]
pub fn observed_test(
    _arguments: proc_macro::TokenStream,
    item: proc_macro::TokenStream,
) -> proc_macro::TokenStream {
    observed::expand(item.into()).into()
}
