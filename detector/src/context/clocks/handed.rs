//! [`Handed`]: what one thread hands on to another through an object.

use std::sync::Arc;

use crate::{
    Epoch,
    clock::{Knowledge, VectorClock},
};

/// A thread at one moment: the moment, and what it knew of the other threads.
///
/// Its moments change with every Op and its knowledge of others seldom, so that the knowledge is
/// shared by all stamps between two changes and a stamp costs no copy.
#[derive(Clone, Debug)]
pub(super) struct Stamp {
    pub(super) epoch: Epoch,
    pub(super) others: Arc<VectorClock>,
}

impl Stamp {
    fn knows(&self, epoch: Epoch) -> bool {
        if epoch.thread() == self.epoch.thread() {
            epoch.tick() <= self.epoch.tick()
        } else {
            self.others.knows(epoch)
        }
    }

    fn add_to(&self, clock: &mut VectorClock) {
        clock.learn(self.epoch);
        clock.join(&self.others);
    }

    pub(super) fn to_clock(&self) -> VectorClock {
        let mut clock = VectorClock::clone(&self.others);
        clock.learn(self.epoch);
        clock
    }
}

/// Knowledge on its way between threads.
#[derive(Clone, Default, Debug)]
pub(super) enum Handed {
    /// None.
    #[default]
    Nothing,
    /// That of one thread at one moment; who knows the moment knows all of it.
    One(Stamp),
    /// That of several threads, or of one at a moment that is not its last.
    Many(Arc<VectorClock>),
}

impl Handed {
    pub(super) fn is_nothing(&self) -> bool {
        matches!(self, Self::Nothing)
    }

    /// Whether `known` lacks any of it.
    pub(super) fn is_news_to(&self, known: Knowledge<'_>) -> bool {
        match self {
            Self::Nothing => false,
            Self::One(stamp) => !known.knows(stamp.epoch),
            Self::Many(all) => !all.epochs().all(|epoch| known.knows(epoch)),
        }
    }

    /// Adds it to `clock`.
    pub(super) fn add_to(&self, clock: &mut VectorClock) {
        match self {
            Self::Nothing => {}
            Self::One(stamp) => stamp.add_to(clock),
            Self::Many(all) => {
                clock.join(all);
            }
        }
    }

    /// Whether all of it is part of `later`.
    pub(super) fn is_in(&self, later: &Self) -> bool {
        match (self, later) {
            (Self::Nothing, _) => true,
            (Self::One(stamp), Self::One(later)) => later.knows(stamp.epoch),
            (Self::Many(all), Self::One(later)) => all.epochs().all(|epoch| later.knows(epoch)),
            (Self::One(stamp), Self::Many(later)) => later.knows(stamp.epoch),
            (Self::Many(all), Self::Many(later)) => all.le(later),
            (_, Self::Nothing) => false,
        }
    }

    /// Adds `more` to it.
    pub(super) fn merge(&mut self, more: &Self) {
        if self.is_in(more) {
            *self = more.clone();
        } else if !more.is_nothing() {
            let mut all = match std::mem::take(self) {
                Self::Nothing => Arc::default(),
                Self::One(stamp) => Arc::new(stamp.to_clock()),
                Self::Many(all) => all,
            };
            more.add_to(Arc::make_mut(&mut all));
            *self = Self::Many(all);
        }
    }
}
