//! What each thread is doing now: the state on which verdicts are judged.

use crate::{
    Action, ObjectId, Op, Site, Stack, ThreadId,
    op::{Mode, Patience, WaitFor},
};

/// What a waiting thread needs before it can go on.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum Goal {
    /// To own a lock.
    Lock { object: ObjectId, mode: Mode },
    /// What an [`Action::Block`] names.
    Block(WaitFor),
}

impl Goal {
    /// The object that it waits for, where it is one.
    pub(super) fn object(self) -> Option<ObjectId> {
        match self {
            Self::Lock { object, .. } | Self::Block(WaitFor::Object { object, .. }) => Some(object),
            Self::Block(WaitFor::Condvar { condvar, .. }) => Some(condvar),
            Self::Block(WaitFor::Park | WaitFor::Join(_) | WaitFor::Sleep) => None,
        }
    }

    /// Whether it waits for an action that any thread could take, and not for a known thread.
    pub(super) fn is_signal(self) -> bool {
        !matches!(self, Self::Lock { .. } | Self::Block(WaitFor::Join(_)))
    }
}

/// A wait that does not end by itself.
#[derive(Clone, Debug)]
pub(super) struct Wait {
    pub(super) goal: Goal,
    pub(super) site: Site,
    pub(super) stack: Option<Stack>,
    /// Its place in the order of all waits.
    pub(super) number: u64,
    /// Whether a verdict has shown it.
    pub(super) reported: bool,
}

#[derive(Clone, Debug)]
enum State {
    /// Not yet seen.
    Absent,
    /// Goes on by itself: it runs, sleeps, or waits with a time limit.
    Running,
    Waiting(Wait),
    /// Ended, at this place.
    Ended(Site),
}

/// The state of every thread, and how many run.
#[derive(Default, Debug)]
pub(super) struct Threads {
    states: Vec<State>,
    /// Park tokens that are available.
    tokens: Vec<bool>,
    running: usize,
    waits: u64,
}

impl Threads {
    /// Takes in `op`. Returns whether it may have left somebody stuck.
    pub(super) fn observe(&mut self, op: &Op) -> bool {
        match &op.action {
            Action::Spawn { child, .. } => {
                self.set(op.thread, State::Running);
                self.set(*child, State::Running);
            }
            Action::Request { object, mode, patience: Patience::Forever } => {
                return self.wait(op, Goal::Lock { object: *object, mode: *mode });
            }
            Action::Block { on, timed: false } if *on != WaitFor::Sleep => {
                return self.wait(op, Goal::Block(*on));
            }
            Action::Exit => {
                self.set(op.thread, State::Ended(op.site));
                return true;
            }
            // Such a notification may be told of late, when its thread waits or has ended.
            Action::Notify { woken, .. } if woken.is_empty() => {}
            Action::Notify { woken, .. } => {
                self.set(op.thread, State::Running);
                woken.iter().for_each(|thread| self.wake(*thread));
            }
            Action::Unpark { target } => {
                self.set(op.thread, State::Running);
                self.set_token(*target, true);
                if self.goal(*target) == Some(Goal::Block(WaitFor::Park)) {
                    self.wake(*target);
                }
            }
            Action::Unparked => {
                self.set(op.thread, State::Running);
                self.set_token(op.thread, false);
            }
            _ => self.set(op.thread, State::Running),
        }
        false
    }

    fn wait(&mut self, op: &Op, goal: Goal) -> bool {
        self.waits += 1;
        let (site, stack, number) = (op.site, op.stack.clone(), self.waits);
        self.set(op.thread, State::Waiting(Wait { goal, site, stack, number, reported: false }));
        true
    }

    fn wake(&mut self, thread: ThreadId) {
        if self.waiting(thread).is_some() {
            self.set(thread, State::Running);
        }
    }

    fn set(&mut self, thread: ThreadId, state: State) {
        if thread.index() >= self.states.len() {
            self.states.resize(thread.index() + 1, State::Absent);
        }
        let slot = &mut self.states[thread.index()];
        if matches!((&*slot, &state), (State::Running, State::Running)) {
            return;
        }
        self.running -= usize::from(matches!(slot, State::Running));
        self.running += usize::from(matches!(state, State::Running));
        *slot = state;
    }

    fn set_token(&mut self, thread: ThreadId, available: bool) {
        if thread.index() >= self.tokens.len() {
            self.tokens.resize(thread.index() + 1, false);
        }
        self.tokens[thread.index()] = available;
    }

    /// Whether `thread` could return from `park` at once.
    pub(super) fn has_token(&self, thread: ThreadId) -> bool {
        self.tokens.get(thread.index()).copied().unwrap_or(false)
    }

    /// Whether some thread goes on by itself.
    pub(super) fn any_running(&self) -> bool {
        self.running > 0
    }

    /// The wait of `thread`, if it does not go on by itself.
    pub(super) fn waiting(&self, thread: ThreadId) -> Option<&Wait> {
        match self.states.get(thread.index()) {
            Some(State::Waiting(wait)) => Some(wait),
            _ => None,
        }
    }

    /// What `thread` waits for.
    pub(super) fn goal(&self, thread: ThreadId) -> Option<Goal> {
        self.waiting(thread).map(|wait| wait.goal)
    }

    /// Where `thread` ended, if it has.
    pub(super) fn end(&self, thread: ThreadId) -> Option<Site> {
        match self.states.get(thread.index()) {
            Some(State::Ended(site)) => Some(*site),
            _ => None,
        }
    }

    /// All waiting threads, in the order of their numbers.
    pub(super) fn all_waiting(&self) -> impl Iterator<Item = (ThreadId, &Wait)> + '_ {
        (0u32..).zip(&self.states).filter_map(|(id, state)| match state {
            State::Waiting(wait) => Some((ThreadId(id), wait)),
            _ => None,
        })
    }

    /// Notes that a verdict has shown the wait of each of `threads`.
    pub(super) fn mark_reported(&mut self, threads: &[ThreadId]) {
        for thread in threads {
            if let Some(State::Waiting(wait)) = self.states.get_mut(thread.index()) {
                wait.reported = true;
            }
        }
    }
}
