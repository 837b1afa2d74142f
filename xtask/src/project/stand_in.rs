//! Packages of the project whose source is replaced, because what they do cannot be seen from
//! std's types alone.
//!
//! `parking_lot_core` blocks threads by system calls of its own. Whatever is built on it,
//! `parking_lot` first of all, stays unmodified: only the source of that one package is replaced, of
//! the version that the project uses and with its own manifest. cargo calls that an override, which
//! leaves the project's manifest and lockfile as they are.

use std::{
    fs, io,
    path::{Path, PathBuf},
    process::Command,
};

use cargo_metadata::Package;

use super::workspace::Project;
use crate::{
    Error,
    facade::{key, make_whole},
};

/// The source that takes the place of `parking_lot_core`'s.
const PARKING_LOT_CORE: [(&str, &str); 4] = [
    ("lib.rs", include_str!("../../../shims/parking_lot_core/src/lib.rs")),
    ("deadlock.rs", include_str!("../../../shims/parking_lot_core/src/deadlock.rs")),
    ("spinwait.rs", include_str!("../../../shims/parking_lot_core/src/spinwait.rs")),
    ("tokens.rs", include_str!("../../../shims/parking_lot_core/src/tokens.rs")),
];

/// What replaces packages of a project.
#[derive(Debug)]
pub(super) struct StandIns {
    paths: Vec<String>,
}

impl StandIns {
    /// Those that `project` needs, written below `directory`.
    pub(super) fn write(project: &Project, directory: &Path) -> Result<Self, Error> {
        let packages = project.metadata.packages.iter().filter(|package| is_replaced(package));
        let write =
            |package: &Package| Ok(stand_in(package, directory)?.to_string_lossy().into_owned());
        Ok(Self { paths: packages.map(write).collect::<Result<_, Error>>()? })
    }

    pub(super) fn add_to(&self, command: &mut Command) {
        if !self.paths.is_empty() {
            let paths = self.paths.iter().cloned().map(toml::Value::String).collect();
            command.args(["--config", &format!("paths={}", toml::Value::Array(paths))]);
        }
    }
}

/// Whether it is a published `parking_lot_core` with the interface that the stand-in has.
fn is_replaced(package: &Package) -> bool {
    let version = &package.version;
    package.name.as_str() == "parking_lot_core"
        && package.source.is_some()
        && version.major == 0
        && (8..=10).contains(&version.minor)
}

/// The package with the other source. Written anew only if it is not there: cargo builds again what
/// is newer.
fn stand_in(package: &Package, directory: &Path) -> Result<PathBuf, Error> {
    let texts = PARKING_LOT_CORE.iter().flat_map(|(name, text)| [name.as_bytes(), text.as_bytes()]);
    let name = format!("{}-{}", package.name, package.version);
    let parent = directory.join("stand-ins").join(key(texts));
    let to = parent.join(name);
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| Error::Cache { path, source }
    };
    fs::create_dir_all(&parent).map_err(failed(&parent))?;
    make_whole(&to, |new| fill(package, new).map_err(failed(new)))?;
    Ok(to)
}

fn fill(package: &Package, new: &Path) -> io::Result<()> {
    let from = package.manifest_path.parent().map(|parent| parent.as_std_path());
    let from = from.unwrap_or_else(|| Path::new("."));
    for file in ["Cargo.toml", "build.rs"] {
        if from.join(file).is_file() {
            fs::write(new.join(file), fs::read(from.join(file))?)?;
        }
    }
    fs::create_dir(new.join("src"))?;
    for (name, text) in PARKING_LOT_CORE {
        fs::write(new.join("src").join(name), text)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The package of a manifest, as cargo describes it; as if published if `published`.
    fn package(manifest: &Path, version: &str, published: bool) -> Package {
        let source = published.then_some("registry+https://github.com/rust-lang/crates.io-index");
        let json = serde_json::json!({
            "name": "parking_lot_core",
            "version": version,
            "id": "parking_lot_core",
            "source": source,
            "dependencies": [],
            "targets": [],
            "features": {},
            "manifest_path": manifest,
        });
        serde_json::from_value(json).unwrap()
    }

    #[test]
    fn only_published_versions_with_the_known_interface_are_replaced() {
        let is = |version, published| is_replaced(&package(Path::new("/m"), version, published));
        assert!(is("0.8.6", true) && is("0.9.12", true) && is("0.10.0", true));
        assert!(!is("0.7.3", true) && !is("0.11.0", true) && !is("1.9.0", true));
        assert!(!is("0.9.12", false), "the user's own");
    }

    #[test]
    fn a_stand_in_keeps_the_manifest_and_is_written_once() {
        let root = tempfile::tempdir().unwrap();
        let (from, to) = (root.path().join("from"), root.path().join("to"));
        fs::create_dir_all(from.join("src")).unwrap();
        for (file, text) in [("Cargo.toml", "theirs"), ("build.rs", "b"), ("src/lib.rs", "theirs")]
        {
            fs::write(from.join(file), text).unwrap();
        }
        let package = package(&from.join("Cargo.toml"), "0.9.12", true);
        let path = stand_in(&package, &to).unwrap();
        assert!(path.ends_with("parking_lot_core-0.9.12") && path.starts_with(&to));
        let text = |file: &str| fs::read_to_string(path.join(file)).unwrap();
        assert_eq!((text("Cargo.toml"), text("build.rs")), ("theirs".into(), "b".into()));
        for (name, source) in PARKING_LOT_CORE {
            assert_eq!(text(&format!("src/{name}")), source);
        }

        let written = |file: &str| fs::metadata(path.join(file)).unwrap().modified().unwrap();
        let before = (written("Cargo.toml"), written("src/lib.rs"));
        assert_eq!(stand_in(&package, &to).unwrap(), path);
        assert_eq!((written("Cargo.toml"), written("src/lib.rs")), before);
    }
}
