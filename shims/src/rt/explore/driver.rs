//! Exploring a program: executions, what they show, and when to stop.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use lockwise_detector::{
    Finding, Rule, Site,
    explore::{
        End, Limit, MemoryModel, ReplayError, Schedule, Search, Stop, TokenError, Walk,
        strategy::{Scheduler, Strategy},
    },
};

use super::{
    faults::{is_disproved, livelock, nondeterminism, panic_finding, says_stuck, stuck_finding},
    observer::{self, Observer},
    panics::note_panics,
    plan::Plan,
    preempt::Preemptions,
    progress::Progress,
    runtime::{Runtime, Settings},
    screen::{self, Screen, fault},
    shorten::shorten,
    state::{Failure, on_state},
    thread,
};
use crate::rt::{
    current::{self, Kind},
    model::{Findings, message_of},
};

/// The closure that is explored.
pub(crate) type Body = Arc<dyn Fn() + Send + Sync>;

/// Which executions are made.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Mode {
    /// All.
    Exhaustive,
    /// Random ones.
    Random { strategy: Strategy, seed: u64 },
    /// The one of this token.
    Replay(String),
}

/// How far an exploration goes.
#[derive(Clone, Debug)]
pub(crate) struct Limits {
    pub(crate) mode: Mode,
    pub(crate) model: MemoryModel,
    pub(crate) max_executions: Option<u64>,
    pub(crate) max_steps: usize,
    pub(crate) max_preemptions: Option<usize>,
    pub(crate) max_duration: Option<Duration>,
    pub(crate) stack_size: usize,
    pub(crate) spurious: bool,
    pub(crate) first_only: bool,
    pub(crate) patience: Duration,
    pub(crate) workers: usize,
}

/// Why an exploration stopped before it had made all executions.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stopped {
    /// [`max_executions`](crate::explore::Explorer::max_executions) was reached.
    Executions,
    /// An execution reached [`max_steps`](crate::explore::Explorer::max_steps).
    Steps,
    /// [`max_duration`](crate::explore::Explorer::max_duration) was reached.
    Duration,
    /// There are schedules with more preemptions than
    /// [`max_preemptions`](crate::explore::Explorer::max_preemptions).
    Preemptions,
    /// A fault was found, and the first was to be the last.
    Finding,
    /// Executions were chosen at random, or by a token: they are never all.
    Sampled,
    /// The program is not deterministic.
    Nondeterminism,
}

/// What an exploration has shown.
#[derive(Clone, Debug)]
pub(crate) struct Outcome {
    pub(crate) executions: u64,
    pub(crate) blocked: u64,
    pub(crate) stopped: Option<Stopped>,
    pub(crate) explored: f64,
    pub(crate) findings: Vec<Finding>,
    pub(crate) took: Duration,
}

/// Explores `f`, on a thread of its own: its locals, and its count of panics, are nobody else's.
///
/// # Errors
///
/// The program cannot be explored, or the token is not one of its. The message is for the user.
pub(crate) fn explore(limits: &Limits, f: &Body) -> Result<Outcome, String> {
    if current::kind() != Kind::Os {
        return Err("an exploration cannot start another".to_owned());
    }
    note_panics();
    let name = std::thread::current().name().map(Arc::from);
    let worker = std::thread::Builder::new().name("lockwise-explorer".to_owned());
    std::thread::scope(|scope| {
        let running = worker.spawn_scoped(scope, || run(limits, name, f));
        let running = running.map_err(|error| format!("no thread can be started: {error}"))?;
        running.join().map_err(|payload| message_of(&*payload))?
    })
}

/// Statics are shared by all executions, so that two explorations that use them must not overlap.
static STATICS: Mutex<()> = Mutex::new(());

/// How many executions are made to learn the plan of a token that cannot be followed.
const LESSONS: usize = 300;

