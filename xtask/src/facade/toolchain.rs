//! Which compiler a project is built with.

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{Error, process, workspace};

/// The oldest compiler that lockwise itself can be built with.
const OLDEST: (u32, u32) = (1, 95);

/// A project's compiler, and how to start it.
#[derive(Clone, Debug)]
pub(crate) struct Toolchain {
    /// Where it is run: rustup chooses a toolchain by the directory.
    directory: PathBuf,
    /// Whether the directory chooses, and not the toolchain that we run under ourselves.
    chosen_there: bool,
    /// What `rustc -vV` prints.
    pub(crate) version: String,
    /// The platform that it runs on.
    pub(crate) host: String,
}

impl Toolchain {
    /// The toolchain of the project in `directory`: the one that we run under if that is where the
    /// user stands, and otherwise the one that the project asks for.
    pub(crate) fn of(directory: &Path) -> Result<Self, Error> {
        let here = env::current_dir().and_then(|here| here.canonicalize()).ok();
        let directory = directory.to_owned();
        let chosen_there = here.is_none_or(|here| !directory.starts_with(here));
        let mut toolchain =
            Self { directory, chosen_there, version: String::new(), host: String::new() };
        let mut command = toolchain.command("rustc");
        let output = process::complete(command.arg("-vV").stderr(std::process::Stdio::piped()))
            .map_err(|source| workspace::spawn(&command, source))?;
        if !output.status.success() {
            let reason = String::from_utf8_lossy(&output.stderr).trim().to_owned();
            return Err(Error::NoToolchain { directory: toolchain.directory, reason });
        }
        toolchain.version = String::from_utf8_lossy(&output.stdout).into_owned();
        let value = |key: &str| field(&toolchain.version, key).unwrap_or_default().to_owned();
        let (host, release) = (value("host"), value("release"));
        toolchain.host = host;
        if minor(&release).is_none_or(|version| version < OLDEST) {
            let oldest = format!("{}.{}", OLDEST.0, OLDEST.1);
            return Err(Error::OldToolchain { release, oldest });
        }
        Ok(toolchain)
    }

    /// `cargo`, where this toolchain is the one that runs.
    pub(crate) fn cargo(&self) -> Command {
        if self.chosen_there {
            return self.command("cargo");
        }
        let mut command = Command::new(workspace::cargo());
        command.current_dir(&self.directory);
        command
    }

    /// `cargo`, of this toolchain, for a package of ours: the project's configuration, such as one
    /// that replaces the registry by a directory, is not for it.
    pub(super) fn cargo_in(&self, directory: &Path) -> Result<Command, Error> {
        let mut rustc = self.command("rustc");
        let output = process::complete(rustc.args(["--print", "sysroot"]))
            .map_err(|source| workspace::spawn(&rustc, source))?;
        let mut command = self.cargo();
        command.current_dir(directory);
        // rustup takes the path of a toolchain for its name.
        command.env("RUSTUP_TOOLCHAIN", String::from_utf8_lossy(&output.stdout).trim());
        Ok(command)
    }

    /// Lets a process that is none of its programs find them, as under its cargo.
    pub(crate) fn environment(&self, command: &mut Command) {
        if self.chosen_there {
            command.env_remove("RUSTUP_TOOLCHAIN").env("CARGO", "cargo");
        } else {
            command.env("CARGO", workspace::cargo());
        }
    }

    /// A program of the toolchain.
    pub(crate) fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.directory);
        if self.chosen_there {
            command.env_remove("RUSTUP_TOOLCHAIN").env_remove("CARGO");
        }
        command
    }
}

/// The value of `key` in the lines `key: value`.
fn field<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(": "))
}

fn minor(release: &str) -> Option<(u32, u32)> {
    let mut parts = release.split(['.', '-']);
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_read() {
        let text = "rustc 1.95.0 (59807616e 2026-04-14)\nrelease: 1.95.0-nightly\nhost: a-b-c\n";
        assert_eq!(field(text, "host"), Some("a-b-c"));
        assert_eq!(minor(field(text, "release").unwrap()), Some((1, 95)));
        assert!(minor("1.94.1").unwrap() < OLDEST);
        assert!(minor("2.0.0").unwrap() > OLDEST);
        assert_eq!(minor("unknown"), None);
    }
}
