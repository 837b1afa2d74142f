//! The smallest program for each rule.

use std::sync::atomic::Ordering::Relaxed;

use lockwise_detector::{
    Action, ObjectId, Rule, ThreadId,
    op::{Misuse, ObjectKind, Purpose, WaitFor},
    script::Script,
};

type Fault = fn() -> Script;

pub(crate) const FAULTS: &[(Rule, Fault)] = &[
    (Rule::LockOrderCycle, lock_order_cycle),
    (Rule::LockClassOrder, lock_class_order),
    (Rule::Deadlock, deadlock),
    (Rule::SelfDeadlock, self_deadlock),
    (Rule::RwlockRecursion, rwlock_recursion),
    (Rule::RwlockUpgrade, rwlock_upgrade),
    (Rule::LostWakeup, lost_wakeup),
    (Rule::Hang, hang),
    (Rule::DataRace, data_race),
    (Rule::UnsafeSharedWrite, unsafe_shared_write),
    (Rule::LostUpdate, lost_update),
    (Rule::StaleRead, stale_read),
    (Rule::WaitHoldingLock, wait_holding_lock),
    (Rule::CondvarTwoMutexes, condvar_two_mutexes),
    (Rule::ReleaseUnowned, release_unowned),
    (Rule::SemaphoreOverRelease, semaphore_over_release),
    (Rule::ThreadLeak, thread_leak),
    (Rule::PoisonedLock, poisoned_lock),
];

/// Main has started t1 and t2.
fn started() -> (Script, [ThreadId; 3]) {
    let mut s = Script::new();
    let [main, t1, t2] = s.threads();
    s.spawn(main, t1).spawn(main, t2);
    (s, [main, t1, t2])
}

fn wait(s: &mut Script, thread: ThreadId, condvar: ObjectId, mutex: ObjectId) {
    s.lock(thread, mutex).unlock(thread, mutex);
    s.block(thread, WaitFor::Condvar { condvar, mutex });
}

fn lock_order_cycle() -> Script {
    let (mut s, [_, t1, t2]) = started();
    let [noodle] = s.mutexes();
    let [fork] = s.mutexes();
    s.lock(t1, noodle);
    s.lock(t1, fork);
    s.unlock(t1, fork).unlock(t1, noodle);
    s.lock(t2, fork);
    s.lock(t2, noodle);
    s.unlock(t2, noodle).unlock(t2, fork);
    s
}

fn lock_class_order() -> Script {
    let (mut s, [main, t1, t2]) = started();
    let [mine, yours] = s.mutexes();
    s.lock(t1, mine);
    s.lock(t1, yours);
    s.unlock(t1, yours).unlock(t1, mine).exit(t1).join(main, t1);
    let [t3] = [t2];
    s.push(main, Action::Publish { object: mine, token: 1 });
    s.push(t3, Action::Observe { object: mine, token: 1 });
    s.lock(t3, yours);
    s.lock(t3, mine);
    s.unlock(t3, mine).unlock(t3, yours);
    s
}

fn deadlock() -> Script {
    let (mut s, [_, t1, t2]) = started();
    let [noodle] = s.mutexes();
    let [fork] = s.mutexes();
    s.lock(t1, noodle);
    s.lock(t2, fork);
    s.request(t1, fork);
    s.request(t2, noodle);
    s
}

fn self_deadlock() -> Script {
    let (mut s, [main, ..]) = started();
    let [lock] = s.mutexes();
    s.lock(main, lock);
    s.request(main, lock);
    s
}

fn rwlock_recursion() -> Script {
    let (mut s, [_, t1, t2]) = started();
    let [table] = s.objects(ObjectKind::RwLock);
    s.lock(t2, table).unlock(t2, table);
    s.read_lock(t1, table);
    s.read_lock(t1, table);
    s
}

fn rwlock_upgrade() -> Script {
    let (mut s, [main, ..]) = started();
    let [table] = s.objects(ObjectKind::RwLock);
    s.read_lock(main, table);
    s.request(main, table);
    s
}

