//! [`explore`]: running a model in every way that loom knows.

use std::{
    collections::{HashMap, HashSet},
    panic::{AssertUnwindSafe, Location, catch_unwind},
    sync::{Arc, Mutex, Once, PoisonError},
    time::{Duration, Instant},
};

use lockwise_detector::{Finding, Site, Stack, ThreadId};

use super::{
    LoomError,
    atomic::{Atomics, Cells},
    carrier::{self, Halt},
    execution::{Execution, on_model, set_model},
    is_current, set_current, thread,
};
use crate::rt::model::{Ending, Findings, message_of, next_serial};

/// How far an exploration goes.
#[derive(Clone, Debug)]
pub(crate) struct Limits {
    /// The most steps of one execution at which loom can decide something.
    pub(crate) max_branches: usize,
    /// The most executions.
    pub(crate) max_permutations: Option<usize>,
    /// The longest time.
    pub(crate) max_duration: Option<Duration>,
    /// The most switches in one execution away from a thread that could go on.
    pub(crate) preemption_bound: Option<usize>,
}

/// What an exploration has shown.
#[derive(Debug)]
pub struct Outcome {
    /// How many executions were begun.
    pub executions: usize,
    /// Whether they were all that there are: no bound and no fault ended the exploration early.
    pub complete: bool,
    /// What was found: first what was observed and so ended the exploration, then what was
    /// predicted, then notes.
    pub findings: Vec<Finding>,
}

/// Why an exploration ends before it is complete.
#[derive(Debug)]
pub(super) enum End {
    /// A fault was observed.
    Found,
    /// A bound was reached.
    Bound,
    Error(LoomError),
    /// More atomics or cells are needed than were made at the execution's beginning.
    PoolEmpty,
    /// A lock made there is tried, which was not known at the execution's beginning.
    Tried(Site),
}

/// An exploration under way.
pub(super) struct Model {
    limits: Limits,
    started: Instant,
    name: Option<Arc<str>>,
    pub(super) plan: Plan,
    executions: usize,
    pub(super) findings: Findings,
    pub(super) stacks: HashMap<(ThreadId, usize), Option<Stack>>,
    pub(super) end: Option<End>,
    pub(super) execution: Option<Execution>,
}

/// What has to be known of a model from the beginning. Where it is not, the exploration begins anew.
#[derive(Clone)]
pub(super) struct Plan {
    /// How many atomics and cells an execution has at first.
    pool: usize,
    /// Where locks are made that are tried (see `tried`).
    pub(super) tried: HashSet<Site>,
}

impl Plan {
    fn new() -> Self {
        Self { pool: 8, tried: HashSet::new() }
    }

    /// Takes account of how an exploration ended. Returns whether it was for want of a better plan.
    fn learn(&mut self, end: Option<&End>) -> bool {
        match end {
            Some(End::PoolEmpty) => self.pool *= 2,
            Some(End::Tried(site)) => return self.tried.insert(*site),
            _ => return false,
        }
        true
    }
}

/// What is left of an exploration.
struct Explored {
    executions: usize,
    findings: Findings,
    end: Option<End>,
}

/// The closure of a model.
pub(crate) type Body = Arc<dyn Fn() + Send + Sync>;

/// Explores `f`.
///
/// It runs on a thread of its own, whose count of panics and whose locals are nobody else's. One
/// model of a process runs at a time, since they share its statics.
///
/// # Errors
///
/// The model asks for what loom cannot do.
#[track_caller]
pub(crate) fn explore(limits: &Limits, f: &Body) -> Result<Outcome, LoomError> {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    if is_current() {
        return Err(LoomError::Nested { site: Location::caller().into() });
    }
    note_panics();
    let turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let name = std::thread::current().name().map(Arc::from);
    let mut plan = Plan::new();
    let explored = loop {
        let explored = std::thread::scope(|scope| {
            let (name, plan) = (Option::clone(&name), plan.clone());
            let builder = std::thread::Builder::new().name("loom model".to_owned());
            let running = builder.spawn_scoped(scope, || run(limits.clone(), name, plan, f));
            running.map(|running| running.join())
        });
        let internal = |message| LoomError::Internal { message };
        let explored = explored.map_err(|error| internal(error.to_string()))?;
        let explored = explored.map_err(|payload| internal(message_of(&*payload)))?;
        if !plan.learn(explored.end.as_ref()) {
            break explored;
        }
    };
    drop(turn);
    explored.outcome(limits)
}

