//! `explain`: what a rule means, from the one place where rules are defined.

use anstyle::Style;
use lockwise_detector::Rule;

use crate::{Error, exit};

/// Arguments of `explain`.
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    /// The rule's name, such as `lock-order-cycle`; all rules without it.
    rule: Option<String>,
}

/// Prints one explanation, or all.
pub(crate) fn run(args: &Args) -> Result<u8, Error> {
    match &args.rule {
        None => Rule::ALL.iter().for_each(|rule| print(*rule)),
        Some(name) => {
            let rule = name.parse().map_err(|_| Error::NoRule { name: name.clone() })?;
            print(rule);
        }
    }
    Ok(exit::CLEAN)
}

fn print(rule: Rule) {
    let bold = Style::new().bold();
    let severity = format!("{:?}", rule.severity()).to_lowercase();
    anstream::println!("{bold}{rule}{bold:#} ({severity})\n    {}\n", rule.explanation());
}