fn run(limits: &Limits, name: Option<Arc<str>>, f: &Body) -> Result<Outcome, String> {
    let mut settings = Settings {
        stack_size: limits.stack_size,
        spurious: u32::from(limits.spurious),
        patience: limits.patience,
        alone: false,
        name,
    };
    let began = Instant::now();
    let mut plan = Plan::default();
    let mut turn = None;
    loop {
        let runtime = Runtime::new(Arc::clone(f), plan.clone(), &settings);
        let mut exploring = Exploring::new(limits, runtime, began);
        let ended = match &limits.mode {
            Mode::Exhaustive => match limits.max_preemptions {
                None => exploring.exhaust_all(f, &settings),
                Some(most) => exploring.preempt(most),
            },
            Mode::Random { strategy, seed } => exploring.sample(*strategy, *seed),
            Mode::Replay(token) => exploring.replay(token),
        };
        match ended {
            Err(Failure::Replan) => plan = exploring.take_plan(),
            Err(Failure::Alone) => {
                drop(exploring);
                settings.alone = true;
                turn.get_or_insert_with(|| STATICS.lock().unwrap_or_else(PoisonError::into_inner));
            }
            Err(Failure::Refused(message)) => return Err(message),
            Ok(stopped) => return Ok(exploring.outcome(stopped)),
        }
    }
}

/// An exploration under way.
pub(super) struct Exploring<'a> {
    pub(super) limits: &'a Limits,
    pub(super) runtime: Runtime,
    pub(super) walk: Walk,
    pub(super) screen: Screen,
    pub(super) findings: Findings,
    pub(super) found: bool,
    pub(super) began: Instant,
    pub(super) executions: u64,
    pub(super) blocked: u64,
    pub(super) explored: f64,
    /// What other workers have learnt.
    pub(super) plan: Plan,
}

impl<'a> Exploring<'a> {
    pub(super) fn new(limits: &'a Limits, runtime: Runtime, began: Instant) -> Self {
        Self {
            limits,
            runtime,
            walk: Walk::new(limits.model, limits.max_steps),
            screen: Screen::default(),
            findings: Findings::default(),
            found: false,
            began,
            executions: 0,
            blocked: 0,
            explored: 0.0,
            plan: Plan::default(),
        }
    }

    /// What ends the exploration early. With a new plan, that is kept for the next.
    pub(super) fn failure(&mut self) -> Option<Failure> {
        self.runtime.failure()
    }

    pub(super) fn take_plan(&mut self) -> Plan {
        let mut plan = std::mem::take(&mut self.plan);
        plan.extend(std::mem::take(&mut self.runtime.state_mut().plan));
        plan
    }

    /// Makes the executions of all schedules with at most so many preemptions.
    fn preempt(&mut self, most: usize) -> Result<Option<Stopped>, Failure> {
        let mut preemptions = Preemptions::new(most);
        let mut progress = Progress::new(self.began);
        let mut made = 0;
        loop {
            if let Some(stopped) = self.walk(&mut preemptions, &mut made, &mut progress)? {
                return Ok(Some(stopped));
            }
            if !preemptions.advance() {
                return Ok(preemptions.is_bounded().then_some(Stopped::Preemptions));
            }
        }
    }

    /// Makes random executions.
    fn sample(&mut self, strategy: Strategy, seed: u64) -> Result<Option<Stopped>, Failure> {
        let mut scheduler = strategy.scheduler(seed);
        let mut progress = Progress::new(self.began);
        let mut made = 0;
        loop {
            if let Some(stopped) = self.walk(&mut *scheduler, &mut made, &mut progress)? {
                return Ok(Some(stopped));
            }
        }
    }

    /// Makes one execution, the next after so many, unless a bound has been reached.
    fn walk(
        &mut self,
        scheduler: &mut dyn Scheduler,
        made: &mut u64,
        progress: &mut Progress,
    ) -> Result<Option<Stopped>, Failure> {
        if let Some(stopped) = self.bound(*made) {
            return Ok(Some(stopped));
        }
        *made += 1;
        progress.show(*made, None);
        let ended = self.walk.run(&mut self.runtime, scheduler);
        if let Some(failure) = self.failure() {
            return Err(failure);
        }
        let blocked = match ended {
            Ok(End::Artefact) => return Ok(None),
            Ok(end) => end == End::Blocked,
            Err(stop) => {
                self.executions += 1;
                let schedule = self.walk.schedule().clone();
                return Ok(Some(self.stop_at(&schedule, stop)));
            }
        };
        self.blocked += u64::from(blocked);
        self.executions += u64::from(!blocked);
        let execution = self.walk.execution();
        if self.screen.wants(&execution, self.runtime.state(), blocked) {
            let fault = fault(&execution, self.runtime.state(), blocked);
            let schedule = self.walk.schedule().clone();
            self.look(schedule, fault)?;
        }
        Ok(None)
    }

