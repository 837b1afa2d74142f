//! Exploring a program: executions, what they show, and when to stop.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, Once, PoisonError},
    time::{Duration, Instant},
};

use lockwise_detector::{
    Certainty, Finding, Rule, Site,
    explore::{
        End, Limit, MemoryModel, ReplayError, Schedule, Search, Stop, TokenError, Walk,
        strategy::Strategy,
    },
    finding::Verb,
};

use super::{
    aborts,
    observer::{self, Observer},
    plan::Plan,
    progress::Progress,
    runtime::{Runtime, Settings},
    screen::{self, Screen, fault},
    shorten::shorten,
    state::{Failure, Panicked, on_state},
    team::Team,
    thread,
};
use crate::rt::{
    current::{self, Kind},
    model::Findings,
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

/// How many executions one worker makes before others join in.
const SOLO: u64 = 1_000;

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
            Mode::Exhaustive => exploring.exhaust_all(f, &settings),
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
struct Exploring<'a> {
    limits: &'a Limits,
    runtime: Runtime,
    walk: Walk,
    screen: Screen,
    findings: Findings,
    found: bool,
    began: Instant,
    executions: u64,
    blocked: u64,
    explored: f64,
    /// What other workers have learnt.
    plan: Plan,
}

/// What one worker has found.
struct Part {
    findings: Findings,
    found: bool,
    executions: u64,
    blocked: u64,
    plan: Plan,
}

