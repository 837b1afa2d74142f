//! [`Finding`]: what an analysis found, as plain data. Wording for people is `render`'s work.

mod binding;
mod fingerprint;
mod item;
mod naming;
mod resolve;
mod schedule;

use std::{collections::BTreeMap, fmt, sync::Arc};

use serde::{Deserialize, Serialize};

pub use self::{
    resolve::Resolve,
    schedule::{Schedule, ScheduleRow},
};
use crate::{
    Context, ObjectId, Rule, Severity, Site, Stack, ThreadId,
    op::{ObjectKind, Purpose, WaitFor},
    render,
};

/// How sure we are.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Certainty {
    /// It did not happen in this run, but could in another.
    Predicted,
    /// It happened.
    Observed,
    /// Predicted, then made to happen by a replayed schedule.
    Confirmed,
}

impl Certainty {
    /// The word that reports and JSON use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Predicted => "predicted",
            Self::Observed => "observed",
            Self::Confirmed => "confirmed",
        }
    }
}

impl PartialEq<&str> for Certainty {
    fn eq(&self, word: &&str) -> bool {
        self.as_str() == *word
    }
}

impl fmt::Display for Certainty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// One fault of the observed program.
///
/// [`Display`](fmt::Display) gives the full text report, without colour.
#[derive(Clone, PartialEq, Debug)]
pub struct Finding {
    rule: Rule,
    certainty: Certainty,
    pub(crate) message: String,
    pub(crate) threads: Vec<ThreadReport>,
    pub(crate) objects: Vec<ObjectReport>,
    pub(crate) help: Vec<String>,
    pub(crate) test: Option<String>,
    pub(crate) replay: Option<String>,
    pub(crate) schedule: Option<Schedule>,
    /// Texts of the files that the sites name, as far as [`Finding::resolve`] could get them.
    sources: BTreeMap<&'static str, Arc<str>>,
    /// Threads that take part and are too many to list. Known in the process that found it only.
    unlisted: Vec<ThreadId>,
    /// The fingerprint that the finding was read with; else it is made of the sources.
    pub(crate) fingerprint: Option<String>,
}

/// A thread's part in a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ThreadReport {
    /// The thread.
    pub id: ThreadId,
    /// Its name, or a made-up one.
    pub name: String,
    /// What it did, in its own order.
    pub steps: Vec<Step>,
}

/// One thing that a thread did or waits to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// What.
    pub verb: Verb,
    /// To which of [`Finding::objects`].
    pub object: Option<usize>,
    /// Where.
    pub site: Site,
    /// The stack that led there; empty where none was captured.
    pub stack: Stack,
}

macro_rules! verbs {
    ($($variant:ident: $name:literal, $phrase:literal;)*) => {
        /// What a step does: the `op` of JSON, and a phrase for the text.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        #[allow(missing_docs, reason = "name() and phrase() say what each is")]
        pub enum Verb { $($variant,)* }

        impl Verb {
            /// The word of the JSON schema.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// The verb of that [name](Verb::name).
            #[must_use]
            pub fn from_name(name: &str) -> Option<Self> {
                match name { $($name => Some(Self::$variant),)* _ => None }
            }

            /// How a report says it of a thread: "`t1` **locks** `a`".
            #[must_use]
            pub const fn phrase(self) -> &'static str {
                match self { $(Self::$variant => $phrase,)* }
            }
        }
    };
}

verbs! {
    Lock: "lock", "locks";
    ReadLock: "read-lock", "read-locks";
    WantLock: "want-lock", "waits to lock";
    WantRead: "want-read", "waits to read-lock";
    Hold: "hold", "holds";
    Unlock: "unlock", "unlocks";
    Read: "read", "reads";
    Write: "write", "writes";
    Load: "load", "loads";
    Store: "store", "stores";
    Update: "update", "updates";
    Wait: "wait", "waits for a notification of";
    Notify: "notify", "notifies";
    Join: "join", "waits for a thread to end";
    Park: "park", "is parked";
    Sleep: "sleep", "sleeps";
    Receive: "receive", "waits to receive from";
    Send: "send", "waits for room in";
    Arrive: "arrive", "waits at";
    AwaitEvent: "await-event", "waits for";
    Permit: "permit", "waits for a permit of";
    Get: "get", "waits for an item of";
    Put: "put", "waits for room in";
    TasksDone: "tasks-done", "waits until all tasks are done in";
    Result: "result", "waits for the result of";
    Workers: "workers", "waits for the threads of";
    Initialise: "initialise", "runs the initialiser of";
    Release: "release", "releases";
    Use: "use", "uses";
    Start: "start", "starts a thread";
    End: "end", "ends";
    Panic: "panic", "panics";
}

impl Verb {
    /// How a report says what a blocked thread waits for.
    #[must_use]
    pub const fn of_wait(on: WaitFor) -> Self {
        match on {
            WaitFor::Condvar { .. } => Self::Wait,
            WaitFor::Park => Self::Park,
            WaitFor::Join(_) => Self::Join,
            WaitFor::Sleep => Self::Sleep,
            WaitFor::Object { purpose, .. } => match purpose {
                Purpose::Receive => Self::Receive,
                Purpose::Send => Self::Send,
                Purpose::Arrive => Self::Arrive,
                Purpose::Event => Self::AwaitEvent,
                Purpose::Permit => Self::Permit,
                Purpose::Get => Self::Get,
                Purpose::Put => Self::Put,
                Purpose::TasksDone => Self::TasksDone,
                Purpose::Result => Self::Result,
                Purpose::Workers => Self::Workers,
            },
        }
    }
}

