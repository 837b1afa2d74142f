//! A finding of each rule, made by hand.

use std::sync::Arc;

use lockwise_detector::{
    Action, Certainty, Context, Finding, ObjectId, Op, Rule, Site, Stack, ThreadId,
    finding::Verb,
    op::{ObjectInfo, ObjectKind},
};

/// The sample program, as the compiler would name it.
pub(crate) const FILE: &str = "src/meal.rs";

pub(crate) const MAIN: ThreadId = ThreadId(0);
pub(crate) const T1: ThreadId = ThreadId(1);
pub(crate) const T2: ThreadId = ThreadId(2);
pub(crate) const NOODLE: ObjectId = ObjectId(0);
pub(crate) const FORK: ObjectId = ObjectId(1);
pub(crate) const COUNT: ObjectId = ObjectId(2);
pub(crate) const READY: ObjectId = ObjectId(3);
pub(crate) const MINE: ObjectId = ObjectId(4);
pub(crate) const YOURS: ObjectId = ObjectId(5);

pub(crate) fn at(line: u32, column: u32) -> Site {
    Site::new(FILE, line, column)
}

/// Threads `main`, `t1`, `t2` and the program's objects, of which only two have names.
pub(crate) fn context() -> Context {
    let mut context = Context::new();
    let mut tick = 0;
    let mut apply = |action| {
        tick += 1;
        let op = Op { thread: MAIN, at: tick, site: at(3, 1), stack: None, action };
        context.apply(&op).unwrap();
    };
    apply(Action::Begin { name: Some(Arc::from("main")) });
    for child in [T1, T2] {
        apply(Action::Spawn { child, name: Some(Arc::from(format!("t{}", child.0))) });
    }
    let mut create = |object, kind, type_name: &str, name: Option<&str>, created| {
        let (type_name, name) = (type_name.to_owned(), name.map(str::to_owned));
        let info = Arc::new(ObjectInfo { kind, type_name, name, created });
        apply(Action::Create { object, info });
    };
    create(NOODLE, ObjectKind::Mutex, "lockwise::sync::Mutex<&str>", Some("noodle"), at(4, 18));
    create(FORK, ObjectKind::Mutex, "lockwise::sync::Mutex<&str>", Some("fork"), at(5, 16));
    create(COUNT, ObjectKind::Shared, "lockwise::cell::Shared<u32>", None, at(22, 29));
    create(READY, ObjectKind::Condvar, "lockwise::sync::Condvar", None, at(23, 25));
    for atomic in [MINE, YOURS] {
        create(atomic, ObjectKind::Atomic, "lockwise::sync::atomic::AtomicBool", None, at(45, 10));
    }
    context
}

/// Something done: who, what, to what, where.
type Deed = (ThreadId, Verb, Option<ObjectId>, (u32, u32));

fn deeds(rule: Rule) -> (Certainty, &'static [Deed]) {
    use Certainty::{Confirmed, Observed, Predicted};
    use Verb::{
        Hold, Join, Load, Lock, Notify, Panic, Read, ReadLock, Release, Start, Store, Wait,
        WantLock, Write,
    };
    match rule {
        Rule::LockOrderCycle | Rule::LockClassOrder | Rule::Deadlock => (
            if rule == Rule::Deadlock { Observed } else { Predicted },
            &[
                (T1, Lock, Some(NOODLE), (13, 26)),
                (T1, WantLock, Some(FORK), (14, 22)),
                (T2, Lock, Some(FORK), (18, 22)),
                (T2, WantLock, Some(NOODLE), (19, 26)),
            ],
        ),
        Rule::SelfDeadlock | Rule::RwlockRecursion | Rule::RwlockUpgrade => (
            Observed,
            &[(T1, ReadLock, Some(NOODLE), (13, 26)), (T1, WantLock, Some(NOODLE), (14, 22))],
        ),
        Rule::LostWakeup => (
            Observed,
            &[
                (T2, Notify, Some(READY), (35, 11)),
                (T1, Hold, Some(NOODLE), (30, 23)),
                (T1, Wait, Some(READY), (31, 16)),
            ],
        ),
        Rule::Hang | Rule::WaitHoldingLock | Rule::ThreadLeak => {
            (Observed, &[(MAIN, Start, None, (7, 15)), (MAIN, Join, None, (6, 13))])
        }
        Rule::DataRace | Rule::UnsafeSharedWrite | Rule::LostUpdate | Rule::StaleRead => (
            Confirmed,
            &[
                (T1, Read, Some(COUNT), (26, 21)),
                (T1, Write, Some(COUNT), (26, 11)),
                (T2, Load, Some(COUNT), (26, 21)),
                (T2, Store, Some(COUNT), (26, 11)),
            ],
        ),
        Rule::CondvarTwoMutexes | Rule::ReleaseUnowned | Rule::SemaphoreOverRelease => {
            (Observed, &[(T1, Release, Some(FORK), (14, 9))])
        }
        _ => (Observed, &[(T1, Panic, None, (13, 33))]),
    }
}

/// A finding of `rule`, not resolved.
pub(crate) fn sample(rule: Rule) -> Finding {
    let context = context();
    let (certainty, deeds) = deeds(rule);
    let message = format!("what `{rule}` says of {}", context.object_label(COUNT));
    let mut finding = Finding::new(rule, certainty, message);
    for (thread, verb, object, (line, column)) in deeds {
        let stack = Stack::raw(Arc::from([1, *line as usize, 100 + thread.0 as usize]));
        let place = (at(*line, *column), (*verb != Verb::Panic).then_some(stack));
        finding = finding.step(&context, *thread, *verb, *object, place);
    }
    finding.set_test("meal::tests::both_eat");
    if certainty == Certainty::Confirmed {
        finding.set_replay("1:0.1.1.0");
    }
    finding.help("take both in one order")
}

/// A hang of `threads` threads, each with many steps in places of which no source is known.
pub(crate) fn crowd(threads: u32) -> Finding {
    let context = context();
    let mut finding = Finding::new(Rule::Hang, Certainty::Observed, "all are stuck");
    for thread in 0..threads {
        for line in 1..20 {
            let place = (at(line, 1), None);
            finding = finding.step(&context, ThreadId(thread), Verb::Park, None, place);
        }
    }
    finding
}
