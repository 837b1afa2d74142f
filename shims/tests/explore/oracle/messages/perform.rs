//! Programs, done with lockwise's channels.

use std::{
    collections::HashSet,
    sync::{Mutex as StdMutex, MutexGuard},
    time::Duration,
};

use lockwise::{
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering::SeqCst},
        mpsc::{
            Receiver, RecvTimeoutError, Sender, SyncSender, TryRecvError, TrySendError, channel,
            sync_channel,
        },
    },
    thread,
};

use super::{
    GONE, Logs, NOTHING, SENT, TIMED_OUT,
    program::{Op, Program},
};

/// What executions have shown.
#[derive(Default, Debug)]
pub(super) struct Shown {
    /// Of those in which every thread came to its end.
    pub(super) complete: HashSet<Logs>,
    /// Of those in which one did not.
    pub(super) partial: HashSet<Logs>,
}

/// A closure that does a program, and says what it has shown.
pub(super) fn closure(
    program: &Program,
) -> (Arc<StdMutex<Shown>>, impl Fn() + Send + Sync + use<>) {
    let shown = Arc::new(StdMutex::new(Shown::default()));
    let (program, to) = (Arc::new(program.clone()), Arc::clone(&shown));
    let closure = move || {
        let threads = program.threads.len();
        let logs = StdMutex::new(vec![Log::default(); threads]);
        let world = Arc::new(World { number: AtomicU8::new(0), logs, to: Arc::clone(&to) });
        main(&program, &world);
    };
    (shown, closure)
}

fn main(program: &Arc<Program>, world: &Arc<World>) {
    let (sender, receiver) = match program.bound {
        None => {
            let (sender, receiver) = channel();
            (Tx::Plain(sender), receiver)
        }
        Some(bound) => {
            let (sender, receiver) = sync_channel(bound);
            (Tx::Bounded(sender), receiver)
        }
    };
    let mut receiver = Some(receiver);
    let actors = program.senders.iter().enumerate().map(|(number, sends)| Actor {
        world: Arc::clone(world),
        program: Arc::clone(program),
        number,
        sent: 0,
        sender: sends.then(|| sender.clone()),
        receiver: if number == program.receiver { receiver.take() } else { None },
    });
    let mut actors = actors.collect::<Vec<_>>().into_iter();
    drop(sender);
    let mut main = actors.next().expect("main is there");
    let others: Vec<_> = actors
        .map(|mut actor| {
            thread::spawn(move || {
                actor.run();
                actor.leave();
                actor.end();
            })
        })
        .collect();
    main.run();
    if !program.keeps {
        main.leave();
    }
    others.into_iter().for_each(|other| other.join().unwrap());
    main.leave();
    main.end();
}

enum Tx {
    Plain(Sender<u8>),
    Bounded(SyncSender<u8>),
}

impl Clone for Tx {
    fn clone(&self) -> Self {
        match self {
            Self::Plain(sender) => Self::Plain(sender.clone()),
            Self::Bounded(sender) => Self::Bounded(sender.clone()),
        }
    }
}

/// What a thread has seen.
#[derive(Clone, Default)]
struct Log {
    values: Vec<u8>,
    ended: bool,
}

/// What threads share.
struct World {
    number: AtomicU8,
    logs: StdMutex<Vec<Log>>,
    to: Arc<StdMutex<Shown>>,
}

/// The last one to leave says how it ended.
impl Drop for World {
    fn drop(&mut self) {
        let logs = self.logs.get_mut().unwrap();
        let complete = logs.iter().all(|log| log.ended);
        let logs = logs.iter().map(|log| log.values.clone()).collect();
        let mut to = self.to.lock().unwrap();
        let set = if complete { &mut to.complete } else { &mut to.partial };
        set.insert(logs);
    }
}

/// A thread.
struct Actor {
    world: Arc<World>,
    program: Arc<Program>,
    number: usize,
    sent: u8,
    sender: Option<Tx>,
    receiver: Option<Receiver<u8>>,
}

impl Actor {
    fn logs(&self) -> MutexGuard<'_, Vec<Log>> {
        self.world.logs.lock().unwrap()
    }

    fn run(&mut self) {
        let program = Arc::clone(&self.program);
        for op in &program.threads[self.number] {
            let seen = self.perform(*op);
            self.logs()[self.number].values.extend(seen);
        }
    }

    fn leave(&mut self) {
        self.sender = None;
        self.receiver = None;
    }

    fn end(&self) {
        self.logs()[self.number].ended = true;
    }

    fn perform(&mut self, op: Op) -> Option<u8> {
        match op {
            Op::Add => return Some(self.world.number.fetch_add(1, SeqCst)),
            Op::Send => return Some(self.send()),
            Op::TrySend => return Some(self.try_send()),
            Op::Recv { timed: false } => {
                return Some(self.receiver().recv().unwrap_or(GONE));
            }
            Op::Recv { timed: true } => {
                let received = self.receiver().recv_timeout(Duration::from_secs(1));
                return Some(received.unwrap_or_else(|error| match error {
                    RecvTimeoutError::Timeout => TIMED_OUT,
                    RecvTimeoutError::Disconnected => GONE,
                }));
            }
            Op::TryRecv => {
                return Some(self.receiver().try_recv().unwrap_or_else(|error| match error {
                    TryRecvError::Empty => NOTHING,
                    TryRecvError::Disconnected => GONE,
                }));
            }
            Op::DropSender => self.sender = None,
            Op::DropReceiver => self.receiver = None,
        }
        None
    }

    fn receiver(&self) -> &Receiver<u8> {
        self.receiver.as_ref().expect("it has one")
    }

    /// The next message: whose it is, and its number.
    fn message(&mut self) -> u8 {
        self.sent += 1;
        10 * u8::try_from(self.number).unwrap() + self.sent
    }

    fn send(&mut self) -> u8 {
        let message = self.message();
        let sent = match self.sender.as_ref().expect("it has one") {
            Tx::Plain(sender) => sender.send(message),
            Tx::Bounded(sender) => sender.send(message),
        };
        sent.map_or(GONE, |()| SENT)
    }

    fn try_send(&mut self) -> u8 {
        let message = self.message();
        match self.sender.as_ref().expect("it has one") {
            Tx::Plain(sender) => sender.send(message).map_or(GONE, |()| SENT),
            Tx::Bounded(sender) => match sender.try_send(message) {
                Ok(()) => SENT,
                Err(TrySendError::Full(_)) => NOTHING,
                Err(TrySendError::Disconnected(_)) => GONE,
            },
        }
    }
}
