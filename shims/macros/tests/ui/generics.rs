//! Nobody could choose them.

#[lockwise_macros::test]
fn type_parameter<T: Default>() {}

#[lockwise_macros::test]
fn lifetime<'a>() {}

#[lockwise_macros::test]
fn where_clause()
where
    u32: Copy,
{
}

fn main() {}
