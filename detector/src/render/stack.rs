//! The part of a stack that a reader wants: how the program's own code came to a place.

use super::Style;
use crate::{Frame, finding::Step};

/// No more callers than this are shown.
const MAX_CALLERS: usize = 4;

/// Crates that are between the program and the operating system, or are this one.
const FOREIGN: &[&str] =
    &["std", "core", "alloc", "test", "backtrace", "lockwise", "lockwise_detector", "loom"];

/// The callers of the code at a step's site, innermost first: `both (src/a.rs:3)`.
pub(super) fn callers(step: &Step, style: &Style) -> Vec<String> {
    let own = step.stack.frames().iter().filter(|frame| is_own(frame));
    let at_site = |frame: &&Frame| {
        frame.line == Some(step.site.line)
            && frame.file.as_deref().is_some_and(|file| file.ends_with(step.site.file))
    };
    own.skip_while(at_site).take(MAX_CALLERS).map(|frame| describe(frame, style)).collect()
}

/// Whether a frame is of the observed program: not of the libraries below it, and not of C. A
/// function's name may come without its path, where debug information is line tables only.
fn is_own(frame: &Frame) -> bool {
    // Where the standard library's own sources are said to be.
    if frame.file.as_deref().is_some_and(|file| file.starts_with("/rustc/")) {
        return false;
    }
    let path = frame.function.trim_start_matches(['<', '&', '(', '*']);
    let path = ["dyn ", "mut ", "const "]
        .iter()
        .fold(path, |path, word| path.strip_prefix(word).unwrap_or(path));
    match path.split(['<', '(', ' ']).next().unwrap_or(path).split_once("::") {
        Some((first, _)) => !FOREIGN.contains(&first),
        None => frame.file.as_deref().is_some_and(|file| file.ends_with(".rs")),
    }
}

fn describe(frame: &Frame, style: &Style) -> String {
    match (&frame.file, frame.line) {
        (Some(file), Some(line)) => {
            format!("`{}` ({}:{line})", frame.function, style.path(file))
        }
        _ => format!("`{}`", frame.function),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Site, Stack, finding::Verb};

    fn frame(function: &str, line: u32) -> Frame {
        Frame {
            function: function.to_owned(),
            file: Some("/p/src/a.rs".to_owned()),
            line: Some(line),
        }
    }

    #[test]
    fn only_the_programs_own_callers_are_shown() {
        let frames = [
            frame("lockwise::sync::mutex::Mutex<T>::lock", 1),
            frame("app::both", 7),
            frame("<app::Job as core::ops::FnOnce>::call_once", 9),
            frame("<lockwise::rt::Thread>::run", 1),
            frame("std::thread::spawn::{{closure}}", 1),
            Frame { file: Some("/c/pthread.c".to_owned()), ..frame("start_thread", 1) },
            frame("main<app::Args>", 12),
        ];
        let stack = Stack::resolved(frames.to_vec());
        let site = Site::new("src/a.rs", 7, 5);
        let step = Step { verb: Verb::Lock, object: None, site, stack };
        let callers = callers(&step, &Style::plain().relative_to("/p"));
        assert_eq!(
            callers,
            [
                "`<app::Job as core::ops::FnOnce>::call_once` (src/a.rs:9)",
                "`main<app::Args>` (src/a.rs:12)"
            ]
        );
    }
}
