//! What only a crate needs that stands in for std: a build passes it to the compiler as
//! `--extern std=...`, and `lockwise-core` as `--extern core=...`.
//!
//! Names that are in scope everywhere come through the preludes, one for each edition, so these
//! have to be ours as well: `thread_local!` and `#[test]`.

/// std's preludes, with what is ours in them.
pub mod prelude {
    macro_rules! preludes {
        ($($edition:ident)*) => {$(
            #[doc = concat!("std's `prelude::", stringify!($edition), "`.")]
            pub mod $edition {
                pub use ::std::prelude::$edition::*;
                pub use lockwise_macros::observed_test as test;

                pub use crate::thread_local;
            }
        )*};
    }

    preludes! { v1 rust_2015 rust_2018 rust_2021 rust_2024 }
}

/// What our macros expand to.
pub mod private {
    use std::sync::atomic::{AtomicUsize, Ordering};

    /// The compiler's own attributes.
    pub use ::std::prelude::v1::test;

    static TESTS: AtomicUsize = AtomicUsize::new(0);

    /// Runs the body of a `#[test]`, whose findings bear this name.
    pub fn run_test<R>(name: &'static str, body: impl FnOnce() -> R) -> R {
        TESTS.fetch_add(1, Ordering::Relaxed);
        crate::report::name_test(name);
        body()
    }

    /// How many bodies of tests have been run: for whoever wants to know that they come here.
    #[must_use]
    pub fn tests_run() -> usize {
        TESTS.load(Ordering::Relaxed)
    }
}
