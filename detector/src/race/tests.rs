//! What each rule reports, and the nearest thing that it must not report.

mod lost;
mod plain;

use crate::{Action, Detector, Finding, ObjectId, Rule, ThreadId, op::ObjectKind, script::Script};

/// A script with `main` and two threads that it has spawned, and a shared cell `a`.
fn start() -> (Script, [ThreadId; 3], ObjectId) {
    start_with(ObjectKind::Shared)
}

fn start_with(kind: ObjectKind) -> (Script, [ThreadId; 3], ObjectId) {
    let mut script = Script::new();
    let threads = script.threads();
    let [object] = script.objects(kind);
    script.spawn(threads[0], threads[1]).spawn(threads[0], threads[2]);
    (script, threads, object)
}

trait Accesses {
    fn read(&mut self, thread: ThreadId, object: ObjectId) -> &mut Self;
    fn write(&mut self, thread: ThreadId, object: ObjectId) -> &mut Self;
}

impl Accesses for Script {
    #[track_caller]
    fn read(&mut self, thread: ThreadId, object: ObjectId) -> &mut Self {
        self.push(thread, Action::Read { object })
    }

    #[track_caller]
    fn write(&mut self, thread: ThreadId, object: ObjectId) -> &mut Self {
        self.push(thread, Action::Write { object })
    }
}

fn findings(script: &Script) -> Vec<Finding> {
    let ours = [Rule::DataRace, Rule::UnsafeSharedWrite, Rule::LostUpdate, Rule::StaleRead];
    let mut findings = Detector::run(script.ops()).unwrap();
    findings.retain(|finding| ours.contains(&finding.kind()));
    findings
}

/// Runs `script` and compares the rules of what was found.
#[track_caller]
fn check(script: &Script, expected: &[Rule]) {
    let found: Vec<Rule> = findings(script).iter().map(Finding::kind).collect();
    assert_eq!(found, expected);
}

const NONE: &[Rule] = &[];
const RACE: &[Rule] = &[Rule::DataRace];
const UNSAFE: &[Rule] = &[Rule::UnsafeSharedWrite];
const LOST: &[Rule] = &[Rule::LostUpdate];
const STALE: &[Rule] = &[Rule::StaleRead];
