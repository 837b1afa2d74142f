//! `explain`: what a rule means, from the one place where rules are defined.

use anstyle::Style;
use lockwise_detector::Rule;

use crate::{Error, exit, output};

/// Arguments of `explain`.
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    /// The rule's name, such as `lock-order-cycle`; all rules without it.
    rule: Option<String>,
    /// Print all rules as the Markdown of `docs/rules.md`.
    #[arg(long, conflicts_with = "rule")]
    markdown: bool,
}

/// Prints one explanation, or all.
pub(crate) fn run(args: &Args) -> Result<u8, Error> {
    let text = match &args.rule {
        None if args.markdown => markdown(),
        None => Rule::ALL.iter().map(|rule| explanation(*rule)).collect(),
        Some(name) => explanation(name.parse().map_err(|_| Error::NoRule { name: name.clone() })?),
    };
    output::print(&text)?;
    Ok(exit::CLEAN)
}

fn explanation(rule: Rule) -> String {
    let bold = Style::new().bold();
    let severity = format!("{:?}", rule.severity()).to_lowercase();
    format!("{bold}{rule}{bold:#} ({severity})\n    {}\n", rule.explanation())
}

/// The text of `docs/rules.md`.
pub(crate) fn markdown() -> String {
    let rows: String = Rule::ALL.iter().map(|rule| row(*rule)).collect();
    format!(
        "# Rules\n\n\
         What lockwise can find. An error or a warning fails a test and a check; a note does not.\n\
         `cargo xtask explain RULE` shows one of these. (This page is the output of\n\
         `cargo xtask explain --markdown`; `cargo xtask tidy` compares the two.)\n\n\
         | rule | severity | reported when |\n|---|---|---|\n{rows}"
    )
}

fn row(rule: Rule) -> String {
    let severity = format!("{:?}", rule.severity()).to_lowercase();
    format!("| `{rule}` | {severity} | {} |\n", rule.explanation())
}
