//! The findings of lock order, as data and in words.

use super::search::Link;
use crate::{Certainty, Context, Finding, ObjectId, Rule, finding::Verb, op::Mode};

/// A cycle that threads could close in another run like this one.
pub(super) fn cycle(context: &Context, cycle: &[Link]) -> Finding {
    let names = Names::new(context, cycle);
    let parts = cycle.iter().map(|link| {
        let thread = context.thread_name(link.nesting.thread());
        let (verb, inner, outer) = (verb(link), names.of(link.inner), names.of(link.outer));
        format!("`{thread}` {verb} {inner} while it holds {outer}")
    });
    let message = format!("{}: each can wait for the next for ever", list(parts.collect()));
    let help = if cycle.len() == 2 { "both threads" } else { "all threads" };
    steps(Finding::new(Rule::LockOrderCycle, Certainty::Predicted, message), context, cycle)
        .help(format!("acquire {} in the same order in {help}", names.all()))
        .help("or hold one more lock, always the same, around each of these nested acquisitions")
        .help("or take the inner lock with `try_lock`, and on failure release the outer one and start over")
        .help("or guard with a single lock what is always needed together")
}

/// A cycle among the instances of one class.
pub(super) fn class(context: &Context, cycle: &[Link]) -> Finding {
    let names = Names::new(context, cycle);
    let created = context.object(cycle[0].outer).created;
    let parts = cycle.iter().map(|link| {
        let thread = context.thread_name(link.nesting.thread());
        let (inner, outer) = (names.of(link.inner), names.of(link.outer));
        format!("{inner} under {outer} (by `{thread}`)")
    });
    let message = format!(
        "locks made at {created} are nested in no consistent order: {}; \
         threads that do so at once can wait for each other for ever",
        list(parts.collect())
    );
    steps(Finding::new(Rule::LockClassOrder, Certainty::Predicted, message), context, cycle)
        .help("acquire locks of one kind in the order of a key that each has, such as an id or its address")
        .help("or hold one lock, always the same, whenever two of them are acquired")
        .help("or take the second one with `try_lock`, and on failure release the first and start over")
}

/// The two acquisitions of each link, in the order of the cycle.
fn steps(finding: Finding, context: &Context, cycle: &[Link]) -> Finding {
    cycle.iter().fold(finding, |finding, link| {
        let nesting = &link.nesting;
        let (lock, want) = (nesting.outer, nesting.request.mode);
        let lock = if lock == Mode::Shared { Verb::ReadLock } else { Verb::Lock };
        let want = if want == Mode::Shared { Verb::WantRead } else { Verb::WantLock };
        let (outer, inner) = (nesting.outer_place.clone(), nesting.request.place.clone());
        finding.step(context, nesting.thread(), lock, Some(link.outer), outer).step(
            context,
            nesting.thread(),
            want,
            Some(link.inner),
            inner,
        )
    })
}

fn verb(link: &Link) -> &'static str {
    match link.nesting.request.mode {
        Mode::Exclusive => Verb::Lock.phrase(),
        Mode::Shared => Verb::ReadLock.phrase(),
    }
}

/// `a`, `a and b`, `a, b and c`.
fn list(mut parts: Vec<String>) -> String {
    let last = parts.pop().unwrap_or_default();
    if parts.is_empty() { last } else { format!("{} and {last}", parts.join(", ")) }
}

/// What to call each lock of a cycle.
struct Names(Vec<(ObjectId, String)>);

impl Names {
    fn new(context: &Context, cycle: &[Link]) -> Self {
        let plain: Vec<_> =
            cycle.iter().map(|link| (link.outer, context.object_label(link.outer))).collect();
        let numbered = (1..).zip(&plain).map(|(number, (lock, name))| {
            let twins = plain.iter().filter(|(_, other)| other == name).count();
            (*lock, if twins > 1 { format!("{name} (no. {number})") } else { name.clone() })
        });
        Self(numbered.collect())
    }

    fn of(&self, lock: ObjectId) -> &str {
        self.0.iter().find(|(object, _)| *object == lock).map_or("a lock", |(_, name)| name)
    }

    fn all(&self) -> String {
        list(self.0.iter().map(|(_, name)| name.clone()).collect())
    }
}
