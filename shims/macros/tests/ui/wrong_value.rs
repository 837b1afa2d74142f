//! What each option takes.

#[lockwise_macros::test(memory_model = "tso")]
fn memory_model() {}

#[lockwise_macros::test(memory_model = Sc)]
fn memory_model_is_no_path() {}

#[lockwise_macros::test(random = "seed")]
fn random() {}

#[lockwise_macros::test(random = 7, strategy = "dfs")]
fn strategy() {}

#[lockwise_macros::test(max_executions = -1)]
fn max_executions() {}

#[lockwise_macros::test(max_steps = 18446744073709551616)]
fn max_steps() {}

#[lockwise_macros::test(max_preemptions = 1 + 1)]
fn max_preemptions() {}

#[lockwise_macros::test(max_duration = "1h")]
fn max_duration() {}

#[lockwise_macros::test(max_duration = 10)]
fn max_duration_is_no_number() {}

#[lockwise_macros::test(stack_size = 1.5)]
fn stack_size() {}

#[lockwise_macros::test(spurious_wakeups = true)]
fn spurious_wakeups() {}

#[lockwise_macros::test(crate = "stub")]
fn path() {}

fn main() {}
