//! What lock order costs: new edges, by the order in which they come, and known ones.
//!
//! `cargo bench -p lockwise-detector --bench order`. Each element is one nesting: two
//! acquisitions and two releases, of which one makes an edge. `context` is what the bookkeeping
//! shared by all analyses takes of that; the difference is lock order's own.

use std::{hint::black_box, sync::Arc};

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use lockwise_detector::{
    Action, Analysis, Context, ObjectId, Op, Site, ThreadId,
    op::{Mode, ObjectInfo, ObjectKind, Patience},
    order::LockOrder,
};

const THREAD: ThreadId = ThreadId(0);
const SIZES: [u64; 3] = [100, 1_000, 10_000];

type Edges = Vec<(u64, u64)>;

/// Edges among `n` locks in the order in which they come, by the name of that order.
fn orders(n: u64) -> Vec<(&'static str, Edges)> {
    vec![
        ("chain ascending", (1..n).map(|i| (i - 1, i)).collect()),
        ("chain reversed", (1..n).rev().map(|i| (i - 1, i)).collect()),
        ("chain shuffled", shuffled((1..n).map(|i| (i - 1, i)).collect())),
        ("star out", (1..n).map(|i| (0, i)).collect()),
        ("star in", (1..n).map(|i| (i, 0)).collect()),
        ("random dag", random_dag(n)),
    ]
}

/// Twice as many edges as locks, each from the smaller to the larger of two random numbers.
fn random_dag(n: u64) -> Edges {
    let mut random = Random(n);
    let names = shuffled((0..n).map(|i| (i, 0)).collect());
    let mut edges: Edges = (0..2 * n)
        .map(|_| (random.below(n), random.below(n)))
        .filter(|(a, b)| a != b)
        .map(|(a, b)| (names[a.min(b) as usize].0, names[a.max(b) as usize].0))
        .collect();
    edges.sort_unstable();
    edges.dedup();
    shuffled(edges)
}

fn shuffled(mut edges: Edges) -> Edges {
    let mut random = Random(edges.len() as u64);
    for i in (1..edges.len()).rev() {
        edges.swap(i, random.below(i as u64 + 1) as usize);
    }
    edges
}

/// SplitMix64 (Steele, Lea and Flood, OOPSLA 2014): the same numbers in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % bound
    }
}

fn op(at: u64, action: Action) -> Op {
    Op { thread: THREAD, at, site: Site::new("bench.rs", 1, 1), stack: None, action }
}

/// Each edge as the acquisition of one lock under the other. A thread that only locks tells
/// nobody anything, but its releases count as ticks.
fn nestings(edges: &Edges) -> Vec<Op> {
    let (mode, patience) = (Mode::Exclusive, Patience::Forever);
    let acquire = |lock| Action::Acquire { object: ObjectId(lock), mode, patience };
    let release = |lock| Action::Release { object: ObjectId(lock), mode };
    let ops = (1..).step_by(2).zip(edges).flat_map(|(at, &(outer, inner))| {
        [
            op(at, acquire(outer)),
            op(at, acquire(inner)),
            op(at, release(inner)),
            op(at + 1, release(outer)),
        ]
    });
    ops.collect()
}

/// A context with one thread and `n` locks, each made at a place of its own.
fn context(n: u64) -> Context {
    let mut context = Context::new();
    let mut apply = |action| context.apply(&op(1, action)).expect("a possible sequence of Ops");
    apply(Action::Begin { name: None });
    for lock in 0..n {
        let info = Arc::new(ObjectInfo {
            kind: ObjectKind::Mutex,
            type_name: String::from("Mutex<()>"),
            name: None,
            created: Site::new("bench.rs", lock as u32 + 1, 1),
        });
        apply(Action::Create { object: ObjectId(lock), info });
    }
    context
}

fn feed(context: &mut Context, order: &mut LockOrder, ops: &[Op]) {
    let mut findings = Vec::new();
    for op in ops {
        context.apply(op).expect("a possible sequence of Ops");
        order.observe(op, context, &mut findings);
    }
    assert!(findings.is_empty());
}

fn new_edges(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("new edge");
    group.sample_size(20);
    for n in SIZES {
        for (name, edges) in orders(n) {
            let ops = nestings(&edges);
            group.throughput(Throughput::Elements(edges.len() as u64));
            group.bench_function(BenchmarkId::new(name, n), |bencher| {
                bencher.iter_batched(
                    || (context(n), LockOrder::new()),
                    |(mut context, mut order)| {
                        feed(&mut context, &mut order, &ops);
                        (context, order)
                    },
                    BatchSize::LargeInput,
                );
            });
        }
    }
}

fn known_edges(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("known edge");
    group.sample_size(20);
    for n in SIZES {
        let edges = random_dag(n);
        let ops = nestings(&edges);
        let (mut context, mut order) = (context(n), LockOrder::new());
        feed(&mut context, &mut order, &ops);
        group.throughput(Throughput::Elements(edges.len() as u64));
        group.bench_function(BenchmarkId::new("random dag", n), |bencher| {
            bencher.iter(|| feed(&mut context, &mut order, &ops));
        });
        // The same few again and again, so that the processor's caches do not matter.
        let few = &ops[..4 * 32];
        group.throughput(Throughput::Elements(32));
        group.bench_function(BenchmarkId::new("the same 32", n), |bencher| {
            bencher.iter(|| feed(&mut context, &mut order, few));
        });
    }
}

fn bookkeeping(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("context");
    for n in SIZES {
        let ops = nestings(&random_dag(n));
        let mut context = context(n);
        group.throughput(Throughput::Elements(ops.len() as u64 / 4));
        group.bench_function(BenchmarkId::new("random dag", n), |bencher| {
            bencher.iter(|| {
                for op in &ops {
                    black_box(context.apply(op)).expect("a possible sequence of Ops");
                }
            });
        });
    }
}

criterion_group!(benches, new_edges, known_edges, bookkeeping);
criterion_main!(benches);
