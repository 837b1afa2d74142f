//! What a driver has shown, from the line that it prints.

use std::time::Duration;

/// What came of an exploration.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Outcome {
    /// The rule of the first finding.
    pub(super) rule: Option<String>,
    /// How many executions were made, of which the last shows it.
    pub(super) executions: u64,
    /// Whether they are all.
    pub(super) complete: bool,
    pub(super) time: Duration,
}

impl Outcome {
    /// The outcome in what a driver printed; `None` if it did not come that far.
    pub(super) fn parse(printed: &str) -> Option<Self> {
        let line = printed.lines().find_map(|line| line.strip_prefix("known-bug: "))?;
        let value = |name: &str| {
            line.split(' ').find_map(|word| word.strip_prefix(name)?.strip_prefix('='))
        };
        let number = |name| value(name)?.parse::<u64>().ok();
        Some(Self {
            rule: value("rule").filter(|rule| *rule != "none").map(str::to_owned),
            executions: number("executions")? + number("blocked")?,
            complete: value("complete")? == "true",
            time: Duration::from_millis(number("milliseconds")?),
        })
    }

    /// How far it went, without what it found.
    pub(super) fn effort(&self) -> String {
        let (plural, all) = match (self.executions, self.complete) {
            (1, true) => ("", ", all"),
            (1, false) => ("", ""),
            (_, true) => ("s", ", all"),
            (_, false) => ("s", ""),
        };
        let seconds = self.time.as_secs_f64();
        format!("{} execution{plural}{all}, {seconds:.2} s", self.executions)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FOUND: &str = "\nrunning 1 test\n\nknown-bug: rule=data-race executions=3 blocked=1 \
                         complete=false milliseconds=1500\nerror[data-race]: ...";
    const CLEAN: &str = "known-bug: rule=none executions=1 blocked=0 complete=true milliseconds=0";

    #[test]
    fn an_outcome_is_read_from_its_line() {
        let found = Outcome::parse(FOUND).unwrap();
        assert_eq!(found.rule.as_deref(), Some("data-race"));
        assert_eq!(found.effort(), "4 executions, 1.50 s");
        let clean = Outcome::parse(CLEAN).unwrap();
        assert_eq!(clean.rule, None);
        assert_eq!(clean.effort(), "1 execution, all, 0.00 s");
        assert_eq!(Outcome::parse("thread 'main' panicked"), None);
        assert_eq!(Outcome::parse("known-bug: rule=none executions=x"), None);
    }
}
