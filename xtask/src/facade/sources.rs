//! The sources of lockwise, as they were when this executable was built.

use std::{fs, io, path::Path};

use super::cache;

/// Paths from the workspace's root, and contents.
const FILES: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/sources.rs"));

/// The packages among them.
const MEMBERS: [&str; 4] = ["detector", "shims", "shims/core", "shims/macros"];

/// Tells these sources from others.
pub(super) fn key() -> String {
    cache::key(FILES.iter().flat_map(|(path, text)| [path.as_bytes(), text]))
}

/// Writes them below `root`, as a workspace of their own.
pub(super) fn write(root: &Path) -> io::Result<()> {
    for (path, text) in FILES {
        let to = root.join(path);
        if let Some(parent) = to.parent() {
            fs::create_dir_all(parent)?;
        }
        if path.ends_with("Cargo.toml") {
            fs::write(to, manifest(&String::from_utf8_lossy(text)))?;
        } else {
            fs::write(to, text)?;
        }
    }
    Ok(())
}

/// A manifest without what is not here: other members, and what only tests and benches need.
fn manifest(text: &str) -> String {
    let mut manifest: toml::Table = text.parse().expect("cargo has read it before this was built");
    for part in ["bench", "test", "example", "dev-dependencies"] {
        manifest.remove(part);
    }
    if let Some(toml::Value::Table(workspace)) = manifest.get_mut("workspace") {
        let members = MEMBERS.map(|member| toml::Value::String(member.to_owned()));
        workspace.insert("members".to_owned(), toml::Value::Array(members.into()));
        workspace.remove("exclude");
    }
    manifest.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_are_a_workspace_with_all_its_members() {
        let root = tempfile::tempdir().unwrap();
        write(root.path()).unwrap();
        let manifest = fs::read_to_string(root.path().join("Cargo.toml")).unwrap();
        let manifest: toml::Table = manifest.parse().unwrap();
        let members = manifest["workspace"]["members"].as_array().unwrap();
        assert_eq!(members.len(), MEMBERS.len());
        for member in members {
            let member = root.path().join(member.as_str().unwrap());
            assert!(member.join("Cargo.toml").is_file(), "{}", member.display());
            assert!(member.join("src/lib.rs").is_file(), "{}", member.display());
        }
        assert!(manifest["profile"]["release"].is_table());
        assert!(root.path().join("Cargo.lock").is_file());
    }
}
