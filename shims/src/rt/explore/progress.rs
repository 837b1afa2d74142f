//! How far an exploration has come, on a terminal, while it takes long.

use std::{
    io::IsTerminal,
    time::{Duration, Instant},
};

use crate::report;

/// How long an exploration takes before anything is said, and how often it is said again.
const QUIET: Duration = Duration::from_secs(2);
const AGAIN: Duration = Duration::from_millis(250);

/// A line that is written over again and again. Nothing is written if standard error is no terminal.
pub(super) struct Progress {
    began: Instant,
    last: Option<Instant>,
    on_terminal: bool,
}

impl Progress {
    pub(super) fn new(began: Instant) -> Self {
        Self { began, last: None, on_terminal: std::io::stderr().is_terminal() }
    }

    /// So many executions have been made, and such a share of all is explored, if that is known.
    pub(super) fn show(&mut self, executions: u64, explored: Option<f64>) {
        if !self.on_terminal {
            return;
        }
        let elapsed = self.began.elapsed();
        let recent = self.last.is_some_and(|last| last.elapsed() < AGAIN);
        if elapsed < QUIET || recent {
            return;
        }
        self.last = Some(Instant::now());
        report::write_raw(&format!("\r\x1b[K{}", line(executions, elapsed, explored)));
    }
}

fn line(executions: u64, elapsed: Duration, explored: Option<f64>) -> String {
    let rate = executions as f64 / elapsed.as_secs_f64().max(0.001);
    let share = explored.map(|share| format!(", about {:.1} % explored", 100.0 * share));
    format!("lockwise: {executions} executions, {rate:.0}/s{}", share.unwrap_or_default())
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.last.is_some() {
            report::write_raw("\r\x1b[K");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_how_many_how_fast_and_how_far() {
        let text = line(5_000, Duration::from_secs(2), Some(0.125));
        assert_eq!(text, "lockwise: 5000 executions, 2500/s, about 12.5 % explored");
        assert_eq!(line(0, Duration::ZERO, None), "lockwise: 0 executions, 0/s");
    }
}
