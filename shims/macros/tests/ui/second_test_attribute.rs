//! A function is one test.

#[lockwise_macros::test]
#[test]
fn ordinary() {}

#[lockwise_macros::test]
#[lockwise_macros::test(random = 7)]
fn twice() {}

fn main() {}
