//! [`Walk`]: one execution, made one decision after the other.
//!
//! Where the search makes all executions, a walk makes the one that its guide wants: a
//! [`Scheduler`], for a random strategy, or a token, which repeats an execution. Under SC a step
//! reads what was written last and writes last. Under RC11 loads and stores have the choice of
//! what is consistent; updates read and write last.
//!
//! What leaves nothing to decide is done at once and is no step: beginnings, ends, and which way a
//! thread chooses. A thread takes a mutex when that is free; until then it cannot go on.

use super::{
    Limit, MemoryModel, Stop,
    consistency::is_consistent,
    execution::Execution,
    graph::{EventId, Graph, Kind},
    machine::{Machine, Next, unfinished},
    program::{Program, Step},
    schedule::{Parsed, Schedule, TokenError, sum},
    strategy::{Access, Candidate, Scheduler},
};

/// Makes single executions of a program.
pub struct Walk {
    model: MemoryModel,
    max_events: usize,
    machine: Machine,
    graph: Graph,
    schedule: Schedule,
}

/// How a walk ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum End {
    /// Every thread has ended.
    Complete,
    /// Nobody can go on.
    Blocked,
    /// Nobody goes on, but somebody would: this is no execution.
    Artefact,
}

/// Why a token could not be followed to its end.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ReplayError {
    /// The token says nothing.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// The program does something else than it did when the token was made.
    #[error(
        "the program has changed too much for its replay token: after {step} steps, thread \
         {thread} (in the order of spawns; the first is 0) {what}"
    )]
    Changed {
        /// How many steps were followed.
        step: usize,
        /// The thread that should have gone on.
        thread: u32,
        /// What it does instead.
        what: &'static str,
    },
    /// The execution ended for another reason.
    #[error("the replay stopped: {0:?}")]
    Stopped(Stop),
}

impl Walk {
    /// Walks that have no more than `max_events` events each.
    #[must_use]
    pub fn new(model: MemoryModel, max_events: usize) -> Self {
        Self {
            model,
            max_events,
            machine: Machine::default(),
            graph: Graph::default(),
            schedule: Schedule::new(model),
        }
    }

    /// A walk that a token can guide: of the memory model that the token is of.
    ///
    /// # Errors
    ///
    /// It is no token.
    pub fn of_token(token: &str, max_events: usize) -> Result<Self, TokenError> {
        Ok(Self::new(Schedule::parse(token)?.model, max_events))
    }

    /// Makes an execution that `scheduler` decides.
    ///
    /// # Errors
    ///
    /// It reaches the bound on events.
    pub fn run(
        &mut self,
        program: &mut dyn Program,
        scheduler: &mut dyn Scheduler,
    ) -> Result<End, Stop> {
        scheduler.begin();
        self.begin(program);
        let mut chooser = Chooser::Scheduler(scheduler);
        loop {
            self.settle(program, &mut chooser);
            let ready = self.ready(program);
            let Some(thread) = self.pick(program, &ready, &mut chooser) else { break };
            self.step(program, thread, &mut chooser)?;
        }
        scheduler.end();
        Ok(self.end(program))
    }

    /// Makes the execution that a token stands for. Where that ends before the program does, the
    /// first thread that can goes on.
    ///
    /// # Errors
    ///
    /// The token says nothing, or is not of this program.
    pub fn replay(&mut self, program: &mut dyn Program, token: &str) -> Result<End, ReplayError> {
        self.follow_all(program, &Schedule::parse(token)?)
    }

    /// Makes the execution of a schedule again.
    ///
    /// # Errors
    ///
    /// The program does something else now.
    pub fn repeat(
        &mut self,
        program: &mut dyn Program,
        schedule: &Schedule,
    ) -> Result<End, ReplayError> {
        self.follow_all(program, &schedule.parsed())
    }

