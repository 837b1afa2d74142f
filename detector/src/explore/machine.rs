//! The program's threads within one execution: replayed up to what the graph holds, then stepped.

use super::{
    clocks::Clocks,
    graph::{EventId, Exclusive, Graph, Kind},
    names::Names,
    program::{Answer, Program, Step},
};

/// A program that did something else than in an earlier execution that was the same so far.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Divergence {
    /// The thread that did, by its number.
    pub(super) thread: usize,
    /// Its event, counted from 0, that is not what it was.
    pub(super) index: usize,
}

/// What each thread asks for next, who has been spawned, and which object is which.
#[derive(Default)]
pub(super) struct Machine {
    threads: Vec<Thread>,
    /// The numbers of the threads that have been spawned, parents before their children, and the
    /// children of one in the order of their spawns: the same order whatever their numbers are.
    order: Vec<usize>,
    keys: Names,
    locations: Names,
    locks: Names,
    groups: Names,
    /// What sent each signal, by key.
    signals: Vec<Option<EventId>>,
    /// How many events of each thread have been done.
    done: Vec<usize>,
    clocks: Clocks,
}

#[derive(Default)]
struct Thread {
    key: usize,
    /// The places of its ancestors, and its own, among the children of their parents.
    path: Vec<u32>,
    children: u32,
    spawn: Option<EventId>,
    /// None before it has begun.
    upcoming: Option<Step>,
}

impl Machine {
    /// Runs the program through the events of the graph.
    pub(super) fn replay(
        &mut self,
        program: &mut dyn Program,
        graph: &Graph,
    ) -> Result<(), Divergence> {
        self.restart(program);
        self.done.resize(graph.threads.len(), 0);
        let mut progress = true;
        while std::mem::take(&mut progress) {
            for (thread, events) in graph.threads.iter().enumerate() {
                while self.done[thread] < events.len() {
                    let id = EventId { thread, index: self.done[thread] };
                    let origin = graph.origin(id);
                    if origin.is_some_and(|origin| origin.index >= self.done[origin.thread])
                        || !graph.is_gathered(id, &self.done)
                    {
                        break;
                    }
                    self.repeat(program, graph, id, origin)?;
                    progress = true;
                }
            }
        }
        Ok(())
    }

    /// Puts everything back to the beginning.
    pub(super) fn restart(&mut self, program: &mut dyn Program) {
        program.restart();
        self.threads.clear();
        self.order.clear();
        for names in [&mut self.keys, &mut self.locations, &mut self.locks, &mut self.groups] {
            names.clear();
        }
        self.signals.clear();
        self.done.clear();
        self.clocks.clear();
        self.keys.bind(0, 0);
        self.admit(0, Thread::default());
    }

    fn admit(&mut self, number: usize, thread: Thread) {
        if self.threads.len() <= number {
            self.threads.resize_with(number + 1, Thread::default);
        }
        self.threads[number] = thread;
        let path = |other: &usize| self.threads[*other].path < self.threads[number].path;
        let place = self.order.partition_point(path);
        self.order.insert(place, number);
    }

    fn repeat(
        &mut self,
        program: &mut dyn Program,
        graph: &Graph,
        id: EventId,
        origin: Option<EventId>,
    ) -> Result<(), Divergence> {
        let diverged = Divergence { thread: id.thread, index: id.index };
        let kind = &graph.event(id).kind;
        if self.upcoming(id.thread).is_some_and(|step| matches!(step, Step::Stuck { .. })) {
            self.retry(program, graph, id.thread);
        }
        if !self.recognise(id.thread, kind) {
            return Err(diverged);
        }
        self.take_in(program, graph, id, origin);
        Ok(())
    }

