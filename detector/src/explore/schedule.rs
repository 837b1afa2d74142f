//! [`Schedule`]: an execution as the decisions that lead to it, and as a token that can be printed.
//!
//! A schedule says which thread goes on at each step, and which way where there are several. Steps
//! that leave nothing to decide (beginnings, ends, choices of a way) are none of it. With each step
//! it keeps what sort of operation that was, so that a program which does something else is
//! noticed; places in the code are no part of it.

use data_encoding::BASE64URL_NOPAD;
use serde::{Deserialize, Serialize};

use super::MemoryModel;

/// What a token begins with: the version of its contents.
const PREFIX: &str = "lw1.";

/// The decisions that lead to an execution.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Schedule {
    pub(super) model: MemoryModel,
    /// Which thread goes on, by the order of spawns, and the [sort](super::Step::sort) of its operation.
    pub(super) steps: Vec<(u32, u8)>,
    /// Which way, wherever there was something to choose, in that order. Ways that are missing at
    /// the end are 0.
    pub(super) ways: Vec<u32>,
}

/// Why a token cannot be used.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum TokenError {
    /// It is none.
    #[error("`{0}` is no replay token: a token begins with `lw1.`")]
    NoToken(String),
    /// A character is missing, or wrong.
    #[error("the replay token is damaged: a part of it is missing, or was changed")]
    Damaged,
}

/// The contents of a token: steps of one thread in a row are one run.
#[derive(Serialize, Deserialize)]
struct Packed {
    rc11: bool,
    runs: Vec<Run>,
    /// The ways that are not 0, each with its distance from the one before.
    ways: Vec<(u32, u32)>,
}

#[derive(Serialize, Deserialize)]
struct Run {
    thread: u32,
    steps: u32,
    /// The sorts of the steps, summed up.
    sorts: u8,
}

impl Schedule {
    pub(super) fn new(model: MemoryModel) -> Self {
        Self { model, steps: Vec::new(), ways: Vec::new() }
    }

    /// The memory model that it is of.
    #[must_use]
    pub fn memory_model(&self) -> MemoryModel {
        self.model
    }

    /// How many steps it has.
    #[must_use]
    pub fn steps(&self) -> usize {
        self.steps.len()
    }

    /// How often another thread goes on than the one before.
    #[must_use]
    pub fn switches(&self) -> usize {
        self.steps.windows(2).filter(|pair| pair[0].0 != pair[1].0).count()
    }

    /// As a token: short, and of letters that need no quotes in a shell.
    #[must_use]
    pub fn token(&self) -> String {
        let mut last = 0;
        let ways = (0..).zip(&self.ways).filter(|(_, way)| **way != 0).map(|(place, way)| {
            let distance = place - std::mem::replace(&mut last, place);
            (distance, *way)
        });
        let rc11 = self.model == MemoryModel::Rc11;
        let packed = Packed { rc11, runs: self.runs().collect(), ways: ways.collect() };
        let mut bytes = postcard::to_allocvec(&packed).unwrap_or_default();
        bytes.extend(check(&bytes).to_le_bytes());
        format!("{PREFIX}{}", BASE64URL_NOPAD.encode(&bytes))
    }

    /// What its token says.
    pub(super) fn parsed(&self) -> Parsed {
        let runs = self.runs().map(|run| (run.thread, run.steps, run.sorts)).collect();
        Parsed { model: self.model, runs, ways: self.ways.clone() }
    }

    fn runs(&self) -> impl Iterator<Item = Run> + '_ {
        self.steps.chunk_by(|a, b| a.0 == b.0).map(|run| Run {
            thread: run[0].0,
            steps: u32::try_from(run.len()).unwrap_or(u32::MAX),
            sorts: sum(run.iter().map(|(_, sort)| *sort)),
        })
    }

    /// What a token says. Of the sorts of its steps it has only sums.
    ///
    /// # Errors
    ///
    /// It is no token, or not all of one.
    pub(super) fn parse(token: &str) -> Result<Parsed, TokenError> {
        let text = token.trim().strip_prefix(PREFIX);
        let text = text.ok_or_else(|| TokenError::NoToken(shortened(token)))?;
        let bytes = BASE64URL_NOPAD.decode(text.as_bytes()).map_err(|_| TokenError::Damaged)?;
        let (bytes, sum) = bytes.split_last_chunk::<2>().ok_or(TokenError::Damaged)?;
        if check(bytes) != u16::from_le_bytes(*sum) {
            return Err(TokenError::Damaged);
        }
        let packed: Packed = postcard::from_bytes(bytes).map_err(|_| TokenError::Damaged)?;
        Ok(Parsed::of(packed))
    }
}

