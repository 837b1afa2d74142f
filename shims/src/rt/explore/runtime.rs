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
    live::Live,
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
    /// Its own, from a box. Threads reach it too, as long as it is installed; so nobody here has a
    /// reference to it while one of them runs.
    state: *mut State,
    body: Body,
    name: Option<Arc<str>>,
    stack_size: usize,
    carriers: Vec<Option<Carrier>>,
    stacks: Stacks,
    watchdog: Watchdog,
    live: Live,
    _overflows: overflow::Watch,
}

impl Carrier {
    /// Lets the thread go on to its next step.
    fn resume(
        &mut self,
        state: *mut State,
        watchdog: &Watchdog,
        thread: usize,
        reply: Reply,
    ) -> CoroutineResult<Step, ()> {
        // SAFETY: the runtime keeps the state, and nobody has a reference to it.
        unsafe { (*state).current = thread };
        watchdog.beat();
        watchdog.runs(u32::try_from(thread).unwrap_or(u32::MAX - 1));
        let Self { coroutine, tenant, .. } = self;
        current::set(Kind::Explore);
        let result = tenant.run(|| coroutine.resume(reply));
        current::set(Kind::Os);
        result
    }
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
    /// Whether no other execution that uses statics is under way.
    pub(super) alone: bool,
    /// The name of the thread that explores, which the first thread has too.
    pub(super) name: Option<Arc<str>>,
}

impl Runtime {
    pub(super) fn new(body: Body, plan: Plan, settings: &Settings) -> Self {
        let state = Box::into_raw(Box::new(State::new(plan, settings.spurious, settings.alone)));
        install(state);
        Self {
            state,
            body,
            name: settings.name.clone(),
            stack_size: settings.stack_size,
            carriers: Vec::new(),
            stacks: Stacks::new(settings.stack_size),
            watchdog: Watchdog::start(settings.patience),
            live: Live::new(),
            _overflows: overflow::watch(),
        }
    }

    pub(super) fn state(&self) -> &State {
        // SAFETY: it is there as long as this is; and no thread runs while somebody else does.
        unsafe { &*self.state }
    }

    pub(super) fn state_mut(&mut self) -> &mut State {
        // SAFETY: as for `state`.
        unsafe { &mut *self.state }
    }

    /// What ends the exploration early.
    pub(super) fn failure(&mut self) -> Option<Failure> {
        self.state_mut().failure.take()
    }

    /// Ends the execution under way, and puts back what it has used of the world outside.
    pub(super) fn finish(&mut self) {
        let whole = self.carriers.iter().flatten().all(|carrier| carrier.ended)
            && self.state().threads.iter().all(|thread| thread.body.is_none());
        if !whole {
            self.state_mut().over = Some(last_steps());
            for thread in (0..self.state().threads.len()).rev() {
                self.give_up(thread);
            }
        }
        for thread in &self.state().threads {
            thread.record.set_gone();
        }
        let ending = if whole { Ending::Whole } else { Ending::Broken };
        for (_, restore) in std::mem::take(&mut self.state_mut().restores).into_iter().rev() {
            restore(ending);
        }
        self.state_mut().heap.is_broken = !whole;
        self.watchdog.rests();
    }

    /// Unwinds a thread that has not ended.
    fn give_up(&mut self, thread: usize) {
        self.state_mut().current = thread;
        if let Some(body) = self.state_mut().threads[thread].body.take() {
            // It never began. What it owns may have destructors that use our types, and wait.
            let carrier = self.carry(thread, move || {
                // A destructor that panics in an execution that is over is nobody's concern.
                let _ = catch_unwind(AssertUnwindSafe(|| drop(body)));
            });
            self.put(thread, carrier);
        }
        let Some(mut carrier) = self.carriers.get_mut(thread).and_then(Option::take) else {
            return;
        };
        if carrier.ended {
            self.carriers[thread] = Some(carrier);
            return;
        }
        self.state_mut().threads[thread].gives_up = false;
        let last = carrier.resume(self.state, &self.watchdog, thread, None);
        if let CoroutineResult::Yield(_) = last {
            // SAFETY: what is on the stack is never used again; it is not freed, and nothing that
            // is left refers to the stack: the threads that could do so are of this execution.
            unsafe { carrier.coroutine.force_reset() };
            std::mem::forget(carrier.coroutine);
            return;
        }
        self.stacks.give_back(carrier.coroutine.into_stack());
    }

