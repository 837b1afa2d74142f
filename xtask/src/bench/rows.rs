//! The rows of the table: what is measured, and what it may cost.

/// One row.
pub(crate) struct Row {
    /// Its name in the benches.
    pub(crate) id: &'static str,
    /// Its name in the table.
    pub(crate) title: &'static str,
    pub(crate) budget: Budget,
    /// Whether the binary `instructions` knows it.
    pub(crate) counted: bool,
}

/// What lockwise may cost.
#[derive(Clone, Copy)]
pub(crate) enum Budget {
    /// So many times what std costs.
    TimesStd(f64),
    /// So many nanoseconds.
    Nanoseconds(f64),
    /// No more than in another row, but for noise.
    AsIn(&'static str),
    /// Whatever it takes.
    Open,
}

const fn row(id: &'static str, title: &'static str, budget: Budget) -> Row {
    Row { id, title, budget, counted: matches!(budget, Budget::TimesStd(_)) }
}

pub(crate) const ROWS: &[Row] = &[
    row("mutex", "Mutex lock + unlock", Budget::TimesStd(1.1)),
    row("nested-4", "4 nested", Budget::TimesStd(1.2)),
    row("nested-8", "8 nested", Budget::TimesStd(1.3)),
    row("rwlock-read", "RwLock read", Budget::TimesStd(1.1)),
    row("create", "create + lock + drop", Budget::TimesStd(2.0)),
    row("atomic-load", "atomic load", Budget::Open),
    row("atomic-add", "atomic fetch_add", Budget::Open),
    row("message", "message to another thread", Budget::Open),
    row("full-channel", "message of 8 threads, room for 4", Budget::Open),
    row("hand-over", "park and unpark, there and back", Budget::Open),
    row("spawn", "thread spawn + join", Budget::Open),
    row("new-edge-ascending", "new edge, 10,000 locks ascending", Budget::Nanoseconds(1000.0)),
    row("new-edge-reversed", "new edge, reversed", Budget::Nanoseconds(1000.0)),
    row("new-edge-star", "new edge, star", Budget::Nanoseconds(1000.0)),
    row("new-edge-random", "new edge, random", Budget::Nanoseconds(1000.0)),
    row("known-edge-100", "known edge among 100 locks", Budget::Nanoseconds(1000.0)),
    row("known-edge-1000", "known edge among 1,000", Budget::AsIn("known-edge-100")),
    row("known-edge-10000", "known edge among 10,000", Budget::AsIn("known-edge-100")),
];
