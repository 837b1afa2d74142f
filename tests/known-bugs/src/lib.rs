//! What the drivers of known bugs share.

use lockwise::explore::{Explorer, Heap};

/// Crates keep addresses in atomics.
#[global_allocator]
static HEAP: Heap = Heap;

/// Explores `program` up to its first fault, and fails if there is one, as a test does. What came of
/// it is printed on one line, for `cargo xtask known-bugs`.
///
/// # Panics
///
/// If there is a fault.
pub fn drive(explorer: Explorer, program: impl Fn() + Send + Sync + 'static) {
    let exploration = explorer.stop_at_first(true).run(program);
    let rule = exploration.findings().first().map_or("none", |finding| finding.rule());
    println!(
        "\nknown-bug: rule={rule} executions={} blocked={} complete={} milliseconds={}",
        exploration.executions(),
        exploration.blocked(),
        exploration.is_complete(),
        exploration.duration().as_millis(),
    );
    if let Some(finding) = exploration.findings().first() {
        println!("{finding}");
        panic!("{rule}: {exploration}");
    }
}
