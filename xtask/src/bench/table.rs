//! The table of `bench`, in Markdown, so that it can be pasted into the documentation.

use super::{
    medians::Medians,
    rows::{Budget, ROWS, Row},
};

/// By how much a row may exceed another that it is to equal: medians vary as much on their own.
const NOISE: f64 = 1.1;

const HEAD: [&str; 7] = ["row", "std ns", "lockwise ns", "ratio", "budget", "best peer", "met"];

/// One line for each row that was measured.
pub(crate) fn render(medians: &Medians) -> String {
    let measured = ROWS.iter().filter_map(|row| cells(row, medians));
    markdown(&HEAD, &measured.collect::<Vec<_>>())
}

fn cells(row: &Row, medians: &Medians) -> Option<[String; 7]> {
    let ours = medians.get(row.id, "lockwise")?;
    let std = medians.get(row.id, "std");
    let (bound, budget) = match row.budget {
        Budget::TimesStd(times) => (std.map(|std| std * times), format!("{times}x")),
        Budget::Nanoseconds(bound) => (Some(bound), format!("{bound} ns")),
        Budget::AsIn(other) => {
            let bound = medians.get(other, "lockwise").map(|bound| bound * NOISE);
            (bound, String::from("as among 100"))
        }
        Budget::Open => (None, String::from("-")),
    };
    // Without std there is nothing to divide by, and the peer's own time is given.
    let peer = medians.best_peer(row.id).map(|(peer, time)| match std {
        Some(std) => format!("{:.2}x {peer}", time / std),
        None => format!("{time:.1} ns {peer}"),
    });
    let or_dash = |text: Option<String>| text.unwrap_or_else(|| String::from("-"));
    Some([
        row.title.to_owned(),
        or_dash(std.map(|std| format!("{std:.1}"))),
        format!("{ours:.1}"),
        or_dash(std.map(|std| format!("{:.2}x", ours / std))),
        budget,
        or_dash(peer),
        or_dash(bound.map(|bound| String::from(if ours <= bound { "yes" } else { "no" }))),
    ])
}

/// A table whose first column is text and whose others are figures.
pub(crate) fn markdown<const N: usize>(head: &[&str; N], rows: &[[String; N]]) -> String {
    let width = |column: usize| {
        let cells = rows.iter().map(|row| row[column].len());
        cells.chain([head[column].len()]).max().unwrap_or_default()
    };
    let line = |cells: [&str; N]| {
        let cells = cells.iter().enumerate().map(|(column, cell)| match column {
            0 => format!(" {cell:<0$} ", width(column)),
            _ => format!(" {cell:>0$} ", width(column)),
        });
        format!("|{}|\n", cells.collect::<Vec<_>>().join("|"))
    };
    let rule = (0..N).map(|column| match column {
        0 => "-".repeat(width(column) + 2),
        _ => format!("{}:", "-".repeat(width(column) + 1)),
    });
    let rule = format!("|{}|\n", rule.collect::<Vec<_>>().join("|"));
    let rows = rows.iter().map(|row| line(row.each_ref().map(String::as_str)));
    line(*head) + &rule + &rows.collect::<String>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let rows = [["mutex", "1.05x"].map(String::from), ["x", "2x"].map(String::from)];
        let expected = "\
| row   | ratio |
|-------|------:|
| mutex | 1.05x |
| x     |    2x |
";
        assert_eq!(markdown(&["row", "ratio"], &rows), expected);
    }
}