    /// Makes the execution of a token.
    fn replay(&mut self, token: &str) -> Result<Option<Stopped>, Failure> {
        let refused = |error: TokenError| Failure::Refused(error.to_string());
        self.walk = Walk::of_token(token, self.limits.max_steps).map_err(refused)?;
        self.observe(true);
        let ended = self.walk.replay(&mut self.runtime, token);
        let observed = self.observed();
        if let Some(failure) = self.failure() {
            return Err(failure);
        }
        match ended {
            Ok(end) => {
                self.blocked += u64::from(end == End::Blocked);
                self.executions += u64::from(end != End::Blocked);
                self.judge(observed, end == End::Blocked, Some(token.to_owned()));
            }
            Err(ReplayError::Stopped(stop)) => {
                self.executions += 1;
                let schedule = self.walk.schedule().clone();
                return Ok(Some(self.stop_at(&schedule, stop)));
            }
            Err(error) => {
                self.learn()?;
                return Err(Failure::Refused(error.to_string()));
            }
        }
        Ok(Some(Stopped::Sampled))
    }

    /// Makes some executions, to learn what a token was made with the knowledge of.
    fn learn(&mut self) -> Result<(), Failure> {
        let mut scheduler = Strategy::Walk.scheduler(0);
        for _ in 0..LESSONS {
            let _ = self.walk.run(&mut self.runtime, &mut *scheduler);
            if let Some(failure) = self.failure() {
                return Err(failure);
            }
        }
        Ok(())
    }

    /// Which bound has been reached, after so many executions.
    pub(super) fn bound(&self, made: u64) -> Option<Stopped> {
        if self.found && self.limits.first_only {
            Some(Stopped::Finding)
        } else if self.limits.max_executions.is_some_and(|most| made >= most) {
            Some(Stopped::Executions)
        } else if self.limits.max_duration.is_some_and(|most| self.began.elapsed() >= most) {
            Some(Stopped::Duration)
        } else {
            None
        }
    }

    /// Looks at an execution that shows something.
    pub(super) fn look(&mut self, schedule: Schedule, fault: Option<u64>) -> Result<(), Failure> {
        if !self.shows_anything_new(&schedule) {
            return self.failure().map_or(Ok(()), Err);
        }
        let shorter =
            fault.and_then(|fault| shorten(&mut self.runtime, &mut self.walk, &schedule, fault));
        if let Some(failure) = self.failure() {
            return Err(failure);
        }
        if let Some(shorter) = shorter {
            self.look_at(&shorter);
            // What else the longer one shows, the shorter one need not show too.
            if !self.shows_anything_new(&schedule) {
                return self.failure().map_or(Ok(()), Err);
            }
        }
        self.look_at(&schedule);
        self.failure().map_or(Ok(()), Err)
    }

    /// Whether an execution shows what no other has shown. No stacks are captured for that.
    fn shows_anything_new(&mut self, schedule: &Schedule) -> bool {
        self.observe(false);
        let ended = self.walk.repeat(&mut self.runtime, schedule);
        let mut observed = self.observed();
        let end = match ended {
            Ok(end) => end,
            Err(ReplayError::Stopped(_)) => return true,
            Err(error) => {
                self.drifts(&error);
                return false;
            }
        };
        let shown = self.shown(&mut observed, end == End::Blocked);
        shown.iter().any(|finding| self.findings.is_new(finding))
    }

    fn look_at(&mut self, schedule: &Schedule) {
        self.observe(true);
        let ended = self.walk.repeat(&mut self.runtime, schedule);
        let observed = self.observed();
        match ended {
            Ok(end) => self.judge(observed, end == End::Blocked, Some(schedule.token())),
            Err(ReplayError::Stopped(_)) => self.judge(observed, false, Some(schedule.token())),
            Err(error) => self.drifts(&error),
        }
    }

