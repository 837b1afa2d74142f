//! What a thread's write was based on, and whether another thread has replaced that since.
//!
//! A thread's last read of a variable is taken to be the base of its next write, if it made no
//! other access to it in between. If another thread wrote in between, the write overwrites a
//! value that its thread has never seen. A read-modify-write is its own base and loses nothing.
//!
//! Not a loss:
//! - the other write must-happens after the read: the reader handed the variable on;
//! - it must-happens before the write: the writer was told (joined the other, received from it);
//! - of atomics, whatever [`Loss::is_harmless`] says.
//!
//! A runtime that leaves out the accesses to atomics finds such writes itself ([`Overwrite`]): it
//! says nothing where the two threads may have told each other in between, so that the handing on
//! is settled; and of locks only those that are still held are known.

use std::sync::Arc;

use super::access::Access;
use crate::{
    Context, Epoch, ObjectId, Op,
    clock::Knowledge,
    context::Held,
    finding::Verb,
    op::{Glance, Mode, Overwrite},
};

/// How many threads' reads of one variable are kept; beyond, the oldest is forgotten.
pub(super) const READERS: usize = 64;

/// A thread's last access, a read, and the last write by another thread since.
#[derive(Debug)]
struct Base {
    read: Arc<Access>,
    /// Whether nobody had written before the read.
    initial: bool,
    replaced: Option<Write>,
}

#[derive(Clone, Debug)]
struct Write {
    access: Arc<Access>,
    /// Whether its own thread had read the variable before it.
    based: bool,
}

#[derive(Default, Debug)]
pub(super) struct Bases {
    readers: Vec<Base>,
    written: bool,
}

/// A write that overwrote what its thread had not seen.
pub(super) struct Loss {
    /// What the write was based on.
    pub(super) read: Arc<Access>,
    /// The newest write by another thread since.
    pub(super) other: Arc<Access>,
    /// The write that overwrote it.
    pub(super) write: Arc<Access>,
    /// Whether `read` saw the variable's first value.
    initial: bool,
    /// Whether `other` was based on a read.
    other_based: bool,
}

impl Bases {
    pub(super) fn observe(&mut self, access: &Arc<Access>, context: &Context) -> Option<Loss> {
        let own = self.readers.iter().position(|base| base.read.thread() == access.thread());
        let base = own.map(|own| self.readers.remove(own));
        let must = context.must_clock(access.thread());
        if !access.writes() {
            if self.readers.len() == READERS {
                self.readers.remove(0);
            }
            let initial = !self.written;
            self.readers.push(Base { read: Arc::clone(access), initial, replaced: None });
            return None;
        }
        let updates = access.verb == Verb::Update;
        self.replace(&Write { access: Arc::clone(access), based: base.is_some() || updates }, must);
        if updates { None } else { base?.overwritten_by(access, must) }
    }

    /// Notes at each other thread's base that `write` has replaced it.
    fn replace(&mut self, write: &Write, must: Knowledge<'_>) {
        self.written = true;
        for base in &mut self.readers {
            let handed_on = must.knows(base.read.epoch);
            base.replaced = (!handed_on).then(|| write.clone());
        }
    }
}

impl Base {
    fn overwritten_by(self, write: &Arc<Access>, must: Knowledge<'_>) -> Option<Loss> {
        let other = self.replaced.filter(|other| !must.knows(other.access.epoch))?;
        Some(Loss {
            read: self.read,
            other: other.access,
            write: Arc::clone(write),
            initial: self.initial,
            other_based: other.based,
        })
    }
}

impl Loss {
    /// What the thread of `op`, which holds `held`, has overwritten, unless it was told of it. What
    /// it acquired after the load it did not hold there; what the other held is not known.
    pub(super) fn told(
        op: &Op,
        overwrite: &Overwrite,
        held: &Arc<[Held]>,
        must: Knowledge<'_>,
    ) -> Option<Self> {
        let other = Epoch::new(overwrite.other, overwrite.write.at);
        if must.knows(other) {
            return None;
        }
        let access = |thread, verb, glance: Glance, held| {
            let (epoch, value) = (Epoch::new(thread, glance.at), Some(glance.value));
            Arc::new(Access { epoch, verb, value, site: glance.site, stack: None, held })
        };
        let earlier = held.iter().filter(|held| held.acquired.tick() <= overwrite.read.at);
        let verb = if overwrite.updates { Verb::Update } else { Verb::Store };
        let stored = Glance { at: op.at, site: op.site, value: overwrite.stored };
        Some(Self {
            read: access(op.thread, Verb::Load, overwrite.read, earlier.cloned().collect()),
            other: access(overwrite.other, verb, overwrite.write, Arc::default()),
            write: access(op.thread, Verb::Store, stored, Arc::clone(held)),
            initial: overwrite.initial,
            other_based: overwrite.based,
        })
    }

    /// The lock that was held for the read, held for the write and released in between, and that
    /// the other thread held for its write.
    pub(super) fn broken_section(&self) -> Option<ObjectId> {
        let again = self.write.held.iter().find(|again| {
            let of_read = self
                .read
                .held
                .iter()
                .any(|first| first.object == again.object && first.section != again.section);
            let of_other = self
                .other
                .held
                .iter()
                .any(|other| other.object == again.object && other.mode == Mode::Exclusive);
            of_read && of_other
        });
        again.map(|held| held.object)
    }

    /// Whether an atomic of type `type_name` came out as if the thread had loaded just before it
    /// stored, or as if nothing had been computed from the load.
    ///
    /// - The value overwritten is the value loaded.
    /// - The value stored is the value loaded: a reset or a turn given away, not an update. (A
    ///   maximum kept by load and store can lose one so, and is missed.)
    /// - The value stored is the one overwritten, *and* this is no counter that two threads
    ///   stepped at once: the other store was based on no load (a flag that both set), or the
    ///   atomic is a single byte (both saw a flag unset and set it), or both filled the still
    ///   initial atomic with one result (a lazily computed value) that is not the next number.
    pub(super) fn is_harmless(&self, type_name: &str) -> bool {
        let (loaded, overwritten, stored) = (self.read.value, self.other.value, self.write.value);
        if overwritten == loaded || stored == loaded {
            return true;
        }
        let step = loaded.zip(stored).map(|(loaded, stored)| loaded.abs_diff(stored));
        let lazily_filled = self.initial && step != Some(1);
        overwritten == stored && (!self.other_based || is_byte(type_name) || lazily_filled)
    }
}

/// Whether an atomic's type says that it is one byte wide: `AtomicBool`, `Atomic<u8>` ...
fn is_byte(type_name: &str) -> bool {
    let name = type_name.rsplit("::").next().unwrap_or(type_name);
    let name = name.trim_start_matches("Atomic").trim_matches(['<', '>']);
    ["bool", "u8", "i8"].iter().any(|byte| name.eq_ignore_ascii_case(byte))
}
