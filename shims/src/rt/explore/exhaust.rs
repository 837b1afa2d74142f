//! All executions of a program, by one worker or several.

use std::sync::{Arc, Mutex, PoisonError};

use lockwise_detector::explore::Search;

use super::{
    driver::{Body, Exploring, Stopped},
    heap,
    plan::Plan,
    progress::Progress,
    runtime::{Runtime, Settings},
    screen::fault,
    state::Failure,
    team::Team,
};
use crate::rt::model::Findings;

/// How many executions one worker makes before others join in.
const SOLO: u64 = 1_000;

/// What one worker has found.
struct Part {
    findings: Findings,
    found: bool,
    executions: u64,
    blocked: u64,
    plan: Plan,
}

impl Exploring<'_> {
    /// Makes all executions, with as many workers as there may be.
    pub(super) fn exhaust_all(
        &mut self,
        f: &Body,
        settings: &Settings,
    ) -> Result<Option<Stopped>, Failure> {
        let team = Team::new(self.limits.max_executions);
        let others = Mutex::new(Vec::new());
        std::thread::scope(|scope| {
            let (team, others, limits, began) = (&team, &others, self.limits, self.began);
            let plan = self.runtime.state().plan.clone();
            let most = if heap::is_allocator() { 1 } else { limits.workers };
            let join_in = || {
                for _ in 1..most {
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
}
