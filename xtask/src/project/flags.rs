//! How cargo is told to use the facade, beside the flags that a user has set.
//!
//! cargo takes flags from one place only, the first of: the variable `CARGO_ENCODED_RUSTFLAGS`,
//! `RUSTFLAGS`, the configuration's `target.*.rustflags`, its `build.rustflags`. So ours are added
//! to whichever of them is in force. With an explicit `--target` they reach neither build scripts
//! nor procedural macros. The same holds of rustdoc's, for doctests.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use toml::{Table, Value};

/// Between the flags in an encoded variable.
const SEPARATOR: &str = "\x1f";

/// One of the two programs that take flags.
struct Taker {
    encoded: &'static str,
    variable: &'static str,
    /// The configuration's `build.KEY`, as a variable.
    build: &'static str,
    key: &'static str,
}

const TAKERS: [Taker; 2] = [
    Taker {
        encoded: "CARGO_ENCODED_RUSTFLAGS",
        variable: "RUSTFLAGS",
        build: "CARGO_BUILD_RUSTFLAGS",
        key: "rustflags",
    },
    Taker {
        encoded: "CARGO_ENCODED_RUSTDOCFLAGS",
        variable: "RUSTDOCFLAGS",
        build: "CARGO_BUILD_RUSTDOCFLAGS",
        key: "rustdocflags",
    },
];

/// Adds `flags` to those in force for a project at `directory` that is built for `host`.
pub(super) fn add(command: &mut Command, flags: &[String], directory: &Path, host: &str) {
    for taker in TAKERS {
        let from_environment = env::var(taker.encoded).ok().or_else(|| {
            let plain = env::var(taker.variable).ok()?;
            Some(plain.split_whitespace().collect::<Vec<_>>().join(SEPARATOR))
        });
        if let Some(theirs) = from_environment {
            let theirs = Some(theirs).filter(|theirs| !theirs.is_empty());
            let ours = flags.iter().cloned();
            let all: Vec<_> = theirs.into_iter().chain(ours).collect();
            command.env(taker.encoded, all.join(SEPARATOR));
        } else {
            // cargo adds these to what the configuration says of the target; what it says of all
            // builds would be lost.
            let mut all = build_flags(&configurations(directory), taker.key);
            let more = env::var(taker.build).unwrap_or_default();
            all.extend(more.split_whitespace().map(str::to_owned));
            all.extend(flags.iter().cloned());
            let all = Value::Array(all.into_iter().map(Value::String).collect());
            command.args(["--config", &format!("target.{host}.{}={all}", taker.key)]);
        }
    }
}

/// The configurations that cargo reads in `directory`, the least important first.
fn configurations(directory: &Path) -> Vec<Table> {
    let home = env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| Some(PathBuf::from(env::var_os("HOME")?).join(".cargo")));
    let below = directory.ancestors().map(|ancestor| ancestor.join(".cargo"));
    let mut folders: Vec<_> = below.chain(home).collect();
    folders.dedup();
    let read = |folder: &PathBuf| {
        let names = ["config", "config.toml"];
        let text = names.iter().find_map(|name| fs::read_to_string(folder.join(name)).ok())?;
        text.parse().ok()
    };
    folders.iter().rev().filter_map(read).collect()
}

/// What `build.KEY` is, as cargo joins it: a list, or words.
fn build_flags(configurations: &[Table], key: &str) -> Vec<String> {
    let values = configurations.iter().filter_map(|table| table.get("build")?.get(key));
    values
        .flat_map(|value| match value {
            Value::String(words) => words.split_whitespace().map(str::to_owned).collect(),
            Value::Array(flags) => {
                flags.iter().filter_map(Value::as_str).map(str::to_owned).collect()
            }
            _ => Vec::new(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_for_all_builds_are_joined() {
        let tables = [
            "[build]\nrustflags = '--cfg home'",
            "[net]\nretry = 2",
            "[build]\nrustflags = ['--cfg', 'here']",
        ]
        .map(|text| text.parse().unwrap());
        assert_eq!(build_flags(&tables, "rustflags"), ["--cfg", "home", "--cfg", "here"]);
        assert_eq!(build_flags(&tables, "rustdocflags"), [""; 0]);
    }

    #[test]
    fn the_nearer_configuration_comes_later() {
        let root = tempfile::tempdir().unwrap();
        let inner = root.path().join("inner");
        for (directory, text) in [(root.path(), "a = 'outer'"), (&inner, "a = 'inner'")] {
            fs::create_dir_all(directory.join(".cargo")).unwrap();
            fs::write(directory.join(".cargo/config.toml"), text).unwrap();
        }
        let tables = configurations(&inner);
        let names: Vec<_> = tables.iter().filter_map(|table| table.get("a")?.as_str()).collect();
        assert_eq!(names, ["outer", "inner"]);
    }
}
