//! Accesses to plain memory that nothing orders, in an execution that has ended.
//!
//! They are no events: which of two comes first changes no graph, because a program in which that
//! matters has a data race, and that is to be found here. Happens-before is that of C++20 under
//! both models: that an execution is sequentially consistent does not make a relaxed access order
//! anything.

use super::{EventId, Execution, Kind, consistency::HappensBefore};

/// An access to plain memory.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CellAccess {
    /// To which cell.
    pub cell: u32,
    /// By which thread.
    pub thread: u32,
    /// How many operations the thread had asked for and been answered before.
    pub after: u32,
    /// Whether it writes.
    pub write: bool,
}

impl Execution<'_> {
    /// Two accesses to one cell, one of them a write, that are not ordered by happens-before, as
    /// indices; none if all are. `after` counts events here.
    #[must_use]
    pub fn race(&self, accesses: &[CellAccess]) -> Option<(usize, usize)> {
        let mut order = None;
        for (later, b) in accesses.iter().enumerate() {
            for (earlier, a) in accesses[..later].iter().enumerate() {
                if a.cell != b.cell || a.thread == b.thread || !(a.write || b.write) {
                    continue;
                }
                let order = order.get_or_insert_with(|| HappensBefore::of(self.graph));
                if !self.is_before(order, *a, *b) && !self.is_before(order, *b, *a) {
                    return Some((earlier, later));
                }
            }
        }
        None
    }

    /// Whether a store overwrites a value newer than the one that its thread had read last, and so
    /// may be based on: the store, if there is one.
    #[must_use]
    pub fn lost_update(&self) -> Option<EventId> {
        if self.graph.locations.is_empty() {
            return None;
        }
        self.graph.threads.iter().enumerate().find_map(|(thread, events)| {
            (0..events.len()).find_map(|index| {
                let store = EventId { thread, index };
                self.is_based_on_old(store).then_some(store)
            })
        })
    }

    fn is_based_on_old(&self, store: EventId) -> bool {
        let Kind::Write { location, exclusive: false, .. } = self.graph.event(store).kind else {
            return false;
        };
        let before = self.graph.thread(store.thread)[..store.index].iter().rev();
        let last = before.map(|event| event.kind).find(|kind| match kind {
            Kind::Read { location: own, .. } | Kind::Write { location: own, .. } => {
                *own == location
            }
            _ => false,
        });
        let Some(Kind::Read { source, .. }) = last else { return false };
        self.graph.position(location, Some(store)) > self.graph.position(location, source) + 1
    }

    fn is_before(&self, order: &HappensBefore, a: CellAccess, b: CellAccess) -> bool {
        let number = |key: u32| self.machine.thread(key as usize);
        let (Some(from), Some(to)) = (number(a.thread), number(b.thread)) else { return true };
        b.after > 0 && order.count(to, b.after as usize - 1, from) > a.after as usize
    }
}