    fn follow_all(
        &mut self,
        program: &mut dyn Program,
        wanted: &Parsed,
    ) -> Result<End, ReplayError> {
        self.begin(program);
        let mut chooser = Chooser::Ways { ways: &wanted.ways, next: 0 };
        for &(thread, steps, sorts) in &wanted.runs {
            let first = self.schedule.steps.len();
            for _ in 0..steps {
                self.settle(program, &mut chooser);
                self.follow(program, thread, &mut chooser)?;
            }
            let done = &self.schedule.steps[first..];
            if sum(done.iter().map(|(_, sort)| *sort)) != sorts {
                let what = "did other operations than it did then";
                return Err(ReplayError::Changed { step: first, thread, what });
            }
        }
        loop {
            self.settle(program, &mut chooser);
            let ready = self.ready(program);
            let Some(thread) = ready.first().copied().or_else(|| self.retry()) else { break };
            self.step(program, thread, &mut chooser).map_err(ReplayError::Stopped)?;
        }
        Ok(self.end(program))
    }

    fn follow(
        &mut self,
        program: &mut dyn Program,
        thread: u32,
        chooser: &mut Chooser<'_>,
    ) -> Result<(), ReplayError> {
        let step = self.schedule.steps.len();
        let changed = |what| ReplayError::Changed { step, thread, what };
        let number = thread as usize;
        if !self.machine.order().contains(&number) {
            return Err(changed("has not been started"));
        }
        if self.graph.last(number).is_some_and(|(_, event)| event.kind == Kind::End) {
            return Err(changed("has ended"));
        }
        let attempts = matches!(self.machine.upcoming(number), Some(Step::Stuck { .. }));
        if !attempts && !self.is_ready(program, number) {
            return Err(changed("cannot go on"));
        }
        self.step(program, number, chooser).map_err(ReplayError::Stopped)
    }

    /// What has been done, decision by decision.
    #[must_use]
    pub fn schedule(&self) -> &Schedule {
        &self.schedule
    }

