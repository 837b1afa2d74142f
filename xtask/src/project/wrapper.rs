//! Crates that keep std's own types. cargo passes flags to all crates alike, so where some must not
//! get them, this executable stands before the compiler, and before rustdoc, and takes them out.

use std::{
    env,
    ffi::{OsStr, OsString},
    process::{Command, ExitCode},
};

use crate::exit;

/// Names the crates, with commas between them. Whoever starts this executable with it wants it to
/// be a compiler. (Tests would take a name that begins with `LOCKWISE_` for a misspelt variable.)
const EXCLUDE: &str = "CARGO_LOCKWISE_EXCLUDE";

/// The wrapper that the user has set, which comes after this one.
const NEXT: &str = "CARGO_LOCKWISE_NEXT";

/// Names the rustdoc that this executable stands before.
const RUSTDOC: &str = "CARGO_LOCKWISE_RUSTDOC";

/// Makes `cargo` compile `crates` without the facade.
pub(super) fn exclude(cargo: &mut Command, crates: &[String]) {
    if crates.is_empty() {
        return;
    }
    let Ok(this) = env::current_exe() else { return };
    if let Some(next) = env::var_os("RUSTC_WRAPPER").filter(|next| !next.is_empty()) {
        cargo.env(NEXT, next);
    }
    let rustdoc = env::var_os("RUSTDOC").unwrap_or_else(|| "rustdoc".into());
    cargo.env("RUSTDOC", &this).env(RUSTDOC, rustdoc);
    cargo.env("RUSTC_WRAPPER", this).env(EXCLUDE, crates.join(","));
}

/// Runs the compiler or rustdoc, if that is what this process was started for. `args` are all
/// arguments: this executable, the compiler if it is for that one, and what it is to do.
pub(crate) fn run(args: &[OsString]) -> Option<ExitCode> {
    let excluded = env::var(EXCLUDE).ok()?;
    let (mut command, rest) = program(args)?;
    if is_excluded(&excluded, env::var("CARGO_PKG_NAME").ok().as_deref()) {
        command.args(without_facade(rest));
    } else {
        command.args(rest);
    }
    let code = command.status().ok().and_then(|status| status.code());
    let code = code.and_then(|code| u8::try_from(code).ok());
    Some(ExitCode::from(code.unwrap_or(exit::INTERNAL)))
}

/// What this executable stands before, and the arguments for it.
fn program(args: &[OsString]) -> Option<(Command, &[OsString])> {
    let (first, rest) = args.get(1..)?.split_first()?;
    // Of the two, only a compiler is named first.
    if first.to_string_lossy().starts_with('-') {
        return Some((Command::new(env::var_os(RUSTDOC)?), &args[1..]));
    }
    let Some(next) = env::var_os(NEXT) else { return Some((Command::new(first), rest)) };
    let mut command = Command::new(next);
    command.arg(first);
    Some((command, rest))
}

fn is_excluded(excluded: &str, package: Option<&str>) -> bool {
    package.is_some_and(|package| excluded.split(',').any(|name| super::same(name, package)))
}

/// The arguments without `--extern std=...` and its like.
fn without_facade(args: &[OsString]) -> Vec<&OsString> {
    let is_ours = |arg: &OsStr| {
        let arg = arg.to_string_lossy();
        ["std=", "core=", "lockwise="].iter().any(|name| arg.starts_with(name))
    };
    let mut kept = Vec::new();
    let mut args = args.iter().peekable();
    while let Some(arg) = args.next() {
        if arg == "--extern" && args.next_if(|value| is_ours(value)).is_some() {
            continue;
        }
        kept.push(arg);
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_facade_is_taken_out() {
        let args = ["--extern", "std=/f/liblockwise.rlib", "--extern", "serde=s.rlib", "-L", "x"];
        let args = args.map(OsString::from);
        assert_eq!(without_facade(&args), ["--extern", "serde=s.rlib", "-L", "x"]);
    }

    #[test]
    fn a_crate_is_named_as_its_package_or_as_code_names_it() {
        assert!(is_excluded("one,two-three", Some("two_three")));
        assert!(!is_excluded("one,two-three", Some("two")));
        assert!(!is_excluded("one", None));
    }
}
