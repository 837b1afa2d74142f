//! Steps laid on the source lines where they were done.

use std::ops::Range;

use annotate_snippets::{Annotation, AnnotationKind, Snippet};

use super::Style;
use crate::{Finding, Site};

/// A step worded for one place.
pub(super) struct Remark {
    pub(super) site: Site,
    pub(super) words: String,
    /// Whether it is what the thread cannot get past, or does wrong.
    pub(super) main: bool,
}

/// The remarks of one thread in one file, as one excerpt; lines far from any remark are folded.
/// Remarks whose place is not in the text known of the file are handed back.
pub(super) fn excerpt<'a>(
    finding: &'a Finding,
    style: &Style,
    remarks: Vec<Remark>,
) -> (Option<Snippet<'a, Annotation<'a>>>, Vec<Remark>) {
    let Some((file, text)) =
        remarks.first().and_then(|first| Some((first.site.file, finding.source(first.site.file)?)))
    else {
        return (None, remarks);
    };
    let mut lost = Vec::new();
    let mut annotations = Vec::new();
    for remark in remarks {
        match span(text, remark.site) {
            Some(span) => {
                let kind =
                    if remark.main { AnnotationKind::Primary } else { AnnotationKind::Context };
                annotations.push(kind.span(span).label(format!("{} here", remark.words)));
            }
            None => lost.push(remark),
        }
    }
    let snippet = (!annotations.is_empty())
        .then(|| Snippet::source(text).path(style.path(file)).annotations(annotations));
    (snippet, lost)
}

/// The bytes of the call or name at `site`, up to the end of its line at most; `None` where the
/// text has no such place, because it has changed since it was compiled.
fn span(text: &str, site: Site) -> Option<Range<usize>> {
    let line = site.line.checked_sub(1)? as usize;
    let column = site.column.checked_sub(1)? as usize;
    let start = text.split_inclusive('\n').take(line).map(str::len).sum::<usize>() + column;
    let in_line = text.split_inclusive('\n').nth(line)?.get(column..)?.trim_end();
    let first = in_line.chars().next()?;
    Some(start..start + call_length(in_line).max(first.len_utf8()))
}

/// The length of `lock()` or `Mutex::new(0)` that `line` starts with; without its arguments where
/// they go on in the next line.
fn call_length(line: &str) -> usize {
    let is_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | ':');
    let name = line.find(|c| !is_name(c)).unwrap_or(line.len());
    let mut depth = 0_usize;
    for (at, c) in line[name..].char_indices() {
        match c {
            '(' => depth += 1,
            ')' if depth == 1 => return name + at + 1,
            _ if depth == 0 => break,
            ')' => depth -= 1,
            _ => {}
        }
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, (line, column): (u32, u32), spanned: Option<&str>) {
        assert_eq!(span(text, Site::new("", line, column)).map(|span| &text[span]), spanned);
    }

    #[test]
    fn a_span_is_a_call_or_a_name() {
        check("let a = m.lock().unwrap();", (1, 11), Some("lock()"));
        check("\nMutex::new((1, 2));", (2, 1), Some("Mutex::new((1, 2))"));
        check("spawn(move || {\n});", (1, 1), Some("spawn"));
        check("a\n+ b", (2, 1), Some("+"));
        check("é)", (1, 1), Some("é"));
    }

    #[test]
    fn a_place_outside_the_text_has_none() {
        check("abc\n", (1, 9), None);
        check("abc\n", (2, 1), None);
        check("abc\n", (0, 0), None);
        check("é", (1, 2), None);
        check("", (1, 1), None);
    }
}