    /// The execution as far as it has come.
    #[must_use]
    pub fn execution(&self) -> Execution<'_> {
        Execution::new(&self.graph, &self.machine, false)
    }

    fn begin(&mut self, program: &mut dyn Program) {
        self.machine.restart(program);
        self.graph.clear();
        self.schedule.steps.clear();
        self.schedule.ways.clear();
    }

    fn end(&self, program: &dyn Program) -> End {
        let over = |thread: &usize| {
            self.graph.last(*thread).is_some_and(|(_, event)| event.kind == Kind::End)
        };
        if self.machine.order().iter().all(over) {
            End::Complete
        } else if self.machine.is_artefact(program, &self.graph) {
            End::Artefact
        } else {
            End::Blocked
        }
    }

    /// The threads that can go on, in the order of their spawns.
    fn ready(&self, program: &dyn Program) -> Vec<usize> {
        (0..self.machine.order().len()).filter(|thread| self.is_ready(program, *thread)).collect()
    }

    fn is_ready(&self, program: &dyn Program, thread: usize) -> bool {
        match self.machine.upcoming(thread) {
            Some(Step::Lock(lock)) => self.is_free(lock),
            Some(Step::Stuck { events, .. }) => self.graph.is_stale(thread, events),
            _ => self.machine.is_ready(program, &self.graph, thread),
        }
    }

    fn is_free(&self, lock: usize) -> bool {
        let sections = self.machine.lock(lock).and_then(|lock| self.graph.locks.get(lock));
        let last = sections.and_then(|sections| sections.last());
        last.is_none_or(|section| section.release.is_some())
    }

    fn retry(&self) -> Option<usize> {
        self.machine.next_retry(&self.graph)
    }

    fn pick(
        &self,
        program: &dyn Program,
        ready: &[usize],
        chooser: &mut Chooser<'_>,
    ) -> Option<usize> {
        let urgent = |thread: &&usize| program.is_urgent(self.machine.key(**thread));
        match (ready.iter().find(urgent), ready, chooser) {
            (Some(urgent), ..) => Some(*urgent),
            (_, [], _) => self.retry(),
            (_, ready, Chooser::Scheduler(scheduler)) => {
                let access =
                    |thread: usize| self.machine.upcoming(thread).map_or(Access::None, access);
                let candidates: Vec<_> = ready
                    .iter()
                    .map(|&thread| Candidate { thread, access: access(thread) })
                    .collect();
                Some(ready[scheduler.pick(&candidates).min(ready.len() - 1)])
            }
            (_, [first, ..], Chooser::Ways { .. }) => Some(*first),
        }
    }

    /// Does what leaves nothing to decide.
    fn settle(&mut self, program: &mut dyn Program, chooser: &mut Chooser<'_>) {
        loop {
            let settles = |thread: &usize| match self.graph.last(*thread) {
                None => true,
                Some((_, event)) if event.kind == Kind::End => false,
                _ => {
                    let step = self.machine.upcoming(*thread);
                    matches!(step, Some(Step::End | Step::Choose(_)))
                }
            };
            let Some(thread) = (0..self.machine.order().len()).find(settles) else { return };
            let Some(next) = self.machine.event(program, &mut self.graph, thread) else { return };
            let event = match next {
                Next::Choice { options, .. } => {
                    let value = chooser.choose(options as usize);
                    self.schedule.ways.push(value);
                    self.graph.push(thread, Kind::Choice { options, value })
                }
                Next::Plain { kind, .. } => self.graph.push_plain(thread, kind),
                _ => return,
            };
            self.machine.follow(program, &self.graph, event);
        }
    }

    fn step(
        &mut self,
        program: &mut dyn Program,
        thread: usize,
        chooser: &mut Chooser<'_>,
    ) -> Result<(), Stop> {
        if self.graph.len() >= self.max_events {
            return Err(Stop::Limit(Limit::Events));
        }
        if matches!(self.machine.upcoming(thread), Some(Step::Stuck { .. })) {
            self.machine.retry(program, &self.graph, thread);
            // It may have something else in mind than to look again.
            if !self.is_ready(program, thread) {
                return Ok(());
            }
        }
        let Some(step) = self.machine.upcoming(thread) else { return Ok(()) };
        if matches!(step, Step::End | Step::Choose(_)) {
            return Ok(());
        }
        let number = u32::try_from(thread).unwrap_or(u32::MAX);
        self.schedule.steps.push((number, step.sort()));
        let Some(next) = self.machine.event(program, &mut self.graph, thread) else {
            return Ok(());
        };
        let event = self.add(program, thread, next, chooser);
        self.machine.follow(program, &self.graph, event);
        if let Some(Next::Write { location, kind, .. }) = unfinished(&self.graph, thread) {
            let source = self.graph.origin(event);
            let place = self.graph.position(location, source);
            let write = self.graph.push(thread, kind);
            self.graph.locations[location].writes.insert(place, write);
            self.machine.follow(program, &self.graph, write);
        }
        Ok(())
    }

    fn add(
        &mut self,
        program: &mut dyn Program,
        thread: usize,
        next: Next,
        chooser: &mut Chooser<'_>,
    ) -> EventId {
        match next {
            Next::Plain { kind, .. } => self.graph.push_plain(thread, kind),
            Next::Choice { options, .. } => {
                self.graph.push(thread, Kind::Choice { options, value: 0 })
            }
            Next::Request { lock, kind: kind @ Kind::Enter(_), .. } => {
                self.graph.push_request(thread, (lock, kind), None)
            }
            Next::Request { lock, kind, .. } => {
                let request = self.graph.push_request(thread, (lock, kind), None);
                self.machine.follow(program, &self.graph, request);
                self.graph.push(thread, Kind::Acquire(lock))
            }
            Next::Read { location, kind, .. } => {
                let read = self.graph.push(thread, kind);
                let last = self.graph.locations[location].writes.len();
                self.graph.redirect(read, self.graph.write_at(location, last));
                if self.model == MemoryModel::Rc11 {
                    let simple = matches!(kind, Kind::Read { update: None, .. });
                    let way = self.way(chooser, last, simple, |walk, place| {
                        walk.graph.redirect(read, walk.graph.write_at(location, place));
                    });
                    self.schedule.ways.push(way);
                }
                read
            }
            Next::Write { location, kind, .. } => {
                let write = self.graph.push(thread, kind);
                let last = self.graph.locations[location].writes.len();
                self.graph.locations[location].writes.push(write);
                if self.model == MemoryModel::Rc11 {
                    let way = self.way(chooser, last, true, |walk, place| {
                        let writes = &mut walk.graph.locations[location].writes;
                        writes.retain(|other| *other != write);
                        writes.insert(place, write);
                    });
                    self.schedule.ways.push(way);
                }
                write
            }
        }
    }

    /// Chooses a place, of 0 to `last`, by its distance from the last one, and `put`s the event
    /// there. If `free`, any that is consistent; else the last one, unless a token wants another.
    fn way(
        &mut self,
        chooser: &mut Chooser<'_>,
        last: usize,
        free: bool,
        put: impl Fn(&mut Self, usize),
    ) -> u32 {
        let way = match chooser {
            Chooser::Ways { .. } => chooser.choose(last + 1) as usize,
            Chooser::Scheduler(scheduler) if free && last > 0 => {
                let fits = |way: &usize| {
                    put(self, last - *way);
                    let exclusive = |write: EventId| {
                        matches!(self.graph.event(write).kind, Kind::Write { exclusive: true, .. })
                    };
                    let torn = self.graph.locations.iter().any(|location| {
                        location.writes.windows(2).any(|pair| {
                            let read = EventId { index: pair[1].index.wrapping_sub(1), ..pair[1] };
                            exclusive(pair[1]) && self.graph.origin(read) != Some(pair[0])
                        })
                    });
                    !torn && is_consistent(self.model, &self.graph)
                };
                let fitting: Vec<usize> = (0..=last).filter(fits).collect();
                let chosen = scheduler.choose(fitting.len().max(1));
                fitting.get(chosen).copied().unwrap_or(0)
            }
            Chooser::Scheduler(_) => 0,
        };
        put(self, last - way.min(last));
        u32::try_from(way).unwrap_or(u32::MAX)
    }
}

