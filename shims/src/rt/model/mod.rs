//! What the worlds share in which a closure is run again and again, once for each of its
//! executions: values that are fresh in each, and findings of which each counts once.

mod findings;
mod locals;
mod panics;
mod segments;
mod slot;

use std::{
    ops::Range,
    sync::atomic::{AtomicU32, Ordering},
};

pub(crate) use self::{
    findings::Findings,
    locals::{Locals, destroy as destroy_locals, with as with_local},
    panics::{message_of, site_of},
    segments::{for_words, is_static, points_elsewhere},
    slot::Slot,
};
#[cfg(feature = "loom")]
use super::loom;
use super::{
    current::{self, Kind},
    explore,
};

/// How an execution ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Ending {
    /// All its threads have ended.
    Whole,
    /// Its threads were given up where they were.
    Broken,
}

/// What puts a static back.
pub(crate) type Restore = Box<dyn FnOnce(Ending)>;

/// What an execution puts back when it is over.
pub(crate) type Restores = Vec<(Range<usize>, Restore)>;

/// A serial number for an execution; no two of a process share one.
pub(crate) fn next_serial() -> u32 {
    // 0 and 1 have a meaning to `Contents`.
    static NEXT: AtomicU32 = AtomicU32::new(2);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// The serial number of the execution that the calling thread is of; none in the os world.
#[inline]
pub(crate) fn execution() -> Option<u32> {
    match current::kind() {
        Kind::Os => None,
        #[cfg(feature = "loom")]
        Kind::Loom => Some(loom::execution_serial()),
        Kind::Explore => Some(explore::execution_serial()),
    }
}

/// Whether the calling thread is one of a model.
#[cfg_attr(feature = "facade", inline(never))]
#[cfg_attr(not(feature = "facade"), inline)]
pub(crate) fn is_current() -> bool {
    current::kind() != Kind::Os
}

/// Has `restore`, which puts back the static at these addresses, run when the execution is over.
pub(crate) fn at_end(range: Range<usize>, restore: Restore) {
    on_restores(|restores| restores.push((range, restore)));
}

/// Whether a static that will be put back when the execution is over lies at `address`.
pub(crate) fn is_restored(address: usize) -> bool {
    on_restores(|restores| restores.iter().any(|(range, _)| range.contains(&address)))
}

fn on_restores<R>(f: impl FnOnce(&mut Restores) -> R) -> R {
    match current::kind() {
        #[cfg(feature = "loom")]
        Kind::Loom => loom::on_restores(f),
        _ => explore::on_restores(f),
    }
}

fn on_locals<R>(f: impl FnOnce(&mut Locals) -> R) -> R {
    match current::kind() {
        #[cfg(feature = "loom")]
        Kind::Loom => loom::on_locals(f),
        _ => explore::on_locals(f),
    }
}
