//! Which lines of a schedule are shown, where not all fit a screen.

use super::line::{Line, Passage};

/// With its title and its head, a table of this many lines fits a screen of 24.
const MAX_LINES: usize = 22;
/// The last passages are shown in any case: they are where it ends.
const LAST: usize = 6;

/// A line of the table, or what it says of lines that are not there.
pub(super) enum Shown {
    Line(Line),
    /// The lines before it, so many, came so often in all.
    Again {
        lines: usize,
        times: usize,
    },
    /// So many rows are left out.
    Gap(usize),
}

/// The last passages, and of the others those of most weight; of equal ones the later.
pub(super) fn select(passages: Vec<Passage>) -> Vec<Shown> {
    let chosen = choose(&passages);
    let mut shown = Vec::new();
    for (passage, chosen) in passages.into_iter().zip(chosen) {
        if !chosen {
            match shown.last_mut() {
                Some(Shown::Gap(rows)) => *rows += passage.rows,
                _ => shown.push(Shown::Gap(passage.rows)),
            }
            continue;
        }
        let Passage { lines, times, .. } = passage;
        let again = (times > 1).then_some(Shown::Again { lines: lines.len(), times });
        shown.extend(lines.into_iter().map(Shown::Line).chain(again));
    }
    shown
}

/// Whether each passage is shown: as many as fit.
fn choose(passages: &[Passage]) -> Vec<bool> {
    let mut order: Vec<_> = (0..passages.len()).rev().collect();
    order[LAST.min(passages.len())..]
        .sort_by_key(|index| std::cmp::Reverse(weight(&passages[*index])));
    let mut chosen = vec![false; passages.len()];
    order.truncate(MAX_LINES);
    order.iter().for_each(|index| chosen[*index] = true);
    while height(passages, &chosen) > MAX_LINES
        && let Some(least) = order.pop()
    {
        chosen[least] = false;
    }
    fill(passages, &mut chosen);
    chosen
}

/// Shows the one line that a gap would stand for.
fn fill(passages: &[Passage], chosen: &mut [bool]) {
    for index in 0..passages.len() {
        let alone = passages[index].lines.len() == 1
            && (index == 0 || chosen[index - 1])
            && chosen.get(index + 1).is_none_or(|next| *next);
        chosen[index] |= alone;
    }
}

fn weight(passage: &Passage) -> u8 {
    passage.lines.iter().map(|line| line.weight).max().unwrap_or(0)
}

/// How many lines the passages take up, with those that stand for gaps.
fn height(passages: &[Passage], chosen: &[bool]) -> usize {
    let shown = passages.iter().zip(chosen).filter(|(_, chosen)| **chosen);
    let lines: usize = shown.map(|(p, _)| p.lines.len() + usize::from(p.times > 1)).sum();
    lines + chosen.chunk_by(|a, b| a == b).filter(|run| !run[0]).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Site, ThreadId};

    fn passage(weight: u8, lines: usize, times: usize) -> Passage {
        let line = || Line {
            thread: ThreadId(0),
            site: Site::UNKNOWN,
            words: String::new(),
            rows: 1,
            weight,
            main: false,
        };
        Passage { lines: (0..lines).map(|_| line()).collect(), times, rows: lines * times }
    }

    /// The passages shown (`x`, and `+` for what comes again) and the numbers of rows left out.
    fn check(passages: Vec<Passage>, expected: &str) {
        let shown = select(passages);
        assert!(shown.len() <= MAX_LINES);
        let words = shown.iter().map(|shown| match shown {
            Shown::Line(_) => "x".to_owned(),
            Shown::Again { times, .. } => format!("+{times}"),
            Shown::Gap(rows) => format!(" {rows} "),
        });
        assert_eq!(words.collect::<String>(), expected);
    }

    fn many(weight: u8, count: usize) -> Vec<Passage> {
        (0..count).map(|_| passage(weight, 1, 1)).collect()
    }

    #[test]
    fn what_fits_is_shown_whole() {
        check(many(0, 22), &"x".repeat(22));
        check(Vec::new(), "");
    }

    #[test]
    fn the_last_lines_stay_and_the_weighty_before_them() {
        check(many(0, 40), &format!(" 19 {}", "x".repeat(21)));
        let mut passages = many(0, 100);
        passages[10] = passage(3, 1, 1);
        passages[20] = passage(7, 1, 1);
        check(passages, &format!(" 10 x 9 x 62 {}", "x".repeat(17)));
        let mut passages = many(1, 30);
        passages.extend(many(0, 6));
        check(passages, &format!(" 15 {}", "x".repeat(21)));
    }

    #[test]
    fn no_gap_stands_for_one_line() {
        let passages = (0..40_u8).map(|n| passage(n % 2, 1, 1)).collect();
        check(passages, &format!(" 19 {}", "x".repeat(21)));
    }

    #[test]
    fn a_passage_is_shown_whole_or_not_at_all() {
        check(vec![passage(0, 4, 1000)], "xxxx+1000");
        let mut passages = vec![passage(0, 12, 3)];
        passages.extend(many(0, 20));
        check(passages, &format!(" 36 {}", "x".repeat(20)));
        check((0..7).map(|_| passage(0, 4, 3)).collect(), &format!(" 36 {}", "xxxx+3".repeat(4)));
    }
}
