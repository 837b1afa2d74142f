//! The options that there are.

#[lockwise_macros::test(max_step = 1000)]
fn misspelt() {}

#[lockwise_macros::test(exhaustive)]
fn a_word() {}

fn main() {}
