//! Random numbers that a seed determines, on every platform and in every version of lockwise.
//!
//! > Steele, Lea, Flood: "Fast Splittable Pseudorandom Number Generators", OOPSLA 2014.
//!
//! Written here because a seed is a promise: a crate may change its generator.

/// SplitMix64.
#[derive(Clone, Debug)]
pub(super) struct Rng(u64);

impl Rng {
    /// The generator of a seed.
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Any number.
    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`, which is not 0. By multiplication: for any bound that can occur
    /// here, the numbers are equally likely to within one in billions.
    pub(super) fn below(&mut self, bound: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(bound)) >> 64) as u64
    }

    /// An index into a list of this length, which is not 0.
    pub(super) fn index(&mut self, length: usize) -> usize {
        self.below(length as u64) as usize
    }

    /// An index, each as likely as its weight says; none if no weight is above 0.
    pub(super) fn weighted(&mut self, weights: impl Iterator<Item = u64> + Clone) -> Option<usize> {
        let total: u64 = weights.clone().sum();
        if total == 0 {
            return None;
        }
        let mut rest = self.below(total);
        weights.into_iter().position(|weight| {
            let found = rest < weight;
            rest = rest.saturating_sub(weight);
            found
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The values of the reference implementation.
    #[test]
    fn the_numbers_of_a_seed_are_known() {
        let mut rng = Rng::new(1_234_567);
        let numbers = [(); 3].map(|()| rng.next());
        assert_eq!(
            numbers,
            [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]
        );
    }

    #[test]
    fn weights_are_kept_and_a_weight_of_zero_is_never_drawn() {
        let mut rng = Rng::new(1);
        let mut drawn = [0; 4];
        for _ in 0..6000 {
            drawn[rng.weighted([1, 0, 2, 3].into_iter()).unwrap()] += 1;
        }
        assert_eq!(drawn[1], 0);
        assert!((900..1100).contains(&drawn[0]), "{drawn:?}");
        assert!((1900..2100).contains(&drawn[2]), "{drawn:?}");
        assert_eq!(rng.weighted([0, 0].into_iter()), None);
    }
}