fn lost_wakeup() -> Script {
    let (mut s, [main, t1, t2]) = started();
    let [lock] = s.mutexes();
    let [turn] = s.objects(ObjectKind::Condvar);
    s.push(t1, Action::Notify { object: turn, all: false, woken: Vec::new() });
    s.exit(t1);
    wait(&mut s, t2, turn, lock);
    s.block(main, WaitFor::Join(t2));
    s
}

fn hang() -> Script {
    let (mut s, [main, t1, t2]) = started();
    let [messages] = s.objects(ObjectKind::Channel);
    s.exit(t2);
    s.block(t1, WaitFor::Object { object: messages, purpose: Purpose::Receive });
    s.block(main, WaitFor::Join(t1));
    s
}

fn data_race() -> Script {
    let (mut s, [_, t1, t2]) = started();
    let [counter] = s.objects(ObjectKind::Shared);
    s.push(t1, Action::Write { object: counter });
    s.push(t2, Action::Read { object: counter });
    s
}

fn unsafe_shared_write() -> Script {
    let (mut s, [_, t1, t2]) = started();
    let [counter] = s.objects(ObjectKind::Shared);
    let [unrelated] = s.mutexes();
    s.push(t1, Action::Write { object: counter });
    s.lock(t1, unrelated).unlock(t1, unrelated);
    s.lock(t2, unrelated).unlock(t2, unrelated);
    s.push(t2, Action::Write { object: counter });
    s
}

fn lost_update() -> Script {
    let (mut s, [_, t1, t2]) = started();
    let [counter] = s.objects(ObjectKind::Atomic);
    s.load(t1, counter, 0, Relaxed);
    s.load(t2, counter, 0, Relaxed);
    s.store(t2, counter, 1, Relaxed);
    s.store(t1, counter, 1, Relaxed);
    s
}

fn stale_read() -> Script {
    let (mut s, [_, t1, t2]) = started();
    let [counter] = s.objects(ObjectKind::Shared);
    let [lock] = s.mutexes();
    s.lock(t1, lock);
    s.push(t1, Action::Read { object: counter });
    s.unlock(t1, lock).lock(t2, lock);
    s.push(t2, Action::Write { object: counter });
    s.unlock(t2, lock).lock(t1, lock);
    s.push(t1, Action::Write { object: counter });
    s.unlock(t1, lock);
    s
}

fn wait_holding_lock() -> Script {
    let (mut s, [_, t1, t2]) = started();
    let [table] = s.mutexes();
    let [messages] = s.objects(ObjectKind::Channel);
    s.lock(t2, table).unlock(t2, table);
    s.lock(t1, table);
    s.block(t1, WaitFor::Object { object: messages, purpose: Purpose::Receive });
    s
}

fn condvar_two_mutexes() -> Script {
    let (mut s, [_, t1, t2]) = started();
    let [first] = s.mutexes();
    let [second] = s.mutexes();
    let [changed] = s.objects(ObjectKind::Condvar);
    wait(&mut s, t1, changed, first);
    wait(&mut s, t2, changed, second);
    s
}

fn release_unowned() -> Script {
    let (mut s, [main, ..]) = started();
    let [lock] = s.objects(ObjectKind::Lock);
    s.push(main, Action::Misuse { object: lock, what: Misuse::ReleaseUnowned });
    s
}

fn semaphore_over_release() -> Script {
    let (mut s, [main, ..]) = started();
    let [permits] = s.objects(ObjectKind::BoundedSemaphore);
    s.push(main, Action::Misuse { object: permits, what: Misuse::OverRelease });
    s
}

fn thread_leak() -> Script {
    let (mut s, [_, t1, _]) = started();
    let [worker] = s.objects(ObjectKind::Pool);
    s.push(t1, Action::Misuse { object: worker, what: Misuse::ThreadLeak });
    s
}

fn poisoned_lock() -> Script {
    let (mut s, [_, t1, t2]) = started();
    let [lock] = s.mutexes();
    s.lock(t1, lock).unlock(t1, lock);
    s.push(t2, Action::Misuse { object: lock, what: Misuse::Poisoned });
    s
}
