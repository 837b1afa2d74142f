//! Programs as closures: a thread is run again from its start at every step, with the values that
//! its operations returned so far, up to the first that has not been done.

use std::sync::atomic::Ordering;

use lockwise_detector::explore::{Answer, Program, Step, Update};

/// Leaves the body at an operation that is not done yet.
pub(crate) type Run = Result<(), Step>;

pub(crate) type Body = Box<dyn Fn(&mut Thread<'_>) -> Run>;

/// A thread on its way through its body.
pub(crate) struct Thread<'a> {
    history: &'a [u64],
}

impl Thread<'_> {
    pub(crate) fn step(&mut self, step: Step) -> Result<u64, Step> {
        let (value, rest) = self.history.split_first().ok_or(step)?;
        self.history = rest;
        Ok(*value)
    }

    pub(crate) fn load(&mut self, location: usize, ordering: Ordering) -> Result<u64, Step> {
        self.step(Step::Load { location, ordering })
    }

    pub(crate) fn store(&mut self, location: usize, value: u64, ordering: Ordering) -> Run {
        self.step(Step::Store { location, value, ordering }).map(drop)
    }

    pub(crate) fn update(
        &mut self,
        location: usize,
        update: Update,
        ordering: Ordering,
    ) -> Result<u64, Step> {
        self.step(Step::Update {
            location,
            update,
            success: ordering,
            failure: failure_of(ordering),
        })
    }

    pub(crate) fn lock(&mut self, lock: usize) -> Run {
        self.step(Step::Lock(lock)).map(drop)
    }

    pub(crate) fn unlock(&mut self, lock: usize) -> Run {
        self.step(Step::Unlock(lock)).map(drop)
    }

    pub(crate) fn spawn(&mut self, thread: usize) -> Run {
        self.step(Step::Spawn(thread)).map(drop)
    }

    pub(crate) fn join(&mut self, thread: usize) -> Run {
        self.step(Step::Join(thread)).map(drop)
    }
}

/// The ordering with which an update of this ordering fails.
pub(crate) fn failure_of(ordering: Ordering) -> Ordering {
    match ordering {
        Ordering::Release => Ordering::Relaxed,
        Ordering::AcqRel => Ordering::Acquire,
        other => other,
    }
}

/// A program made of closures; the first is thread 0.
pub(crate) struct Bodies {
    bodies: Vec<Body>,
    histories: Vec<Option<Vec<u64>>>,
    initial: u64,
}

impl Bodies {
    pub(crate) fn new(bodies: Vec<Body>) -> Self {
        Self { bodies, histories: Vec::new(), initial: 0 }
    }

    /// Main spawns the threads, goes on with a body of its own, and joins them.
    pub(crate) fn beside(main: Body, threads: Vec<Body>) -> Self {
        let count = threads.len();
        let main: Body = Box::new(move |t| {
            (1..=count).try_for_each(|thread| t.spawn(thread))?;
            main(t)?;
            (1..=count).try_for_each(|thread| t.join(thread))
        });
        Self::new(std::iter::once(main).chain(threads).collect())
    }

    /// Main spawns the threads and joins them.
    pub(crate) fn spawned(threads: Vec<Body>) -> Self {
        Self::beside(body(|_| Ok(())), threads)
    }

    /// The same in each of several threads.
    pub(crate) fn each(
        count: usize,
        each: impl Fn(usize, &mut Thread<'_>) -> Run + Copy + 'static,
    ) -> Self {
        Self::spawned((0..count).map(|thread| body(move |t| each(thread, t))).collect())
    }

    pub(crate) fn with_initial(self, initial: u64) -> Self {
        Self { initial, ..self }
    }
}

pub(crate) fn body(body: impl Fn(&mut Thread<'_>) -> Run + 'static) -> Body {
    Box::new(body)
}

impl Program for Bodies {
    fn restart(&mut self) {
        self.histories = vec![None; self.bodies.len()];
    }

    fn step(&mut self, thread: usize, answer: Answer) -> Step {
        match &mut self.histories[thread] {
            Some(history) => history.push(answer.value),
            unbegun => *unbegun = Some(Vec::new()),
        }
        let history = self.histories[thread].as_deref().unwrap_or_default();
        match self.bodies[thread](&mut Thread { history }) {
            Ok(()) => Step::End,
            Err(step) => step,
        }
    }

    fn initial(&self, _: usize) -> u64 {
        self.initial
    }
}
