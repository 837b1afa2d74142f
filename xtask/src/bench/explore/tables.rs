//! The tables of `bench --explore`.

use super::{
    super::table::markdown,
    figures::{digits, duration, mebibytes, microseconds, or_dash, thousands, yes_or_no},
    measured::Measured,
};

/// lockwise's own model of memory that is most like the others'.
const OURS: &str = "lockwise sc";
const RC11: &str = "lockwise rc11";
const LOOM: &str = "loom";
const SHUTTLE: &str = "shuttle dfs";

/// The strategy that is to be no worse than the best of shuttle's.
const PORTFOLIO: &str = "lockwise portfolio";

/// How many executions of a program are made to measure their rate.
const PART: u64 = 5_000;

/// What memory may be used, in bytes.
const MEMORY: u64 = 100 << 20;

/// A program in the tables of rates.
struct Row {
    id: &'static str,
    title: &'static str,
    /// How many executions there are.
    executions: u64,
    /// How many there have to be in a second.
    budget: Option<f64>,
}

const fn row(id: &'static str, title: &'static str, executions: u64) -> Row {
    Row { id, title, executions, budget: None }
}

const ROWS: [Row; 10] = [
    Row { budget: Some(200_000.0), ..row("counter-2x4", "2 threads x 4 locked increments", 70) },
    row("counter-2x8", "2 x 8", 12_870),
    row("counter-3x2", "3 x 2", 90),
    row("counter-4x1", "4 x 1", 24),
    row("philosophers-4", "4 philosophers, forks in order", 14),
    row("philosophers-5", "5 philosophers, forks in order", 30),
    row("lost-update-2", "lost update, 2 threads", 4),
    row("readers-3", "3 readers of an atomic", 8),
    row("rwlock-3", "RwLock, 3 readers", 8),
    row("mpsc-2x2", "mpsc, 2 senders x 2 messages", 6),
];

/// The programs with a bug.
const BUGS: [(&str, &str); 2] = [
    ("deadlocking-philosophers-5", "5 philosophers in a circle"),
    ("bounded-queue-2x2", "bounded queue, notify_one"),
];

/// All tables for which something was measured.
pub(super) fn render(all: &[Measured]) -> String {
    let tables = [rates(all), firsts(all), exhausted(all), bugs(all), memory(all)];
    tables.into_iter().flatten().collect::<Vec<_>>().join("\n")
}

fn rate(all: &[Measured], row: &Row, name: &str) -> Option<f64> {
    all.iter().find_map(|measured| match measured {
        Measured::Rate { program, explorer, per_second }
            if program == row.id && explorer == name =>
        {
            Some(*per_second)
        }
        _ => None,
    })
}

fn rates(all: &[Measured]) -> Option<String> {
    let rate = |row: &Row, name: &str| rate(all, row, name);
    let cells = |row: &Row| {
        let ours = rate(row, OURS)?;
        let times = |peer| or_dash(rate(row, peer).map(|peer| format!("{:.2}x", ours / peer)));
        let figure = |name| or_dash(rate(row, name).map(thousands));
        Some([
            row.title.to_owned(),
            figure(OURS),
            figure(RC11),
            figure(LOOM),
            figure(SHUTTLE),
            times(LOOM),
            times(SHUTTLE),
            or_dash(row.budget.map(thousands)),
            or_dash(row.budget.map(|budget| yes_or_no(ours >= budget))),
        ])
    };
    let head = [
        "executions per second and core",
        OURS,
        RC11,
        LOOM,
        SHUTTLE,
        "to loom",
        "to shuttle",
        "budget",
        "met",
    ];
    table(&head, ROWS.iter().filter_map(cells).collect())
}

/// What the first execution costs, which comes with all that an exploration does once, and what
/// that leaves for each of the others.
fn firsts(all: &[Measured]) -> Option<String> {
    let cells = |row: &Row| {
        let first = all.iter().find_map(|measured| match measured {
            Measured::First { program, explorer, seconds }
                if program == row.id && explorer == OURS =>
            {
                Some(*seconds)
            }
            _ => None,
        })?;
        let executions = row.executions.min(PART) as f64;
        let others = executions / rate(all, row, OURS)? - first;
        let each = others.max(0.0) / (executions - 1.0);
        Some([row.title.to_owned(), microseconds(first), microseconds(each)])
    };
    let head = ["time of an execution", "the first", "each other"];
    table(&head, ROWS.iter().filter_map(cells).collect())
}

