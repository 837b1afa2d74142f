//! What messages, barriers and initialisers hand on from publications to observations.

use std::collections::BTreeMap;

use super::handed::Handed;
use crate::{ObjectId, hash::IdMap};

/// How many tokens of one object are kept apart. Of older ones (a message that nobody takes, the
/// barrier generation before last) only the sum is known: observing one then brings what all of
/// them had to give.
pub(super) const TOKENS: usize = 1024;

#[derive(Default, Debug)]
struct Tokens {
    live: BTreeMap<u64, Handed>,
    /// The sum of the tokens that were taken or are too old.
    past: Handed,
}

#[derive(Default, Debug)]
pub(super) struct Values(IdMap<ObjectId, Tokens>);

impl Values {
    pub(super) fn publish(&mut self, object: ObjectId, token: u64, publishers: &Handed) {
        let tokens = self.0.entry(object).or_default();
        tokens.live.entry(token).or_default().merge(publishers);
        if tokens.live.len() > TOKENS
            && let Some((_, oldest)) = tokens.live.pop_first()
        {
            tokens.past.merge(&oldest);
        }
    }

    /// `taken` says that nobody else will observe this token. (Should somebody still do it, he
    /// gets the sum of what is past, and with it this token's part.)
    pub(super) fn observe(
        &mut self,
        object: ObjectId,
        token: u64,
        taken: bool,
        mut learn: impl FnMut(&Handed),
    ) {
        let Some(tokens) = self.0.get_mut(&object) else { return };
        match tokens.live.get(&token) {
            Some(value) => learn(value),
            None => return learn(&tokens.past),
        }
        if taken && let Some(value) = tokens.live.remove(&token) {
            tokens.past.merge(&value);
        }
    }

    pub(super) fn forget(&mut self, object: ObjectId) {
        self.0.remove(&object);
    }
}
