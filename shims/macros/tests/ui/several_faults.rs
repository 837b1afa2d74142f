//! Everything wrong in one test is said at once.

#[lockwise_macros::test(strategy = "dfs", 7, max_step = 1000, memory_model = "sc", memory_model = "sc")]
async fn test<T>(_value: T) {}

fn main() {}
