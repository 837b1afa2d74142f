//! The command line of lockwise, one file per command, behind two thin binaries.
//!
//! A command returns the [exit code](exit) that its result has, or an [`Error`], which has one
//! too. Reports go to stdout, everything else to stderr; colour follows the terminal.

mod bench;
pub mod check;
mod compat;
mod error;
pub mod exit;
mod explain;
pub mod facade;
mod interrupt;
mod known_bugs;
mod merge;
mod output;
mod pool;
pub mod process;
mod project;
mod sources;
pub mod tidy;
mod workspace;

use std::{ffi::OsString, process::ExitCode};

use clap::{Parser, Subcommand};

pub use self::error::Error;

/// Finds deadlocks and data races.
#[derive(Parser, Debug)]
#[command(name = "lockwise", version, about, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Runs a project's tests under observation, or the fixtures of lockwise's own workspace.
    Check(Box<check::Args>),
    /// Compares the own tests of published crates, plain and under observation.
    Compat(compat::Args),
    /// Joins the reports of parts of a check into one.
    Merge(merge::Args),
    /// Measures lockwise beside std and other lock checkers (in its own workspace only).
    Bench(bench::Args),
    /// Shows bugs of published crates (in lockwise's own workspace only).
    KnownBugs(known_bugs::Args),
    /// Explains a rule, or lists them all.
    Explain(explain::Args),
    /// Checks the source tree against the project's own conventions.
    Tidy,
}

/// Where the command line is used.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum At {
    /// In lockwise's own workspace, as `cargo xtask`.
    Home,
    /// Anywhere, as `cargo lockwise`.
    Anywhere,
}

/// Runs the command that `args` give, of which the first is the program's name.
pub fn main(at: At, args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let args: Vec<_> = args.into_iter().collect();
    if let Some(code) = project::wrapper::run(&args) {
        return code;
    }
    interrupt::watch();
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(error) => {
            // Nothing can be done when the terminal is gone.
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { exit::USAGE } else { exit::CLEAN });
        }
    };
    let result = match cli.command {
        Command::Check(args) => check::run(&args, at),
        Command::Compat(args) => compat::run(&args),
        Command::Merge(args) => merge::run(&args),
        Command::Bench(args) => bench::run(&args),
        Command::KnownBugs(args) => known_bugs::run(&args),
        Command::Explain(args) => explain::run(&args),
        Command::Tidy => tidy::run(),
    };
    ExitCode::from(result.unwrap_or_else(|error| {
        let error = match error {
            Error::Output { .. } | Error::Report(_) => error,
            // Whatever else failed then, failed because of it.
            _ if interrupt::is_interrupted() => Error::Interrupted,
            _ => error,
        };
        anstream::eprintln!("{}error{}: {error}", error::RED, error::RED.render_reset());
        error.exit_code()
    }))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_sound() {
        super::Cli::command().debug_assert();
    }
}
