//! Options without the value that they need.

#[lockwise_macros::test(memory_model)]
fn memory_model() {}

#[lockwise_macros::test(random)]
fn random() {}

#[lockwise_macros::test(max_steps = )]
fn max_steps() {}

#[lockwise_macros::test(max_duration)]
fn max_duration() {}

#[lockwise_macros::test(crate)]
fn path() {}

fn main() {}