    /// Whether the event is what its thread asks for. Objects that have no number get the event's.
    fn recognise(&mut self, thread: usize, kind: &Kind) -> bool {
        use Kind as K;
        let Some(step) = self.upcoming(thread) else {
            return matches!(kind, K::Begin { .. });
        };
        match (*kind, step) {
            (
                K::Read { location: own, update: None, ordering, .. },
                Step::Load { location, ordering: asked },
            ) => {
                self.locations.bind(location, own);
                ordering == asked
            }
            (
                K::Read { location: own, update: Some(exclusive), .. },
                Step::Update { location, update, success, failure },
            ) => {
                self.locations.bind(location, own);
                exclusive == Exclusive { update, success, failure }
            }
            (K::Write { exclusive: true, location: own, .. }, Step::Update { location, .. }) => {
                self.locations.get(location) == Some(own)
            }
            (
                K::Write { location: own, value: wrote, ordering, exclusive: false },
                Step::Store { location, value, ordering: asked },
            ) => {
                self.locations.bind(location, own);
                (wrote, ordering) == (value, asked)
            }
            (K::Fence(own), Step::Fence(asked)) => own == asked,
            (K::Request(own) | K::Acquire(own), Step::Lock(lock))
            | (K::Enter(own), Step::Enter(lock))
            | (K::Acquire(own), Step::Take(lock))
            | (K::Release(own), Step::Unlock(lock)) => same(&mut self.locks, lock, own),
            (K::Leave(own), Step::Leave(group)) | (K::Gather(own), Step::AwaitOr { group, .. }) => {
                same(&mut self.groups, group, own)
            }
            (K::Spawn(own), Step::Spawn(child)) => same(&mut self.keys, child, own),
            (K::Join(own), Step::Join(child)) => self.keys.get(child) == Some(own),
            (K::Choice { options, .. }, Step::Choose(asked)) => options == asked,
            (K::Signal, Step::Signal(_)) | (K::End, Step::End) => true,
            (K::Await { source }, Step::Await(signal) | Step::AwaitOr { signal, .. }) => {
                self.sent(signal) == Some(source)
            }
            _ => false,
        }
    }

    /// Takes note of an event, and steps its thread on if that was all of what it asked for.
    pub(super) fn follow(&mut self, program: &mut dyn Program, graph: &Graph, id: EventId) {
        self.take_in(program, graph, id, graph.origin(id));
    }

    fn take_in(
        &mut self,
        program: &mut dyn Program,
        graph: &Graph,
        id: EventId,
        origin: Option<EventId>,
    ) {
        let kind = &graph.event(id).kind;
        self.clocks.note(graph, id, origin);
        if self.done.len() <= id.thread {
            self.done.resize(id.thread + 1, 0);
        }
        self.done[id.thread] = id.index + 1;
        let mut answer = Answer { events: id.index + 1, ..Answer::default() };
        match *kind {
            Kind::Request(_) | Kind::End => return,
            Kind::Read { update: Some(_), .. } if graph.outcome(kind).is_some() => return,
            Kind::Read { location, source, .. } => answer.value = graph.value(location, source),
            Kind::Write { location, exclusive, .. } => {
                if exclusive {
                    let read = EventId { index: id.index - 1, ..id };
                    answer.value = graph.value(location, graph.origin(read));
                }
                answer.newest = self.is_newest(graph, location, id);
            }
            Kind::Choice { value, .. } => answer.value = u64::from(value),
            Kind::Gather(_) => answer.value = 1,
            Kind::Spawn(child) => self.spawn(id, child),
            Kind::Signal => {
                if let Some(Step::Signal(signal)) = self.upcoming(id.thread) {
                    *entry(&mut self.signals, signal) = Some(id);
                }
            }
            _ => {}
        }
        self.ask(program, id.thread, answer);
    }

    fn spawn(&mut self, id: EventId, child: usize) {
        let Some(Step::Spawn(key)) = self.upcoming(id.thread) else { return };
        let parent = &mut self.threads[id.thread];
        let mut path = parent.path.clone();
        path.push(parent.children);
        parent.children += 1;
        let spawn = Some(id);
        self.admit(child, Thread { key, path, children: 0, spawn, upcoming: None });
    }

    /// Whether no later write of the location has been done.
    fn is_newest(&self, graph: &Graph, location: usize, write: EventId) -> bool {
        let later = graph.locations[location].writes.iter().rev();
        let mut later = later.take_while(|other| **other != write);
        !later.any(|other| self.done.get(other.thread).is_some_and(|done| other.index < *done))
    }

    fn ask(&mut self, program: &mut dyn Program, thread: usize, answer: Answer) {
        let thread = &mut self.threads[thread];
        thread.upcoming = Some(program.step(thread.key, answer));
    }

    /// Lets a thread go on whose attempt failed.
    pub(super) fn retry(&mut self, program: &mut dyn Program, graph: &Graph, thread: usize) {
        let events = graph.thread(thread).len();
        self.ask(program, thread, Answer { events, ..Answer::default() });
    }

    /// What each event that was done depends on.
    pub(super) fn clocks(&self) -> &Clocks {
        &self.clocks
    }

    /// What a thread asks for; none if it has not begun.
    pub(super) fn upcoming(&self, thread: usize) -> Option<Step> {
        self.threads.get(thread)?.upcoming
    }

    fn sent(&self, signal: usize) -> Option<EventId> {
        self.signals.get(signal).copied().flatten()
    }

