//! `bench`: lockwise beside std, other lock checkers and other explorers, against the budgets.
//!
//! The benches are a package of their own, `tests/peers`, because what they compare with pulls in
//! hundreds of crates. This command builds and runs them, and makes a table of the medians.

mod explore;
mod instructions;
mod medians;
mod rows;
mod table;

use std::{fs, io::ErrorKind, path::Path, process::Command};

pub(crate) use self::table::markdown;
use crate::{Error, exit, output, workspace};

/// Arguments of `bench`.
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    /// Measure each bench only until it is roughly known.
    #[arg(long)]
    quick: bool,
    /// Count instructions per operation under valgrind instead of measuring time.
    #[arg(long, conflicts_with_all = ["quick", "filter"])]
    instructions: bool,
    /// Measure the explorer beside other explorers, instead of what observation costs.
    #[arg(long, conflicts_with_all = ["instructions", "filter"])]
    explore: bool,
    /// Run only benches whose `ROW/PEER` matches this regular expression.
    filter: Option<String>,
}

/// Runs the benches and prints their table.
pub(crate) fn run(args: &Args) -> Result<u8, Error> {
    let package = workspace::root()?.join("tests/peers");
    let text = if args.instructions {
        instructions::table(&workspace::build_release(&package, "instructions")?)?
    } else if args.explore {
        explore::tables(&workspace::build_release(&package, "explore")?, args.quick)?
    } else {
        table::render(&measure(&package, args)?)
    };
    output::print(&text)?;
    Ok(exit::CLEAN)
}

fn measure(package: &Path, args: &Args) -> Result<medians::Medians, Error> {
    let home = package.join("target/bench");
    // What an earlier run measured is no part of this one.
    match fs::remove_dir_all(&home) {
        Err(source) if source.kind() != ErrorKind::NotFound => {
            return Err(Error::Output { path: home, source });
        }
        _ => {}
    }
    let mut command = Command::new(workspace::cargo());
    command.current_dir(package).env("CRITERION_HOME", &home);
    command.args(["bench", "--quiet", "--bench", "peers", "--"]);
    command.args(args.quick.then_some("--quick")).args(&args.filter);
    // Stdout is for the table.
    command.stdout(std::io::stderr());
    let status = command.status().map_err(|source| workspace::spawn(&command, source))?;
    if !status.success() {
        return Err(Error::Bench);
    }
    if !home.exists() {
        return Err(Error::NoBench);
    }
    medians::Medians::read(&home)
}
