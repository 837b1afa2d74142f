//! The program's threads within one execution: replayed up to what the graph holds, then stepped.

use super::{
    graph::{EventId, Exclusive, Graph, Kind},
    program::{Program, Step},
};

/// A program that did something else than in an earlier execution that was the same so far.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Divergence {
    /// The thread that did.
    pub(super) thread: usize,
    /// Its event, counted from 0, that is not what it was.
    pub(super) index: usize,
}

/// What each thread asks for next, and who has been spawned.
#[derive(Default)]
pub(super) struct Machine {
    upcoming: Vec<Option<Step>>,
    spawned: Vec<Option<EventId>>,
}

impl Machine {
    /// Runs the program through the events of the graph.
    pub(super) fn replay(
        &mut self,
        program: &mut dyn Program,
        graph: &Graph,
    ) -> Result<(), Divergence> {
        program.restart();
        self.upcoming.clear();
        self.spawned.clear();
        let mut result = Ok(());
        graph.in_order(|id| {
            if result.is_ok() {
                result = self.replay_event(program, graph, id);
            }
        });
        result
    }

    fn replay_event(
        &mut self,
        program: &mut dyn Program,
        graph: &Graph,
        id: EventId,
    ) -> Result<(), Divergence> {
        if self.expects(graph, id) {
            self.follow(program, graph, id);
            Ok(())
        } else {
            Err(Divergence { thread: id.thread, index: id.index })
        }
    }

    /// Whether the event is what its thread asks for.
    fn expects(&self, graph: &Graph, id: EventId) -> bool {
        use Kind::{Acquire, Begin, End, Fence, Join, Read, Release, Request, Spawn, Write};
        let Some(step) = self.upcoming(id.thread) else {
            return matches!(graph.event(id).kind, Begin { .. });
        };
        match (graph.event(id).kind, step) {
            (Read { location, update: None, ordering, .. }, step) => {
                step == Step::Load { location, ordering }
            }
            (Read { location, update: Some(exclusive), .. }, step) => {
                let Exclusive { update, success, failure } = exclusive;
                step == Step::Update { location, update, success, failure }
            }
            (Write { exclusive: true, location: own, .. }, Step::Update { location, .. }) => {
                own == location
            }
            (Write { location, value, ordering, exclusive: false }, step) => {
                step == Step::Store { location, value, ordering }
            }
            (Fence(own), Step::Fence(other)) => own == other,
            (Request(own) | Acquire(own), Step::Lock(other))
            | (Release(own), Step::Unlock(other))
            | (Spawn(own), Step::Spawn(other))
            | (Join(own), Step::Join(other)) => own == other,
            (End, Step::End) => true,
            _ => false,
        }
    }

    /// Steps the thread on if the event, its last, was all of what it asked for.
    pub(super) fn follow(&mut self, program: &mut dyn Program, graph: &Graph, id: EventId) {
        let event = graph.event(id).kind;
        let value = match event {
            Kind::Request(_) | Kind::End => return,
            Kind::Read { .. } if graph.outcome(&event).is_some() => return,
            Kind::Read { location, source, .. } => graph.value(location, source),
            Kind::Write { location, exclusive: true, .. } => {
                graph.value(location, graph.origin(EventId { index: id.index - 1, ..id }))
            }
            Kind::Spawn(child) => {
                *entry(&mut self.spawned, child) = Some(id);
                0
            }
            _ => 0,
        };
        *entry(&mut self.upcoming, id.thread) = Some(program.step(id.thread, value));
    }

    fn upcoming(&self, thread: usize) -> Option<Step> {
        self.upcoming.get(thread).copied().flatten()
    }

    /// What happens next: the first thread that can go on, and its event. A function of the graph
    /// alone, as the revisits require; the writing half of an update comes before anything else.
    pub(super) fn next(&self, graph: &Graph) -> Option<(usize, Next)> {
        let threads = graph.threads.len().max(self.spawned.len()).max(1);
        let half = (0..threads).find_map(|thread| Some((thread, unfinished(graph, thread)?)));
        half.or_else(|| (0..threads).find_map(|thread| Some((thread, self.ready(graph, thread)?))))
    }

    fn ready(&self, graph: &Graph, thread: usize) -> Option<Next> {
        let Some((last, event)) = graph.last(thread) else {
            let spawn = self.spawned.get(thread).copied().flatten();
            let begin = Next::Plain(Kind::Begin { spawn });
            return (thread == 0 || spawn.is_some()).then_some(begin);
        };
        match (event.kind, self.upcoming(thread)?) {
            (Kind::End, _) => None,
            (Kind::Request(lock), _) => {
                let free = graph.before(lock, last).is_none_or(|section| section.release.is_some());
                free.then_some(Next::Plain(Kind::Acquire(lock)))
            }
            (_, Step::Join(child)) => {
                let ended = graph.last(child).is_some_and(|(_, event)| event.kind == Kind::End);
                ended.then_some(Next::Plain(Kind::Join(child)))
            }
            (_, step) => Next::of(step),
        }
    }
}

/// What is to be added to the graph.
#[derive(Clone, Copy)]
pub(super) enum Next {
    /// An event that leaves no choice.
    Plain(Kind),
    /// A [`Kind::Read`] whose source is to be chosen.
    Read { location: usize, kind: Kind },
    /// A [`Kind::Write`] whose place is to be chosen.
    Write { location: usize, kind: Kind },
    /// A request for a mutex.
    Request(usize),
}

impl Next {
    fn of(step: Step) -> Option<Self> {
        let source = None;
        Some(match step {
            Step::Load { location, ordering } => {
                let kind = Kind::Read { location, source, ordering, update: None };
                Self::Read { location, kind }
            }
            Step::Update { location, update, success, failure } => {
                let (ordering, update) = (success, Some(Exclusive { update, success, failure }));
                Self::Read { location, kind: Kind::Read { location, source, ordering, update } }
            }
            Step::Store { location, value, ordering } => {
                let kind = Kind::Write { location, value, ordering, exclusive: false };
                Self::Write { location, kind }
            }
            Step::Fence(ordering) => Self::Plain(Kind::Fence(ordering)),
            Step::Lock(lock) => Self::Request(lock),
            Step::Unlock(lock) => Self::Plain(Kind::Release(lock)),
            Step::Spawn(child) => Self::Plain(Kind::Spawn(child)),
            Step::Join(child) => Self::Plain(Kind::Join(child)),
            Step::End => Self::Plain(Kind::End),
            Step::Stuck => return None,
        })
    }
}

/// The writing half of an update of which the graph has only the other.
fn unfinished(graph: &Graph, thread: usize) -> Option<Next> {
    let (_, event) = graph.last(thread)?;
    let value = graph.outcome(&event.kind)?;
    let Kind::Read { location, update: Some(exclusive), .. } = event.kind else { return None };
    let ordering = exclusive.success;
    let kind = Kind::Write { location, value, ordering, exclusive: true };
    Some(Next::Write { location, kind })
}

fn entry<T>(list: &mut Vec<Option<T>>, index: usize) -> &mut Option<T> {
    if list.len() <= index {
        list.resize_with(index + 1, || None);
    }
    &mut list[index]
}
