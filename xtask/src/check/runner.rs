//! Runs variants, each in a process of its own, as many at a time as there are processors.

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
    protocol::{self, Variant},
    verdict::Verdict,
    written::Written,
};
use crate::process;

/// One variant to run.
#[derive(Clone, PartialEq, Debug)]
pub struct Job {
    /// The program.
    pub program: String,
    /// Its variant.
    pub variant: Variant,
}

impl Job {
    /// `program::variant`.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{}::{}", self.program, self.variant.name)
    }
}

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
    /// Runs all jobs; the verdicts come in the order of the jobs. A progress line is shown on
    /// stderr where that is a terminal.
    #[must_use]
    pub fn run(&self, jobs: Vec<Job>) -> Vec<Verdict> {
        let progress = ProgressBar::new(jobs.len() as u64);
        if let Ok(style) = ProgressStyle::with_template("{pos}/{len} {wide_msg}") {
            progress.set_style(style);
        }
        let workers = thread::available_parallelism().map_or(1, NonZero::get).min(jobs.len());
        let next = AtomicUsize::new(0);
        let (sender, receiver) = mpsc::channel();
        let mut verdicts: Vec<_> = thread::scope(|scope| {
            for _ in 0..workers {
                let (sender, jobs, next) = (sender.clone(), &jobs, &next);
                scope.spawn(move || {
                    while let index = next.fetch_add(1, Ordering::Relaxed)
                        && let Some(job) = jobs.get(index)
                    {
                        // The receiver lives until all senders are gone.
                        let _ = sender.send((index, self.run_one(index, job.clone())));
                    }
                });
            }
            drop(sender);
            let done = receiver.into_iter();
            done.inspect(|(_, verdict)| {
                progress.set_message(verdict.job.name());
                progress.inc(1);
            })
            .collect()
        });
        progress.finish_and_clear();
        verdicts.sort_by_key(|(index, _)| *index);
        verdicts.into_iter().map(|(_, verdict)| verdict).collect()
    }

    fn run_one(&self, index: usize, job: Job) -> Verdict {
        let output = self.scratch.join(format!("{index}.jsonl"));
        let mut command = Command::new(&self.executable);
        command
            .args(["run", &job.program, &job.variant.name])
            .env(protocol::ON_FINDING, protocol::COLLECT)
            .env(protocol::OUTPUT, &output)
            .env(protocol::TEST, job.name());
        match process::run(&mut command, self.limit) {
            Ok(outcome) => {
                let written = Written::read(&output, &mut Reader::new());
                Verdict::new(job, &outcome, written)
            }
            Err(error) => Verdict::not_run(job, format!("could not be run: {error}")),
        }
    }
}