impl<'a> Exploring<'a> {
    fn new(limits: &'a Limits, runtime: Runtime, began: Instant) -> Self {
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

    /// Makes all executions, with as many workers as there may be.
    fn exhaust_all(&mut self, f: &Body, settings: &Settings) -> Result<Option<Stopped>, Failure> {
        let team = Team::new(self.limits.max_executions);
        let others = Mutex::new(Vec::new());
        std::thread::scope(|scope| {
            let (team, others, limits, began) = (&team, &others, self.limits, self.began);
            let plan = self.runtime.state().plan.clone();
            let join_in = || {
                for _ in 1..limits.workers {
                    team.join();
                    let plan = plan.clone();
                    let worker = std::thread::Builder::new().name("lockwise-explorer".to_owned());
                    let started = worker.spawn_scoped(scope, move || {
                        let runtime = Runtime::new(Arc::clone(f), plan, settings);
                        let mut exploring = Exploring::new(limits, runtime, began);
                        exploring.exhaust(team, || ());
                        let part = exploring.part();
                        others.lock().unwrap_or_else(PoisonError::into_inner).push(part);
                    });
                    if started.is_err() {
                        // The others do its work.
                        team.leave();
                    }
                }
            };
            self.exhaust(team, join_in);
        });
        for part in others.into_inner().unwrap_or_else(PoisonError::into_inner) {
            self.add_part(part);
        }
        let (stopped, explored) = team.result()?;
        self.explored = explored;
        Ok(stopped)
    }

    /// Makes executions as long as the team has work. Calls `join_in` once it shows that there will
    /// be many.
    fn exhaust(&mut self, team: &Team, join_in: impl FnOnce()) {
        let mut join_in = Some(join_in);
        let mut progress = Progress::new(self.began);
        while let Some(work) = team.take() {
            let mut search = Search::of(work, self.limits.model, self.limits.max_steps);
            while !team.is_over() && self.advance(&mut search, team) {
                if team.is_hungry()
                    && let Some(part) = search.split()
                {
                    team.give(part);
                }
                progress.show(team.made(), Some(search.explored()));
                if self.executions + self.blocked > SOLO
                    && !self.runtime.state().alone
                    && let Some(join_in) = join_in.take()
                {
                    join_in();
                }
            }
            team.add_explored(search.explored());
        }
    }

    /// Makes the next execution of a search. False if there is none.
    fn advance(&mut self, search: &mut Search, team: &Team) -> bool {
        if let Some(stopped) = self.bound(team.made()) {
            team.stop(stopped);
            return false;
        }
        let advanced = search.advance(&mut self.runtime);
        if let Some(failure) = self.failure() {
            team.fail(failure);
            return false;
        }
        let execution = match advanced {
            None => return false,
            Some(Err(stop)) => {
                let stopped = self.stop(search, stop);
                team.stop(stopped);
                return false;
            }
            Some(Ok(None)) => return true,
            Some(Ok(Some(execution))) => execution,
        };
        if !team.count() {
            team.stop(Stopped::Executions);
            return false;
        }
        let blocked = execution.is_blocked();
        self.executions += u64::from(!blocked);
        self.blocked += u64::from(blocked);
        let state = self.runtime.state();
        if self.screen.wants(&execution, state, blocked) {
            let fault = fault(&execution, state, blocked);
            let schedule = execution.schedule(self.limits.model);
            if let Err(failure) = self.look(schedule, fault) {
                team.fail(failure);
                return false;
            }
        }
        true
    }

    /// What ends the exploration early. With a new plan, that is kept for the next.
    fn failure(&mut self) -> Option<Failure> {
        self.runtime.failure()
    }

    fn take_plan(&mut self) -> Plan {
        let mut plan = std::mem::take(&mut self.plan);
        plan.extend(std::mem::take(&mut self.runtime.state_mut().plan));
        plan
    }

    /// What a worker has found.
    fn part(mut self) -> Part {
        let plan = self.take_plan();
        let Self { findings, found, executions, blocked, .. } = self;
        Part { findings, found, executions, blocked, plan }
    }

    fn add_part(&mut self, part: Part) {
        self.findings.extend(part.findings);
        self.found |= part.found;
        self.executions += part.executions;
        self.blocked += part.blocked;
        self.plan.extend(part.plan);
    }

    /// Makes random executions.
    fn sample(&mut self, strategy: Strategy, seed: u64) -> Result<Option<Stopped>, Failure> {
        let mut scheduler = strategy.scheduler(seed);
        let mut progress = Progress::new(self.began);
        let mut made = 0;
        loop {
            if let Some(stopped) = self.bound(made) {
                return Ok(Some(stopped));
            }
            made += 1;
            progress.show(made, None);
            let ended = self.walk.run(&mut self.runtime, &mut *scheduler);
            if let Some(failure) = self.failure() {
                return Err(failure);
            }
            let blocked = match ended {
                Ok(end) => end == End::Blocked,
                Err(stop) => {
                    self.executions += 1;
                    let schedule = self.walk.schedule().clone();
                    return Ok(Some(self.stop_at(&schedule, stop)));
                }
            };
            self.blocked += u64::from(blocked);
            self.executions += u64::from(!blocked);
            if ended == Ok(End::Artefact) {
                continue;
            }
            let execution = self.walk.execution();
            if self.screen.wants(&execution, self.runtime.state(), blocked) {
                let fault = fault(&execution, self.runtime.state(), blocked);
                let schedule = self.walk.schedule().clone();
                self.look(schedule, fault)?;
            }
        }
    }

    /// Makes the execution of a token.
    fn replay(&mut self, token: &str) -> Result<Option<Stopped>, Failure> {
        let refused = |error: TokenError| Failure::Refused(error.to_string());
        self.walk = Walk::of_token(token, self.limits.max_steps).map_err(refused)?;
        self.observe();
        let ended = self.walk.replay(&mut self.runtime, token);
        let observed = self.observed();
        if let Some(failure) = self.failure() {
            return Err(failure);
        }
        match ended {
            Ok(end) => {
                self.blocked += u64::from(end == End::Blocked);
                self.executions += u64::from(end != End::Blocked);
                let token = Some(self.walk.schedule().token());
                self.judge(observed, end == End::Blocked, token);
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
    fn bound(&self, made: u64) -> Option<Stopped> {
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
    fn look(&mut self, schedule: Schedule, fault: Option<u64>) -> Result<(), Failure> {
        let shorter =
            fault.and_then(|fault| shorten(&mut self.runtime, &mut self.walk, &schedule, fault));
        if let Some(failure) = self.failure() {
            return Err(failure);
        }
        let schedule = shorter.unwrap_or(schedule);
        self.look_at(&schedule);
        Ok(())
    }

    fn look_at(&mut self, schedule: &Schedule) {
        self.observe();
        let ended = self.walk.repeat(&mut self.runtime, schedule);
        let observed = self.observed();
        match ended {
            Ok(end) => self.judge(observed, end == End::Blocked, Some(schedule.token())),
            Err(ReplayError::Stopped(_)) => self.judge(observed, false, Some(schedule.token())),
            Err(error) => self.add(nondeterminism(&error.to_string())),
        }
    }

    /// The next execution is looked at.
    fn observe(&mut self) {
        self.runtime.state_mut().observer = Some(Box::new(Observer::new()));
        observer::set_observed(true);
    }

    fn observed(&mut self) -> Box<Observer> {
        observer::set_observed(false);
        let observer = self.runtime.state_mut().observer.take();
        observer.unwrap_or_else(|| Box::new(Observer::new()))
    }

    /// Takes in what an execution has shown.
    fn judge(&mut self, mut observer: Box<Observer>, blocked: bool, token: Option<String>) {
        let state = self.runtime.state();
        if !blocked {
            let threads = (0..).zip(&state.threads).skip(1);
            for (key, thread) in threads.filter(|(_, thread)| !thread.joined) {
                let leaked = observer.detector.leaked(thread::id(key), thread.started);
                observer.findings.push(leaked);
            }
        }
        let mut findings = std::mem::take(&mut observer.findings);
        if screen::panicked(state).is_some() {
            findings.push(panic_finding(&observer, &state.panics));
        } else if blocked && !findings.iter().any(says_stuck) {
            findings.extend(stuck_finding(&observer, state));
        }
        let rows = observer.schedule();
        for mut finding in findings {
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
    fn stop(&mut self, search: &Search, stop: Stop) -> Stopped {
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
                self.observe();
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

/// Whether a finding only says what could happen, and would have been seen to happen.
fn is_disproved(finding: &Finding) -> bool {
    let predicts = matches!(
        finding.kind(),
        Rule::LockOrderCycle | Rule::LockClassOrder | Rule::UnsafeSharedWrite
    );
    predicts && finding.certainty() == Certainty::Predicted
}

fn says_stuck(finding: &Finding) -> bool {
    use Rule::{Deadlock, Hang, LostWakeup, RwlockUpgrade, SelfDeadlock};
    matches!(finding.kind(), Deadlock | SelfDeadlock | LostWakeup | Hang | RwlockUpgrade)
}

fn panic_finding(observer: &Observer, panics: &[Panicked]) -> Finding {
    let message = panics.first().map_or("a panic", |panicked| &panicked.message);
    let message = format!("the program panics: {message}");
    let mut finding = Finding::new(Rule::Panic, Certainty::Observed, message);
    for panicked in panics {
        let at = (panicked.site, None);
        let thread = thread::id(panicked.thread);
        finding = finding.step(observer.detector.context(), thread, Verb::Panic, None, at);
    }
    finding
}

/// Where each thread is that has not ended.
fn with_places(mut finding: Finding, observer: &Observer, state: &super::state::State) -> Finding {
    let context = observer.detector.context();
    for (key, thread) in state.threads.iter().enumerate() {
        if let Some(place) = thread.place.filter(|_| !thread.record.is_gone()) {
            let at = (Site::from(place), None);
            finding = finding.step(context, thread::id(key), Verb::Use, None, at);
        }
    }
    finding
}

/// For an execution in which nobody can go on, and the detector does not know why: a thread waits
/// in a loop.
fn stuck_finding(observer: &Observer, state: &super::state::State) -> Option<Finding> {
    let root_stuck = state.threads.first().is_some_and(|main| !main.record.is_gone());
    root_stuck.then(|| {
        let message = "a thread waits in a loop for what can never come: no thread can go on";
        let finding = Finding::new(Rule::Livelock, Certainty::Observed, message);
        with_places(finding, observer, state)
    })
}

fn livelock(observer: &Observer, state: &super::state::State, steps: usize) -> Finding {
    let message = format!(
        "an execution has more than {steps} steps: threads spin without end, or the program is too \
         long (Explorer::max_steps)"
    );
    with_places(Finding::new(Rule::Livelock, Certainty::Observed, message), observer, state)
}

fn nondeterminism(what: &str) -> Finding {
    let message = format!("the program depends on something that is not explored: {what}");
    Finding::new(Rule::Nondeterminism, Certainty::Observed, message)
        .help("take time, random numbers and the order of hash maps out of what is explored")
        .help("make what threads share of lockwise's types, in the closure and not outside")
}

/// Begins to watch the panics of explored programs, for their messages and places.
fn note_panics() {
    static INSTALL: Once = Once::new();
    INSTALL.call_once(|| {
        let next = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if current::kind() != Kind::Explore {
                return next(info);
            }
            let site = info.location().map_or(Site::UNKNOWN, site_of);
            let message = message_of(info.payload());
            let ends_process = aborts::ends_process(info);
            on_state(|state| {
                let thread = state.current;
                state.me().unwinds = true;
                state.panics.push(Panicked { thread, message, site });
                if ends_process {
                    aborts::tell(state);
                }
            });
        }));
    });
}

/// A place as the panic hook gives it: not for ever, so its file is kept once.
fn site_of(location: &std::panic::Location<'_>) -> Site {
    static FILES: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());
    let mut files = FILES.lock().unwrap_or_else(PoisonError::into_inner);
    let file = files.get(location.file()).copied().unwrap_or_else(|| {
        let kept: &'static str = Box::leak(location.file().to_owned().into_boxed_str());
        files.insert(kept);
        kept
    });
    Site { file, line: location.line(), column: location.column() }
}

/// What a panic says.
fn message_of(payload: &(dyn std::any::Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| payload.downcast_ref::<String>().cloned());
    text.unwrap_or_else(|| "a panic without a message".to_owned())
}
