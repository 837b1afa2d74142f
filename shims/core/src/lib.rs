//! core, where `lockwise` stands in for std.
//!
//! `core::sync::atomic::AtomicBool` and `std::sync::atomic::AtomicBool` are one type, and both must
//! be the observed one; the same holds of all that std takes from core and lockwise observes. What
//! lockwise overrides beyond that has no place in core.

pub use ::core::*;
/// A crate may say `extern crate core as std`, and our macros say `std`.
#[cfg(feature = "facade")]
#[doc(hidden)]
pub use lockwise::__lockwise;

/// core's `hint`.
pub mod hint {
    pub use ::core::hint::*;
    pub use lockwise::hint::spin_loop;
}

/// core's `prelude`.
pub mod prelude {
    macro_rules! preludes {
        ($($edition:ident)*) => {$(
            #[doc = concat!("core's `prelude::", stringify!($edition), "`.")]
            pub mod $edition {
                pub use ::core::prelude::$edition::*;
                pub use lockwise_macros::observed_test as test;
            }
        )*};
    }

    preludes! { v1 rust_2015 rust_2018 rust_2021 rust_2024 }
}

/// core's `sync`.
pub mod sync {
    pub use ::core::sync::*;
    pub use lockwise::sync::atomic;
}
