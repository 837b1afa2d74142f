//! `cargo lockwise` where it is installed, `cargo xtask` in lockwise's own workspace.

use std::process::ExitCode;

use lockwise_xtask::At;

fn main() -> ExitCode {
    // cargo runs `cargo-lockwise lockwise ARGS`, and by the workspace's alias `cargo-lockwise xtask
    // ARGS`. By itself it is a compiler's wrapper.
    let mut args: Vec<_> = std::env::args_os().collect();
    let called = args.get(1).and_then(|arg| arg.to_str());
    let at = if called == Some("xtask") { At::Home } else { At::Anywhere };
    if matches!(called, Some("lockwise" | "xtask")) {
        args.remove(0);
    }
    lockwise_xtask::main(at, args)
}
