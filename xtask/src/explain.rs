//! `explain`: what a rule means, from the one place where rules are defined.

use anstyle::Style;
use lockwise_detector::Rule;

use crate::{Error, exit, output};

/// Arguments of `explain`.
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    /// The rule's name, such as `lock-order-cycle`; all rules without it.
    rule: Option<String>,
}

/// Prints one explanation, or all.
pub(crate) fn run(args: &Args) -> Result<u8, Error> {
    let text = match &args.rule {
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
