//! A strategy draws schedules, so it needs a seed.

#[lockwise_macros::test(strategy = "pct")]
fn exhaustive() {}

fn main() {}
