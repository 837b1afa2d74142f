//! Leaves a project's `Cargo.lock` as it was: cargo makes one where there is none, and brings one up
//! to date that is not.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// Puts `Cargo.lock` back when it is dropped.
#[derive(Debug)]
pub(super) struct Lockfile {
    path: PathBuf,
    before: Option<Vec<u8>>,
}

impl Lockfile {
    /// That of the workspace at `root`, as it is now.
    pub(super) fn remember(root: &Path) -> Self {
        let path = root.join("Cargo.lock");
        let before = fs::read(&path).ok();
        Self { path, before }
    }
}

impl Drop for Lockfile {
    fn drop(&mut self) {
        if fs::read(&self.path).ok() == self.before {
            return;
        }
        let done = match &self.before {
            Some(before) => fs::write(&self.path, before),
            None => fs::remove_file(&self.path),
        };
        if let Err(error) = done {
            anstream::eprintln!("warning: cannot put {} back: {error}", self.path.display());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_as_it_was() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("Cargo.lock");
        let lockfile = Lockfile::remember(root.path());
        fs::write(&path, "made by cargo").unwrap();
        drop(lockfile);
        assert!(!path.exists());

        fs::write(&path, "theirs").unwrap();
        let lockfile = Lockfile::remember(root.path());
        fs::write(&path, "changed by cargo").unwrap();
        drop(lockfile);
        assert_eq!(fs::read_to_string(&path).unwrap(), "theirs");
    }
}
