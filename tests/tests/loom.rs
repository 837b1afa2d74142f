//! Every variant and every trap in every schedule, by loom: what must be found is found, and what
//! is clean is clean in all of them.
//!
//! One test a program: loom's models of one process run one at a time anyway.
#![cfg(feature = "loom")]

use lockwise::loom::Builder;
use lockwise_fixtures::{Model, Program, programs, traps};
use lockwise_tests::judge;
