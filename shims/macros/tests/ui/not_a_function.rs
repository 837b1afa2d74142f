//! Other items cannot be run.

#[lockwise_macros::test]
struct Structure;

#[lockwise_macros::test]
pub mod module {}

#[lockwise_macros::test]
const CONSTANT: u32 = 1;

#[lockwise_macros::test]
unsafe impl Send for Structure {}

fn main() {}
