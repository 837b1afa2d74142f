//! Execution graphs as the oracle names them: an operation is an event, a thread's operations are
//! numbered from 0, an update is one event.

use lockwise_detector::explore::{EventId, Execution, Kind};

use crate::straight::Do;

/// An operation: thread and number.
pub(crate) type Id = (usize, usize);

/// What tells one graph of a program from another.
#[derive(Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub(crate) struct Graph {
    /// For each thread, what each operation that it has done reads from, if it reads; none inside
    /// is the initial value.
    pub(super) threads: Vec<Vec<Option<Option<Id>>>>,
    /// For each location, the writes in modification order.
    pub(super) orders: Vec<Vec<Id>>,
    /// For each mutex, who locked it, in order.
    pub(super) locks: Vec<Vec<Id>>,
}

/// The graph that the explorer made.
pub(crate) fn of_execution(
    execution: &Execution<'_>,
    program: &[Vec<Do>],
    locations: usize,
    locks: usize,
) -> Graph {
    let id = |event: EventId| (event.thread - 1, operation(execution, event));
    let threads = (0..program.len()).map(|thread| {
        let mut operations = Vec::new();
        for (index, kind) in execution.events(thread + 1).enumerate() {
            let event = EventId { thread: thread + 1, index };
            match kind {
                Kind::Read { source, .. } => operations.push(Some(source.map(id))),
                Kind::Write { exclusive: false, .. }
                | Kind::Fence(_)
                | Kind::Acquire(_)
                | Kind::Release(_) => operations.push(None),
                _ => continue,
            }
            assert_eq!(id(event).1 + 1, operations.len());
        }
        operations
    });
    let order = |location| execution.modification_order(location).iter().copied().map(id).collect();
    let sections = |lock| execution.sections(lock).into_iter().map(id).collect();
    Graph {
        threads: threads.collect(),
        orders: (0..locations).map(order).collect(),
        locks: (0..locks).map(sections).collect(),
    }
}

/// The number of the operation that an event belongs to: how many others came before.
fn operation(execution: &Execution<'_>, event: EventId) -> usize {
    let events = execution.events(event.thread).take(event.index + 1);
    let counted = events.filter(|kind| {
        !matches!(kind, Kind::Begin { .. } | Kind::Request(_) | Kind::Write { exclusive: true, .. })
    });
    counted.count() - 1
}
