//! Runs cases, each in a process of its own.

use std::{path::PathBuf, process::Command, time::Duration};

use lockwise_detector::render::Reader;

use super::{
    protocol::{self, By, Case},
    verdict::Verdict,
    written::Written,
};
use crate::{pool, process};

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
    /// Runs all cases; the verdicts come in the order of the cases.
    #[must_use]
    pub fn run(&self, cases: &[Case]) -> Vec<Verdict> {
        pool::run(cases, Case::name, |index, case| self.run_one(index, case.clone()))
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
