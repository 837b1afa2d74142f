//! Threads are explored, tasks are not.

#[lockwise_macros::test]
async fn test() {}

fn main() {}
