//! How to mend what a verdict found: help lines, by what its threads wait for.

use super::{
    report::{Report, is_initialiser},
    state::Goal,
    verdict::Cause,
};
use crate::{
    Rule, ThreadId,
    op::{Purpose, WaitFor},
};

impl Report<'_> {
    /// Ways to mend it, by what its threads wait for.
    pub(super) fn helps(&self) -> Vec<String> {
        match (&self.verdict.cause, self.verdict.rule) {
            (_, Rule::RwlockUpgrade) => vec![
                "drop the read guard before `write()`, and check again what was read".to_owned(),
            ],
            (Cause::Cycle(cycle), Rule::SelfDeadlock) => self.help_alone(cycle[0]),
            (Cause::Cycle(cycle), _) => self.help_cycle(cycle),
            (Cause::Leaked { .. }, _) => vec![
                "a guard was leaked (`mem::forget`, a reference cycle) or a lock acquired by hand \
                 was not released on every path: hold locks by guards"
                    .to_owned(),
            ],
            (Cause::Missed { .. }, _) => vec![
                "set a flag under the mutex before notifying, and wait in a loop while the flag \
                 is not set (`while !flag { wait }`, `wait_while`): the order then no longer \
                 matters"
                    .to_owned(),
            ],
            (Cause::Nobody, _) => self.help_hang(),
        }
    }

    fn help_alone(&self, thread: ThreadId) -> Vec<String> {
        let help = match self.now.threads.goal(thread) {
            Some(Goal::Lock { object, .. }) if is_initialiser(self.context(), object) => {
                "compute the value without using what is being initialised"
            }
            Some(Goal::Lock { .. }) => {
                "drop the guard before calling code that locks again, or hand the guard's contents \
                 to it; where re-entry is wanted, use a re-entrant lock"
            }
            _ => "a thread cannot join itself: keep its handle with the one that started it",
        };
        vec![help.to_owned()]
    }

    fn help_cycle(&self, cycle: &[ThreadId]) -> Vec<String> {
        let goals = || cycle.iter().filter_map(|thread| self.now.threads.goal(*thread));
        let joins = goals().any(|goal| matches!(goal, Goal::Block(WaitFor::Join(_))));
        let signals = goals().any(Goal::is_signal);
        let locks = goals().any(|goal| matches!(goal, Goal::Lock { .. }));
        let initialisers =
            goals().filter_map(Goal::object).any(|object| is_initialiser(self.context(), object));
        let mut helps = Vec::new();
        if initialisers {
            helps.push("do not wait inside an initialiser for threads that need its value");
        }
        if locks && joins {
            helps.push("drop the guard before joining a thread that needs the lock");
        }
        if locks && signals {
            helps.push("drop the guard before waiting for a thread that needs the lock");
        }
        if locks && !joins && !signals && !initialisers {
            helps.push("acquire these locks in the same order everywhere, or make them one lock");
        }
        if !locks && signals {
            helps.push(
                "let one side send first, or end the wait from outside: drop the last sender, \
                 wait with a time limit, or send a message that means the end",
            );
        }
        helps.into_iter().map(str::to_owned).collect()
    }

    fn help_hang(&self) -> Vec<String> {
        let mut helps = Vec::new();
        for &thread in &self.threads {
            let help = self.now.threads.goal(thread).and_then(|goal| self.reason(goal));
            helps.extend(help.filter(|help| !helps.contains(help)));
        }
        helps
    }

    /// What a wait without a cycle lacks.
    fn reason(&self, goal: Goal) -> Option<String> {
        let name = |object| self.context().object_label(object);
        let help = match goal {
            Goal::Lock { .. } | Goal::Block(WaitFor::Join(_) | WaitFor::Sleep) => return None,
            Goal::Block(WaitFor::Park) => {
                "nobody is left to `unpark` a parked thread: keep its `Thread` handle and unpark \
                 it after the state it waits for is set"
                    .to_owned()
            }
            Goal::Block(WaitFor::Condvar { condvar, .. }) => format!(
                "nobody is left to notify {}: notify after every change of what its waiters wait \
                 for, and all of them where more than one can go on",
                name(condvar)
            ),
            Goal::Block(WaitFor::Object { object, purpose }) => {
                self.reason_at(purpose, goal, &name(object))
            }
        };
        Some(help)
    }

    fn reason_at(&self, purpose: Purpose, goal: Goal, name: &str) -> String {
        match purpose {
            Purpose::Receive => format!(
                "nobody is left to send to {name}, yet a sender is alive: drop every sender, the \
                 receiver's own too, so that receiving ends"
            ),
            Purpose::Send => format!("nobody is left to receive from {name}: drop its receiver"),
            Purpose::Arrive => {
                let arrived = self.now.threads.all_waiting().filter(|(_, wait)| wait.goal == goal);
                format!(
                    "{} arrived at {name} and no other thread is left to: it waits for more",
                    arrived.count()
                )
            }
            Purpose::Event => format!("nobody is left to set {name}"),
            Purpose::Permit => format!("nobody is left to release {name}: release on every path"),
            Purpose::Get => {
                format!("nobody is left to put into {name}: put an item that means the end")
            }
            Purpose::Put => format!("nobody is left to get from {name}, and it is full"),
            Purpose::TasksDone => {
                format!("call `task_done` on {name} once for each item that was got")
            }
            Purpose::Result => format!("nobody is left to complete {name}"),
            Purpose::Workers => "let the workers end: tell them that no more work comes".to_owned(),
        }
    }
}
