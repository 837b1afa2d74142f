// As little of a facade as the probe asks for, with a hole where `--cfg hole="..."` says so.
#![allow(hidden_glob_reexports)]

pub use ::std::*;

pub mod sync {
    pub use ::std::sync::*;

    #[cfg(not(hole = "mutex"))]
    pub struct Mutex<T>(pub T);

    pub mod atomic {
        pub use ::std::sync::atomic::*;

        #[cfg(not(hole = "atomic"))]
        pub struct AtomicUsize(pub usize);
    }
}

pub mod thread {
    pub use ::std::thread::*;

    pub struct Local<T>(pub T);

    #[cfg(not(hole = "thread"))]
    pub struct JoinHandle<T>(pub T);

    #[cfg(not(hole = "thread"))]
    pub fn spawn<T>(body: impl FnOnce() -> T) -> JoinHandle<T> {
        JoinHandle(body())
    }
}

#[cfg(not(hole = "local"))]
#[macro_export]
macro_rules! thread_local {
    (static $name:ident: $t:ty = const $init:block;) => {
        static $name: $crate::thread::Local<$t> = $crate::thread::Local($init);
    };
}

pub mod prelude {
    macro_rules! preludes {
        ($($edition:ident)*) => {$(
            pub mod $edition {
                pub use ::std::prelude::$edition::*;
                #[cfg(not(hole = "test"))]
                pub use fake_macros::test;
                #[cfg(not(hole = "local"))]
                pub use crate::thread_local;
            }
        )*};
    }

    preludes! { v1 rust_2015 rust_2018 rust_2021 rust_2024 }
}

pub mod __lockwise {
    use std::sync::atomic::{AtomicUsize, Ordering};

    pub use ::std::prelude::v1::test;

    static RAN: AtomicUsize = AtomicUsize::new(0);

    pub fn count() {
        RAN.fetch_add(1, Ordering::Relaxed);
    }

    #[cfg(not(hole = "interface"))]
    pub fn tests_run() -> usize {
        RAN.load(Ordering::Relaxed)
    }
}
