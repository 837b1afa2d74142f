//! `instructions ROW PEER TIMES` does one row's work that many times, for callgrind to count.
//! What the difference of two runs is divided by, is the difference of their `TIMES`.

use std::process::ExitCode;

use lockwise_peers::{
    Peer,
    peer::{self, Deloxide, Lockwise, NoDeadlocks, ParkingLot, Std, TracingMutex},
    work,
};

fn main() -> ExitCode {
    let args: Vec<_> = std::env::args().collect();
    let done = match &args[..] {
        [_, row, peer, times] => times.parse().ok().and_then(|times| run(row, peer, times)),
        _ => None,
    };
    if done.is_none() {
        eprintln!("usage: instructions ROW PEER TIMES");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

fn run(row: &str, peer: &str, times: u32) -> Option<()> {
    match peer {
        Std::NAME => repeat::<Std>(row, times),
        Lockwise::NAME => repeat::<Lockwise>(row, times),
        TracingMutex::NAME => repeat::<TracingMutex>(row, times),
        ParkingLot::NAME => repeat::<ParkingLot>(row, times),
        NoDeadlocks::NAME => repeat::<NoDeadlocks>(row, times),
        Deloxide::NAME => {
            peer::start();
            repeat::<Deloxide>(row, times)
        }
        _ => None,
    }
}

fn repeat<P: Peer>(row: &str, times: u32) -> Option<()> {
    let times = 0..times;
    match row {
        "mutex" => {
            let mutex = P::mutex(0);
            times.for_each(|_| work::lock::<P>(&mutex));
        }
        "nested-4" => {
            let nest = work::nest::<P>();
            times.for_each(|_| work::nested4::<P>(&nest));
        }
        "nested-8" => {
            let nest = work::nest::<P>();
            times.for_each(|_| work::nested8::<P>(&nest));
        }
        "rwlock-read" => {
            let lock = P::rwlock(0);
            times.for_each(|_| work::read::<P>(&lock));
        }
        "create" => times.for_each(|_| work::create::<P>()),
        _ => return None,
    }
    Some(())
}
