//! Relations between at most 64 things, as bit matrices.

/// A relation: for each thing a row of those it is related to.
#[derive(Clone)]
pub(super) struct Relation(Vec<u64>);

impl Relation {
    pub(super) fn new(size: usize, holds: impl Fn(usize, usize) -> bool) -> Self {
        assert!(size <= 64, "a row is a u64");
        let row = |a| (0..size).filter(|b| holds(a, *b)).fold(0, |row, b| row | 1 << b);
        Self((0..size).map(row).collect())
    }

    pub(super) fn add(&mut self, a: usize, b: usize) {
        self.0[a] |= 1 << b;
    }

    fn holds(&self, a: usize, b: usize) -> bool {
        self.0[a] >> b & 1 == 1
    }

    pub(super) fn and(&self, also: impl Fn(usize, usize) -> bool) -> Self {
        Self::new(self.0.len(), |a, b| self.holds(a, b) && also(a, b))
    }

    pub(super) fn or(&self, other: &Self) -> Self {
        Self(self.0.iter().zip(&other.0).map(|(a, b)| a | b).collect())
    }

    pub(super) fn inverse(&self) -> Self {
        Self::new(self.0.len(), |a, b| self.holds(b, a))
    }

    /// Composition.
    pub(super) fn then(&self, next: &Self) -> Self {
        let reach = |row: &u64| {
            (0..self.0.len()).filter(|b| row >> b & 1 == 1).fold(0, |all, b| all | next.0[b])
        };
        Self(self.0.iter().map(reach).collect())
    }

    pub(super) fn reflexive(&self) -> Self {
        Self(self.0.iter().enumerate().map(|(a, row)| row | 1 << a).collect())
    }

    pub(super) fn closure(&self) -> Self {
        let mut closure = self.clone();
        for through in 0..self.0.len() {
            for a in 0..self.0.len() {
                if closure.holds(a, through) {
                    closure.0[a] |= closure.0[through];
                }
            }
        }
        closure
    }

    pub(super) fn is_irreflexive(&self) -> bool {
        (0..self.0.len()).all(|a| !self.holds(a, a))
    }
}

pub(super) fn acyclic(relation: &Relation) -> bool {
    relation.closure().is_irreflexive()
}
