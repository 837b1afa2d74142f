//! Findings of the explorer, made by hand: with the schedule in which each was seen.

use std::sync::Arc;

use lockwise_detector::{
    Action, Certainty, Context, Finding, ObjectId, Op, Rule, Site, ThreadId,
    finding::{ScheduleRow, Verb},
};

use crate::samples::{COUNT, FORK, MAIN, MINE, NOODLE, READY, T1, T2, YOURS, at, context, sample};

type Sample = fn() -> Finding;

/// All of them, by name.
pub(crate) const ALL: &[(&str, Sample)] = &[
    ("deadlock", deadlock),
    ("panic", panic),
    ("livelock", livelock),
    ("nondeterminism", nondeterminism),
    ("long", long),
    ("pool", pool),
    ("files", files),
    ("phrases", phrases),
    ("wide", wide),
];

fn row(
    thread: ThreadId,
    verb: Verb,
    object: Option<ObjectId>,
    (line, column): (u32, u32),
) -> ScheduleRow {
    ScheduleRow { thread, verb, object, peer: None, site: at(line, column) }
}

fn to_thread(thread: ThreadId, verb: Verb, peer: ThreadId, place: (u32, u32)) -> ScheduleRow {
    ScheduleRow { peer: Some(peer), ..row(thread, verb, None, place) }
}

fn end(thread: ThreadId) -> ScheduleRow {
    ScheduleRow { site: Site::UNKNOWN, ..row(thread, Verb::End, None, (0, 0)) }
}

fn found(rule: Rule, message: &str, steps: &[ScheduleRow]) -> Finding {
    let context = context();
    steps.iter().fold(Finding::new(rule, Certainty::Observed, message), |finding, step| {
        finding.step(&context, step.thread, step.verb, step.object, (step.site, None))
    })
}

fn with(mut finding: Finding, rows: Vec<ScheduleRow>) -> Finding {
    finding.set_test("meal::tests::both_eat");
    finding.set_replay("lw1.AAgBAgECAQECAQECBQABAQEkGg");
    finding.set_schedule(&context(), rows);
    finding
}

/// The rows that lead to the deadlock of noodle and fork.
fn to_deadlock() -> Vec<ScheduleRow> {
    vec![
        to_thread(MAIN, Verb::Start, T1, (7, 15)),
        to_thread(MAIN, Verb::Start, T2, (8, 15)),
        row(T1, Verb::Lock, Some(NOODLE), (13, 26)),
        row(T2, Verb::Lock, Some(FORK), (18, 22)),
        row(T1, Verb::WantLock, Some(FORK), (14, 22)),
        row(T2, Verb::WantLock, Some(NOODLE), (19, 26)),
        to_thread(MAIN, Verb::Join, T1, (6, 13)),
    ]
}

fn deadlock() -> Finding {
    with(sample(Rule::Deadlock), to_deadlock())
}

/// The count is an object that the steps do not name.
fn panic() -> Finding {
    let panic = row(MAIN, Verb::Panic, None, (41, 5));
    let message = "`main` panicked: assertion `left == right` failed\n  left: 1\n right: 2";
    let count = |thread, verb, column| row(thread, verb, Some(COUNT), (26, column));
    let rows = vec![
        to_thread(MAIN, Verb::Start, T1, (39, 20)),
        to_thread(MAIN, Verb::Start, T2, (39, 46)),
        count(T1, Verb::Read, 21),
        count(T2, Verb::Read, 21),
        count(T2, Verb::Write, 11),
        end(T2),
        count(T1, Verb::Write, 11),
        end(T1),
        to_thread(MAIN, Verb::Join, T1, (40, 33)),
        to_thread(MAIN, Verb::Join, T2, (40, 33)),
        row(MAIN, Verb::Read, Some(COUNT), (41, 22)),
        panic,
    ];
    with(found(Rule::Panic, message, &[panic]), rows)
}

