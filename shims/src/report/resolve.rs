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

use lockwise_detector::{Frame, Resolve, Site};

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

/// Where the source of this crate was when it was compiled.
const SOURCE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src");

/// Whose code a frame runs. Where debug information is line tables only, a function's name comes
/// without its path, so that of the file counts too.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Owner {
    /// This crate, or the one that captures stacks.
    Lockwise,
    /// What threads of an exploration run on.
    Carrier,
    Program,
}

impl Owner {
    fn of(function: &str, file: Option<&Path>) -> Self {
        let function = function.trim_start_matches(['<', '&']);
        if function.starts_with("lockwise::")
            || file.is_some_and(|file| file.starts_with(SOURCE))
            || is_of(function, file, "backtrace")
        {
            Self::Lockwise
        } else if is_of(function, file, "corosensei") {
            Self::Carrier
        } else {
            Self::Program
        }
    }

    /// A name of ours without its path gets the crate's: who reads it does not know the file.
    fn qualify(self, function: String) -> String {
        let is_bare = !function.split('<').next().is_some_and(|name| name.contains("::"));
        if self == Self::Lockwise && is_bare && !function.starts_with('<') {
            format!("lockwise::{function}")
        } else {
            function
        }
    }
}

/// Whether a function is of the published crate `name`: cargo keeps that in `name-VERSION`.
fn is_of(function: &str, file: Option<&Path>, name: &str) -> bool {
    let by_name = function.strip_prefix(name).is_some_and(|rest| rest.starts_with("::"));
    let is_version = |rest: &str| rest.starts_with(|first: char| first.is_ascii_digit());
    let is_folder = |part: &str| {
        part.strip_prefix(name).and_then(|rest| rest.strip_prefix('-')).is_some_and(is_version)
    };
    let mut folders = file.into_iter().flat_map(Path::iter);
    by_name || folders.any(|part| part.to_str().is_some_and(is_folder))
}

impl Resolve for ProcessResolver {
    fn frames(&mut self, addresses: &[usize]) -> Vec<Frame> {
        let mut frames: Vec<(Owner, Frame)> = Vec::new();
        for address in addresses {
            // Looks up the call before this return address; calls for each inlined function.
            backtrace::resolve(ptr::without_provenance_mut::<c_void>(*address), |symbol| {
                if let Some(name) = symbol.name() {
                    // The alternate form leaves the hash out.
                    let function = format!("{name:#}");
                    let owner = Owner::of(&function, symbol.filename());
                    let function = owner.qualify(function);
                    let file = symbol.filename().map(|file| self.shorten(file));
                    frames.push((owner, Frame { function, file, line: symbol.lineno() }));
                }
            });
        }
        let is = |owner: Owner| move |(of, _): &(Owner, Frame)| *of == owner;
        // The way from the program's call to the capture is ours.
        let ours = frames.iter().position(|frame| !is(Owner::Lockwise)(frame));
        frames.drain(..ours.unwrap_or(frames.len()));
        // And so is what a thread of an exploration runs on.
        let carrier = frames.iter().position(is(Owner::Carrier)).unwrap_or(frames.len());
        let threads = frames[..carrier].iter().rev().position(|frame| !is(Owner::Lockwise)(frame));
        frames.truncate(carrier - threads.unwrap_or(carrier));
        frames.into_iter().map(|(_, frame)| frame).collect()
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

/// Whence files of the workspace are named.
pub(crate) fn root() -> PathBuf {
    ProcessResolver::new().roots.into_iter().next().unwrap_or_default()
}

/// Whether `file` is of this crate.
pub(crate) fn is_own_source(file: &str) -> bool {
    Path::new(file).starts_with(SOURCE)
}

/// The functions that a return address lies in, innermost first, and the places of the calls.
pub(crate) fn calls_at(address: usize) -> Vec<(String, Option<Site>)> {
    let resolver = ProcessResolver::new();
    let mut calls = Vec::new();
    backtrace::resolve(ptr::without_provenance_mut::<c_void>(address), |symbol| {
        let Some(name) = symbol.name() else { return };
        let place = symbol.filename().zip(symbol.lineno());
        let site = place.map(|(file, line)| {
            // Kept for good: there are as many as the program has calls of this kind.
            let file = Box::leak(resolver.shorten(file).into_boxed_str());
            Site::new(file, line, symbol.colno().unwrap_or(1))
        });
        calls.push((format!("{name:#}"), site));
    });
    calls
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
        assert_eq!(
            Owner::of(&first.function, first.file.as_deref().map(Path::new)),
            Owner::Program
        );
        assert!(frames.iter().any(|frame| frame.function.contains("run_test")), "{frames:?}");
        assert!(frames.iter().any(|frame| frame.file.is_some() && frame.line.is_some()));
        assert_eq!(ProcessResolver::new().frames(&[0]), []);
    }

    #[test]
    fn ours_is_told_from_the_programs() {
        let by_name = |function| Owner::of(function, None);
        assert_eq!(by_name("<lockwise::sync::mutex::Mutex<T>>::lock"), Owner::Lockwise);
        assert_eq!(by_name("backtrace::backtrace::trace"), Owner::Lockwise);
        assert_eq!(by_name("corosensei::coroutine::on_stack"), Owner::Carrier);
        assert_eq!(by_name("lockwise_fixtures::programs::counter::run"), Owner::Program);
        assert_eq!(by_name("backtrace_of::transfer"), Owner::Program);

        let by_file = |file| Owner::of("trace", Some(Path::new(file)));
        assert_eq!(by_file("/registry/backtrace-0.3.77/src/capture.rs"), Owner::Lockwise);
        assert_eq!(by_file(concat!(env!("CARGO_MANIFEST_DIR"), "/src/lib.rs")), Owner::Lockwise);
        assert_eq!(by_file(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/a.rs")), Owner::Program);
        assert_eq!(by_file("/registry/corosensei-0.3.4/src/coroutine.rs"), Owner::Carrier);
        assert_eq!(by_file("/home/me/backtrace-viewer/src/lib.rs"), Owner::Program);
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
