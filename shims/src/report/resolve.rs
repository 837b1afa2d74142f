//! [`ProcessResolver`]: what a finding needs of the process that found it.
//!
//! Return addresses mean something in this process only, so stacks are resolved here, before a
//! finding leaves it. Source text is read here too: the test's own directory is known now, and
//! the fingerprint needs the text.
//!
//! A site's path is relative to where rustc ran: for members of a workspace its root, where
//! `Cargo.lock` is, while tests run in their package's directory. So a path is looked for at the
//! nearest `Cargo.lock` above the working directory first, then in the directory itself and those
//! above it, then in the same way from `CARGO_MANIFEST_DIR`. A path dependency outside the
//! workspace is compiled in its own directory; its `src/lib.rs` may be taken for the workspace's,
//! which no path can tell apart.

use std::{
    collections::HashMap,
    env,
    ffi::c_void,
    fs,
    path::{Path, PathBuf},
    ptr,
    sync::Arc,
};

use lockwise_detector::{Frame, Resolve};

/// Symbols of this process, and files near it. Keeps every text that it has read.
#[derive(Debug)]
pub(crate) struct ProcessResolver {
    /// Where relative paths are looked for, in this order.
    roots: Vec<PathBuf>,
    texts: HashMap<String, Option<Arc<str>>>,
}

impl ProcessResolver {
    /// A resolver that looks for files from the current directory.
    pub(crate) fn new() -> Self {
        let manifest = env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
        Self::starting_at(env::current_dir().ok().into_iter().chain(manifest))
    }

    fn starting_at(directories: impl IntoIterator<Item = PathBuf>) -> Self {
        let mut roots: Vec<PathBuf> = Vec::new();
        for directory in directories {
            let workspace = directory.ancestors().find(|root| root.join("Cargo.lock").is_file());
            for root in workspace.into_iter().chain(directory.ancestors()) {
                if !roots.iter().any(|known| known == root) {
                    roots.push(root.to_owned());
                }
            }
        }
        Self { roots, texts: HashMap::new() }
    }

    /// A path in the workspace as sites give it; others as they are.
    fn shorten(&self, file: &Path) -> String {
        let root = self.roots.first();
        let below = root.and_then(|root| file.strip_prefix(root).ok()).unwrap_or(file);
        below.to_string_lossy().into_owned()
    }

    fn read(roots: &[PathBuf], file: &str) -> Option<Arc<str>> {
        let read = |path: &Path| fs::read_to_string(path).ok().map(Arc::from);
        if Path::new(file).is_absolute() {
            return read(Path::new(file));
        }
        roots.iter().find_map(|root| read(&root.join(file)))
    }
}

/// Whether a function is of this crate or of the one that captures stacks.
fn is_ours(function: &str) -> bool {
    let path = function.trim_start_matches(['<', '&']);
    path.starts_with("lockwise::") || path.starts_with("backtrace::")
}

impl Resolve for ProcessResolver {
    fn frames(&mut self, addresses: &[usize]) -> Vec<Frame> {
        let mut frames = Vec::new();
        for address in addresses {
            // Looks up the call before this return address; calls for each inlined function.
            backtrace::resolve(ptr::without_provenance_mut::<c_void>(*address), |symbol| {
                if let Some(name) = symbol.name() {
                    let file = symbol.filename().map(|file| self.shorten(file));
                    // The alternate form leaves the hash out.
                    frames.push(Frame {
                        function: format!("{name:#}"),
                        file,
                        line: symbol.lineno(),
                    });
                }
            });
        }
        // The way from the program's call to the capture is ours.
        let ours = frames.iter().take_while(|frame| is_ours(&frame.function)).count();
        frames.drain(..ours);
        // And so is what a thread of an exploration runs on.
        let carrier = |frame: &Frame| frame.function.starts_with("corosensei::");
        let theirs = frames.iter().position(carrier).unwrap_or(frames.len());
        let threads = frames[..theirs].iter().rev().take_while(|frame| is_ours(&frame.function));
        let theirs = theirs - threads.count();
        frames.truncate(theirs);
        frames
    }

    fn source(&mut self, file: &str) -> Option<Arc<str>> {
        if let Some(text) = self.texts.get(file) {
            return text.clone();
        }
        let text = Self::read(&self.roots, file);
        self.texts.insert(file.to_owned(), text.clone());
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn return_addresses_become_frames_from_the_programs_call_on() {
        let mut addresses = Vec::new();
        backtrace::trace(|frame| {
            addresses.push(frame.ip() as usize);
            true
        });
        let frames = ProcessResolver::new().frames(&addresses);
        // This test is a function of ours, called by what is none.
        let first = frames.first().expect("somebody called the test");
        assert!(!is_ours(&first.function), "{first:?}");
        assert!(frames.iter().any(|frame| frame.function.starts_with("test::")), "{frames:?}");
        assert!(frames.iter().any(|frame| frame.file.is_some() && frame.line.is_some()));
        assert_eq!(ProcessResolver::new().frames(&[0]), []);
    }

    #[test]
    fn ours_is_told_from_the_programs() {
        assert!(is_ours("<lockwise::sync::mutex::Mutex<T>>::lock"));
        assert!(is_ours("backtrace::backtrace::trace"));
        assert!(!is_ours("lockwise_fixtures::programs::counter::run"));
        assert!(!is_ours("bank::transfer"));
    }

    #[test]
    fn the_path_that_rustc_was_given_is_found_from_here() {
        let text = ProcessResolver::new().source(file!());
        assert_eq!(text.as_deref(), Some(include_str!("resolve.rs")));
        assert_eq!(ProcessResolver::new().source("no/such/file.rs"), None);
    }

    #[test]
    fn the_workspaces_file_goes_before_the_members() {
        let root = env::temp_dir().join(format!("lockwise-resolve-{}", std::process::id()));
        let member = root.join("member");
        for (directory, text) in [(&root, "root"), (&member, "member")] {
            fs::create_dir_all(directory.join("src")).unwrap();
            fs::write(directory.join("src/lib.rs"), text).unwrap();
        }
        fs::write(member.join("only.rs"), "only").unwrap();
        let source = |file| ProcessResolver::starting_at([member.clone()]).source(file);
        assert_eq!(source("src/lib.rs").as_deref(), Some("member"));
        fs::write(root.join("Cargo.lock"), "").unwrap();
        assert_eq!(source("src/lib.rs").as_deref(), Some("root"));
        assert_eq!(source("only.rs").as_deref(), Some("only"));
        assert_eq!(source(&member.join("src/lib.rs").to_string_lossy()).as_deref(), Some("member"));
        fs::remove_dir_all(&root).unwrap();
    }
}