/// An object's part in a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectReport {
    /// The object.
    pub id: ObjectId,
    /// Its kind, such as `Mutex`.
    pub kind: String,
    /// Its full type, such as `Mutex<Account>`.
    pub type_name: String,
    /// A name that the program gave it.
    pub name: Option<String>,
    /// Where it was made.
    pub created: Site,
}

impl ObjectReport {
    /// What `context` knows of an object.
    fn of(context: &Context, id: ObjectId) -> Self {
        let info = context.object(id);
        Self {
            id,
            kind: info.kind.name(),
            type_name: info.type_name.clone(),
            name: info.name.clone(),
            created: info.created,
        }
    }

    /// Whether `created` is where it was first used: an atomic has no room to remember more.
    pub(crate) fn is_seen_at_first_use(&self) -> bool {
        self.kind == ObjectKind::Atomic.name()
    }
}

impl Finding {
    /// Starts a finding; `message` says in one sentence what can go wrong.
    #[must_use]
    pub fn new(rule: Rule, certainty: Certainty, message: impl Into<String>) -> Self {
        Self {
            rule,
            certainty,
            message: message.into(),
            threads: Vec::new(),
            objects: Vec::new(),
            help: Vec::new(),
            test: None,
            replay: None,
            schedule: None,
            sources: BTreeMap::new(),
            unlisted: Vec::new(),
            fingerprint: None,
        }
    }

    /// Adds a step of `thread`, after the steps it has already. Threads and objects are listed in
    /// the order in which steps first name them.
    #[must_use]
    pub fn step(
        mut self,
        context: &Context,
        thread: ThreadId,
        verb: Verb,
        object: Option<ObjectId>,
        (site, stack): (Site, Option<Stack>),
    ) -> Self {
        let object = object.map(|id| self.object_index(context, id));
        let step = Step { verb, object, site, stack: stack.unwrap_or_default() };
        match self.threads.iter_mut().find(|report| report.id == thread) {
            Some(report) => report.steps.push(step),
            None => self.threads.push(ThreadReport {
                id: thread,
                name: context.thread_name(thread),
                steps: vec![step],
            }),
        }
        self
    }

    /// Lists an object, if no step has named it yet.
    #[must_use]
    pub fn object(mut self, context: &Context, object: ObjectId) -> Self {
        self.object_index(context, object);
        self
    }

    fn object_index(&mut self, context: &Context, id: ObjectId) -> usize {
        if let Some(index) = self.objects.iter().position(|object| object.id == id) {
            return index;
        }
        self.objects.push(ObjectReport::of(context, id));
        self.objects.len() - 1
    }

    /// Adds threads that take part and are too many to list.
    #[must_use]
    pub(crate) fn unlisted(mut self, threads: Vec<ThreadId>) -> Self {
        self.unlisted = threads;
        self
    }

    /// Whether `thread` takes part, listed or not.
    #[must_use]
    pub fn concerns(&self, thread: ThreadId) -> bool {
        self.threads.iter().any(|report| report.id == thread) || self.unlisted.contains(&thread)
    }

    /// Adds one way to mend it.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help.push(help.into());
        self
    }

    /// The rule's name, such as `lock-order-cycle`.
    #[must_use]
    pub fn rule(&self) -> &'static str {
        self.rule.name()
    }

    /// The rule itself.
    #[must_use]
    pub fn kind(&self) -> Rule {
        self.rule
    }

    /// How sure we are.
    #[must_use]
    pub fn certainty(&self) -> Certainty {
        self.certainty
    }

    /// How bad it is.
    #[must_use]
    pub fn severity(&self) -> Severity {
        self.rule.severity()
    }

    /// What can go wrong, in one sentence.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The threads that take part, each with its steps.
    #[must_use]
    pub fn threads(&self) -> &[ThreadReport] {
        &self.threads
    }

    /// The objects that take part.
    #[must_use]
    pub fn objects(&self) -> &[ObjectReport] {
        &self.objects
    }

    /// Ways to mend it.
    #[must_use]
    pub fn helps(&self) -> &[String] {
        &self.help
    }

    /// The test that was running, as `binary::path::name`.
    #[must_use]
    pub fn test(&self) -> Option<&str> {
        self.test.as_deref()
    }

    /// Says which test was running.
    pub fn set_test(&mut self, test: impl Into<String>) {
        self.test = Some(test.into());
    }

    /// The token that replays the schedule that showed it, where there is one.
    #[must_use]
    pub fn replay(&self) -> Option<&str> {
        self.replay.as_deref()
    }

    /// Says how to replay it.
    pub fn set_replay(&mut self, token: impl Into<String>) {
        self.replay = Some(token.into());
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&render::text(self, &render::Style::plain()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verb_is_read_back_by_its_name() {
        for verb in [Verb::Lock, Verb::WantRead, Verb::TasksDone] {
            assert_eq!(Verb::from_name(verb.name()), Some(verb));
        }
        assert_eq!(Verb::from_name("loock"), None);
    }
}
