//! Nobody could pass them.

#[lockwise_macros::test]
fn two(_first: u32, _second: &str) {}

struct Fixture;

impl Fixture {
    #[lockwise_macros::test]
    fn method(&self) {}
}

fn main() {}
