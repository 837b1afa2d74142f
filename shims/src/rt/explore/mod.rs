//! The explore world (in the making): what its threads run on, and what guards them.
#![allow(dead_code, reason = "nobody explores yet")]

#[cfg(test)]
mod child;
mod overflow;
mod stack;
mod watchdog;
