//! [`Memo`]: what earlier processes of the same executable have looked up.
//!
//! To look up an address takes the debug information of the whole executable: a process that runs
//! one short test of a large program would spend most of its time on that. So `check` names a
//! directory, in which each executable has a file of what its processes have found, one line each.
//! Nobody waits for anybody: lines are appended in one piece, and one that is not whole is none.
//!
//! An address is kept as its distance from where the executable was loaded. Of other libraries
//! nothing is kept.

use std::{
    env,
    fmt::{self, Write as _},
    fs::{self, File, OpenOptions},
    io::Write as _,
    ops::Range,
    path::Path,
    time::UNIX_EPOCH,
};

use lockwise_detector::{
    Site,
    op::{Mode, ObjectKind, Patience},
};

use super::caller::Step;
use crate::{config::Config, report};

/// The file of this executable, to which more can be added.
pub(super) struct Memo {
    file: File,
    /// Where the executable is in memory.
    loaded: Range<usize>,
}

const KINDS: [(&str, Option<ObjectKind>); 5] = [
    ("-", None),
    ("mutex", Some(ObjectKind::Mutex)),
    ("rwlock", Some(ObjectKind::RwLock)),
    ("condvar", Some(ObjectKind::Condvar)),
    ("once", Some(ObjectKind::Once)),
];

const MANNERS: [(&str, Option<(Mode, Patience)>); 7] = [
    ("-", None),
    ("lock", Some((Mode::Exclusive, Patience::Forever))),
    ("timed", Some((Mode::Exclusive, Patience::Timed))),
    ("try", Some((Mode::Exclusive, Patience::Try))),
    ("read", Some((Mode::Shared, Patience::Forever))),
    ("read-timed", Some((Mode::Shared, Patience::Timed))),
    ("read-try", Some((Mode::Shared, Patience::Try))),
];

/// The end of a line that is whole.
const END: &str = " .";

impl Memo {
    /// The memo of this process's executable, and what stands there; `None` where none is kept.
    pub(super) fn open() -> Option<(Self, Vec<Step>)> {
        let directory = Config::get().lookups.as_ref()?;
        let executable = env::current_exe().ok()?;
        let loaded = loaded_at(&executable)?;
        let path = directory.join(executable.file_name()?).with_extension("lookups");
        let head = head(&executable)?;
        let text = fs::read_to_string(&path).unwrap_or_default();
        let lines = text.strip_prefix(&head).unwrap_or_default();
        if lines.is_empty() {
            // None, or an older executable's. Others may do the same at this moment.
            let fresh = path.with_extension(format!("{}.new", std::process::id()));
            fs::write(&fresh, format!("{head}\n")).and_then(|()| fs::rename(&fresh, &path)).ok()?;
        }
        let steps = lines.lines().filter_map(|line| read(line, &loaded)).collect();
        let file = OpenOptions::new().append(true).open(&path).ok()?;
        Some((Self { file, loaded }, steps))
    }

    /// Adds a step, for later processes.
    pub(super) fn keep(&mut self, step: &Step) {
        if self.loaded.contains(&step.address)
            && let Some(line) = write(step, &self.loaded)
        {
            // A memo that cannot be written is one that is not there.
            let _ = self.file.write_all(line.as_bytes());
        }
    }
}

/// What the first line says: which executable it is, and whence files are named.
fn head(executable: &Path) -> Option<String> {
    let of = fs::metadata(executable).ok()?;
    let changed = of.modified().ok()?.duration_since(UNIX_EPOCH).ok()?.as_nanos();
    Some(format!("1 {} {changed} {}\n", of.len(), report::root().display()))
}

/// Where the executable is in this process's memory.
fn loaded_at(executable: &Path) -> Option<Range<usize>> {
    let maps = fs::read_to_string("/proc/self/maps").ok()?;
    let ranges = maps.lines().filter(|line| executable.to_str().is_some_and(|p| line.ends_with(p)));
    let ranges = ranges.filter_map(|line| {
        let (start, end) = line.split(' ').next()?.split_once('-')?;
        let number = |text| usize::from_str_radix(text, 16).ok();
        Some(number(start)?..number(end)?)
    });
    ranges.reduce(|all, next| all.start.min(next.start)..all.end.max(next.end))
}

