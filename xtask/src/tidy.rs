//! `tidy`: conventions of the source tree that no compiler checks. Also runs as a test.
//!
//! - No Rust file is longer than 500 lines.
//! - Every Rust file of a `src` directory begins with module docs.
//! - No file names a directory of the machine that it was written on.
//! - `docs/rules.md` says what `explain` says.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::{Error, exit, explain, output, workspace};

const MAX_LINES: usize = 500;
/// Spelt in two parts, so that this file may be tidy itself.
const MACHINE_PATHS: &[&str] = &[concat!("/wor", "k/"), concat!("/ro", "ot/")];
/// What is text that people wrote, or that tests keep.
const TEXTS: &[&str] = &["rs", "md", "toml", "yml", "snap"];

/// Prints what is untidy.
pub(crate) fn run() -> Result<u8, Error> {
    let faults = faults(&workspace::root()?)?;
    let lines: String = faults.iter().map(|fault| format!("{fault}\n")).collect();
    output::print(&format!("{lines}tidy: {} faults\n", faults.len()))?;
    Ok(if faults.is_empty() { exit::CLEAN } else { exit::FINDINGS })
}

/// What is untidy in the tree below `root`, one line each.
///
/// # Errors
///
/// A directory or file cannot be read.
pub fn faults(root: &Path) -> Result<Vec<String>, Error> {
    let mut files = Vec::new();
    walk(root, &mut files)?;
    files.sort();
    let mut faults = Vec::new();
    for path in files {
        let text = fs::read_to_string(&path).map_err(|source| read(&path, source))?;
        let shown = path.strip_prefix(root).unwrap_or(&path);
        faults.extend(
            file_faults(shown, &text)
                .into_iter()
                .map(|fault| format!("{}: {fault}", shown.display())),
        );
        if shown == Path::new("docs/rules.md") && text != explain::markdown() {
            let mend = "cargo xtask explain --markdown > docs/rules.md";
            faults.push(format!("docs/rules.md: not what the rules say; mend it by `{mend}`"));
        }
    }
    Ok(faults)
}

fn file_faults(path: &Path, text: &str) -> Vec<String> {
    let mut faults = Vec::new();
    let lines = text.lines().count();
    if is(path, &["rs"]) && lines > MAX_LINES {
        faults.push(format!("{lines} lines; split it by idea"));
    }
    if is(path, &["rs"]) && path.iter().any(|part| part == "src") && !text.starts_with("//!") {
        faults.push("no module docs".to_owned());
    }
    for word in MACHINE_PATHS.iter().filter(|word| text.contains(**word)) {
        faults.push(format!("names a path of one machine: {word}"));
    }
    faults
}

/// All texts below `directory`, except what cargo builds and what is hidden.
fn walk(directory: &Path, files: &mut Vec<PathBuf>) -> Result<(), Error> {
    let entries = fs::read_dir(directory).map_err(|source| read(directory, source))?;
    for entry in entries {
        let entry = entry.map_err(|source| read(directory, source))?;
        let (path, name) = (entry.path(), entry.file_name());
        if name == "target" || name.to_string_lossy().starts_with('.') {
            continue;
        }
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            walk(&path, files)?;
        } else if is(&path, TEXTS) {
            files.push(path);
        }
    }
    Ok(())
}

fn is(path: &Path, extensions: &[&str]) -> bool {
    path.extension().is_some_and(|own| extensions.iter().any(|extension| own == *extension))
}

fn read(path: &Path, source: std::io::Error) -> Error {
    Error::Read { path: path.to_owned(), source }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_tree_is_tidy() {
        let faults = faults(&workspace::root().unwrap()).unwrap();
        assert!(faults.is_empty(), "{}", faults.join("\n"));
    }

    #[test]
    fn each_fault_is_seen() {
        let tree = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = tree.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        write("a/src/long.rs", &format!("//! Docs.\n{}", "\n".repeat(500)));
        write("a/src/bare.rs", "fn a() {}");
        write("a/src/good.rs", "//! Docs.");
        write("b/README.md", &format!("see {}tmp", MACHINE_PATHS[0]));
        write("target/src/bare.rs", "");
        write("docs/rules.md", "# Rules");
        let faults = faults(tree.path()).unwrap();
        let expected = [
            "a/src/bare.rs: no module docs".to_owned(),
            "a/src/long.rs: 501 lines; split it by idea".to_owned(),
            format!("b/README.md: names a path of one machine: {}", MACHINE_PATHS[0]),
        ];
        assert_eq!(faults[..3], expected);
        assert!(faults[3].starts_with("docs/rules.md: not what the rules say"), "{faults:?}");
        assert_eq!(faults.len(), 4);
    }
}
