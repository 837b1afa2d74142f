//! Sequences of Ops that no program can make.

use crate::{ObjectId, ThreadId, Tick};

/// Why an Op is impossible after those before it: a fault of the runtime or of a trace.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[allow(missing_docs, reason = "each message says what its fields are")]
pub enum OpError {
    #[error("{thread:?} is not known: no Begin or Spawn names it")]
    UnknownThread { thread: ThreadId },
    #[error("{thread:?} begins twice")]
    ThreadExists { thread: ThreadId },
    #[error("{thread:?} begins long before those that are numbered before it")]
    ThreadOutOfOrder { thread: ThreadId },
    #[error("{thread:?} acts at {tick}, which is no tick")]
    NoSuchTick { thread: ThreadId, tick: Tick },
    #[error("{thread:?} acts after its end")]
    Ended { thread: ThreadId },
    #[error("{thread:?} is joined while it runs")]
    JoinedAlive { thread: ThreadId },
    #[error("{object:?} is not known: no Create names it")]
    UnknownObject { object: ObjectId },
    #[error("{object:?} is created twice")]
    ObjectExists { object: ObjectId },
    #[error("{thread:?} releases {object:?}, which it does not hold")]
    NotHeld { thread: ThreadId, object: ObjectId },
}