/// Begins to watch the panics of models, for their messages and places.
fn note_panics() {
    static INSTALL: Once = Once::new();
    INSTALL.call_once(|| {
        let next = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if is_current() {
                thread::note_panic(info);
            }
            next(info);
        }));
    });
}

fn run(limits: Limits, name: Option<Arc<str>>, plan: Plan, f: &Body) -> Explored {
    let mut builder = loom::model::Builder::new();
    builder.max_branches = limits.max_branches;
    builder.preemption_bound = limits.preemption_bound;
    // These are ours to keep: loom looks at them once in 20,000 executions.
    builder.max_permutations = None;
    builder.max_duration = None;
    builder.checkpoint_file = None;
    set_model(Some(Model::new(limits, name, plan)));
    let f = Arc::clone(f);
    let explored = catch_unwind(AssertUnwindSafe(|| {
        builder.check(move || {
            let f = Arc::clone(&f);
            carrier::carry(move || begin(&*f));
        });
    }));
    set_current(false);
    if let Err(payload) = explored
        && !payload.is::<Halt>()
    {
        let message = message_of(&*payload);
        on_model(|model| {
            model.end.get_or_insert(End::Error(LoomError::Internal { message }));
        });
    }
    finish_execution();
    let model = set_model(None).expect("it was set above");
    Explored { executions: model.executions, findings: model.findings, end: model.end }
}

/// Begins an execution and runs its first thread.
fn begin(f: &dyn Fn()) {
    finish_execution();
    let pool = on_model(|model| {
        if model.is_at_bound() {
            model.end = Some(End::Bound);
        }
        model.plan.pool
    });
    carrier::halt_if_over();
    let (atomics, cells) = (Atomics::new(pool), Cells::new(pool));
    let name = on_model(|model| {
        model.executions += 1;
        let serial = next_serial();
        crate::rt::current::expect(serial);
        model.execution = Some(Execution::new(serial, model.started, atomics, cells));
        model.name.clone()
    });
    thread::run_root(name, f);
}

/// Puts back what the execution before has used of the world outside.
fn finish_execution() {
    let before = on_model(|model| {
        let ending = if model.end.is_some() { Ending::Broken } else { Ending::Whole };
        model.execution.take().map(|execution| (execution, ending))
    });
    if let Some((mut execution, ending)) = before {
        for thread in &execution.threads {
            thread.record.set_gone();
        }
        for (_, restore) in std::mem::take(&mut execution.restores).into_iter().rev() {
            restore(ending);
        }
        if ending == Ending::Broken {
            // It has values of threads that were given up, which are not dropped.
            std::mem::forget(execution);
        }
    }
}

impl Model {
    fn new(limits: Limits, name: Option<Arc<str>>, plan: Plan) -> Self {
        Self {
            limits,
            started: Instant::now(),
            name,
            plan,
            executions: 0,
            findings: Findings::default(),
            stacks: HashMap::new(),
            end: None,
            execution: None,
        }
    }

    fn is_at_bound(&self) -> bool {
        self.limits.max_permutations.is_some_and(|most| self.executions >= most)
            || self.limits.max_duration.is_some_and(|longest| self.started.elapsed() >= longest)
    }
}

impl Explored {
    fn outcome(self, limits: &Limits) -> Result<Outcome, LoomError> {
        let complete = self.end.is_none() && limits.preemption_bound.is_none();
        if let Some(End::Error(error)) = self.end {
            return Err(error);
        }
        let findings = self.findings.resolve();
        Ok(Outcome { executions: self.executions, complete, findings })
    }
}
