//! The lines of a schedule laid out: at the left the place, as in an excerpt; then a column for
//! each thread. Where these do not fit, one column says who and one what.

use std::collections::BTreeSet;

use annotate_snippets::{
    normalize_untrusted_str,
    renderer::{
        DEFAULT_EMPHASIS_STYLE, DEFAULT_ERROR_STYLE, DEFAULT_LINE_NUM_STYLE, DEFAULT_NONE_STYLE,
        DEFAULT_NOTE_STYLE, DEFAULT_WARNING_STYLE, Style as Ansi,
    },
};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::{paint, select::Shown};
use crate::{Severity, Site, ThreadId, finding::Schedule, render::Style};

/// What is left of 100 columns beside an excerpt's line numbers of four digits.
const MAX_WIDTH: usize = 93;
const MAX_COLUMNS: usize = 4;
/// A column narrower than this cuts too much of its thread's name.
const MIN_COLUMN: usize = 10;
/// A name or place longer than this is cut.
const MAX_NAME: usize = 24;
const MAX_PLACE: usize = 36;

/// What is shown, as texts that take the room that they seem to take.
pub(super) struct Table {
    /// What the places are called.
    places: &'static str,
    threads: Vec<String>,
    rows: Vec<Row>,
}

enum Row {
    /// What a thread did, by its place among `threads`.
    Deed { place: String, thread: usize, words: String, main: bool },
    /// What is said of other rows.
    Aside { place: &'static str, words: String },
}

/// A piece of text in one colour.
type Piece = (String, Ansi);

impl Table {
    pub(super) fn new(
        schedule: &Schedule,
        shown: &[Shown],
        (places, place): (&'static str, impl Fn(Site) -> String),
    ) -> Self {
        let ids = in_order(schedule, shown);
        let row = |shown: &Shown| match shown {
            Shown::Line(line) => Row::Deed {
                place: end_of(&printable(&place(line.site)), MAX_PLACE),
                thread: ids.iter().position(|id| *id == line.thread).unwrap_or_default(),
                words: printable(&line.words),
                main: line.main,
            },
            Shown::Again { lines, times } => {
                Row::Aside { place: "", words: format!("these {lines} lines come {times} times") }
            }
            Shown::Gap(1) => Row::Aside { place: "...", words: "1 more step".to_owned() },
            Shown::Gap(rows) => Row::Aside { place: "...", words: format!("{rows} more steps") },
        };
        let name = |id: &ThreadId| printable(schedule.thread_name(*id).unwrap_or_default());
        let threads = ids.iter().map(name).collect();
        Self { places, threads, rows: shown.iter().map(row).collect() }
    }

    /// The table's lines; what is wrong has the colour of `severity`.
    pub(super) fn lines(&self, severity: Severity, style: &Style) -> Vec<String> {
        let layout = self.columns().unwrap_or_else(|| self.list());
        let main = match severity {
            Severity::Error => DEFAULT_ERROR_STYLE,
            Severity::Warning => DEFAULT_WARNING_STYLE,
            Severity::Note => DEFAULT_NOTE_STYLE,
        };
        let head = layout.head(self.places, &self.threads);
        let rows = self.rows.iter().map(|row| match row {
            Row::Deed { place, thread, words, main: is_main } => {
                let colour = if *is_main { main } else { DEFAULT_NONE_STYLE };
                layout.deed(place, *thread, &self.threads[*thread], (words.clone(), colour))
            }
            Row::Aside { place, words } => layout.aside(place, words),
        });
        std::iter::once(head).chain(rows).map(|pieces| painted(pieces, style)).collect()
    }

    /// A column for each thread, if all that is to be said fits then. Only the first columns give
    /// way: what does not fit into one goes on over the next, which is empty there.
    fn columns(&self) -> Option<Layout> {
        let mut widths: Vec<_> = self.threads.iter().map(|name| name.width()).collect();
        for (thread, words) in self.deeds() {
            widths[thread] = widths[thread].max(words.width());
        }
        let layout = Layout::Columns { place: self.place(), widths: Vec::new() };
        let room = MAX_WIDTH.checked_sub(layout.start(0) + 3 * widths.len().checked_sub(1)?)?;
        let (last, firsts) = widths.split_last_mut().filter(|(_, f)| f.len() < MAX_COLUMNS)?;
        let room = room.checked_sub(*last)?;
        let most = (MIN_COLUMN..=MAX_WIDTH)
            .rev()
            .find(|most| firsts.iter().map(|width| *width.min(most)).sum::<usize>() <= room)?;
        firsts.iter_mut().for_each(|width| *width = (*width).min(most));
        let layout = Layout::Columns { place: self.place(), widths };
        let fits =
            |(thread, words): (usize, &str)| layout.start(thread) + words.width() <= MAX_WIDTH;
        self.deeds().all(fits).then_some(layout)
    }

    /// A column that says who.
    fn list(&self) -> Layout {
        let longest = self.threads.iter().map(|name| name.width()).max().unwrap_or(0);
        Layout::List { place: self.place(), name: longest.min(MAX_NAME).max("thread".len()) }
    }

    fn deeds(&self) -> impl Iterator<Item = (usize, &str)> {
        self.rows.iter().filter_map(|row| match row {
            Row::Deed { thread, words, .. } => Some((*thread, words.as_str())),
            Row::Aside { .. } => None,
        })
    }

    /// The width of the places.
    fn place(&self) -> usize {
        let places = self.rows.iter().map(|row| match row {
            Row::Deed { place, .. } => place.width(),
            Row::Aside { place, .. } => place.width(),
        });
        places.max().unwrap_or(0).max(self.places.len())
    }
}

/// The threads of the lines shown, in the order in which the schedule first names them.
fn in_order(schedule: &Schedule, shown: &[Shown]) -> Vec<ThreadId> {
    let thread = |shown: &Shown| match shown {
        Shown::Line(line) => Some(line.thread),
        Shown::Again { .. } | Shown::Gap(_) => None,
    };
    let mut left: BTreeSet<_> = shown.iter().filter_map(thread).collect();
    let named = schedule.rows().iter().flat_map(|row| [Some(row.thread), row.peer]).flatten();
    named.filter(|id| left.remove(id)).collect()
}

/// How wide everything is.
enum Layout {
    Columns { place: usize, widths: Vec<usize> },
    List { place: usize, name: usize },
}

impl Layout {
    /// Where the text of a column starts.
    fn start(&self, column: usize) -> usize {
        match self {
            Self::Columns { place, widths } => {
                place + 3 + widths.iter().take(column).map(|width| width + 3).sum::<usize>()
            }
            Self::List { place, name } => place + 3 + (name + 3) * column.min(1),
        }
    }