    /// The threads that have been spawned, in their order.
    pub(super) fn order(&self) -> &[usize] {
        &self.order
    }

    /// A thread's place in that order.
    pub(super) fn rank(&self, thread: usize) -> usize {
        self.order.iter().position(|other| *other == thread).unwrap_or(usize::MAX)
    }

    /// The program's key for a thread.
    pub(super) fn key(&self, thread: usize) -> usize {
        self.threads[thread].key
    }

    /// The number of a location of the program's.
    pub(super) fn location(&self, key: usize) -> Option<usize> {
        self.locations.get(key)
    }

    /// The number of a mutex of the program's.
    pub(super) fn lock(&self, key: usize) -> Option<usize> {
        self.locks.get(key)
    }

    /// The number of a thread of the program's.
    pub(super) fn thread(&self, key: usize) -> Option<usize> {
        self.keys.get(key)
    }

    /// What happens next: the first thread that can go on, and its event. A function of the graph
    /// alone, as the revisits require; the writing half of an update comes before anything else.
    pub(super) fn next(&mut self, program: &dyn Program, graph: &mut Graph) -> Option<Next> {
        let half = self.order.iter().find_map(|thread| unfinished(graph, *thread));
        if half.is_some() {
            return half;
        }
        let ready = |thread: &usize| self.is_ready(program, graph, *thread);
        let urgent = |thread: &usize| program.is_urgent(self.threads[*thread].key);
        let mut order = self.order.iter().copied();
        let hurries = program.hurries();
        let first = order.clone().find(|thread| hurries && urgent(thread) && ready(thread));
        let thread = first.or_else(|| order.find(ready))?;
        self.event(program, graph, thread)
    }

    /// Whether a thread can go on.
    pub(super) fn is_ready(&self, program: &dyn Program, graph: &Graph, thread: usize) -> bool {
        let Some((last, event)) = graph.last(thread) else { return true };
        let Some(step) = self.upcoming(thread) else { return false };
        match (event.kind, step) {
            (Kind::End, _) | (_, Step::Stuck { .. } | Step::Never) => false,
            (Kind::Request(lock), _) => {
                graph.before(lock, last).is_none_or(|section| section.release.is_some())
            }
            (_, Step::Take(lock)) => self.own_request(graph, thread, lock).is_some_and(|request| {
                let before = graph.event(request).kind.enters();
                let before = before.and_then(|lock| graph.before(lock, request));
                before.is_none_or(|section| section.release.is_some())
            }),
            (_, Step::Join(child)) => {
                let child = self.keys.get(child).and_then(|child| graph.last(child));
                child.is_some_and(|(_, event)| event.kind == Kind::End)
            }
            (_, Step::Await(signal)) => self.sent(signal).is_some(),
            (_, Step::AwaitOr { signal, group }) => {
                self.sent(signal).is_some() || program.is_closed(group)
            }
            _ => true,
        }
    }

    /// The event of a thread that can go on. Objects that have no number get one.
    pub(super) fn event(
        &mut self,
        program: &dyn Program,
        graph: &mut Graph,
        thread: usize,
    ) -> Option<Next> {
        let plain = |kind| Some(Next::Plain { thread, kind });
        let Some((_, last)) = graph.last(thread) else {
            return plain(Kind::Begin { spawn: self.threads[thread].spawn });
        };
        if let Kind::Request(lock) = last.kind {
            return plain(Kind::Acquire(lock));
        }
        let source = None;
        match self.upcoming(thread)? {
            Step::Load { location, ordering } => {
                let location = self.draw_location(program, graph, location);
                let kind = Kind::Read { location, source, ordering, update: None };
                Some(Next::Read { thread, location, kind })
            }
            Step::Update { location, update, success, failure } => {
                let location = self.draw_location(program, graph, location);
                let (ordering, update) = (success, Some(Exclusive { update, success, failure }));
                let kind = Kind::Read { location, source, ordering, update };
                Some(Next::Read { thread, location, kind })
            }
            Step::Store { location, value, ordering } => {
                let location = self.draw_location(program, graph, location);
                let kind = Kind::Write { location, value, ordering, exclusive: false };
                Some(Next::Write { thread, location, kind })
            }
            Step::Fence(ordering) => plain(Kind::Fence(ordering)),
            Step::Lock(lock) => {
                let lock = self.locks.draw(lock).0;
                Some(Next::Request { thread, lock, kind: Kind::Request(lock) })
            }
            Step::Enter(lock) => {
                let lock = self.locks.draw(lock).0;
                Some(Next::Request { thread, lock, kind: Kind::Enter(lock) })
            }
            Step::Take(lock) => plain(Kind::Acquire(self.locks.get(lock)?)),
            Step::Unlock(lock) => plain(Kind::Release(self.locks.draw(lock).0)),
            Step::Spawn(child) => plain(Kind::Spawn(self.keys.draw(child).0)),
            Step::Join(child) => plain(Kind::Join(self.keys.get(child)?)),
            Step::Choose(options) => Some(Next::Choice { thread, options }),
            Step::Signal(_) => plain(Kind::Signal),
            Step::Await(signal) => plain(Kind::Await { source: self.sent(signal)? }),
            Step::Leave(group) => plain(Kind::Leave(self.groups.draw(group).0)),
            Step::AwaitOr { signal, group } => plain(match self.sent(signal) {
                Some(source) => Kind::Await { source },
                None => Kind::Gather(self.groups.draw(group).0),
            }),
            Step::End => plain(Kind::End),
            Step::Stuck { .. } | Step::Never => None,
        }
    }

