//! [`Project`]: the user's workspace, as cargo describes it.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    process::Stdio,
};

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, Package, PackageId};

use super::{lockfile::Lockfile, options::Selection};
use crate::{Error, facade::Toolchain, process, workspace};

/// A project, which is left as it is.
#[derive(Debug)]
pub(super) struct Project {
    /// The manifest that was asked for.
    pub(super) manifest: PathBuf,
    /// The directory of the workspace.
    pub(super) root: PathBuf,
    pub(super) metadata: Metadata,
    pub(super) toolchain: Toolchain,
    _lockfile: Lockfile,
}

impl Project {
    pub(super) fn open(manifest: &Path, selection: &Selection) -> Result<Self, Error> {
        let manifest =
            manifest.canonicalize().map_err(|_| Error::NoManifest { path: manifest.to_owned() })?;
        if !manifest.is_file() {
            return Err(Error::NoManifest { path: manifest });
        }
        let directory = manifest.parent().unwrap_or(&manifest).to_owned();
        let toolchain = Toolchain::of(&directory)?;
        let root = root(&toolchain, &manifest)?;
        let lockfile = Lockfile::remember(&root);
        let mut command = toolchain.cargo();
        MetadataCommand::new()
            .manifest_path(&manifest)
            .other_options(
                selection
                    .features()
                    .into_iter()
                    .chain(["--filter-platform".to_owned(), toolchain.host.clone()])
                    .collect::<Vec<_>>(),
            )
            .cargo_command()
            .get_args()
            .for_each(|argument| {
                command.arg(argument);
            });
        // What cargo remembers of a compiler it would write to the project's target directory.
        command.env("CARGO_CACHE_RUSTC_INFO", "0");
        let output = process::complete(command.stderr(Stdio::piped()))
            .map_err(|source| workspace::spawn(&command, source))?;
        if !output.status.success() {
            return Err(bad_manifest(&manifest, &output.stderr));
        }
        let metadata = MetadataCommand::parse(String::from_utf8_lossy(&output.stdout))
            .map_err(|error| bad_manifest(&manifest, error.to_string().as_bytes()))?;
        Ok(Self { manifest, root, metadata, toolchain, _lockfile: lockfile })
    }

    pub(super) fn package(&self, id: &PackageId) -> Option<&Package> {
        self.metadata.packages.iter().find(|package| package.id == *id)
    }

    /// Whether a crate of this name is built for it.
    pub(super) fn has(&self, name: &str) -> bool {
        self.metadata.packages.iter().any(|package| super::same(&package.name, name))
    }

    /// The directory of the manifest.
    pub(super) fn directory(&self) -> &Path {
        self.manifest.parent().unwrap_or(&self.root)
    }

    /// Whether the project builds lockwise itself, of this name.
    pub(super) fn has_lockwise(&self) -> bool {
        self.metadata.packages.iter().any(|package| package.name.as_str() == "lockwise")
    }

    /// Whether it has libraries, in whose documentation there may be examples.
    pub(super) fn has_examples(&self) -> bool {
        let packages = self.metadata.workspace_packages().into_iter();
        packages.flat_map(|package| &package.targets).any(|target| target.doctest)
    }

    /// Libraries in C that code of the project calls: what they do is not seen.
    pub(super) fn foreign(&self) -> BTreeSet<String> {
        let linked = self.metadata.packages.iter().filter(|package| {
            package.links.is_some()
                && package.dependencies.iter().any(|dependency| {
                    dependency.kind == DependencyKind::Build
                        && ["cc", "pkg-config", "cmake", "bindgen", "vcpkg"]
                            .contains(&dependency.name.as_str())
                })
        });
        linked.map(|package| format!("{} {}", package.name, package.version)).collect()
    }
}

/// The directory of the workspace that the manifest is in.
fn root(toolchain: &Toolchain, manifest: &Path) -> Result<PathBuf, Error> {
    let mut command = toolchain.cargo();
    command.args(["locate-project", "--workspace", "--message-format", "plain"]);
    command.arg("--manifest-path").arg(manifest);
    let output = process::complete(command.stderr(Stdio::piped()))
        .map_err(|source| workspace::spawn(&command, source))?;
    let found = PathBuf::from(String::from_utf8_lossy(&output.stdout).trim());
    match found.parent().filter(|_| output.status.success()) {
        Some(root) => Ok(root.to_owned()),
        None => Err(bad_manifest(manifest, &output.stderr)),
    }
}

fn bad_manifest(manifest: &Path, said: &[u8]) -> Error {
    let said = String::from_utf8_lossy(said);
    let reason = said.trim().trim_start_matches("error: ").to_owned();
    Error::BadManifest { path: manifest.to_owned(), reason }
}
