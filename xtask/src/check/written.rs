//! What an observed process wrote before it ended, in whatever way it ended.

use std::{fs, io, path::Path};

use lockwise_detector::{Finding, render::Reader};
use serde_json::Value;

/// The findings of one process, and what of its file could not be read.
#[derive(Debug, Default)]
pub struct Written {
    /// All that could be read, in the order in which it was found.
    pub findings: Vec<Finding>,
    /// One error per line that could not.
    pub errors: Vec<String>,
}

impl Written {
    /// Reads the file at `path`. A process that found nothing need not have made it.
    pub fn read(path: &Path, reader: &mut Reader) -> Self {
        match fs::read(path) {
            Ok(bytes) => Self::parse(&bytes, reader),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Self::default(),
            Err(error) => {
                let errors = vec![format!("its findings cannot be read: {error}")];
                Self { errors, ..Self::default() }
            }
        }
    }

    fn parse(bytes: &[u8], reader: &mut Reader) -> Self {
        let mut written = Self::default();
        for (number, line) in (1..).zip(bytes.split_inclusive(|byte| *byte == b'\n')) {
            if line.trim_ascii().is_empty() {
                continue;
            }
            match parse_line(line, reader) {
                Ok(finding) => written.findings.push(finding),
                Err(_) if !line.ends_with(b"\n") => {
                    written.errors.push(format!("its finding {number} is cut off"));
                }
                Err(reason) => {
                    written.errors.push(format!("its finding {number} cannot be read: {reason}"));
                }
            }
        }
        written
    }
}

fn parse_line(line: &[u8], reader: &mut Reader) -> Result<Finding, String> {
    let value: Value = serde_json::from_slice(line).map_err(|error| error.to_string())?;
    reader.finding(&value).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use lockwise_detector::{Certainty, Rule, render};

    use super::*;

    fn parse(text: &str) -> (Vec<&'static str>, Vec<String>) {
        let written = Written::parse(text.as_bytes(), &mut Reader::new());
        (written.findings.iter().map(Finding::rule).collect(), written.errors)
    }

    fn line(rule: Rule) -> String {
        format!("{}\n", render::json(&Finding::new(rule, Certainty::Observed, "message")))
    }

    #[test]
    fn each_line_is_a_finding() {
        let text = line(Rule::Hang) + "\n" + &line(Rule::Deadlock);
        assert_eq!(parse(&text), (vec!["hang", "deadlock"], vec![]));
        assert_eq!(parse(""), (vec![], vec![]));
    }

    #[test]
    fn a_line_that_is_cut_off_loses_nothing_before_it() {
        let text = line(Rule::Hang) + &line(Rule::Deadlock)[..40];
        assert_eq!(parse(&text), (vec!["hang"], vec!["its finding 2 is cut off".to_owned()]));
    }

    #[test]
    fn a_line_that_is_no_finding_loses_nothing_around_it() {
        let text = line(Rule::Hang) + "{}\n" + &line(Rule::Deadlock);
        let (rules, errors) = parse(&text);
        assert_eq!(rules, ["hang", "deadlock"]);
        assert!(errors[0].starts_with("its finding 2 cannot be read"), "{errors:?}");
    }

    #[test]
    fn a_file_that_is_not_there_holds_nothing() {
        let written = Written::read(Path::new("/no/such/file"), &mut Reader::new());
        assert!(written.findings.is_empty() && written.errors.is_empty());
    }
}
