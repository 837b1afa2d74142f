//! lockwise beside std and other lock checkers. `cargo xtask bench` runs this and makes a table.

use std::{hint::black_box, time::Duration};

use criterion::{BenchmarkGroup, Criterion, SamplingMode, Throughput};
use lockwise_peers::{
    Peer,
    cpu_time::{self, CpuTime},
    orders::{self, Pairs},
    peer::{self, Deloxide, Lockwise, NoDeadlocks, ParkingLot, Std, TracingMutex},
    threads, work,
};

/// How many locks there are where the size of the graph matters.
const LOCKS: usize = 10_000;

/// The same where each new edge may search the whole graph: of the full number a single pass would
/// take many seconds. That is in the peer's favour.
const FEWER_LOCKS: usize = 2_000;

type Group<'a> = BenchmarkGroup<'a, CpuTime>;

fn main() {
    peer::start();
    let criterion = Criterion::default().with_measurement(CpuTime).configure_from_args();
    let mut criterion = criterion
        .without_plots()
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1));
    // Row by row, so that what is compared is measured within seconds.
    let group = |criterion: &mut Criterion<CpuTime>, row: &str, add: &dyn Fn(&mut Group<'_>)| {
        let mut group = criterion.benchmark_group(row);
        add(&mut group);
        group.finish();
    };
    macro_rules! all_peers {
        ($row:literal, $bench:ident) => {
            group(&mut criterion, $row, &|group| {
                $bench::<Std>(group);
                $bench::<Lockwise>(group);
                $bench::<TracingMutex>(group);
                $bench::<ParkingLot>(group);
                $bench::<NoDeadlocks>(group);
                $bench::<Deloxide>(group);
            });
        };
    }
    all_peers!("mutex", mutex);
    all_peers!("nested-4", nested4);
    all_peers!("nested-8", nested8);
    all_peers!("rwlock-read", read);
    all_peers!("create", create);
    for (row, std, ours) in threads::ROWS {
        group(&mut criterion, row, &|group| {
            group.sample_size(20).sampling_mode(SamplingMode::Flat);
            for (name, deed) in [(Std::NAME, std), (Lockwise::NAME, ours)] {
                group.bench_function(name, |bencher| bencher.iter_custom(deed));
            }
        });
    }
    for ((order, pairs), (_, fewer)) in
        orders::orders(LOCKS).iter().zip(&orders::orders(FEWER_LOCKS))
    {
        group(&mut criterion, &format!("new-edge-{order}"), &|group| {
            new_edges::<Lockwise>(group, LOCKS, pairs);
            new_edges::<TracingMutex>(group, FEWER_LOCKS, fewer);
        });
    }
    for n in [100, 1_000, LOCKS] {
        group(&mut criterion, &format!("known-edge-{n}"), &|group| {
            known_edges::<Lockwise>(group, n);
            known_edges::<TracingMutex>(group, n.min(FEWER_LOCKS));
        });
    }
    criterion.final_summary();
}

fn mutex<P: Peer>(group: &mut Group<'_>) {
    let mutex = P::mutex(0);
    group.bench_function(P::NAME, |bencher| bencher.iter(|| work::lock::<P>(&mutex)));
}

fn nested4<P: Peer>(group: &mut Group<'_>) {
    let nest = work::nest::<P>();
    group.bench_function(P::NAME, |bencher| bencher.iter(|| work::nested4::<P>(&nest)));
}

fn nested8<P: Peer>(group: &mut Group<'_>) {
    let nest = work::nest::<P>();
    group.bench_function(P::NAME, |bencher| bencher.iter(|| work::nested8::<P>(&nest)));
}

fn read<P: Peer>(group: &mut Group<'_>) {
    let lock = P::rwlock(0);
    group.bench_function(P::NAME, |bencher| bencher.iter(|| work::read::<P>(&lock)));
}

fn create<P: Peer>(group: &mut Group<'_>) {
    group.bench_function(P::NAME, |bencher| bencher.iter(work::create::<P>));
}

/// All of `pairs` on `n` new locks in an empty graph; time per edge.
fn new_edges<P: Peer>(group: &mut Group<'_>, n: usize, pairs: &Pairs) {
    group.sample_size(10).throughput(Throughput::Elements(pairs.len() as u64));
    group.sampling_mode(SamplingMode::Flat);
    group.bench_function(P::NAME, |bencher| {
        bencher.iter_custom(|times| (0..times).map(|_| once::<P>(n, pairs)).sum());
    });
}

fn once<P: Peer>(n: usize, pairs: &Pairs) -> Duration {
    let mut time = Duration::ZERO;
    P::afresh(|| {
        let locks = work::locks::<P>(n);
        let start = cpu_time::now();
        work::nest_pairs::<P>(&locks, pairs);
        time = cpu_time::now() - start;
        black_box(&locks);
    });
    time
}

/// The same few edges again and again, in a graph of `n` locks.
fn known_edges<P: Peer>(group: &mut Group<'_>, n: usize) {
    const FEW: usize = 32;
    let pairs = orders::random(n);
    group.throughput(Throughput::Elements(FEW as u64));
    P::afresh(|| {
        let locks = work::locks::<P>(n);
        work::nest_pairs::<P>(&locks, &pairs);
        let few = &pairs[..FEW];
        group.bench_function(P::NAME, |bencher| {
            bencher.iter(|| work::nest_pairs::<P>(&locks, few));
        });
    });
}