fn exhausted(all: &[Measured]) -> Option<String> {
    let find = |row: &Row, name: &str| {
        all.iter().find_map(|measured| match measured {
            Measured::Exhausted { program, explorer, executions, complete, seconds }
                if program == row.id && explorer == name =>
            {
                let more = if *complete { "" } else { ">" };
                let time = duration(*seconds);
                Some((*executions, *complete, format!("{more}{}, {time}", digits(*executions))))
            }
            _ => None,
        })
    };
    let cells = |row: &Row| {
        let (executions, complete, _) = find(row, OURS)?;
        let figure = |name| or_dash(find(row, name).map(|(_, _, figure)| figure));
        Some([
            row.title.to_owned(),
            digits(row.executions),
            figure(OURS),
            figure(RC11),
            figure(LOOM),
            figure(SHUTTLE),
            yes_or_no(complete && executions == row.executions),
        ])
    };
    let head = ["executions to exhaust", "in theory", OURS, RC11, LOOM, SHUTTLE, "met"];
    table(&head, ROWS.iter().filter_map(cells).collect())
}

/// How often a program was tried, and what came of it.
struct Tried<'a> {
    strategy: &'a str,
    median: Option<u64>,
    seeds: u64,
    found: u64,
    bound: u64,
}

impl Tried<'_> {
    fn figure(&self) -> String {
        let figure = match self.median {
            Some(median) => digits(median),
            None => format!(">{}", digits(self.bound)),
        };
        match self.found == self.seeds {
            true => figure,
            false => format!("{figure} ({} of {})", self.found, self.seeds),
        }
    }

    /// Smaller is better; not to find it is worst.
    fn rank(&self) -> u64 {
        self.median.unwrap_or(u64::MAX)
    }
}

fn bugs(all: &[Measured]) -> Option<String> {
    let programs = BUGS.map(|(id, _)| {
        let tried = all.iter().filter_map(|measured| match measured {
            Measured::Bug { program, strategy, median, seeds, found, bound } if program == id => {
                Some(Tried {
                    strategy,
                    median: *median,
                    seeds: *seeds,
                    found: *found,
                    bound: *bound,
                })
            }
            _ => None,
        });
        tried.collect::<Vec<_>>()
    });
    let [philosophers, queue] = &programs;
    let cells = |(a, b): (&Tried<'_>, &Tried<'_>)| [a.strategy.to_owned(), a.figure(), b.figure()];
    let mut rows: Vec<_> = philosophers.iter().zip(queue).map(cells).collect();
    if !rows.is_empty() {
        rows.push([
            String::from("met: portfolio within the best of shuttle's"),
            or_dash(is_within(philosophers)),
            or_dash(is_within(queue)),
        ]);
    }
    let [(_, philosophers), (_, queue)] = BUGS;
    table(&["executions to the first bug, median", philosophers, queue], rows)
}

