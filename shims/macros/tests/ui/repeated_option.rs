//! Each option is given once.

#[lockwise_macros::test(max_steps = 1, random = 7, max_steps = 2)]
fn another_value() {}

#[lockwise_macros::test(spurious_wakeups, spurious_wakeups)]
fn a_word() {}

fn main() {}
