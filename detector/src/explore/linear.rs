//! Execution graphs as schedules, with few switches between threads.
//!
//! A graph leaves open in which order unrelated events come. Here a thread goes on as far as it
//! can, and only then the next one. Under SC, and wherever a graph of RC11 allows it, the order is
//! one in which every read reads the last write; else it only respects what depends on what, and
//! the schedule says which of the writes before it a read reads.

use super::{
    Execution, MemoryModel,
    consistency::Interleaving,
    graph::{EventId, Graph, Kind},
    program::Step,
    schedule::Schedule,
};

impl Execution<'_> {
    /// The schedule that leads here, under this model.
    #[must_use]
    pub fn schedule(&self, model: MemoryModel) -> Schedule {
        let interleaved = Order::interleaved(self.graph);
        let order = interleaved.unwrap_or_else(|| Order::dependent(self.graph));
        Writer::new(self.graph, model).write(&order.0)
    }
}

/// All events, in an order.
struct Order(Vec<EventId>);

impl Order {
    /// An order in which reads read what was written last; none if there is none.
    fn interleaved(graph: &Graph) -> Option<Self> {
        let mut run = Interleaving::new(graph, true);
        let order = Self::by(graph, |thread| run.step(thread));
        (order.0.len() == graph.len()).then_some(order)
    }

    /// An order in which events follow what they depend on.
    fn dependent(graph: &Graph) -> Self {
        let mut done = vec![0; graph.threads.len()];
        Self::by(graph, |thread| {
            let id = EventId { thread, index: done[thread] };
            let enabled = id.index < graph.thread(thread).len() && graph.is_enabled(id, &done);
            done[thread] += usize::from(enabled);
            enabled
        })
    }

    /// Lets each thread go on as long as `step` can do its next event.
    fn by(graph: &Graph, mut step: impl FnMut(usize) -> bool) -> Self {
        let mut order = Vec::with_capacity(graph.len());
        let mut done = vec![0; graph.threads.len()];
        let mut progress = true;
        while std::mem::take(&mut progress) {
            for thread in 0..done.len() {
                while !waits(graph, EventId { thread, index: done[thread] }, &done) && step(thread)
                {
                    order.push(EventId { thread, index: done[thread] });
                    done[thread] += 1;
                    progress = true;
                }
            }
        }
        Self(order)
    }
}

/// Whether an event is a request for a mutex that is not free yet. A thread asks when it can have
/// it, so that nobody who only enters the queue comes between.
fn waits(graph: &Graph, id: EventId, done: &[usize]) -> bool {
    let Some(Kind::Request(lock)) = graph.thread(id.thread).get(id.index).map(|event| event.kind)
    else {
        return false;
    };
    let before = graph.before(lock, id).filter(|_| graph.is_granted(lock, id));
    let release = before.and_then(|before| before.release);
    release.is_some_and(|release| release.index >= done[release.thread])
}

/// Turns events in an order into decisions.
struct Writer<'a> {
    graph: &'a Graph,
    schedule: Schedule,
    /// The place of each thread in the order of spawns, by its number in the graph.
    spawned: Vec<u32>,
    spawns: u32,
    done: Vec<usize>,
}

impl<'a> Writer<'a> {
    fn new(graph: &'a Graph, model: MemoryModel) -> Self {
        let threads = graph.threads.len();
        Self {
            graph,
            schedule: Schedule::new(model),
            spawned: vec![0; threads],
            spawns: 0,
            done: vec![0; threads],
        }
    }

    fn write(mut self, order: &[EventId]) -> Schedule {
        self.settle();
        for &id in order {
            // It may have come earlier, as what leaves nothing to decide does.
            if id.index >= self.done[id.thread] {
                self.decide(id);
                self.settle();
            }
        }
        let ways = &mut self.schedule.ways;
        ways.truncate(ways.iter().rposition(|way| *way != 0).map_or(0, |last| last + 1));
        self.schedule
    }

    fn decide(&mut self, id: EventId) {
        let kind = self.graph.event(id).kind;
        self.done[id.thread] = id.index + 1;
        if let Some(sort) = sort_of(&kind) {
            self.schedule.steps.push((self.spawned[id.thread], sort));
        }
        let weak = self.schedule.model == MemoryModel::Rc11;
        match kind {
            Kind::Spawn(child) => {
                self.spawns += 1;
                self.spawned[child] = self.spawns;
            }
            Kind::Read { location, source, .. } if weak => {
                let way = self.done_after(location, self.graph.position(location, source));
                self.schedule.ways.push(way);
            }
            Kind::Write { location, exclusive: false, .. } if weak => {
                let way = self.done_after(location, self.graph.position(location, Some(id)));
                self.schedule.ways.push(way);
            }
            _ => {}
        }
    }

    /// How many writes of a location after a place of its modification order have been done.
    fn done_after(&self, location: usize, place: usize) -> u32 {
        let later = &self.graph.locations[location].writes[place..];
        let done = later.iter().filter(|write| write.index < self.done[write.thread]);
        u32::try_from(done.count()).unwrap_or(u32::MAX)
    }

    /// Does what leaves nothing to decide, in the order in which an execution does it.
    fn settle(&mut self) {
        let mut by_spawn: Vec<usize> = (0..self.done.len()).collect();
        loop {
            by_spawn.sort_by_key(|thread| self.spawned[*thread]);
            let settled = by_spawn.iter().find_map(|thread| {
                let id = EventId { thread: *thread, index: self.done[*thread] };
                let kind = self.graph.thread(id.thread).get(id.index)?.kind;
                let settles = settles(&kind) && self.graph.is_enabled(id, &self.done);
                settles.then_some((id, kind))
            });
            let Some((id, kind)) = settled else { return };
            self.done[id.thread] = id.index + 1;
            if let Kind::Choice { value, .. } = kind {
                self.schedule.ways.push(value);
            }
        }
    }
}

/// Whether an event follows at once, wherever it can.
fn settles(kind: &Kind) -> bool {
    matches!(kind, Kind::Begin { .. } | Kind::End | Kind::Choice { .. })
}

/// The sort of the step that an event stands for; none for what is no step of its own.
fn sort_of(kind: &Kind) -> Option<u8> {
    use std::sync::atomic::Ordering::Relaxed;
    let (ordering, location, value) = (Relaxed, 0, 0);
    let update = super::Update::swap(0);
    let (success, failure) = (Relaxed, Relaxed);
    let step = match kind {
        Kind::Read { update: None, .. } => Step::Load { location, ordering },
        Kind::Read { .. } => Step::Update { location, update, success, failure },
        Kind::Write { exclusive: false, .. } => Step::Store { location, value, ordering },
        Kind::Fence(_) => Step::Fence(ordering),
        Kind::Enter(_) => Step::Enter(0),
        Kind::Acquire(_) => Step::Lock(0),
        Kind::Release(_) => Step::Unlock(0),
        Kind::Leave(_) => Step::Leave(0),
        // Whether the signal comes or the group closes is not for the schedule to say.
        Kind::Await { .. } | Kind::Gather(_) => Step::Await(0),
        Kind::Spawn(_) => Step::Spawn(0),
        Kind::Join(_) => Step::Join(0),
        Kind::Signal => Step::Signal(0),
        _ => return None,
    };
    Some(step.sort())
}