    /// A thread's last request for a mutex.
    fn own_request(&self, graph: &Graph, thread: usize, lock: usize) -> Option<EventId> {
        let lock = self.locks.get(lock)?;
        graph.last_request(thread, graph.thread(thread).len(), lock)
    }

    fn draw_location(&mut self, program: &dyn Program, graph: &mut Graph, key: usize) -> usize {
        let (location, new) = self.locations.draw(key);
        if new {
            graph.touch(location, program.initial(key));
        }
        location
    }

    /// A thread that can only repeat an attempt that failed, where no other can do anything: of
    /// several the one that has waited longest. None if one would see something else.
    pub(super) fn next_retry(&self, graph: &Graph) -> Option<usize> {
        let mut first: Option<(u32, usize)> = None;
        for &thread in &self.order {
            let Some(Step::Stuck { events, again }) = self.upcoming(thread) else { continue };
            if graph.is_stale(thread, events) {
                return None;
            }
            let stamp = graph.last(thread).map_or(0, |(_, event)| event.stamp);
            if again && first.is_none_or(|(earliest, _)| stamp < earliest) {
                first = Some((stamp, thread));
            }
        }
        first.map(|(_, thread)| thread)
    }

    /// Whether this execution, in which nobody can go on, is one that stands for nothing: a thread
    /// did not look again that would see something else, or waits longer than it would.
    pub(super) fn is_artefact(&self, program: &dyn Program, graph: &Graph) -> bool {
        let has_ended =
            |thread: usize| graph.last(thread).is_some_and(|(_, event)| event.kind == Kind::End);
        let mut waiting = self.order.iter().filter(|thread| !has_ended(**thread));
        waiting.any(|thread| match self.upcoming(*thread) {
            Some(Step::Stuck { events, .. }) => graph.is_stale(*thread, events),
            _ => program.gives_up(self.threads[*thread].key),
        })
    }
}

/// Whether `number` is the number of `key`; it becomes that, if `key` has none.
fn same(names: &mut Names, key: usize, number: usize) -> bool {
    match names.get(key) {
        Some(known) => known == number,
        None => {
            names.bind(key, number);
            true
        }
    }
}

/// What is to be added to the graph.
#[derive(Clone, Copy)]
pub(super) enum Next {
    /// An event that leaves no choice.
    Plain { thread: usize, kind: Kind },
    /// A [`Kind::Read`] whose source is to be chosen.
    Read { thread: usize, location: usize, kind: Kind },
    /// A [`Kind::Write`] whose place is to be chosen.
    Write { thread: usize, location: usize, kind: Kind },
    /// A request for a mutex.
    Request { thread: usize, lock: usize, kind: Kind },
    /// A [`Kind::Choice`] of one of several ways.
    Choice { thread: usize, options: u32 },
}

/// The writing half of an update of which the graph has only the other.
pub(super) fn unfinished(graph: &Graph, thread: usize) -> Option<Next> {
    let (_, event) = graph.last(thread)?;
    let value = graph.outcome(&event.kind)?;
    let Kind::Read { location, update: Some(exclusive), .. } = event.kind else { return None };
    let ordering = exclusive.success;
    let kind = Kind::Write { location, value, ordering, exclusive: true };
    Some(Next::Write { thread, location, kind })
}

fn entry<T>(list: &mut Vec<Option<T>>, index: usize) -> &mut Option<T> {
    if list.len() <= index {
        list.resize_with(index + 1, || None);
    }
    &mut list[index]
}