    /// An execution could not be made again. If the exploration begins anew, that says nothing.
    fn drifts(&mut self, error: &ReplayError) {
        if self.runtime.state().failure.is_none() {
            self.add(nondeterminism(&error.to_string()));
        }
    }

    /// The next execution is looked at.
    fn observe(&mut self, stacks: bool) {
        self.runtime.state_mut().observer = Some(Box::new(Observer::new(stacks)));
        observer::set_observed(true);
    }

    fn observed(&mut self) -> Box<Observer> {
        observer::set_observed(false);
        let observer = self.runtime.state_mut().observer.take();
        observer.unwrap_or_else(|| Box::new(Observer::new(false)))
    }

    /// What an execution has shown.
    fn shown(&self, observer: &mut Observer, blocked: bool) -> Vec<Finding> {
        let state = self.runtime.state();
        let mut findings = std::mem::take(&mut observer.findings);
        if !blocked {
            let threads = (0..).zip(&state.threads).skip(1);
            for (key, thread) in threads.filter(|(_, thread)| !thread.joined) {
                findings.push(observer.detector.leaked(thread::id(key), thread.started));
            }
        }
        if screen::panicked(state).is_some() {
            findings.push(panic_finding(observer, &state.panics));
        } else if blocked && !findings.iter().any(says_stuck) {
            findings.extend(stuck_finding(observer, state));
        }
        findings
    }

    /// Takes in what an execution has shown.
    fn judge(&mut self, mut observer: Box<Observer>, blocked: bool, token: Option<String>) {
        let rows = observer.schedule();
        for mut finding in self.shown(&mut observer, blocked) {
            if let Some(token) = &token {
                finding.set_replay(token);
                finding.set_schedule(observer.detector.context(), rows.clone());
            }
            self.add(finding);
        }
    }

    fn add(&mut self, finding: Finding) {
        self.found |= self.findings.add(finding);
    }

    /// The search cannot go on.
    pub(super) fn stop(&mut self, search: &Search, stop: Stop) -> Stopped {
        let schedule = search.execution().schedule(self.limits.model);
        self.stop_at(&schedule, stop)
    }

    fn stop_at(&mut self, schedule: &Schedule, stop: Stop) -> Stopped {
        match stop {
            Stop::Diverged { .. } => {
                let where_to = on_state(|state| state.me().place.map(ToString::to_string));
                let place = where_to.unwrap_or_else(|| "its beginning".to_owned());
                self.add(nondeterminism(&format!(
                    "repeated, a thread did something else than before (near {place})"
                )));
                Stopped::Nondeterminism
            }
            Stop::Limit(Limit::Events) => {
                self.observe(true);
                let _ = self.walk.repeat(&mut self.runtime, schedule);
                let mut observer = self.observed();
                observer.findings =
                    vec![livelock(&observer, self.runtime.state(), self.limits.max_steps)];
                self.judge(observer, false, Some(schedule.token()));
                Stopped::Steps
            }
            Stop::Limit(Limit::Executions) | Stop::Visitor => Stopped::Executions,
        }
    }

    fn outcome(self, stopped: Option<Stopped>) -> Outcome {
        let mut findings = self.findings.resolve();
        // What has been seen to happen need not be predicted.
        let happened: Vec<_> = findings.iter().filter(|f| says_stuck(f)).map(made).collect();
        findings.retain(|finding| {
            let predicts = finding.kind() == Rule::LockOrderCycle;
            !predicts || !happened.iter().any(|deadlock| made(finding).is_subset(deadlock))
        });
        let drifts = findings.iter().any(|finding| finding.kind() == Rule::Nondeterminism);
        let stopped = stopped.or(drifts.then_some(Stopped::Nondeterminism));
        if stopped.is_none() {
            // All executions are known: what they do not show cannot happen.
            findings.retain(|finding| !is_disproved(finding));
        }
        Outcome {
            executions: self.executions,
            blocked: self.blocked,
            stopped,
            explored: if stopped.is_none() { 1.0 } else { self.explored },
            findings,
            took: self.began.elapsed(),
        }
    }
}

/// Where the objects of a finding were made.
fn made(finding: &Finding) -> BTreeSet<Site> {
    finding.objects().iter().map(|object| object.created).collect()
}
