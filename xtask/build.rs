//! Puts the sources of lockwise into the executable: an installed `cargo lockwise` has to build
//! them for whatever toolchain a project uses, and there is no checkout then.

use std::{
    env, fs, io,
    path::{Path, PathBuf},
};

/// What a build of the facade needs, relative to the workspace.
const PARTS: &[&str] = &[
    "Cargo.toml",
    "Cargo.lock",
    "detector/Cargo.toml",
    "detector/src",
    "shims/Cargo.toml",
    "shims/src",
    "shims/core",
    "shims/macros/Cargo.toml",
    "shims/macros/src",
];

fn main() -> io::Result<()> {
    let package = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it"));
    let root = package.parent().expect("the workspace is around the package");
    let mut files = Vec::new();
    for part in PARTS {
        println!("cargo::rerun-if-changed={}", root.join(part).display());
        collect(root, Path::new(part), &mut files)?;
    }
    files.sort();
    let mut table = String::from("&[\n");
    for file in &files {
        let path = root.join(file);
        table.push_str(&format!("({file:?}, include_bytes!({path:?})),\n"));
    }
    table.push(']');
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it"));
    fs::write(out.join("sources.rs"), table)
}

/// Adds the files at or below `part`, by their paths from the root with `/` between.
fn collect(root: &Path, part: &Path, files: &mut Vec<String>) -> io::Result<()> {
    let path = root.join(part);
    if path.is_file() {
        let names: Vec<_> = part.iter().map(|name| name.to_string_lossy()).collect();
        files.push(names.join("/"));
        return Ok(());
    }
    for entry in fs::read_dir(path)? {
        collect(root, &part.join(entry?.file_name()), files)?;
    }
    Ok(())
}
