//! Crates that keep std's own types. cargo passes flags to all crates alike, so where some must not
//! get them, this executable stands before the compiler and takes them out.

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

/// Makes `cargo` compile `crates` without the facade.
pub(super) fn exclude(cargo: &mut Command, crates: &[String]) {
    if crates.is_empty() {
        return;
    }
    let Ok(this) = env::current_exe() else { return };
    if let Some(next) = env::var_os("RUSTC_WRAPPER").filter(|next| !next.is_empty()) {
        cargo.env(NEXT, next);
    }
    cargo.env("RUSTC_WRAPPER", this).env(EXCLUDE, crates.join(","));
}

/// Runs the compiler, if that is what this process was started for. `args` are all arguments: this
/// executable, the compiler, and what it is to do.
pub(crate) fn run(args: &[OsString]) -> Option<ExitCode> {
    let excluded = env::var(EXCLUDE).ok()?;
    let [_, compiler, rest @ ..] = args else { return None };
    let mut command = match env::var_os(NEXT) {
        Some(next) => {
            let mut command = Command::new(next);
            command.arg(compiler);
            command
        }
        None => Command::new(compiler),
    };
    if is_excluded(&excluded, env::var("CARGO_PKG_NAME").ok().as_deref()) {
        command.args(without_facade(rest));
    } else {
        command.args(rest);
    }
    let code = command.status().ok().and_then(|status| status.code());
    let code = code.and_then(|code| u8::try_from(code).ok());
    Some(ExitCode::from(code.unwrap_or(exit::INTERNAL)))
}

fn is_excluded(excluded: &str, package: Option<&str>) -> bool {
    let same = |name: &str, other: &str| name.replace('-', "_") == other.replace('-', "_");
    package.is_some_and(|package| excluded.split(',').any(|name| same(name, package)))
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
