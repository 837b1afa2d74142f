//! Where facades, and the builds of projects that use them, are kept.

use std::{
    collections::BTreeSet,
    env, fs, io,
    path::{Path, PathBuf},
};

use sha2::{Digest, Sha256};

use crate::Error;

/// A directory of ours, in the user's cache.
#[derive(Clone, Debug)]
pub(crate) struct Cache {
    root: PathBuf,
}

impl Cache {
    /// The directory that the user names, or one in the user's cache.
    pub(crate) fn open(given: Option<&Path>) -> Result<Self, Error> {
        let root = match given {
            Some(given) => given.to_owned(),
            None => default_root().ok_or(Error::NoCache)?,
        };
        let made = fs::create_dir_all(&root).and_then(|()| root.canonicalize());
        let root = made.map_err(|source| Error::Cache { path: root, source })?;
        Ok(Self { root })
    }

    /// A directory for `what`, made if it is not there.
    pub(crate) fn directory(&self, what: &str) -> Result<PathBuf, Error> {
        let path = self.root.join(what);
        let made = fs::create_dir_all(&path);
        made.map_err(|source| Error::Cache { path: path.clone(), source })?;
        Ok(path)
    }

    /// Where a project's observed build is, told by its root and the crates that are left out:
    /// cargo does not know of these.
    pub(crate) fn target(&self, project: &Path, exclude: &[String]) -> Result<PathBuf, Error> {
        let name = project.file_name().map(|name| name.to_string_lossy().into_owned());
        let exclude: BTreeSet<_> = exclude.iter().map(|name| name.replace('-', "_")).collect();
        let exclude = exclude.iter().map(String::as_bytes);
        let key = key([project.as_os_str().as_encoded_bytes()].into_iter().chain(exclude));
        self.directory(&format!("targets/{}-{}", name.unwrap_or_default(), &key[..16]))
    }
}

#[cfg(unix)]
fn default_root() -> Option<PathBuf> {
    let absolute = |name| env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let cache = absolute("XDG_CACHE_HOME").or_else(|| Some(absolute("HOME")?.join(".cache")))?;
    Some(cache.join("lockwise"))
}

#[cfg(not(unix))]
fn default_root() -> Option<PathBuf> {
    env::var_os("LOCALAPPDATA").map(|cache| PathBuf::from(cache).join("lockwise"))
}

/// A name for what is made of `parts`, each of which counts with its length.
pub(crate) fn key<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Makes the directory `to` by `make`, which fills a new one beside it, or leaves nothing: it
/// appears under its name only when it is whole. One process makes it at a time, and the others
/// then find it.
pub(crate) fn make_whole(
    to: &Path,
    make: impl FnOnce(&Path) -> Result<(), Error>,
) -> Result<(), Error> {
    let failed = |source: io::Error| Error::Cache { path: to.to_owned(), source };
    let parent = to.parent().unwrap_or(to);
    let lock = fs::File::create(to.with_extension("lock")).map_err(failed)?;
    lock.lock().map_err(failed)?;
    if to.exists() {
        return Ok(());
    }
    // What a process left that was killed here is not in anyone's way, but takes room.
    let prefix = format!("{}.new-", to.file_name().unwrap_or_default().to_string_lossy());
    for entry in fs::read_dir(parent).map_err(failed)?.flatten() {
        if entry.file_name().to_string_lossy().starts_with(&prefix) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
    let new = tempfile::Builder::new().prefix(&prefix).tempdir_in(parent).map_err(failed)?;
    make(new.path())?;
    fs::rename(new.path(), to).map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_half_made_is_never_there() {
        let cache = tempfile::tempdir().unwrap();
        let to = cache.path().join("thing");
        let failed = make_whole(&to, |new| {
            fs::write(new.join("half"), "").unwrap();
            Err(Error::NoCache)
        });
        assert!(failed.is_err() && !to.exists());
        // As if the process had been killed while it made it.
        fs::create_dir(cache.path().join("thing.new-1")).unwrap();
        make_whole(&to, |new| fs::write(new.join("whole"), "").map_err(Error::Scratch)).unwrap();
        let names = |path: &Path| {
            let entries = fs::read_dir(path).unwrap();
            let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name()).collect();
            names.sort();
            names
        };
        assert_eq!(names(&to), ["whole"]);
        assert_eq!(names(cache.path()), ["thing", "thing.lock"]);
        make_whole(&to, |_| panic!("it is there")).unwrap();
    }

    #[test]
    fn a_key_tells_where_a_part_ends() {
        assert_ne!(key([&b"ab"[..], b"c"]), key([&b"a"[..], b"bc"]));
        assert_eq!(key([&b"ab"[..]]), key([&b"ab"[..]]));
    }

    #[test]
    fn a_cache_that_cannot_be_made_is_an_error_that_names_it() {
        let error = Cache::open(Some(Path::new("/proc/no/such"))).unwrap_err();
        assert!(error.to_string().contains("/proc/no/such"), "{error}");
    }
}