    fn head(&self, places: &str, threads: &[String]) -> Vec<Piece> {
        let mut pieces = vec![self.edge(places)];
        let mut cell = |text: &str, width| {
            pieces.push((fit(text, width), DEFAULT_EMPHASIS_STYLE));
            pieces.push(separator());
        };
        match self {
            Self::Columns { widths, .. } => {
                threads.iter().zip(widths).for_each(|(name, width)| cell(name, *width));
                pieces.pop();
            }
            Self::List { name, .. } => cell("thread", *name),
        }
        pieces
    }

    fn aside(&self, place: &str, words: &str) -> Vec<Piece> {
        vec![self.edge(place), (words.to_owned(), DEFAULT_NONE_STYLE)]
    }

    fn deed(&self, place: &str, thread: usize, name: &str, words: Piece) -> Vec<Piece> {
        let mut pieces = vec![self.edge(place)];
        match self {
            Self::Columns { widths, .. } => {
                for width in &widths[..thread] {
                    pieces.push((" ".repeat(*width), DEFAULT_NONE_STYLE));
                    pieces.push(separator());
                }
                let mut used = words.0.width();
                let mut width = widths[thread];
                pieces.push(words);
                for next in &widths[thread + 1..] {
                    // What goes on over the next column leaves no room for the line between.
                    if used <= width {
                        pieces.push((" ".repeat(width - used), DEFAULT_NONE_STYLE));
                        pieces.push(separator());
                        (used, width) = (0, *next);
                    } else {
                        width += 3 + next;
                    }
                }
            }
            Self::List { name: width, .. } => {
                let (words, colour) = words;
                pieces.push((fit(name, *width), DEFAULT_EMPHASIS_STYLE));
                pieces.push(separator());
                pieces.push((start_of(&words, MAX_WIDTH - self.start(1)), colour));
            }
        }
        pieces
    }

    /// The place, and the line beside it.
    fn edge(&self, text: &str) -> Piece {
        let (Self::Columns { place, .. } | Self::List { place, .. }) = self;
        let room = " ".repeat(place.saturating_sub(text.width()));
        (format!("{room}{text} | "), DEFAULT_LINE_NUM_STYLE)
    }
}

fn separator() -> Piece {
    (" | ".to_owned(), DEFAULT_LINE_NUM_STYLE)
}

/// One line of text, without the blanks at its end.
fn painted(mut pieces: Vec<Piece>, style: &Style) -> String {
    while let Some((last, _)) = pieces.last_mut() {
        last.truncate(last.trim_end().len());
        if !last.is_empty() {
            break;
        }
        pieces.pop();
    }
    pieces.iter().map(|(text, colour)| paint(text, *colour, style)).collect()
}

/// `text` without what moves a cursor.
fn printable(text: &str) -> String {
    normalize_untrusted_str(text).replace('\n', " ")
}

/// `text` cut or filled to `width`.
fn fit(text: &str, width: usize) -> String {
    let text = start_of(text, width);
    let room = " ".repeat(width.saturating_sub(text.width()));
    text + &room
}

/// As much of the start of `text` as fits.
fn start_of(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut start: String = within(text.chars(), width.saturating_sub(1)).collect();
    start.push('…');
    start
}

/// As much of the end of `text` as fits.
fn end_of(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let end: Vec<_> = within(text.chars().rev(), width.saturating_sub(1)).collect();
    std::iter::once('…').chain(end.into_iter().rev()).collect()
}

/// The first of `chars` that are together no wider than `width`.
fn within(chars: impl Iterator<Item = char>, width: usize) -> impl Iterator<Item = char> {
    let mut used = 0;
    chars.take_while(move |c| {
        used += c.width().unwrap_or(0);
        used <= width
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_wide_is_cut() {
        assert_eq!((start_of("abc", 3), start_of("abcd", 3)), ("abc".into(), "ab…".into()));
        assert_eq!(end_of("src/a.rs:1", 7), "…a.rs:1");
        assert_eq!(fit("天猫精灵", 6), "天猫… ");
        assert_eq!(fit("天猫", 6), "天猫  ");
    }

    #[test]
    fn nothing_moves_the_cursor() {
        assert_eq!(printable("a\nb\u{1b}[1m").width(), "a b_[1m".len());
    }
}
