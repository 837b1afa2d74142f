//! `cargo xtask`: the command line, in this workspace.

use std::process::ExitCode;

fn main() -> ExitCode {
    lockwise_xtask::main(lockwise_xtask::At::Home, std::env::args_os())
}
