//! The orders in which new edges come to a lock graph.

/// Pairs of locks: an outer one and one taken within.
pub type Pairs = Vec<(usize, usize)>;

/// Pairs among `n` locks, none of which contradict each other, by the name of their order.
#[must_use]
pub fn orders(n: usize) -> [(&'static str, Pairs); 4] {
    [
        ("ascending", (1..n).map(|i| (i - 1, i)).collect()),
        ("reversed", (1..n).rev().map(|i| (i - 1, i)).collect()),
        ("star", (1..n).map(|i| (0, i)).collect()),
        ("random", random(n)),
    ]
}

/// About `2 * n` pairs, each ordered as in one shuffled list of all locks.
#[must_use]
pub fn random(n: usize) -> Pairs {
    let mut random = Random(n as u64);
    let mut names: Vec<_> = (0..n).collect();
    random.shuffle(&mut names);
    let mut pairs: Pairs = (0..2 * n)
        .map(|_| (random.below(n), random.below(n)))
        .filter(|(a, b)| a != b)
        .map(|(a, b)| (names[a.min(b)], names[a.max(b)]))
        .collect();
    pairs.sort_unstable();
    pairs.dedup();
    random.shuffle(&mut pairs);
    pairs
}

/// SplitMix64 (Steele, Lea and Flood, OOPSLA 2014): the same numbers in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % bound as u64) as usize
    }

    fn shuffle<T>(&mut self, items: &mut [T]) {
        for i in (1..items.len()).rev() {
            items.swap(i, self.below(i + 1));
        }
    }
}
