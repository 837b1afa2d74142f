//! How a model's threads run, wait and stop.
//!
//! loom runs its threads as coroutines on one thread of the operating system, on stacks of 32 KiB.
//! Each of ours runs on a larger one of its own, as a coroutine inside loom's: what yields to loom
//! passes through [`carry`].
//!
//! That is also how an execution that has shown a fault ends. The thread that saw it yields and is
//! never resumed; the loom coroutine around it, which has no frame of the user's, unwinds loom out
//! of the exploration. No destructor of the model runs, no `catch_unwind` of the user's stands in
//! the way, and no lock has to be granted to a thread that is on its way out. The stacks are
//! leaked, not freed, because other threads' stacks may hold references into them.
//!
//! # Unwinding
//!
//! A panic of the user's unwinds its thread in the ordinary way, and what its destructors do is
//! part of the model. But `std::thread::panicking` speaks of the thread of the operating system,
//! so while one thread unwinds loom is told not to switch to another (`calm`): a guard that such
//! another dropped would poison its mutex.

use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
};

use generator::Gn;
use lockwise_detector::{Certainty, Finding, Rule, ThreadId};

use super::{
    LoomError,
    execution::{on_execution, on_model},
    explore::End,
    lock, set_current,
};
use crate::rt::model::message_of;

/// In words: 512 KiB, of which only what is used takes memory.
const STACK_WORDS: usize = 0x1_0000;

/// Unwinds loom when the execution ends early.
pub(super) struct Halt;

/// Runs `body` on a stack of its own, as part of the loom thread that calls.
pub(super) fn carry(body: impl FnOnce() + Send + 'static) {
    let mut inner = Gn::<()>::new_opt(STACK_WORDS, body);
    loop {
        inner.resume();
        if inner.is_done() {
            return;
        }
        if is_over() {
            std::mem::forget(inner);
            resume_unwind(Box::new(Halt));
        }
        give_way();
    }
}

/// Suspends the innermost coroutine.
#[allow(deprecated, reason = "what has the coroutine's handle is loom")]
fn give_way() {
    generator::yield_with(());
}

fn is_over() -> bool {
    on_model(|model| model.end.is_some())
}

/// Ends the execution here, if what was found asks for it. A thread that unwinds goes on until it
/// has unwound.
pub(super) fn halt_if_over() {
    if is_over() && !std::thread::panicking() {
        halt()
    }
}

/// Ends the execution and with it the exploration.
pub(super) fn end(end: End) -> ! {
    on_model(|model| {
        model.end.get_or_insert(end);
    });
    halt()
}

/// The model asks for what loom cannot do.
pub(super) fn fail(error: LoomError) -> ! {
    end(End::Error(error))
}

fn halt() -> ! {
    set_current(false);
    loop {
        give_way();
    }
}

/// Does something in loom, which may let other threads run first.
pub(super) fn in_loom<R>(operation: impl FnOnce() -> R) -> R {
    let panicking = std::thread::panicking();
    let (me, late, calm) = on_execution(|execution| {
        let late = if panicking { Vec::new() } else { std::mem::take(&mut execution.late) };
        let calm = panicking && !std::mem::replace(&mut execution.calm, true);
        (execution.current, late, calm)
    });
    set_current(false);
    let result = catch_unwind(AssertUnwindSafe(|| {
        late.into_iter().for_each(lock::Late::release);
        if calm {
            loom::stop_exploring();
        }
        let result = operation();
        if calm {
            loom::explore();
        }
        result
    }));
    set_current(true);
    match result {
        Ok(result) => {
            on_execution(|execution| {
                execution.current = me;
                execution.calm &= !calm;
            });
            result
        }
        Err(payload) => loom_stopped(me, &*payload),
    }
}

/// Does something in loom without letting another thread run, unless this one has to wait.
pub(super) fn in_loom_at_once<R>(operation: impl FnOnce() -> R) -> R {
    let calm = on_execution(|execution| execution.calm);
    if calm || std::thread::panicking() {
        return in_loom(operation);
    }
    in_loom(|| {
        loom::stop_exploring();
        let result = operation();
        loom::explore();
        result
    })
}

/// Waits for [`wake`].
pub(super) fn block() {
    on_execution(|execution| execution.me().parked = true);
    while on_execution(|execution| execution.me().parked) {
        in_loom(loom::thread::park);
    }
    on_execution(|execution| execution.me().waiting = None);
}

/// Ends the wait of a thread that is in [`block`]. Anything else that has a thread wait is loom's
/// own business, which its `unpark` would upset.
pub(super) fn wake(thread: ThreadId) {
    let handle = on_execution(|execution| {
        let state = execution.thread(thread);
        state.parked = false;
        state.handle.clone()
    });
    if let Some(handle) = handle {
        in_loom(|| handle.unpark());
    }
}

/// loom has panicked: its execution cannot go on. Says why in our words, if we have some.
fn loom_stopped(me: ThreadId, payload: &(dyn Any + Send)) -> ! {
    on_execution(|execution| execution.current = me);
    let message = message_of(payload);
    if message.starts_with("deadlock;") {
        found(Rule::Hang, "no thread can go on".to_owned());
    } else if message.starts_with("Causality violation") {
        found(Rule::DataRace, format!("loom sees a race: {}", message.trim()));
    } else if message.starts_with("Model exceeded maximum number of branches") {
        found(
            Rule::Livelock,
            "the execution exceeds loom's number of branches (Builder::max_branches): threads spin \
             without end, or the model is too large"
                .to_owned(),
        );
    }
    // The one thing that loom counts in a byte.
    if message == "attempt to add with overflow" {
        fail(LoomError::TooManyPreemptions);
    }
    fail(LoomError::Internal { message })
}

/// Adds a finding that only loom has seen, and whom it leaves waiting where.
fn found(rule: Rule, message: String) {
    on_model(|model| {
        let Some(execution) = &model.execution else { return };
        let context = execution.detector.context();
        let mut finding = Finding::new(rule, Certainty::Observed, message);
        for thread in &execution.threads {
            if let Some(waiting) = thread.waiting {
                let at = (waiting.site, None);
                finding = finding.step(context, thread.record.id, waiting.verb, waiting.object, at);
            }
        }
        model.findings.add(finding);
        model.end.get_or_insert(End::Found);
    });
}