/// A schedule as a token has it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Parsed {
    pub(super) model: MemoryModel,
    /// Which thread goes on for how many steps, whose sorts sum up to this.
    pub(super) runs: Vec<(u32, u32, u8)>,
    pub(super) ways: Vec<u32>,
}

impl Parsed {
    fn of(packed: Packed) -> Self {
        let mut ways = Vec::new();
        for (distance, way) in packed.ways {
            let place = ways.len().saturating_sub(1) + distance as usize;
            // A token is input: what it says must not make us ask for any amount of memory.
            if place > 1 << 24 {
                break;
            }
            ways.resize(place + 1, 0);
            ways[place] = way;
        }
        let model = if packed.rc11 { MemoryModel::Rc11 } else { MemoryModel::Sc };
        let runs = packed.runs.into_iter().map(|run| (run.thread, run.steps, run.sorts));
        Self { model, runs: runs.collect(), ways }
    }
}

/// Sums up sorts such that their order matters.
pub(super) fn sum(sorts: impl Iterator<Item = u8>) -> u8 {
    sorts.fold(0, |sum: u8, sort| sum.rotate_left(3) ^ sort.wrapping_mul(37))
}

/// Fletcher's checksum, of which a wrong, missing or exchanged character makes another.
fn check(bytes: &[u8]) -> u16 {
    let (low, high) = bytes.iter().fold((7_u16, 0_u16), |(low, high), byte| {
        let low = (low + u16::from(*byte)) % 255;
        (low, (high + low) % 255)
    });
    high << 8 | low
}

fn shortened(token: &str) -> String {
    let mut short: String = token.chars().take(20).collect();
    if short.len() < token.len() {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn schedule() -> impl Strategy<Value = Schedule> {
        let steps = prop::collection::vec((0..4_u32, 1..14_u8), 0..60);
        let ways = prop::collection::vec(0..3_u32, 0..40);
        (steps, ways, any::<bool>()).prop_map(|(steps, mut ways, rc11)| {
            let used = ways.iter().rposition(|way| *way != 0).map_or(0, |last| last + 1);
            ways.truncate(used);
            let model = if rc11 { MemoryModel::Rc11 } else { MemoryModel::Sc };
            Schedule { model, steps, ways }
        })
    }

    proptest! {
        #[test]
        fn a_token_says_the_same_as_its_schedule(schedule in schedule()) {
            let parsed = Schedule::parse(&schedule.token()).unwrap();
            prop_assert_eq!(parsed.model, schedule.model);
            prop_assert_eq!(parsed.ways, schedule.ways);
            let threads = parsed.runs.iter().flat_map(|(t, n, _)| vec![*t; *n as usize]);
            prop_assert!(threads.eq(schedule.steps.iter().map(|(thread, _)| *thread)));
        }

        #[test]
        fn what_is_no_token_is_an_error(text in ".{0,40}") {
            prop_assert!(Schedule::parse(&text).is_err());
        }

        #[test]
        fn a_changed_letter_is_noticed(schedule in schedule(), place in any::<prop::sample::Index>()) {
            let mut token = schedule.token().into_bytes();
            let place = PREFIX.len() + place.index(token.len() - PREFIX.len());
            token[place] = if token[place] == b'A' { b'B' } else { b'A' };
            let token = String::from_utf8(token).unwrap();
            prop_assert!(Schedule::parse(&token).is_err_and(|e| e == TokenError::Damaged));
        }

        #[test]
        fn a_cut_token_is_noticed(schedule in schedule(), cut in 1..4_usize) {
            let token = schedule.token();
            prop_assert!(Schedule::parse(&token[..token.len() - cut]).is_err());
        }
    }
}
