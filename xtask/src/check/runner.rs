//! Runs cases, each in a process of its own, as many at a time as there are processors.

use std::{
    num::NonZero,
    path::PathBuf,
    process::Command,
    sync::{
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    thread,
    time::Duration,
};

use indicatif::{ProgressBar, ProgressStyle};
use lockwise_detector::render::Reader;

use super::{
    protocol::{self, By, Case},
    verdict::Verdict,
    written::Written,
};
use crate::process;

/// What all runs have in common.
#[derive(Debug)]
pub struct Runner {
    /// The fixtures' executable.
    pub executable: PathBuf,
    /// A directory for the files that processes write.
    pub scratch: PathBuf,
    /// How long each may run.
    pub limit: Duration,
}

impl Runner {
    /// Runs all cases; the verdicts come in the order of the cases. A progress line is shown on
    /// stderr where that is a terminal.
    #[must_use]
    pub fn run(&self, cases: Vec<Case>) -> Vec<Verdict> {
        let progress = ProgressBar::new(cases.len() as u64);
        if let Ok(style) = ProgressStyle::with_template("{pos}/{len} {wide_msg}") {
            progress.set_style(style);
        }
        let workers = thread::available_parallelism().map_or(1, NonZero::get).min(cases.len());
        let next = AtomicUsize::new(0);
        let (sender, receiver) = mpsc::channel();
        let mut verdicts: Vec<_> = thread::scope(|scope| {
            for _ in 0..workers {
                let (sender, cases, next) = (sender.clone(), &cases, &next);
                scope.spawn(move || {
                    while let index = next.fetch_add(1, Ordering::Relaxed)
                        && let Some(case) = cases.get(index)
                    {
                        // The receiver lives until all senders are gone.
                        let _ = sender.send((index, self.run_one(index, case.clone())));
                    }
                });
            }
            drop(sender);
            let done = receiver.into_iter();
            done.inspect(|(_, verdict)| {
                progress.set_message(verdict.case.name());
                progress.inc(1);
            })
            .collect()
        });
        progress.finish_and_clear();
        verdicts.sort_by_key(|(index, _)| *index);
        verdicts.into_iter().map(|(_, verdict)| verdict).collect()
    }

    fn run_one(&self, index: usize, case: Case) -> Verdict {
        let output = self.scratch.join(format!("{index}.jsonl"));
        let mut command = Command::new(&self.executable);
        command
            .args([case.by.command(), &case.program, &case.variant])
            .env(protocol::ON_FINDING, protocol::COLLECT)
            .env(protocol::TEST, case.name());
        match case.by {
            By::Run => command.env(protocol::OUTPUT, &output),
            By::Explore | By::Loom => {
                command.arg(case.size.to_string()).arg("--findings").arg(&output)
            }
        };
        match process::run(&mut command, self.limit) {
            Ok(outcome) => {
                let written = Written::read(&output, &mut Reader::new());
                Verdict::new(case, &outcome, written)
            }
            Err(error) => Verdict::not_run(case, format!("could not be run: {error}")),
        }
    }
}
