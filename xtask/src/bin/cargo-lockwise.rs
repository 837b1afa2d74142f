//! `cargo lockwise`: the same command line, installed.

use std::process::ExitCode;

fn main() -> ExitCode {
    // cargo runs `cargo-lockwise lockwise ARGS`.
    let mut args: Vec<_> = std::env::args_os().collect();
    if args.get(1).is_some_and(|arg| arg == "lockwise") {
        args.remove(1);
    }
    lockwise_xtask::main(lockwise_xtask::At::Anywhere, args)
}