    /// A thread that has been spawned, on a stack.
    fn start(&mut self, thread: usize) -> Option<Carrier> {
        let body = self.state_mut().threads[thread].body.take()?;
        self.carry(thread, move || thread::run(body))
    }

    /// What a thread does, on a stack.
    fn carry(&mut self, thread: usize, run: impl FnOnce() + 'static) -> Option<Carrier> {
        let usual = self.stack_size;
        let state = &self.state().threads[thread];
        let size = state.stack_size.unwrap_or(0).max(usual);
        let name = state.record.shared_name();
        let stack = match self.stacks.take_sized(size) {
            Ok(stack) => stack,
            Err(error) => {
                let message = format!("there is no memory for a stack of {size} bytes: {error}");
                self.state_mut().failure.get_or_insert(Failure::Refused(message));
                // What it owns may have destructors that only a thread can run.
                std::mem::forget(run);
                return None;
            }
        };
        let number = u32::try_from(thread).unwrap_or(u32::MAX);
        let tenant = Tenant::of(&stack, number, name);
        let coroutine = Coroutine::with_stack(stack, move |yielder: &Yielder<Reply, Step>, _| {
            on_state(|state| state.me().yielder = yielder);
            run();
        });
        Some(Carrier { coroutine, tenant, ended: false })
    }

    fn put(&mut self, thread: usize, carrier: Option<Carrier>) {
        if self.carriers.len() <= thread {
            self.carriers.resize_with(thread + 1, || None);
        }
        self.carriers[thread] = carrier;
    }
}

impl Program for Runtime {
    fn restart(&mut self) {
        self.finish();
        for carrier in std::mem::take(&mut self.carriers).into_iter().flatten() {
            self.stacks.give_back(carrier.coroutine.into_stack());
        }
        let serial = next_serial();
        self.live.set(serial);
        self.state_mut().begin(serial);
        let body = Arc::clone(&self.body);
        let body = Box::new(move || body());
        let name = self.name.clone();
        thread::add(self.state_mut(), None, name, None, body);
    }

    fn step(&mut self, thread: usize, answer: Answer) -> Step {
        if self.state().failure.is_some() {
            return Step::Never;
        }
        if self.carriers.get(thread).is_none_or(Option::is_none) {
            let carrier = self.start(thread);
            self.put(thread, carrier);
        }
        let Self { carriers, state, watchdog, .. } = self;
        let Some(carrier) = &mut carriers[thread] else { return Step::Never };
        let result = carrier.resume(*state, watchdog, thread, Some(answer));
        carrier.ended = matches!(result, CoroutineResult::Return(()));
        match result {
            CoroutineResult::Yield(step) => step,
            CoroutineResult::Return(()) => Step::End,
        }
    }

    fn initial(&self, location: usize) -> u64 {
        self.state().atomics.initial(location)
    }

    fn hurries(&self) -> bool {
        !self.state().panics.is_empty()
    }

    fn is_urgent(&self, thread: usize) -> bool {
        self.state().threads[thread].unwinds
    }

    fn gives_up(&self, thread: usize) -> bool {
        self.state().threads[thread].gives_up
    }

    fn is_closed(&self, group: usize) -> bool {
        self.state().members.get(group).is_some_and(|members| *members == 0)
    }
}

impl Drop for Runtime {
    fn drop(&mut self) {
        self.finish();
        self.carriers.clear();
        state::install(std::ptr::null_mut());
        // SAFETY: it came from a box, and nobody can reach it any more.
        drop(unsafe { Box::from_raw(self.state) });
    }
}
