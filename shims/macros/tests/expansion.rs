//! The attribute on real tests, with a stub in place of the crate `lockwise`.
//!
//! The stub's explorer runs a body twice, and tells it how it was set up.

// What the attributes of tests switch off is an error here.
#![deny(unused_variables, unused_mut)]

use std::process::Command;

/// What the expansion needs of the crate `lockwise`.
mod stub {
    pub(crate) mod explore {
        use std::{
            cell::{Cell, RefCell},
            process::{ExitCode, Termination},
            time::Duration,
        };

        thread_local! {
            static SETTINGS: RefCell<String> = const { RefCell::new(String::new()) };
            static RUN: Cell<u32> = const { Cell::new(0) };
        }

        /// How the explorer of the running body was set up.
        pub(crate) fn settings() -> String {
            SETTINGS.with_borrow(String::clone)
        }

        /// Which run of the body this is, from 1.
        pub(crate) fn run() -> u32 {
            RUN.get()
        }

        #[derive(Debug)]
        pub(crate) enum MemoryModel {
            Sc,
            Rc11,
        }

        #[derive(Debug)]
        pub(crate) enum Strategy {
            Pct,
        }

        pub(crate) struct Explorer(Vec<String>);

        impl Explorer {
            pub(crate) fn exhaustive() -> Self {
                Self(vec!["exhaustive".to_owned()])
            }

            pub(crate) fn random(seed: u64) -> Self {
                Self(vec![format!("random {seed}")])
            }

            fn with(mut self, setting: String) -> Self {
                self.0.push(setting);
                self
            }

            pub(crate) fn memory_model(self, model: MemoryModel) -> Self {
                self.with(format!("{model:?}"))
            }

            pub(crate) fn strategy(self, strategy: Strategy) -> Self {
                self.with(format!("{strategy:?}"))
            }

            pub(crate) fn max_executions(self, count: u64) -> Self {
                self.with(format!("executions {count}"))
            }

            pub(crate) fn max_steps(self, count: u64) -> Self {
                self.with(format!("steps {count}"))
            }

            pub(crate) fn max_preemptions(self, count: usize) -> Self {
                self.with(format!("preemptions {count}"))
            }

            pub(crate) fn max_duration(self, duration: Duration) -> Self {
                self.with(format!("duration {duration:?}"))
            }

            pub(crate) fn stack_size(self, size: usize) -> Self {
                self.with(format!("stack {size}"))
            }

            pub(crate) fn spurious_wakeups(self, on: bool) -> Self {
                self.with(format!("spurious {on}"))
            }

            pub(crate) fn check<R: Termination>(self, f: impl Fn() -> R + Send + Sync + 'static) {
                SETTINGS.set(self.0.join(", "));
                for run in 1..=2 {
                    RUN.set(run);
                    assert_eq!(f().report(), ExitCode::SUCCESS, "failed in run {run}");
                }
            }
        }
    }
}

use stub::explore::{run, settings};

#[lockwise_macros::test(crate = crate::stub)]
fn plain() {
    assert_eq!(settings(), "exhaustive");
}

#[lockwise_macros::test(
    crate = crate::stub,
    random = 0xFF,
    strategy = "pct",
    memory_model = "rc11",
    max_executions = 1_000,
    max_steps = 2,
    max_preemptions = 0,
    max_duration = "1500ms",
    stack_size = 65_536,
    spurious_wakeups,
)]
fn every_option() {
    assert_eq!(
        settings(),
        "random 255, Pct, Rc11, executions 1000, steps 2, preemptions 0, duration 1.5s, \
         stack 65536, spurious true"
    );
}

#[lockwise_macros::test(crate = crate::stub, memory_model = "sc")]
#[should_panic(expected = "in run 2")]
fn runs_again() {
    assert!(run() < 2, "in run {}", run());
}

#[lockwise_macros::test(crate = crate::stub)]
fn result() -> Result<(), std::num::ParseIntError> {
    "7".parse::<u32>()?;
    Ok(())
}

#[lockwise_macros::test(crate = crate::stub)]
#[should_panic(expected = "failed in run 1")]
fn an_error_fails() -> Result<(), std::num::ParseIntError> {
    "seven".parse::<u32>()?;
    Ok(())
}

#[lockwise_macros::test(crate = crate::stub)]
#[should_panic(expected = "does not return")]
fn never() -> ! {
    panic!("does not return")
}

/// Its type follows from the function's, as in any function.
#[lockwise_macros::test(crate = crate::stub)]
fn the_last_expression_is_a_unit() {
    Default::default()
}

#[lockwise_macros::test(crate = crate::stub)]
#[ignore = "to be seen in the list of ignored tests"]
fn ignored() {}

#[test]
fn ignore_stays() {
    let me = std::env::current_exe().unwrap();
    let listed = Command::new(me).args(["--list", "--ignored"]).output().unwrap();
    let listed = String::from_utf8(listed.stdout).unwrap();
    assert_eq!(listed.lines().next(), Some("ignored: test"), "{listed}");
}

#[lockwise_macros::test(crate = crate::stub)]
#[cfg(any())]
fn configured_out() {
    there::is::no::such::function();
}

#[cfg(test)]
#[lockwise_macros::test(crate = crate::stub)]
#[cfg(test)]
fn configured_in() {}

#[lockwise_macros::test(crate = crate::stub)]
#[allow(unused_variables)]
fn outer_attributes() {
    let unused = 1;
}

#[lockwise_macros::test(crate = crate::stub)]
fn inner_attributes() {
    #![allow(unused_variables)]
    let unused = 1;
}

mod nested {
    /// A path is meant as it is where the test is.
    #[lockwise_macros::test(crate = super::stub)]
    pub(crate) fn elsewhere() {}

    #[test]
    fn can_be_called() {
        elsewhere();
    }
}

macro_rules! tests {
    ($($name:ident: $seed:literal, $steps:expr, $duration:literal => $body:block)*) => { $(
        #[lockwise_macros::test(
            crate = $crate::stub,
            random = $seed,
            max_steps = $steps,
            max_duration = $duration,
        )]
        fn $name() $body
    )* };
}

tests! {
    made_by_a_macro: 7, 1000, "2m" => {
        assert_eq!(settings(), "random 7, steps 1000, duration 120s");
    }
}
