//! Writing to stdout: with colour where it is wanted, without a panic where nobody reads on.

use std::io::{self, ErrorKind, Write};

use anstream::AutoStream;

use crate::Error;

/// Prints `text`, whose colour is dropped unless stdout wants it. That a reader such as `head`
/// has read enough is no error.
pub(crate) fn print(text: &str) -> Result<(), Error> {
    let mut stdout = AutoStream::auto(io::stdout());
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(Error::Report(error)),
        _ => Ok(()),
    }
}

/// `1 finding`, `2 findings`.
pub(crate) fn counted(number: usize, what: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    let verb = |one, many| if number == 1 { one } else { many };
    match what.split_once(' ') {
        // `1 test is`, `2 tests are`
        Some((what, "is")) => format!("{number} {what}{plural} {}", verb("is", "are")),
        Some((what, "was")) => format!("{number} {what}{plural} {}", verb("was", "were")),
        _ => format!("{number} {what}{plural}"),
    }
}
