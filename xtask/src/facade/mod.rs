//! lockwise in std's place, for one toolchain: built once, probed, and kept.
//!
//! `rustc --extern std=FILE` makes a crate's `std::` paths, its prelude and its macros mean the
//! crate in FILE, on stable Rust. lockwise has std's shape, so it can be that crate. `core` needs one
//! of its own, `lockwise-core`, since `core::sync::atomic` and `std::sync::atomic` must be one.
//!
//! None of this is promised by rustc. So before a facade is used for the first time a [`probe`] is
//! compiled against it, that says whether what it calls is ours.

mod build;
mod cache;
pub mod probe;
mod sources;
mod toolchain;

use std::path::{Path, PathBuf};

pub(crate) use self::{
    cache::{Cache, key, make_whole},
    toolchain::Toolchain,
};
use crate::Error;

/// Has every function keep the address of its caller's frame: the facade reads stacks often.
const FRAME_POINTERS: &str = "-Cforce-frame-pointers=yes";

/// The files that stand in for std and core.
#[derive(Clone, Debug)]
pub struct Facade {
    /// Where the crates are, and all that they depend on.
    pub directory: PathBuf,
}

impl Facade {
    /// The facade for `toolchain`: from the cache, or built and probed now.
    pub(crate) fn obtain(toolchain: &Toolchain, cache: &Cache) -> Result<Self, Error> {
        build::obtain(toolchain, cache)
    }

    /// The file that stands in for std.
    #[must_use]
    pub fn std(&self) -> PathBuf {
        self.directory.join("liblockwise.rlib")
    }

    /// What makes a compiler take the facade for std and core, and, if `itself`, know it by its own
    /// name too: for tests that want what std does not have.
    #[must_use]
    pub fn flags(&self, itself: bool) -> Vec<String> {
        let name = |name: &str, file: &Path| format!("{name}={}", file.display());
        let core = self.directory.join("liblockwise_core.rlib");
        let mut flags = Vec::new();
        let mut add = |option: &str, value| flags.extend([option.to_owned(), value]);
        add("--extern", name("std", &self.std()));
        add("--extern", name("core", &core));
        if itself {
            add("--extern", name("lockwise", &self.std()));
        }
        add("-L", name("dependency", &self.directory));
        // A crate that denies unused dependencies would deny these; and what there is to warn of, the
        // project's own builds say.
        add("--cap-lints", "allow".to_owned());
        flags.push(FRAME_POINTERS.to_owned());
        flags
    }
}
