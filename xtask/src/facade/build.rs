//! Builds a facade from the sources, and keeps nothing but its libraries.

use std::{
    fs,
    io::IsTerminal,
    path::{Path, PathBuf},
    process::Stdio,
};

use serde::Deserialize;

use super::{Cache, Facade, Toolchain, cache, probe, sources};
use crate::{Error, interrupt, process, workspace};

/// What cargo says of a package that it has built.
#[derive(Deserialize)]
struct Built {
    #[serde(default)]
    filenames: Vec<PathBuf>,
    target: Option<Target>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
    crate_types: Vec<String>,
}

pub(super) fn obtain(toolchain: &Toolchain, cache: &Cache) -> Result<Facade, Error> {
    let key = cache::key([sources::key().as_bytes(), toolchain.version.as_bytes()]);
    let directory = cache.directory("facades")?.join(&key[..24]);
    if !directory.exists() {
        // What does not change from one version of lockwise to the next is not built again.
        let compiler = cache::key([toolchain.version.as_bytes()]);
        let workspace = cache.directory(&format!("facades/build-{}", &compiler[..24]))?;
        cache::make_whole(&directory, |new| build(new, &workspace, toolchain))?;
    }
    Ok(Facade { directory })
}

/// Builds in `workspace`, and leaves the libraries in `to`.
fn build(to: &Path, workspace: &Path, toolchain: &Toolchain) -> Result<(), Error> {
    if std::io::stderr().is_terminal() {
        anstream::eprintln!("Building lockwise for this toolchain (once, about a minute) ...");
    }
    sources::write(workspace)
        .map_err(|source| Error::Cache { path: workspace.to_owned(), source })?;
    for built in compile(workspace, toolchain)? {
        keep(&built, to)?;
    }
    let facade = Facade { directory: to.to_owned() };
    probe::check(&facade, &mut || toolchain.command("rustc"))
}

/// Builds the workspace at `root`; stands in none of the places that a user's settings name.
fn compile(root: &Path, toolchain: &Toolchain) -> Result<Vec<Built>, Error> {
    let mut command = toolchain.cargo_in(root)?;
    command.arg("build").arg("--manifest-path").arg(root.join("Cargo.toml"));
    command.arg("--target-dir").arg(root.join("target"));
    command.args(["--release", "--package", "lockwise", "--package", "lockwise-core"]);
    command.args(["--features", "lockwise-core/facade"]);
    command.args(["--target", &toolchain.host, "--message-format", "json-render-diagnostics"]);
    // Our dependencies must not be taken for the user's own of the same name and version; and a
    // profile with link-time optimisation needs bitcode in all libraries.
    let mut flags = vec!["-Cmetadata=lockwise-facade", "-Cembed-bitcode=yes"];
    if has_frame_pointers(&toolchain.host) {
        flags.extend([super::FRAME_POINTERS, "--cfg=lockwise_frame_pointers"]);
    }
    command.env("CARGO_ENCODED_RUSTFLAGS", flags.join("\x1f"));
    command.env_remove("RUSTFLAGS").env_remove("CARGO_TARGET_DIR");
    command.env_remove("RUSTC_WORKSPACE_WRAPPER");
    let quiet = !std::io::stderr().is_terminal();
    if quiet {
        command.arg("--quiet");
    }
    let output = process::complete(command.stderr(Stdio::inherit()))
        .map_err(|source| workspace::spawn(&command, source))?;
    if interrupt::is_interrupted() {
        return Err(Error::Interrupted);
    }
    if !output.status.success() {
        return Err(Error::Facade);
    }
    let messages = String::from_utf8_lossy(&output.stdout).into_owned();
    Ok(messages.lines().filter_map(|line| serde_json::from_str(line).ok()).collect())
}

/// Whether stacks can be read by frame pointers on this platform, as the facade does it.
fn has_frame_pointers(host: &str) -> bool {
    let known = host.starts_with("x86_64-") || host.starts_with("aarch64-");
    known && !host.contains("windows")
}

/// Copies the libraries of a package: those of ours under names of ours.
fn keep(built: &Built, to: &Path) -> Result<(), Error> {
    let Some(target) = &built.target else { return Ok(()) };
    let is_macro = target.crate_types.iter().any(|kind| kind == "proc-macro");
    let is_library = target.crate_types.iter().any(|kind| kind == "lib");
    let ours = ["lockwise", "lockwise_core"].contains(&target.name.as_str());
    for file in &built.filenames {
        let extension = file.extension().and_then(|extension| extension.to_str());
        let wanted = match extension {
            Some("rlib") => is_library,
            Some("so" | "dylib" | "dll") => is_macro,
            _ => false,
        };
        let Some(name) = file.file_name().filter(|_| wanted) else { continue };
        let name = if ours { format!("lib{}.rlib", target.name).into() } else { name.to_owned() };
        fs::copy(file, to.join(name))
            .map_err(|source| Error::Cache { path: to.to_owned(), source })?;
    }
    Ok(())
}