/// Whether the portfolio finds a bug as soon as whatever of shuttle's is best at it.
fn is_within(tried: &[Tried<'_>]) -> Option<String> {
    let ours = tried.iter().find(|tried| tried.strategy == PORTFOLIO)?;
    let theirs = tried.iter().filter(|tried| tried.strategy.starts_with("shuttle"));
    let best = theirs.map(Tried::rank).min()?;
    Some(yes_or_no(ours.rank() <= best))
}

fn memory(all: &[Measured]) -> Option<String> {
    let cells = |measured: &Measured| match measured {
        Measured::Memory { program, executions, before, peak } => Some([
            program.clone(),
            digits(*executions),
            mebibytes(*before),
            mebibytes(*peak),
            mebibytes(MEMORY),
            yes_or_no(*peak < MEMORY),
        ]),
        _ => None,
    };
    let head = ["memory", "executions", "before", "at the most", "budget", "met"];
    table(&head, all.iter().filter_map(cells).collect())
}

fn table<const N: usize>(head: &[&str; N], rows: Vec<[String; N]>) -> Option<String> {
    (!rows.is_empty()).then(|| markdown(head, &rows))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(lines: &str) -> Vec<Measured> {
        lines.lines().map(|line| serde_json::from_str(line.trim()).unwrap()).collect()
    }

    fn check(lines: &str, expected: &str) {
        assert_eq!(render(&read(lines)), expected);
    }

    #[test]
    fn rates_are_compared() {
        check(
            r#"{"measured":"rate","program":"counter-2x4","explorer":"lockwise sc","per_second":100049.0}
               {"measured":"rate","program":"counter-2x4","explorer":"loom","per_second":25012.5}"#,
            "\
| executions per second and core  | lockwise sc | lockwise rc11 |   loom | shuttle dfs | to loom | to shuttle |  budget | met |
|---------------------------------|------------:|--------------:|-------:|------------:|--------:|-----------:|--------:|----:|
| 2 threads x 4 locked increments |     100,000 |             - | 25,000 |           - |   4.00x |          - | 200,000 |  no |
",
        );
    }

    #[test]
    fn what_is_done_once_is_told_apart() {
        // 70 executions take 700 us, the first of them 240.
        check(
            r#"{"measured":"first","program":"counter-2x4","explorer":"lockwise sc","seconds":0.00024}
               {"measured":"rate","program":"counter-2x4","explorer":"lockwise sc","per_second":100000}"#,
            "\
| executions per second and core  | lockwise sc | lockwise rc11 | loom | shuttle dfs | to loom | to shuttle |  budget | met |
|---------------------------------|------------:|--------------:|-----:|------------:|--------:|-----------:|--------:|----:|
| 2 threads x 4 locked increments |     100,000 |             - |    - |           - |       - |          - | 200,000 |  no |

| time of an execution            | the first | each other |
|---------------------------------|----------:|-----------:|
| 2 threads x 4 locked increments |  240.0 us |     6.7 us |
",
        );
    }

    #[test]
    fn a_wrong_number_of_executions_is_not_met() {
        check(
            r#"{"measured":"exhausted","program":"readers-3","explorer":"lockwise sc","executions":9,"complete":true,"seconds":0.0012}
               {"measured":"exhausted","program":"readers-3","explorer":"loom","executions":5000,"complete":false,"seconds":9.96}"#,
            "\
| executions to exhaust  | in theory | lockwise sc | lockwise rc11 |           loom | shuttle dfs | met |
|------------------------|----------:|------------:|--------------:|---------------:|------------:|----:|
| 3 readers of an atomic |         8 |   9, 1.2 ms |             - | >5,000, 10.0 s |           - |  no |
",
        );
    }

    #[test]
    fn the_portfolio_is_held_against_the_best() {
        let bug = |program: &str, strategy: &str, median: &str, found: u64| {
            format!(
                r#"{{"measured":"bug","program":"{program}","strategy":"{strategy}","median":{median},"seeds":20,"found":{found},"bound":20000}}"#
            )
        };
        let lines = [
            bug(BUGS[0].0, PORTFOLIO, "7", 20),
            bug(BUGS[0].0, "shuttle random", "7", 20),
            bug(BUGS[1].0, PORTFOLIO, "null", 9),
            bug(BUGS[1].0, "shuttle random", "19999", 11),
        ];
        check(
            &lines.join("\n"),
            "\
| executions to the first bug, median         | 5 philosophers in a circle | bounded queue, notify_one |
|---------------------------------------------|---------------------------:|--------------------------:|
| lockwise portfolio                          |                          7 |         >20,000 (9 of 20) |
| shuttle random                              |                          7 |         19,999 (11 of 20) |
| met: portfolio within the best of shuttle's |                        yes |                        no |
",
        );
    }

    #[test]
    fn memory_is_held_against_its_budget() {
        check(
            r#"{"measured":"memory","program":"counter-2x11","executions":705432,"before":2097152,"peak":5767168}"#,
            "\
| memory       | executions |  before | at the most |    budget | met |
|--------------|-----------:|--------:|------------:|----------:|----:|
| counter-2x11 |    705,432 | 2.0 MiB |     5.5 MiB | 100.0 MiB | yes |
",
        );
    }
}