fn livelock() -> Finding {
    let looks =
        [row(T1, Verb::Load, Some(YOURS), (46, 17)), row(T2, Verb::Load, Some(MINE), (46, 17))];
    let mut rows = vec![
        to_thread(MAIN, Verb::Start, T1, (7, 15)),
        to_thread(MAIN, Verb::Start, T2, (8, 15)),
        row(T1, Verb::Store, Some(MINE), (45, 10)),
        row(T2, Verb::Store, Some(YOURS), (45, 10)),
    ];
    for _ in 0..1000 {
        rows.extend(looks);
        for line in [47, 48] {
            rows.push(row(T1, Verb::Store, Some(MINE), (line, 14)));
            rows.push(row(T2, Verb::Store, Some(YOURS), (line, 14)));
        }
    }
    let message = "`t1` and `t2` were still running after 6004 steps";
    let finding = found(Rule::Livelock, message, &looks);
    with(finding.help("let one of them wait until the other is done"), rows)
}

fn nondeterminism() -> Finding {
    let lock = row(T1, Verb::Lock, Some(NOODLE), (13, 26));
    let message =
        "replayed in the same schedule, `t1` locks `noodle` where it locked `fork` before";
    let finding = found(Rule::Nondeterminism, message, &[lock]);
    with(
        finding.help("let nothing decide what threads do that differs from run to run"),
        vec![to_thread(MAIN, Verb::Start, T1, (7, 15)), lock],
    )
}

/// Of many steps few have to do with the fault.
fn long() -> Finding {
    let mut rows = to_deadlock();
    for n in 0..100 {
        let (thread, line) = if n % 2 == 0 { (T1, 60 + n) } else { (MAIN, 60) };
        rows.insert(2, row(thread, Verb::Load, Some(MINE), (line, 1)));
    }
    with(sample(Rule::Deadlock), rows)
}

/// More threads than there is room for columns.
fn pool() -> Finding {
    let mut context = context();
    for child in 3..12 {
        let action = Action::Spawn { child: ThreadId(child), name: Some(Arc::from("worker")) };
        begin(&mut context, action, child.into());
    }
    let mut rows: Vec<_> =
        (3..12).map(|n| to_thread(MAIN, Verb::Start, ThreadId(n), (7, 15))).collect();
    rows.extend((3..12).map(|n| row(ThreadId(n), Verb::Wait, Some(READY), (31, 16))));
    let mut finding = sample(Rule::LostWakeup);
    finding.set_schedule(&context, rows);
    finding
}

fn begin(context: &mut Context, action: Action, tick: u64) {
    let op = Op { thread: MAIN, at: 100 + tick, site: at(3, 1), stack: None, action };
    context.apply(&op).unwrap();
}

fn files() -> Finding {
    let elsewhere =
        "/home/me/.cargo/registry/src/index.crates.io-1949cf8c6b5b557f/pool-1.2/src/lib.rs";
    let mut rows = to_deadlock();
    rows.insert(2, ScheduleRow { site: Site::new(elsewhere, 120, 9), ..rows[0] });
    rows.truncate(4);
    with(sample(Rule::Deadlock), rows)
}

/// What is said of the first thread needs the room of the second.
fn phrases() -> Finding {
    let finding = sample(Rule::LostWakeup);
    let mut rows = vec![
        row(MAIN, Verb::TasksDone, Some(FORK), (6, 13)),
        row(T1, Verb::Wait, Some(READY), (31, 16)),
        row(T2, Verb::Notify, Some(READY), (35, 11)),
    ];
    rows.extend([
        to_thread(MAIN, Verb::Join, T1, (31, 1)),
        to_thread(MAIN, Verb::Join, T2, (31, 1)),
    ]);
    rows.extend([MAIN; 7].map(|main| row(main, Verb::Load, Some(MINE), (35, 1))));
    with(finding, rows)
}

/// Threads and objects with names in wide letters.
fn wide() -> Finding {
    let mut context = context();
    let [cat, spirit] = [ThreadId(3), ThreadId(4)];
    for (child, name) in [(cat, "天猫精灵"), (spirit, "小爱\n同学")] {
        begin(&mut context, Action::Spawn { child, name: Some(Arc::from(name)) }, child.0.into());
    }
    let mut finding = Finding::new(Rule::Panic, Certainty::Observed, "`天猫精灵` panicked");
    let panic = row(cat, Verb::Panic, None, (26, 21));
    finding = finding.step(&context, cat, Verb::Panic, None, (panic.site, None));
    let rows = vec![
        row(cat, Verb::Lock, Some(NOODLE), (13, 26)),
        row(spirit, Verb::WantLock, Some(NOODLE), (19, 26)),
        panic,
    ];
    finding.set_schedule(&context, rows);
    finding
}
