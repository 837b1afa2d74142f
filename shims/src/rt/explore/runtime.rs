//! [`Runtime`]: the program as the engine sees it. Its threads are coroutines.
//!
//! A thread is suspended at each step that it asks for, and resumed with the answer. When an
//! execution is over, threads that have not ended are unwound, the last one first, so that what
//! they own is freed; what their destructors do has no effect then. One that does not come to an
//! end in this way is left where it is, with what it owns.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    time::Duration,
};

use corosensei::{Coroutine, CoroutineResult, Yielder, stack::DefaultStack};
use lockwise_detector::explore::{Answer, Program, Step};

use super::{
    driver::Body,
    overflow::{self, Tenant},
    plan::Plan,
    stack::Stacks,
    state::{self, Failure, Reply, State, install, last_steps, on_state},
    thread,
    watchdog::Watchdog,
};
use crate::rt::{
    current::{self, Kind},
    model::{Ending, next_serial},
};

/// The program, its threads, and what they run on.
pub(super) struct Runtime {
    pub(super) state: Box<State>,
    body: Body,
    name: Option<Arc<str>>,
    stack_size: usize,
    carriers: Vec<Option<Carrier>>,
    stacks: Stacks,
    watchdog: Watchdog,
    _overflows: overflow::Watch,
}

/// A thread on its stack.
struct Carrier {
    coroutine: Coroutine<Reply, Step, (), DefaultStack>,
    tenant: Tenant,
    /// Whether its stack is of the usual size.
    ended: bool,
}

/// What a program runs with.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    pub(super) stack_size: usize,
    pub(super) spurious: u32,
    pub(super) patience: Duration,
    /// The name of the thread that explores, which the first thread has too.
    pub(super) name: Option<Arc<str>>,
}

impl Runtime {
    pub(super) fn new(body: Body, plan: Plan, settings: &Settings) -> Self {
        let mut state = Box::new(State::new(plan, settings.spurious));
        install(&raw mut *state);
        Self {
            state,
            body,
            name: settings.name.clone(),
            stack_size: settings.stack_size,
            carriers: Vec::new(),
            stacks: Stacks::new(settings.stack_size),
            watchdog: Watchdog::start(settings.patience),
            _overflows: overflow::watch(),
        }
    }

    /// What ends the exploration early.
    pub(super) fn failure(&mut self) -> Option<Failure> {
        self.state.failure.take()
    }

    /// Ends the execution under way, and puts back what it has used of the world outside.
    pub(super) fn finish(&mut self) {
        let whole = self.carriers.iter().flatten().all(|carrier| carrier.ended)
            && self.state.threads.iter().all(|thread| thread.body.is_none());
        if !whole {
            self.state.over = Some(last_steps());
            for thread in (0..self.state.threads.len()).rev() {
                self.give_up(thread);
            }
        }
        for thread in &self.state.threads {
            thread.record.set_gone();
        }
        let ending = if whole { Ending::Whole } else { Ending::Broken };
        for (_, restore) in std::mem::take(&mut self.state.restores).into_iter().rev() {
            restore(ending);
        }
        self.watchdog.rests();
    }

    /// Unwinds a thread that has not ended.
    fn give_up(&mut self, thread: usize) {
        self.state.current = thread;
        if let Some(body) = self.state.threads[thread].body.take() {
            // It never began. What it owns may have destructors that use our types.
            current::set(Kind::Explore);
            let dropped = catch_unwind(AssertUnwindSafe(|| drop(body)));
            current::set(Kind::Os);
            // A destructor that panics in an execution that is over is nobody's concern.
            drop(dropped);
        }
        let Some(mut carrier) = self.carriers.get_mut(thread).and_then(Option::take) else {
            return;
        };
        if carrier.ended {
            self.carriers[thread] = Some(carrier);
            return;
        }
        self.state.threads[thread].gives_up = false;
        if let CoroutineResult::Yield(_) = self.resume(thread, &mut carrier, None) {
            // SAFETY: what is on the stack is never used again; it is not freed, and nothing that
            // is left refers to the stack: the threads that could do so are of this execution.
            unsafe { carrier.coroutine.force_reset() };
            std::mem::forget(carrier.coroutine);
            return;
        }
        self.stacks.give_back(carrier.coroutine.into_stack());
    }

    fn resume(
        &mut self,
        thread: usize,
        carrier: &mut Carrier,
        reply: Reply,
    ) -> CoroutineResult<Step, ()> {
        self.state.current = thread;
        self.watchdog.beat();
        self.watchdog.runs(u32::try_from(thread).unwrap_or(u32::MAX - 1));
        let Carrier { coroutine, tenant, .. } = carrier;
        current::set(Kind::Explore);
        let result = tenant.run(|| coroutine.resume(reply));
        current::set(Kind::Os);
        result
    }

    /// A thread that has been spawned, on a stack.
    fn start(&mut self, thread: usize) -> Option<Carrier> {
        let state = &mut self.state.threads[thread];
        let body = state.body.take()?;
        let size = state.stack_size.unwrap_or(0).max(self.stack_size);
        let stack = match self.stacks.take_sized(size) {
            Ok(stack) => stack,
            Err(error) => {
                let message = format!("there is no memory for a stack of {size} bytes: {error}");
                self.state.failure.get_or_insert(Failure::Refused(message));
                return None;
            }
        };
        let number = u32::try_from(thread).unwrap_or(u32::MAX);
        let tenant = Tenant::of(&stack, number, state.record.shared_name());
        let coroutine = Coroutine::with_stack(stack, move |yielder: &Yielder<Reply, Step>, _| {
            on_state(|state| state.me().yielder = yielder);
            thread::run(body);
        });
        Some(Carrier { coroutine, tenant, ended: false })
    }
}

impl Program for Runtime {
    fn restart(&mut self) {
        self.finish();
        for carrier in std::mem::take(&mut self.carriers).into_iter().flatten() {
            self.stacks.give_back(carrier.coroutine.into_stack());
        }
        self.state.begin(next_serial());
        let body = Arc::clone(&self.body);
        let body = Box::new(move || body());
        thread::add(&mut self.state, None, self.name.clone(), None, body);
    }

    fn step(&mut self, thread: usize, answer: Answer) -> Step {
        if self.state.failure.is_some() {
            return Step::Never;
        }
        if self.carriers.len() <= thread {
            self.carriers.resize_with(thread + 1, || None);
        }
        let carrier = self.carriers[thread].take().or_else(|| self.start(thread));
        let Some(mut carrier) = carrier else { return Step::Never };
        let result = self.resume(thread, &mut carrier, Some(answer));
        carrier.ended = matches!(result, CoroutineResult::Return(()));
        self.carriers[thread] = Some(carrier);
        match result {
            CoroutineResult::Yield(step) => step,
            CoroutineResult::Return(()) => Step::End,
        }
    }

    fn initial(&self, location: usize) -> u64 {
        self.state.atomics.initial(location)
    }

    fn hurries(&self) -> bool {
        !self.state.panics.is_empty()
    }

    fn is_urgent(&self, thread: usize) -> bool {
        self.state.threads[thread].unwinds
    }

    fn gives_up(&self, thread: usize) -> bool {
        self.state.threads[thread].gives_up
    }

    fn is_closed(&self, group: usize) -> bool {
        self.state.members.get(group).is_some_and(|members| *members == 0)
    }
}

impl Drop for Runtime {
    fn drop(&mut self) {
        self.finish();
        self.carriers.clear();
        state::install(std::ptr::null_mut());
    }
}
