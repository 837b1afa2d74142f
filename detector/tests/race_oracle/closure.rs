//! Happens-before by definition: all edges, and their transitive closure.

use std::sync::atomic::Ordering::{self, AcqRel, Acquire, Release, SeqCst};

use lockwise_detector::{ThreadId, op::Mode};

use crate::trace::{Deed, Trace};

/// Which steps of a trace come before which.
pub(crate) struct Closure {
    before: Vec<Vec<bool>>,
}

impl Closure {
    pub(crate) fn happens_before(trace: &Trace) -> Self {
        Self::of(trace, |a, b| always(trace, a, b) || sections(trace, a, b))
    }

    pub(crate) fn must_happen_before(trace: &Trace) -> Self {
        Self::of(trace, |a, b| always(trace, a, b))
    }

    /// Warshall's algorithm. Every edge leads from an earlier step to a later one.
    fn of(trace: &Trace, edge: impl Fn(usize, usize) -> bool) -> Self {
        let steps = trace.steps.len();
        let mut before: Vec<Vec<bool>> =
            (0..steps).map(|b| (0..steps).map(|a| a < b && edge(a, b)).collect()).collect();
        for middle in 0..steps {
            for b in 0..steps {
                for a in 0..steps {
                    before[b][a] |= before[b][middle] && before[middle][a];
                }
            }
        }
        Self { before }
    }

    pub(crate) fn orders(&self, earlier: usize, later: usize) -> bool {
        self.before[later][earlier]
    }
}

fn thread(trace: &Trace, step: usize) -> ThreadId {
    trace.steps[step].thread()
}

/// Whether `a`, which comes first in the trace, is before `b` by program order or because
/// something that `a` did synchronizes with `b`.
fn always(trace: &Trace, a: usize, b: usize) -> bool {
    if thread(trace, a) == thread(trace, b) {
        return true;
    }
    let is = |step: usize, id: usize| thread(trace, step).index() == id;
    match (trace.steps[a].deed, trace.steps[b].deed) {
        (Deed::Spawn(child) | Deed::Notify(child), _) if is(b, child) => true,
        (Deed::Exit, Deed::Join(child)) => is(a, child),
        (Deed::Unpark(target), Deed::Unparked) => is(b, target),
        (Deed::Publish(object, token), Deed::Observe(from, taken)) => {
            (object, token) == (from, taken)
        }
        _ => synchronizes(trace, a, b),
    }
}

/// Whether `a` releases a lock and `b` acquires it, and not both for reading.
fn sections(trace: &Trace, a: usize, b: usize) -> bool {
    match (trace.steps[a].deed, trace.steps[b].deed) {
        (Deed::Release(lock, ended), Deed::Acquire(same, begun)) => {
            lock == same && (ended, begun) != (Mode::Shared, Mode::Shared)
        }
        _ => false,
    }
}

/// C11, 7.17.3 and 7.17.4, in one sentence: `a` releases at a write, `b` acquires from a read, and
/// the read takes its value from the release sequence that the write heads.
fn synchronizes(trace: &Trace, a: usize, b: usize) -> bool {
    let steps = 0..trace.steps.len();
    let mut writes = steps.clone().filter(|write| releases_at(trace, a, *write));
    writes.any(|write| {
        let mut reads = steps.clone().filter(|read| acquires_from(trace, *read, b));
        reads.any(|read| {
            source(trace, read).is_some_and(|source| in_release_sequence(trace, write, source))
        })
    })
}

/// Whether `a` is the atomic write, with release, or a release fence before it in its thread.
fn releases_at(trace: &Trace, a: usize, write: usize) -> bool {
    let releases = |ordering| matches!(ordering, Release | AcqRel | SeqCst);
    if !is_write(trace, write) {
        return false;
    }
    match trace.steps[a].deed {
        Deed::Fence(ordering) => {
            releases(ordering) && a < write && thread(trace, a) == thread(trace, write)
        }
        Deed::Store(_, ordering) | Deed::Rmw(_, ordering) => a == write && releases(ordering),
        _ => false,
    }
}

/// Whether `b` is the atomic read, with acquire, or an acquire fence after it in its thread.
fn acquires_from(trace: &Trace, read: usize, b: usize) -> bool {
    let acquires = |ordering: Ordering| matches!(ordering, Acquire | AcqRel | SeqCst);
    if !matches!(trace.steps[read].deed, Deed::Load(..) | Deed::Rmw(..)) {
        return false;
    }
    match trace.steps[b].deed {
        Deed::Fence(ordering) => {
            acquires(ordering) && read < b && thread(trace, read) == thread(trace, b)
        }
        Deed::Load(_, ordering) | Deed::Rmw(_, ordering) => read == b && acquires(ordering),
        _ => false,
    }
}

fn is_write(trace: &Trace, step: usize) -> bool {
    matches!(trace.steps[step].deed, Deed::Store(..) | Deed::Rmw(..))
}

/// Whether both are accesses of one atomic.
fn same_atomic(trace: &Trace, a: usize, b: usize) -> bool {
    let atomic = |step: usize| match trace.steps[step].deed {
        Deed::Load(atomic, _) | Deed::Store(atomic, _) | Deed::Rmw(atomic, _) => Some(atomic),
        _ => None,
    };
    atomic(a).is_some() && atomic(a) == atomic(b)
}

/// The write that `read` takes its value from: the last one before it.
fn source(trace: &Trace, read: usize) -> Option<usize> {
    (0..read).rev().find(|write| is_write(trace, *write) && same_atomic(trace, *write, read))
}

/// Whether `member` is `head`, or only read-modify-writes lie between the two and it is one too.
fn in_release_sequence(trace: &Trace, head: usize, member: usize) -> bool {
    same_atomic(trace, head, member)
        && head <= member
        && (head + 1..=member)
            .filter(|step| is_write(trace, *step) && same_atomic(trace, head, *step))
            .all(|step| matches!(trace.steps[step].deed, Deed::Rmw(..)))
}
