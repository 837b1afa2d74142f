//! `check --manifest-path` meets projects as users have them, good and bad: each test makes one,
//! runs the command line on it, and looks at the exit code, at what is said and at what is left.
#![cfg(unix)]

mod clean;
mod faults;
mod interrupted;
mod names;
mod nextest;
mod outputs;
mod parts;
mod refused;
mod support;