/// Who chooses between ways.
enum Chooser<'a> {
    Scheduler(&'a mut dyn Scheduler),
    Ways { ways: &'a [u32], next: usize },
}

impl Chooser<'_> {
    fn choose(&mut self, options: usize) -> u32 {
        let most = u32::try_from(options.max(1) - 1).unwrap_or(u32::MAX);
        match self {
            Self::Scheduler(scheduler) => {
                u32::try_from(scheduler.choose(options.max(1))).unwrap_or(0).min(most)
            }
            Self::Ways { ways, next } => {
                *next += 1;
                ways.get(*next - 1).copied().unwrap_or(0).min(most)
            }
        }
    }
}

/// What an operation touches. Kinds of objects have numbers of their own.
fn access(step: Step) -> Access {
    let object = |kind: usize, key: usize| u32::try_from(4 * key + kind).unwrap_or(u32::MAX);
    match step {
        Step::Load { location, .. } => Access::Read(object(0, location)),
        Step::Store { location, .. } | Step::Update { location, .. } => {
            Access::Write(object(0, location))
        }
        Step::Lock(lock) | Step::Enter(lock) | Step::Take(lock) | Step::Unlock(lock) => {
            Access::Write(object(1, lock))
        }
        Step::Signal(signal) => Access::Write(object(2, signal)),
        Step::Await(signal) => Access::Read(object(2, signal)),
        Step::AwaitOr { group, .. } => Access::Read(object(3, group)),
        Step::Leave(group) => Access::Write(object(3, group)),
        _ => Access::None,
    }
}
