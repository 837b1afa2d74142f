//! Ops per second of the detector alone, fed from memory.
//!
//! ```text
//! cargo bench -p lockwise-detector --bench detector
//! ```
//!
//! `detector` is everything: context, clocks and all analyses. `context` is the part that all
//! analyses share: names, held locks and both clocks. The program is a correct one, so that no
//! time goes into reports: each thread locks, reads, writes and unlocks, adds to an atomic and
//! reads another, all spread over as many locks, cells and atomics as there are threads.

use std::{hint::black_box, sync::atomic::Ordering, time::Duration};

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use lockwise_detector::{Action, Context, Detector, Op, op::ObjectKind, script::Script};

/// About this many Ops in each program, however many threads share them.
const OPS: usize = 100_000;

/// `N - 1` threads on `N` objects of each kind; `main` starts and joins them.
fn program<const N: usize>() -> Vec<Op> {
    let mut script = Script::new();
    let [main, workers @ ..] = &script.threads::<N>()[..] else { return Vec::new() };
    let locks = script.mutexes::<N>();
    let cells = script.objects::<N>(ObjectKind::Shared);
    let atomics = script.objects::<N>(ObjectKind::Atomic);
    for worker in workers {
        script.spawn(*main, *worker);
    }
    let mut place = 0;
    for round in 0..OPS / 6 / workers.len() {
        for worker in workers {
            place = (place * 31 + round + 7) % N;
            let (lock, cell, atomic) = (locks[place], cells[place], atomics[place]);
            script.lock(*worker, lock);
            script.push(*worker, Action::Read { object: cell });
            script.push(*worker, Action::Write { object: cell });
            script.unlock(*worker, lock);
            script.rmw(*worker, atomic, (0, 1), Ordering::AcqRel);
            script.load(*worker, atomics[(place + 1) % N], 0, Ordering::Relaxed);
        }
    }
    for worker in workers {
        script.exit(*worker).join(*main, *worker);
    }
    script.ops().to_vec()
}

fn contexts(ops: &[Op]) -> Context {
    let mut context = Context::new();
    for op in ops {
        context.apply(op).expect("the program is possible");
    }
    context
}

fn ops_per_second(criterion: &mut Criterion) {
    let programs = [(10, program::<10>()), (100, program::<100>()), (1000, program::<1000>())];
    for (threads, ops) in &programs {
        let findings = Detector::run(ops).expect("the program is possible");
        assert!(findings.is_empty(), "a correct program: {:?}", findings.first());
        let mut group = criterion.benchmark_group("ops");
        group.throughput(Throughput::Elements(ops.len() as u64)).sample_size(10);
        group.measurement_time(Duration::from_secs(3)).warm_up_time(Duration::from_secs(1));
        group.bench_with_input(BenchmarkId::new("detector", threads), ops, |bencher, ops| {
            bencher.iter(|| Detector::run(black_box(ops)));
        });
        group.bench_with_input(BenchmarkId::new("context", threads), ops, |bencher, ops| {
            bencher.iter(|| contexts(black_box(ops)));
        });
        group.finish();
    }
}

criterion_group!(benches, ops_per_second);
criterion_main!(benches);
