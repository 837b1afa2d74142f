//! What cargo knows: where the workspace is, and what it built.

use std::{
    env,
    ffi::OsString,
    io::IsTerminal,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use serde::Deserialize;

use crate::Error;

/// The cargo that runs us, or the one in the path.
pub(crate) fn cargo() -> OsString {
    env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

/// The root of the workspace around the current directory.
pub(crate) fn root() -> Result<PathBuf, Error> {
    let manifest = locate(&["--workspace"])?;
    Ok(manifest.parent().unwrap_or(&manifest).to_owned())
}

/// The manifest of the package around the current directory.
pub(crate) fn manifest() -> Result<PathBuf, Error> {
    locate(&[])
}

fn locate(options: &[&str]) -> Result<PathBuf, Error> {
    let mut command = Command::new(cargo());
    command.args(["locate-project", "--message-format", "plain"]).args(options);
    let output = command.output().map_err(|source| spawn(&command, source))?;
    let manifest = PathBuf::from(String::from_utf8_lossy(&output.stdout).trim());
    if output.status.success() {
        return Ok(manifest);
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(Error::NoWorkspace { reason: said.trim().trim_start_matches("error: ").to_owned() })
}

/// Builds the binary `name` of the package of that name; its path is what cargo says it is.
pub(crate) fn build(root: &Path, name: &str) -> Result<PathBuf, Error> {
    build_binary(root, name, &["--package", name])
}

/// Builds the binary `name` of the package in `package`, optimised.
pub(crate) fn build_release(package: &Path, name: &str) -> Result<PathBuf, Error> {
    build_binary(package, name, &["--release"])
}

fn build_binary(directory: &Path, name: &str, options: &[&str]) -> Result<PathBuf, Error> {
    let mut command = Command::new(cargo());
    command.current_dir(directory).args(["build", "--bin", name]).args(options);
    command.args(["--message-format", "json-render-diagnostics"]);
    if !std::io::stderr().is_terminal() {
        command.arg("--quiet");
    }
    command.stderr(Stdio::inherit());
    let output = command.output().map_err(|source| spawn(&command, source))?;
    if !output.status.success() {
        return Err(Error::Build { package: name.to_owned() });
    }
    executable(&String::from_utf8_lossy(&output.stdout), name)
        .ok_or_else(|| Error::NoExecutable { name: name.to_owned() })
}

pub(crate) fn spawn(command: &Command, source: std::io::Error) -> Error {
    Error::Spawn { program: command.get_program().into(), source }
}

/// The part of cargo's messages that tells of executables.
#[derive(Deserialize)]
struct Message {
    executable: Option<PathBuf>,
    target: Option<Target>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
    kind: Vec<String>,
}

/// The path of the binary `name`, from cargo's messages.
fn executable(messages: &str, name: &str) -> Option<PathBuf> {
    messages
        .lines()
        .filter_map(|line| serde_json::from_str::<Message>(line).ok())
        .filter(|message| {
            let target = message.target.as_ref();
            target.is_some_and(|t| t.name == name && t.kind.iter().any(|kind| kind == "bin"))
        })
        .find_map(|message| message.executable)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_executable_is_the_one_that_cargo_names() {
        let messages = r#"
            {"reason":"compiler-artifact","target":{"name":"a","kind":["lib"]},"executable":null}
            {"reason":"compiler-artifact","target":{"name":"b","kind":["bin"]},"executable":"/t/b"}
            not JSON
            {"reason":"compiler-artifact","target":{"name":"a","kind":["bin"]},"executable":"/t/a"}
            {"reason":"build-finished","success":true}"#;
        assert_eq!(executable(messages, "a"), Some(PathBuf::from("/t/a")));
        assert_eq!(executable(messages, "c"), None);
    }

    #[test]
    fn the_root_is_above_this_package() {
        let package = Path::new(env!("CARGO_MANIFEST_DIR"));
        assert_eq!(package.parent(), Some(root().unwrap().as_path()));
    }
}
