//! What is no list of options.

#[lockwise_macros::test("sc")]
fn a_literal() {}

#[lockwise_macros::test(max_steps(1000))]
fn parentheses() {}

#[lockwise_macros::test(max_steps: 1000)]
fn a_colon() {}

#[lockwise_macros::test(max_steps = 1000 spurious_wakeups)]
fn no_comma() {}

#[lockwise_macros::test(spurious_wakeups,, random = 7)]
fn two_commas() {}

fn main() {}