/// The line of a step. It begins with the end of a line that somebody may not have ended.
fn write(step: &Step, loaded: &Range<usize>) -> Option<String> {
    let Step { address, kind, manner, site, source } = step;
    let (kind, _) = KINDS.iter().find(|(_, known)| known == kind)?;
    let (manner, _) = MANNERS.iter().find(|(_, known)| known == manner)?;
    let mut line = format!("\n{:x} {kind} {manner}", address - loaded.start);
    let mut add = |what: &str, rest: fmt::Arguments<'_>, file: &str| {
        let whole = !file.contains('\n') && write!(line, "\t{what} {rest} {file}").is_ok();
        whole.then_some(())
    };
    if let Some(site) = site {
        add("at", format_args!("{}:{}", site.line, site.column), site.file)?;
    }
    if let Some(source) = source {
        add("source", format_args!("0:0"), source)?;
    }
    Some(line + END + "\n")
}

fn read(line: &str, loaded: &Range<usize>) -> Option<Step> {
    let mut parts = line.strip_suffix(END)?.split('\t');
    let mut words = parts.next()?.split(' ');
    let address = loaded.start + usize::from_str_radix(words.next()?, 16).ok()?;
    let (kind, manner) = (words.next()?, words.next()?);
    let (_, kind) = *KINDS.iter().find(|(name, _)| *name == kind)?;
    let (_, manner) = *MANNERS.iter().find(|(name, _)| *name == manner)?;
    let mut step = Step { address, kind, manner, site: None, source: None };
    for part in parts {
        let (what, rest) = part.split_once(' ')?;
        let (place, file) = rest.split_once(' ')?;
        let (line, column) = place.split_once(':')?;
        let file: &'static str = Box::leak(Box::from(file));
        match what {
            "at" => step.site = Some(Site::new(file, line.parse().ok()?, column.parse().ok()?)),
            "source" => step.source = Some(file),
            _ => return None,
        }
    }
    Some(step)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOADED: Range<usize> = 0x1000..0x2000;

    fn steps() -> [Step; 3] {
        let manner = Some((Mode::Shared, Patience::Timed));
        let site = Some(Site::new("src/a file.rs", 12, 5));
        let lock = Step {
            address: 0x1234,
            kind: Some(ObjectKind::RwLock),
            manner,
            site: None,
            source: Some("x/remutex.rs"),
        };
        let user = Step { address: 0x1235, kind: None, manner: None, site, source: None };
        let nothing = Step { address: 0x1fff, kind: None, manner: None, site: None, source: None };
        [lock, user, nothing]
    }

    #[test]
    fn what_is_written_is_read_wherever_the_executable_is_loaded() {
        let moved = 0x7000..0x8000;
        for step in steps() {
            let line = write(&step, &LOADED).unwrap();
            let read = read(line.trim_matches('\n'), &moved).unwrap();
            assert_eq!(read, Step { address: step.address + 0x6000, ..step });
        }
    }

    #[test]
    fn a_line_that_is_not_whole_is_none() {
        for step in steps() {
            let line = write(&step, &LOADED).unwrap();
            let line = line.trim_matches('\n');
            for end in 0..line.len() {
                assert_eq!(read(&line[..end], &LOADED), None, "{:?}", &line[..end]);
            }
        }
        assert_eq!(read("34 mutex lock\tat x:1 src/a.rs .", &LOADED), None);
        assert_eq!(read("34 mutex open .", &LOADED), None);
    }

    #[test]
    fn a_file_whose_name_breaks_lines_is_not_kept() {
        let site = Some(Site::new("src/a\nb.rs", 1, 1));
        let step = Step { address: 0x1000, kind: None, manner: None, site, source: None };
        assert_eq!(write(&step, &LOADED), None);
    }
}
