//! Only plain functions are tests.

#[lockwise_macros::test]
const fn constant() {}

#[lockwise_macros::test]
unsafe fn without_promises() {}

#[lockwise_macros::test]
extern "C" fn foreign() {}

fn main() {}
