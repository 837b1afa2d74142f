//! Shorthands for scripts that wait, and for what is expected of them.

use lockwise_detector::{
    Action, Detector, Finding, ObjectId, ThreadId,
    op::{Misuse, Mode, ObjectKind, Patience, Purpose, WaitFor},
    script::Script,
};

/// The rules of this crate's wait and misuse analyses: what other analyses say of the same
/// script is tested with them.
const RULES: [&str; 12] = [
    "deadlock",
    "self-deadlock",
    "lost-wakeup",
    "hang",
    "rwlock-recursion",
    "rwlock-upgrade",
    "wait-holding-lock",
    "condvar-two-mutexes",
    "release-unowned",
    "semaphore-over-release",
    "poisoned-lock",
    "thread-leak",
];

/// What the wait and misuse analyses find in `script`.
pub(crate) fn findings(script: &Script) -> Vec<Finding> {
    let mut findings = Detector::run(script.ops()).expect("a possible sequence");
    findings.retain(|finding| RULES.contains(&finding.rule()));
    findings
}

/// The rules that `script` breaks, without the notes.
pub(crate) fn rules(script: &Script) -> Vec<&'static str> {
    let notes = ["wait-holding-lock"];
    let rules = findings(script).into_iter().map(|finding| finding.rule());
    rules.filter(|rule| !notes.contains(rule)).collect()
}

/// The only finding of `script`, notes apart.
#[track_caller]
pub(crate) fn only(script: &Script, rule: &str) -> Finding {
    let mut found = findings(script);
    found.retain(|finding| finding.rule() != "wait-holding-lock" || rule == "wait-holding-lock");
    assert_eq!(found.len(), 1, "{found:#?}");
    assert_eq!(found[0].rule(), rule, "{}", found[0].message());
    found.remove(0)
}

/// The threads of a finding, as numbers.
pub(crate) fn who(finding: &Finding) -> Vec<u32> {
    finding.threads().iter().map(|thread| thread.id.0).collect()
}

/// The `op`s of one thread of a finding, as JSON names them.
pub(crate) fn did(finding: &Finding, thread: ThreadId) -> Vec<&'static str> {
    let report = finding.threads().iter().find(|report| report.id == thread);
    report.map_or_else(Vec::new, |r| r.steps.iter().map(|step| step.verb.name()).collect())
}

/// A script of `N` threads, all spawned by the first.
pub(crate) fn spawned<const N: usize>() -> (Script, [ThreadId; N]) {
    let mut script = Script::new();
    let threads = script.threads::<N>();
    for child in &threads[1..] {
        script.spawn(threads[0], *child);
    }
    (script, threads)
}

/// Waits, in a word each.
pub(crate) trait Waiting {
    /// Asks to read-lock.
    fn request_read(&mut self, thread: ThreadId, object: ObjectId) -> &mut Self;
    /// Releases `mutex` and waits on `condvar`.
    fn wait(&mut self, thread: ThreadId, condvar: ObjectId, mutex: ObjectId) -> &mut Self;
    /// Notifies `condvar`; `woken` wake up.
    fn notify(&mut self, thread: ThreadId, condvar: ObjectId, woken: &[ThreadId]) -> &mut Self;
    /// Blocks at an object.
    fn block_at(&mut self, thread: ThreadId, object: ObjectId, purpose: Purpose) -> &mut Self;
    /// Blocks until `child` ends.
    fn block_join(&mut self, thread: ThreadId, child: ThreadId) -> &mut Self;
    /// Goes on.
    fn unblock(&mut self, thread: ThreadId) -> &mut Self;
    /// Sends, arrives, sets...
    fn publish(&mut self, thread: ThreadId, object: ObjectId) -> &mut Self;
    /// Is refused something.
    fn misuse(&mut self, thread: ThreadId, object: ObjectId, what: Misuse) -> &mut Self;
    /// One object of a kind.
    fn one(&mut self, kind: ObjectKind) -> ObjectId;
}

impl Waiting for Script {
    #[track_caller]
    fn request_read(&mut self, thread: ThreadId, object: ObjectId) -> &mut Self {
        let (mode, patience) = (Mode::Shared, Patience::Forever);
        self.push(thread, Action::Request { object, mode, patience })
    }

    #[track_caller]
    fn wait(&mut self, thread: ThreadId, condvar: ObjectId, mutex: ObjectId) -> &mut Self {
        self.unlock(thread, mutex).block(thread, WaitFor::Condvar { condvar, mutex })
    }

    #[track_caller]
    fn notify(&mut self, thread: ThreadId, condvar: ObjectId, woken: &[ThreadId]) -> &mut Self {
        let woken = woken.to_vec();
        self.push(thread, Action::Notify { object: condvar, all: false, woken })
    }

    #[track_caller]
    fn block_at(&mut self, thread: ThreadId, object: ObjectId, purpose: Purpose) -> &mut Self {
        self.block(thread, WaitFor::Object { object, purpose })
    }

    #[track_caller]
    fn block_join(&mut self, thread: ThreadId, child: ThreadId) -> &mut Self {
        self.block(thread, WaitFor::Join(child))
    }

    #[track_caller]
    fn unblock(&mut self, thread: ThreadId) -> &mut Self {
        self.push(thread, Action::Unblock)
    }

    #[track_caller]
    fn publish(&mut self, thread: ThreadId, object: ObjectId) -> &mut Self {
        self.push(thread, Action::Publish { object, token: 0 })
    }

    #[track_caller]
    fn misuse(&mut self, thread: ThreadId, object: ObjectId, what: Misuse) -> &mut Self {
        self.push(thread, Action::Misuse { object, what })
    }

    #[track_caller]
    fn one(&mut self, kind: ObjectKind) -> ObjectId {
        let [object] = self.objects(kind);
        object
    }
}
